"""SqlActivity without a database: failures before a session is opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from activities import sql_activity
from runner import clients
from runner.testing import FieldValue, Ref, run_handler
from tests.unit.fake_s3 import FakeS3

LAMBDAS = Path(sql_activity.__file__).parents[1]
RDS: dict[str, FieldValue] = {
    "type": "RdsDatabase",
    "rdsInstanceId": "sales-db",
    "username": "etl",
    "*password": "canary",
}


def run(database: dict[str, FieldValue] | None, **fields: FieldValue) -> dict[str, Any]:
    activity = {"type": "SqlActivity", "database": Ref("Db"), **fields}
    return run_handler(sql_activity.handler, activity, objects={"Db": database or RDS})


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """Amazon RDS in eu-west-1."""
    client = boto3.client("rds", region_name="eu-west-1")
    monkeypatch.setattr(clients, "rds", lambda region: {None: client, "eu-west-1": client}[region])
    stub = Stubber(client)
    stub.activate()
    return stub


def test_the_database_and_the_script_are_needed() -> None:
    nothing = run_handler(sql_activity.handler, {"type": "SqlActivity"})
    for response, field in ((nothing, "database"), (run(None), "script")):
        assert response["errorId"] == "InvalidField"
        assert f"'{field}': it is missing" in response["errorMessage"]


@pytest.mark.parametrize("type_", ["S3DataNode", "SqlDataNode"])
def test_what_is_no_database(type_: str) -> None:
    assert run({"type": type_}, script="SELECT 1")["errorId"] == "UnsupportedDatabase"


@pytest.mark.parametrize("engine", ["oracle-ee", "sqlserver-se", "db2-ae"])
def test_engines_of_rds_that_need_a_driver_jar(rds: Stubber, engine: str) -> None:
    instance = {"Engine": engine, "Endpoint": {"Address": "db.example.com", "Port": 1521}}
    rds.add_response(
        "describe_db_instances", {"DBInstances": [instance]}, {"DBInstanceIdentifier": "sales-db"}
    )
    response = run({**RDS, "region": "eu-west-1", "jdbcDriverJarUri": "s3://jars/x.jar"}, script="SELECT 1")
    assert response["errorId"] == "UnsupportedDatabase"
    assert engine in response["errorMessage"]
    assert "existing_function" in response["errorMessage"]


def test_instances_that_cannot_be_found(rds: Stubber) -> None:
    rds.add_client_error("describe_db_instances", "DBInstanceNotFound", "no sales-db")
    rds.add_response("describe_db_instances", {"DBInstances": [{"DBInstanceStatus": "creating"}]})
    for says in ("no sales-db", "it is creating"):
        response = run(None, script="SELECT 1")
        assert response["errorId"] == "DatabaseNotFound"
        assert says in response["errorMessage"]


@pytest.mark.parametrize(
    ("uri", "error_id", "says"),
    [
        ("s3://scripts/none.sql", "ScriptNotRead", "s3_access"),
        ("/home/me/load.sql", "InvalidField", "'scriptUri'"),
        ("s3://scripts/latin1.sql", "InvalidField", "UTF-8"),
    ],
)
def test_scripts_that_cannot_be_read(uri: str, error_id: str, says: str, s3: FakeS3) -> None:
    s3.objects["scripts", "latin1.sql"] = "SELECT 'ü'".encode("latin-1")
    response = run(None, scriptUri=uri)
    assert response["errorId"] == error_id
    assert says in response["errorMessage"]


def test_drivers_are_loaded_when_they_are_needed() -> None:
    """Modules that a handler does not need must not slow down its cold start."""
    loaded = "import sys, activities.sql_activity; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=LAMBDAS, capture_output=True, text=True, check=True
    )
    names = set(done.stdout.split())
    assert "sql.session" in names
    assert not names & {"boto3", "pg8000", "pymysql", "sqlglot"}
