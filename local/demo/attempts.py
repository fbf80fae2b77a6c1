"""Compares the attempts of a pipeline with the expected ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.demo.pipelines import ExpectedAttempt, SamplePipeline

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient

OVER = frozenset({"FINISHED", "FAILED", "CANCELED"})
NOT_YET = "not yet"


@dataclass(frozen=True)
class Attempt:
    """One attempt of one activity, as last read."""

    id: str
    activity: str
    number: int
    status: str
    error: str = ""

    @classmethod
    def read(cls, wire: Mapping[str, Any]) -> Attempt:
        """Read an object that DescribeObjects returned."""
        values = {
            field["key"]: field.get("refValue") or field.get("stringValue") or "" for field in wire["fields"]
        }
        error = ": ".join(filter(None, (values.get("errorId"), values.get("errorMessage"))))
        number = int(wire["id"].rpartition("_Attempt=")[2])
        return cls(wire["id"], values["@componentParent"], number, values["@status"], error)


@dataclass(frozen=True)
class Row:
    """A row of the table of attempts."""

    pipeline: str
    activity: str
    number: int
    status: str


def read_attempts(client: DataPipelineClient, pipeline_id: str) -> list[Attempt]:
    """All attempts of a pipeline so far, ordered by activity and number."""
    found = client.get_paginator("query_objects").paginate(pipelineId=pipeline_id, sphere="ATTEMPT")
    ids = [object_id for page in found for object_id in page.get("ids", [])]
    if not ids:
        return []
    pages = client.get_paginator("describe_objects").paginate(pipelineId=pipeline_id, objectIds=ids)
    attempts = [Attempt.read(wire) for page in pages for wire in page["pipelineObjects"]]
    return sorted(attempts, key=lambda attempt: (attempt.activity, attempt.number))


def mismatches(sample: SamplePipeline, attempts: Sequence[Attempt]) -> list[str]:
    """What has gone wrong so far; empty as long as every attempt can still end as expected."""
    expected = {(attempt.activity, attempt.number): attempt.status for attempt in sample.expected}
    found = []
    for attempt in attempts:
        what = f"{sample.name}: {attempt.activity}, attempt {attempt.number}"
        wanted = expected.get((attempt.activity, attempt.number))
        if wanted is None:
            found.append(f"{what} was not expected; it is {attempt.status}")
        elif attempt.status in OVER and attempt.status != wanted:
            reason = f" ({attempt.error.splitlines()[0]})" if attempt.error else ""
            found.append(f"{what} is {attempt.status} instead of {wanted}{reason}")
    return found


def unfinished(sample: SamplePipeline, attempts: Sequence[Attempt]) -> list[str]:
    """The expected attempts that have not ended, each with its status."""
    return [
        f"{row.pipeline}: {row.activity}, attempt {row.number}: {row.status}"
        for row in table_rows(sample, attempts)
        if row.status not in OVER
    ]


def table_rows(sample: SamplePipeline, attempts: Sequence[Attempt]) -> list[Row]:
    """A row for each expected attempt, whether or not it has started, followed by unexpected ones."""
    actual = {(attempt.activity, attempt.number): attempt.status for attempt in attempts}
    keys = list(dict.fromkeys([*map(_key, sample.expected), *map(_key, attempts)]))
    return [Row(sample.name, *key, actual.get(key, NOT_YET)) for key in keys]


def _key(attempt: Attempt | ExpectedAttempt) -> tuple[str, int]:
    return attempt.activity, attempt.number
