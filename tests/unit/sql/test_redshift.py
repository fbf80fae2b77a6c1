"""SqlActivity on Amazon Redshift. Requests and answers are checked against the Data API's model."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from activities import sql_activity
from runner import clients
from runner.testing import ATTEMPT_ID, FieldValue, Ref, run_handler

ID = "d9b6c0c9-0747-4bf4-b142-e8883122f766"
STATE = {"version": 1, "statement": ID, "region": "eu-west-1"}
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:etl-AbCdEf"
DEFERRED = {"status": "DEFERRED", "state": STATE, "waitSeconds": 20}
CLUSTER: dict[str, FieldValue] = {
    "type": "RedshiftDatabase",
    "clusterId": "sales",
    "databaseName": "dev",
    "region": "eu-west-1",
    "username": "etl",
    "*password": "pass-canary",
}
STATEMENT = {
    "StatementName": ATTEMPT_ID,
    "ClientToken": hashlib.sha256(f"test-task/{ATTEMPT_ID}/script".encode()).hexdigest(),
}
AS_USER = {"ClusterIdentifier": "sales", "Database": "dev", "DbUser": "etl", **STATEMENT}


@pytest.fixture
def data_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The Redshift Data API in eu-west-1. The test must make every expected request."""
    client = boto3.client("redshift-data", region_name="eu-west-1")
    monkeypatch.setattr(clients, "redshift_data", {"eu-west-1": client}.__getitem__)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def run(script: str, database: dict[str, FieldValue] | None = None, **fields: FieldValue) -> dict[str, Any]:
    activity = {"type": "SqlActivity", "database": Ref("Db"), "script": script, **fields}
    return run_handler(sql_activity.handler, activity, objects={"Db": database or CLUSTER})


def look(**given: Any) -> dict[str, Any]:
    return run_handler(sql_activity.handler, {"type": "SqlActivity"}, state=STATE, **given)


def described(**members: Any) -> dict[str, Any]:
    return {"Id": ID, "CreatedAt": datetime(2026, 11, 24, tzinfo=UTC), **members}


def test_one_statement_is_executed_alone(data_api: Stubber, log: io.StringIO) -> None:
    """VACUUM, for example, cannot run in a transaction."""
    data_api.add_response("execute_statement", {"Id": ID}, {"Sql": "VACUUM orders", **AS_USER})
    assert run("VACUUM orders;") == DEFERRED
    assert "pass-canary" not in log.getvalue()


def test_several_statements_are_a_batch_with_the_queue_before_them(data_api: Stubber) -> None:
    batch = ["SET query_group TO 'night''s'", "DELETE FROM t WHERE day = '2026;''x\\\\'", "SELECT ';'"]
    data_api.add_response("batch_execute_statement", {"Id": ID}, {"Sqls": batch, **AS_USER})
    script = "DELETE FROM t WHERE day = ?; -- ?\nSELECT ';';"
    assert run(script, scriptArgument=["2026;'x\\"], queue="night's") == DEFERRED


@pytest.mark.parametrize(
    ("url", "request_members"),
    [
        (
            "jdbc:redshift://sales.abc123.eu-west-1.redshift.amazonaws.com:5439/dev",
            {"ClusterIdentifier": "sales", "Database": "dev", "SecretArn": SECRET},
        ),
        (
            "jdbc:redshift://etl.111122223333.eu-west-1.redshift-serverless.amazonaws.com/dev",
            {"WorkgroupName": "etl", "Database": "dev", "SecretArn": SECRET},
        ),
    ],
)
@pytest.mark.parametrize("type_", ["RedshiftDatabase", "JdbcDatabase"])
def test_a_connection_string_and_a_secret(
    data_api: Stubber, url: str, request_members: dict[str, str], type_: str
) -> None:
    asked = {"Sql": "SELECT 1", **STATEMENT, **request_members}
    data_api.add_response("execute_statement", {"Id": ID}, asked)
    database: dict[str, FieldValue] = {"type": type_, "connectionString": url, "myPasswordSecretArn": SECRET}
    assert run("SELECT 1", database) == DEFERRED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"databaseName": []}, "databaseName"),
        ({"clusterId": [], "connectionString": "jdbc:redshift://db.example.com/dev"}, "db.example.com"),
        (
            {
                "clusterId": [],
                "connectionString": "jdbc:redshift://w.1.eu-west-1.redshift-serverless.amazonaws.com/d",
            },
            "myPasswordSecretArn",
        ),
        ({"clusterId": []}, "connectionString"),
        ({"username": []}, "username"),
        ({"jdbcProperties": "password=x"}, "jdbcProperties"),
    ],
)
def test_what_does_not_name_a_database(change: dict[str, FieldValue], says: str) -> None:
    response = run("SELECT 1", {**CLUSTER, **change})
    assert response["errorId"] == "InvalidField"
    assert says in response["errorMessage"]


