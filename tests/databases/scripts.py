"""Scripts of SqlActivity on the tests' database servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.sql_activity import handler
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.objects import Fields, database
from tests.databases.server import DatabaseServer


def run_script(
    server: DatabaseServer,
    script: str | None,
    fields: Mapping[str, FieldValue] | None = None,
    *,
    on: Mapping[str, FieldValue] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """The handler's response to a SqlActivity with this script; ``on`` changes its database object."""
    activity: Fields = {"type": "SqlActivity", "database": Ref("Db"), **(fields or {})}
    if script is not None:
        activity["script"] = script
    return run_handler(handler, activity, objects={"Db": {**database(server), **(on or {})}}, **given)
