"""The attempts of a pipeline as the service tells of them, against those that are expected."""

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
    """One attempt of one activity, at the time when it was read."""

    id: str
    activity: str
    number: int
    status: str
    error: str = ""

    @classmethod
    def read(cls, wire: Mapping[str, Any]) -> Attempt:
        """From an object that DescribeObjects gave."""
        values = {
            field["key"]: field.get("refValue") or field.get("stringValue") or "" for field in wire["fields"]
        }
        error = ": ".join(filter(None, (values.get("errorId"), values.get("errorMessage"))))
        number = int(wire["id"].rpartition("_Attempt=")[2])
        return cls(wire["id"], values["@componentParent"], number, values["@status"], error)


@dataclass(frozen=True)
class Row:
    """A line of the table of attempts."""

    pipeline: str
    activity: str
    number: int
    status: str


def read_attempts(client: DataPipelineClient, pipeline_id: str) -> list[Attempt]:
    """All attempts of a pipeline so far, by activity and number."""
    found = client.get_paginator("query_objects").paginate(pipelineId=pipeline_id, sphere="ATTEMPT")
    ids = [object_id for page in found for object_id in page.get("ids", [])]
    if not ids:
        return []
    pages = client.get_paginator("describe_objects").paginate(pipelineId=pipeline_id, objectIds=ids)
    attempts = [Attempt.read(wire) for page in pages for wire in page["pipelineObjects"]]
    return sorted(attempts, key=lambda attempt: (attempt.activity, attempt.number))


def mismatches(sample: SamplePipeline, attempts: Sequence[Attempt]) -> list[str]:
    """What has gone otherwise than expected so far; empty while all may still come right."""
    expected = {(one.activity, one.number): one.status for one in sample.expected}
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
    """The expected attempts that are not over, each with its status."""
    return [
        f"{row.pipeline}: {row.activity}, attempt {row.number}: {row.status}"
        for row in table_rows(sample, attempts)
        if row.status not in OVER
    ]


def table_rows(sample: SamplePipeline, attempts: Sequence[Attempt]) -> list[Row]:
    """A row for each attempt that is expected, there yet or not, then those that are not expected."""
    actual = {(one.activity, one.number): one.status for one in attempts}
    keys = list(dict.fromkeys([*map(_key, sample.expected), *map(_key, attempts)]))
    return [Row(sample.name, *key, actual.get(key, NOT_YET)) for key in keys]


def _key(attempt: Attempt | ExpectedAttempt) -> tuple[str, int]:
    return attempt.activity, attempt.number
