"""Exists."""

from __future__ import annotations

from typing import Any

import pytest

from activities.exists import handler
from runner import clients
from runner.testing import FakeDataPipeline, FieldValue, Ref, pipeline_object, run_handler
from tests.unit.fake_s3 import FakeS3


def check(node: dict[str, FieldValue], **given: Any) -> dict[str, Any]:
    return run_handler(handler, {"type": "Exists", "node": Ref("Data")}, objects={"Data": node}, **given)


@pytest.mark.parametrize(("key", "status"), [("in/a", "FINISHED"), ("in/b", "FALSE")])
def test_an_object_that_is_not_there_yet_is_false(key: str, status: str, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b""
    assert check({"type": "S3DataNode", "filePath": f"s3://b/{key}"}) == {"status": status}


def test_the_node_is_described_if_the_task_did_not_bring_it(s3: FakeS3) -> None:
    node = pipeline_object("Data", {"type": "S3DataNode", "directoryPath": "s3://b/in"})
    service = FakeDataPipeline(described=[node])
    assert run_handler(handler, {"type": "Exists", "node": Ref("Data")}, service=service) == {
        "status": "FALSE"
    }


@pytest.mark.parametrize(
    ("table", "status"), [("active", "FINISHED"), ("creating", "FALSE"), ("gone", "FALSE")]
)
def test_a_table_counts_once_it_can_be_used(table: str, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class NotFound(Exception):
        pass

    class DynamoDB:
        class exceptions:  # noqa: N801 - as boto3's clients have it
            ResourceNotFoundException = NotFound

        def describe_table(self, *, TableName: str) -> Any:  # noqa: N803
            if TableName == "gone":
                raise NotFound
            return {"Table": {"TableStatus": TableName.upper()}}

    monkeypatch.setattr(clients, "dynamodb", lambda region: DynamoDB())
    assert check({"type": "DynamoDBDataNode", "tableName": table}) == {"status": status}


def test_only_what_cannot_be_found_out_is_failed(s3: FakeS3) -> None:
    s3.denied.add("b")
    denied = check({"type": "S3DataNode", "filePath": "s3://b/k"})
    assert denied["errorId"] == "ExistsNotChecked"
    assert "s3_access" in denied["errorMessage"]
    unknown = check({"type": "RedshiftDataNode", "tableName": "t"})
    assert unknown["errorId"] == "UnsupportedNode"
    assert "RedshiftDataNode" in unknown["errorMessage"]
