"""The local Redshift Data API through botocore's client. Its answers must match the service model."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

from local.account import connection
from local.http.front import with_service
from local.redshift_data.endpoint import RedshiftDataEndpoint
from tests.databases.server import DATABASE, DatabaseServer
from tests.local.environments import ENDPOINT_URL
from tests.unit.fake_s3 import FakeS3

PLACE: Any = {"ClusterIdentifier": "sales", "Database": DATABASE, "DbUser": "etl"}
OVER = {"FINISHED", "FAILED", "ABORTED"}


@pytest.fixture
def objects() -> FakeS3:
    return FakeS3()


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


@pytest.fixture
def client(postgresql_server: DatabaseServer, objects: FakeS3) -> RedshiftDataAPIServiceClient:
    """A client that reaches the service without a network. Each answer is checked against the model."""
    server = postgresql_server
    url = f"postgresql://{server.user}:{server.password}@127.0.0.1:{server.port}"
    endpoint = RedshiftDataEndpoint(url, lambda: objects)  # type: ignore[arg-type, return-value]
    made = boto3.client("redshift-data", **connection(ENDPOINT_URL))
    model: ServiceModel = made.meta.service_model

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().split(".")[1]
        status, content = endpoint.answer(operation, request.body)
        if status == 200:
            shape = model.operation_model(operation).output_shape
            assert shape is not None
            assert content.keys() <= shape.members.keys()
            assert not ParamValidator().validate(content, shape).has_errors()
        return AWSResponse(request.url, status, HTTPHeaders(), _Body(json.dumps(content).encode()))

    events: Any = made.meta.events
    events.register("before-send.redshift-data", answer)
    return made


def ended(client: RedshiftDataAPIServiceClient, statement: str) -> Any:
    wait_for(lambda: client.describe_statement(Id=statement)["Status"] in OVER)
    return client.describe_statement(Id=statement)


def wait_for(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def test_one_statement(client: RedshiftDataAPIServiceClient, postgresql_server: DatabaseServer) -> None:
    started = client.execute_statement(Sql="CREATE TABLE rd_one AS SELECT 1 AS x", **PLACE)
    told = ended(client, started["Id"])
    assert told["Status"] == "FINISHED"
    assert told["QueryString"] == "CREATE TABLE rd_one AS SELECT 1 AS x"
    assert told["Duration"] >= 0
    assert postgresql_server.query("SELECT x FROM rd_one") == [(1,)]
    vacuum = client.execute_statement(Sql="VACUUM rd_one", **PLACE)
    assert ended(client, vacuum["Id"])["Status"] == "FINISHED"


def test_a_batch_is_one_transaction(
    client: RedshiftDataAPIServiceClient, postgresql_server: DatabaseServer
) -> None:
    created = [
        "SET query_group TO 'night'",
        "CREATE TABLE rd_batch (x int)",
        "INSERT INTO rd_batch VALUES (1)",
    ]
    assert ended(client, client.batch_execute_statement(Sqls=created, **PLACE)["Id"])["Status"] == "FINISHED"
    bad = ["INSERT INTO rd_batch VALUES (2)", "SELECT * FROM rd_no_such", "SELECT 3"]
    told = ended(client, client.batch_execute_statement(Sqls=bad, **PLACE)["Id"])
    assert told["Status"] == "FAILED"
    assert [sub["Status"] for sub in told["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert told["SubStatements"][1]["Error"] == 'ERROR: relation "rd_no_such" does not exist\n  Position: 15'
    assert told["SubStatements"][1]["Id"] == f"{told['Id']}:2"
    assert postgresql_server.query("SELECT x FROM rd_batch") == [(1,)]


def test_results(client: RedshiftDataAPIServiceClient) -> None:
    query = client.execute_statement(Sql="SELECT 1, 'a', NULL, true, 0.5::float8, 1.50", **PLACE)["Id"]
    assert ended(client, query)["HasResultSet"]
    answer = client.get_statement_result(Id=query)
    assert answer["TotalNumRows"] == 1
    assert answer["Records"] == [
        [
            {"longValue": 1},
            {"stringValue": "a"},
            {"isNull": True},
            {"booleanValue": True},
            {"doubleValue": 0.5},
            {"stringValue": "1.50"},
        ]
    ]
    none = client.execute_statement(Sql="CREATE TABLE rd_none (x int)", **PLACE)["Id"]
    assert not ended(client, none)["HasResultSet"]
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="does not have result"):
        client.get_statement_result(Id=none)


def test_what_comes_again_with_its_token_runs_once(
    client: RedshiftDataAPIServiceClient, postgresql_server: DatabaseServer
) -> None:
    ids = [
        client.execute_statement(Sql="CREATE TABLE rd_token (x int)", ClientToken=token, **PLACE)["Id"]
        for token in ("a", "a", "b")
    ]
    assert ids[0] == ids[1] != ids[2]
    assert {ended(client, statement)["Status"] for statement in ids} == {"FINISHED", "FAILED"}


def test_a_backslash_escapes_as_in_redshift(client: RedshiftDataAPIServiceClient) -> None:
    query = client.execute_statement(Sql=r"SELECT 'a\\b\'c'", **PLACE)["Id"]
    ended(client, query)
    assert client.get_statement_result(Id=query)["Records"] == [[{"stringValue": "a\\b'c"}]]


def test_names_in_quotes_are_folded_as_in_redshift(client: RedshiftDataAPIServiceClient) -> None:
    created = [
        'CREATE TABLE Rd_Folded ("Id" INT ENCODE az64 DISTKEY) SORTKEY (ID)',
        'INSERT INTO "RD_FOLDED" VALUES (1)',
        """SELECT '"A"', "ID" AS "Total" FROM rd_folded -- "X" """,
    ]
    batch = client.batch_execute_statement(Sqls=created, **PLACE)["Id"]
    assert ended(client, batch).get("Error") is None
    assert client.get_statement_result(Id=batch)["Records"] == [[{"stringValue": '"A"'}, {"longValue": 1}]]


def test_a_copy_alone_loads_all_or_nothing(
    client: RedshiftDataAPIServiceClient, postgresql_server: DatabaseServer, objects: FakeS3
) -> None:
    objects.objects.update({("b", "in/1"): b"1\n", ("b", "in/2"): b"99999999999\n"})
    postgresql_server.execute("CREATE TABLE rd_copied (id int)")
    copy = "COPY rd_copied FROM 's3://b/in/' IAM_ROLE default"
    told = ended(client, client.execute_statement(Sql=copy, **PLACE)["Id"])
    assert told["Status"] == "FAILED"
    assert told["Error"].startswith("ERROR: Load into table 'rd_copied' failed.")
    assert 's3://b/in/2, line 1: value "99999999999" is out of range' in told["Error"]
    assert postgresql_server.query("SELECT * FROM rd_copied") == []
    again = client.execute_statement(Sql=f"{copy} MAXERROR 2", **PLACE)["Id"]
    assert ended(client, again)["Status"] == "FINISHED"
    assert postgresql_server.query("SELECT * FROM rd_copied") == [(1,)]
    unload = "UNLOAD ('SELECT \"ID\" FROM \"RD_COPIED\"') TO 's3://b/out/' IAM_ROLE default"
    assert ended(client, client.execute_statement(Sql=unload, **PLACE)["Id"])["Status"] == "FINISHED"
    assert objects.text("b", "out/0000_part_00") == "1\n"


def test_cancel(client: RedshiftDataAPIServiceClient, postgresql_server: DatabaseServer) -> None:
    statement = client.execute_statement(Sql="SELECT pg_sleep(603)", **PLACE)["Id"]
    wait_for(lambda: client.describe_statement(Id=statement)["Status"] == "STARTED")
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%603%' AND pid <> pg_backend_pid()"
    wait_for(lambda: postgresql_server.query(f"{running} AND state = 'active'"))
    assert client.cancel_statement(Id=statement)["Status"] is True
    assert ended(client, statement)["Status"] == "ABORTED"
    with pytest.raises(client.exceptions.ValidationException, match="already in ABORTED"):
        client.cancel_statement(Id=statement)


def test_a_database_that_does_not_exist(client: RedshiftDataAPIServiceClient) -> None:
    told = ended(client, client.execute_statement(Sql="SELECT 1", **{**PLACE, "Database": "nowhere"})["Id"])
    assert told["Status"] == "FAILED"
    assert "nowhere" in told["Error"]


@pytest.mark.parametrize(
    "change",
    [
        {"ClusterIdentifier": None},
        {"WorkgroupName": "etl"},
        {"Database": None},
        {"DbUser": None},
        {"SecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"},
        {"Parameters": [{"name": "x", "value": "1"}]},
    ],
)
def test_requests_that_are_refused(client: RedshiftDataAPIServiceClient, change: dict[str, Any]) -> None:
    request = {name: value for name, value in {**PLACE, **change}.items() if value is not None}
    with pytest.raises(client.exceptions.ValidationException):
        client.execute_statement(Sql="SELECT 1", **request)


def test_more_statements_than_a_batch_has(client: RedshiftDataAPIServiceClient) -> None:
    with pytest.raises(client.exceptions.ValidationException, match="40"):
        client.batch_execute_statement(Sqls=["SELECT 1"] * 41, **PLACE)


def test_what_is_not_known(client: RedshiftDataAPIServiceClient) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="does not exist"):
        client.describe_statement(Id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(client.exceptions.ValidationException, match="not there on local AWS"):
        client.list_databases(**PLACE)


def test_requests_that_are_no_json_or_lack_members() -> None:
    endpoint = RedshiftDataEndpoint("postgresql://etl:x@127.0.0.1:1", FakeS3)  # type: ignore[arg-type]
    for body in (b"{", b"{}", b'{"Sql": 1}'):
        assert endpoint.answer("ExecuteStatement", body)[0] == 400


@pytest.mark.parametrize(
    "url", ["", "postgresql://127.0.0.1:1", "mysql://a:b@127.0.0.1:1", "postgresql://a@x"]
)
def test_urls_that_name_no_server(url: str) -> None:
    with pytest.raises(ValueError, match="form postgresql://"):
        RedshiftDataEndpoint(url, FakeS3)  # type: ignore[arg-type]


def test_requests_go_to_the_service_by_their_target() -> None:
    received: list[str] = []

    def application(name: str) -> Any:
        async def note(scope: Any, receive: Any, send: Any) -> None:
            received.append(name)

        return note

    both = with_service("RedshiftData.", application("ours"), application("others"))
    for headers in (
        [(b"X-Amz-Target", b"RedshiftData.ExecuteStatement")],
        [(b"x-amz-target", b"Logs.X")],
        [],
    ):
        asyncio.run(both({"type": "http", "headers": headers}, None, None))
    asyncio.run(both({"type": "lifespan"}, None, None))
    assert received == ["ours", "others", "others", "others"]
