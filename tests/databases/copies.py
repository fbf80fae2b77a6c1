"""Copies between tables of the tests' database servers and an S3 that is a dictionary."""

from __future__ import annotations

from typing import Any

from activities.copy_activity import handler
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.objects import Fields, database
from tests.databases.responses import FINISHED
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3


def unencrypted(server: DatabaseServer, **fields: FieldValue) -> Fields:
    """A JdbcDatabase on the server, without TLS, which would only take time."""
    return database(server, **{"jdbcProperties": "sslmode=disable", **fields})


class Copies:
    """Copies from ``s3://b/data`` to a table, and from a table to ``s3://b/out``."""

    def __init__(self, server: DatabaseServer, s3: FakeS3) -> None:
        self.server = server
        self.s3 = s3

    def run(self, source: Fields, target: Fields, **given: Any) -> dict[str, Any]:
        objects: dict[str, Fields] = {
            "In": source,
            "Out": target,
            "Db": unencrypted(self.server),
            **given.pop("objects", {}),
        }
        return run_handler(
            handler,
            {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")},
            objects=objects,
            **given,
        )

    def load(
        self, data: bytes, table: str, *, kind: Fields | None = None, given: Any = None, **node: FieldValue
    ) -> dict[str, Any]:
        self.s3.objects["b", "data"] = data
        source: Fields = {"type": "S3DataNode", "filePath": "s3://b/data", "dataFormat": Ref("Format")}
        target: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db"), **node}
        return self.run(source, target, objects={"Format": kind or {"type": "CSV"}, **(given or {})})

    def unload(self, table: str, *, kind: Fields | None = None, **node: FieldValue) -> bytes:
        source: Fields = {"type": "SqlDataNode", "table": table, "database": Ref("Db"), **node}
        target: Fields = {"type": "S3DataNode", "filePath": "s3://b/out", "dataFormat": Ref("Format")}
        response = self.run(source, target, objects={"Format": kind or {"type": "CSV"}})
        assert response == FINISHED
        return self.s3.objects["b", "out"]


def copy_table(
    source: DatabaseServer, target: DatabaseServer, table: str, **into: FieldValue
) -> dict[str, Any]:
    """Copy the table to one with the same name plus ``_copied``."""
    node: dict[str, FieldValue] = {"type": "SqlDataNode", "table": table, "database": Ref("From")}
    return run_handler(
        handler,
        {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")},
        objects={
            "In": node,
            "Out": {**node, "table": f"{table}_copied", "database": Ref("To"), **into},
            "From": unencrypted(source),
            "To": unencrypted(target),
        },
    )
