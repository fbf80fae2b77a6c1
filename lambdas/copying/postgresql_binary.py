"""COPY's binary format, from table to table.

Neither server makes text of values and reads it again, which takes a third of their processor time.
PostgreSQL documentation, COPY: the binary format is "less portable across machine architectures and
PostgreSQL versions", and "very data type specific". So it is used between servers of one release that store
times alike, for columns of the same built-in types. All else goes as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TYPES = frozenset(
    {
        16,  # boolean
        17,  # bytea
        *(20, 21, 23),  # bigint, smallint, integer
        *(25, 1042, 1043),  # text, char, varchar
        *(114, 3802),  # json, jsonb
        *(700, 701, 1700),  # real, double precision, numeric
        *(1082, 1083, 1114, 1184),  # date, time, timestamp, timestamptz
        2950,  # uuid
    }
)
"""OIDs in pg_type. They never change, and what they read in binary checks lengths and rounds as for text."""

OPTIONS = " (FORMAT binary)"
"""Of COPY."""


@dataclass(frozen=True)
class BinaryForm:
    """What has to be equal on both sides."""

    release: str
    times: str
    """The parameter ``integer_datetimes``."""
    types: tuple[int, ...]

    @classmethod
    def of(cls, driver: Any, types: Sequence[int]) -> BinaryForm | None:
        """The form of rows with columns of these types. None if some type is not known to be safe."""
        if not types or not _TYPES.issuperset(types):
            return None
        told = driver.parameter_statuses
        release, *_ = str(told.get("server_version", "")).split(".")
        return cls(release, str(told.get("integer_datetimes", "")), tuple(types))