def test_a_script_without_a_statement_is_finished(data_api: Stubber) -> None:
    assert run("-- nothing; at all") == {"status": "FINISHED"}


def test_more_statements_than_a_batch_has_are_refused(data_api: Stubber) -> None:
    data_api.add_response("batch_execute_statement", {"Id": ID})
    assert run("SELECT 1;" * 40)["status"] == "DEFERRED"
    assert run("SELECT 1;" * 40, queue="q")["errorId"] == "TooManyStatements"


def test_a_refusal_is_told(data_api: Stubber) -> None:
    data_api.add_client_error("execute_statement", "ValidationException", "Cluster doesn't exist")
    response = run("SELECT 1")
    assert response["errorId"] == "RedshiftDataRefused"
    assert "Cluster doesn't exist" in response["errorMessage"]


def test_a_region_that_does_not_exist_is_refused() -> None:
    assert run("SELECT 1", {**CLUSTER, "region": "no region"})["errorId"] == "RedshiftDataRefused"


@pytest.mark.parametrize("status", ["SUBMITTED", "PICKED", "STARTED"])
def test_what_is_under_way_is_looked_at_again(data_api: Stubber, status: str) -> None:
    data_api.add_response("describe_statement", described(Status=status), {"Id": ID})
    assert look() == DEFERRED


def test_what_has_finished_is_finished(data_api: Stubber) -> None:
    data_api.add_response("describe_statement", described(Status="FINISHED"))
    assert look() == {"status": "FINISHED"}


def test_a_failure_tells_the_statement_and_the_position(data_api: Stubber) -> None:
    error = 'ERROR: relation "no_such" does not exist\n  Position: 15;'
    subs = [
        {"Id": f"{ID}:1", "Status": "FINISHED", "QueryString": "SELECT 1"},
        {"Id": f"{ID}:2", "Status": "FAILED", "QueryString": "SELECT * FROM no_such", "Error": error},
        {"Id": f"{ID}:3", "Status": "ABORTED", "QueryString": "SELECT 3"},
    ]
    told = described(Status="FAILED", Error="Query #2 failed", SubStatements=subs)
    data_api.add_response("describe_statement", told)
    response = look()
    assert response["errorId"] == "StatementFailed"
    for part in ("Statement 2 of the batch", "Position: 15", "SELECT * FROM no_such", "Query #2 failed"):
        assert part in response["errorMessage"]


def test_what_was_aborted_has_failed(data_api: Stubber) -> None:
    data_api.add_response("describe_statement", described(Status="ABORTED"))
    assert "is ABORTED: no reason is given" in look()["errorMessage"]


def test_a_look_that_fails_is_no_failure_of_the_statement(data_api: Stubber) -> None:
    data_api.add_client_error("describe_statement", "InternalServerException", "busy", 500)
    data_api.add_client_error("describe_statement", "ResourceNotFoundException", "gone", 404)
    assert look() == DEFERRED
    assert look()["errorId"] == "RedshiftDataRefused"


def test_canceling_cancels_the_statement(data_api: Stubber) -> None:
    data_api.add_response("cancel_statement", {"Status": True}, {"Id": ID})
    assert look(canceled=True) == {"status": "CANCELED"}


def test_a_statement_that_has_ended_before_it_was_canceled(data_api: Stubber) -> None:
    data_api.add_client_error("cancel_statement", "ValidationException", "it has ended")
    assert look(canceled=True) == {"status": "CANCELED"}
