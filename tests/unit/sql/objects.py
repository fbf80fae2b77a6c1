from __future__ import annotations

from collections.abc import Mapping

from runner.fields import PipelineObject
from runner.testing import FieldValue, pipeline_object


def database(fields: Mapping[str, FieldValue]) -> PipelineObject:
    """A database object with these fields."""
    return PipelineObject.from_api(pipeline_object("Db", fields))


def jdbc(url: str, **fields: FieldValue) -> PipelineObject:
    return database({"type": "JdbcDatabase", "connectionString": url, **fields})
