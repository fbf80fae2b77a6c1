"""Into which columns LOAD DATA stores what INSERT stores."""

from __future__ import annotations

import pytest

from copying.mysql_load import is_loadable
from copying.mysql_values import Column


@pytest.mark.parametrize(
    ("column", "without_nulls", "with_nulls"),
    [
        (Column("a", "int(11)"), True, True),
        (Column("a", "varchar(5)", is_nullable=False), True, True),
        (Column("a", "timestamp"), True, True),
        (Column("a", "timestamp(3)", is_nullable=False), True, False),
        (Column("a", "BIT(1)"), False, False),
        (Column("a", "int(11)", is_generated=True), False, False),
    ],
)
def test_columns_in_which_load_data_stores_something_else(
    column: Column, without_nulls: bool, with_nulls: bool
) -> None:
    columns = [Column("first", "text"), column]
    assert is_loadable(columns, with_nulls=False) is without_nulls
    assert is_loadable(columns, with_nulls=True) is with_nulls
