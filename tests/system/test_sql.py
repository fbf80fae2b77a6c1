"""SqlActivity on the deployed stack, with real databases: what pipelines do, and what is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import boto3
import pytest
from mypy_boto3_secretsmanager import SecretsManagerClient

from infra.database_access import database_access
from infra.handlers import s3_access
from local.account import connection
from local.launch import ROOT
from tests.databases.server import DatabaseServer
from tests.system.deployments import Deployment, eventually, log_group_of
from tests.system.examples import Examples
from tests.system.executions import RUN_TASK, executions, states_entered
from tests.system.granted import SQL, grant
from tests.system.pipelines import Fields, Pipeline, Ref

EXAMPLES = ROOT / "docs" / "examples"
wherever_it_runs = pytest.mark.parametrize("examples", ["in-a-function", "in-containers"], indirect=True)
CANARY = "wrong-canary-51b2"


@pytest.fixture(scope="module")
def secrets(examples: Examples) -> SecretsManagerClient:
    return boto3.client("secretsmanager", **connection(examples.endpoint_url))


@pytest.fixture(scope="module")
def scripts(examples: Examples) -> str:
    """The S3 URI of a directory with scripts."""
    examples.deployment.s3.create_bucket(Bucket="sql")
    summarize = (EXAMPLES / "summarize.sql").read_bytes()
    examples.deployment.s3.put_object(Bucket="sql", Key="scripts/summarize.sql", Body=summarize)
    grant(examples.deployment, SQL, s3_access(read=["s3://sql/scripts/"]))
    return "s3://sql/scripts"


@wherever_it_runs
def test_the_example_of_the_documentation(
    examples: Examples, server: DatabaseServer, secrets: SecretsManagerClient, scripts: str
) -> None:
    text = json.dumps({"username": server.user, "password": server.password})
    secret = secrets.create_secret(Name=f"sales-{server.jdbc}", SecretString=text)["ARN"]
    grant(examples.deployment, SQL, database_access(secrets=[secret]))
    server.execute(
        "CREATE TABLE orders (day date, region varchar(40), customer varchar(40), amount decimal(20, 2))",
        "INSERT INTO orders VALUES ('2026-11-24', 'Côte d''Azur', 'Ünïcødé; 日本', 999999999999999999.01),"
        " ('2026-11-24', 'Côte d''Azur', 'Ünïcødé; 日本', 0.98),"
        " ('2026-11-24', 'Côte d''Azur', 'none', NULL),"
        " ('2026-11-24', 'elsewhere', 'x', 1), ('1999-12-31', 'elsewhere', 'old', 1)",
    )
    deployment = examples.deployment
    created = deployment.aws_json(
        *("datapipeline", "create-pipeline", "--name", "sql", "--unique-id", f"sql-{server.jdbc}")
    )
    selected = ("--pipeline-id", created["pipelineId"])
    deployment.aws(
        *("datapipeline", "put-pipeline-definition", *selected),
        *("--pipeline-definition", f"file://{EXAMPLES / 'sql.json'}", "--parameter-values"),
        *(f"myConnectionString={server.url}", f"mySecretArn={secret}", f"myScripts={scripts}"),
    )
    deployment.aws("datapipeline", "activate-pipeline", *selected)
    pipeline = Pipeline(deployment, created["pipelineId"])
    pipeline.ended("CleanUp", "FINISHED")
    rows = server.query("SELECT customer, amount FROM summary ORDER BY customer")
    assert [(name, amount and str(amount)) for name, amount in rows] == [
        ("none", None),
        ("Ünïcødé; 日本", "999999999999999999.99"),
    ]
    assert ("old",) not in server.query("SELECT customer FROM orders")
    refuse_canary(deployment, server.password, "Summarize", "CleanUp")


@wherever_it_runs
def test_what_fails_and_what_is_told_of_it(examples: Examples, server: DatabaseServer) -> None:
    database: Fields = {
        "type": "JdbcDatabase",
        "connectionString": server.url,
        "jdbcDriverClass": "x",
        "username": server.user,
        "*password": server.password,
    }
    name = server.jdbc
    activities: dict[str, Fields] = {
        f"Third{name}": activity(
            "Db",
            "CREATE TABLE IF NOT EXISTS five (x int); INSERT INTO five VALUES (1); SELECT * FROM no_such;"
            "INSERT INTO five VALUES (4); SELECT 5",
        ),
        f"Wrong{name}": activity("WrongPassword", "SELECT 1"),
        f"Oracle{name}": activity("OracleDb", "SELECT 1"),
        f"Missing{name}": {"type": "SqlActivity", "database": Ref("Db"), "scriptUri": "s3://sql/none.sql"},
        f"Quotes{name}": activity("Db", "SELECT ?", scriptArgument="'; SELECT 1/0; --"),
    }
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            **activities,
            "Db": database,
            "WrongPassword": {**database, "*password": CANARY},
            "OracleDb": {**database, "connectionString": "jdbc:oracle:thin:@//127.0.0.1:1521/sales"},
        },
    )
    pipeline.ended(f"Quotes{name}", "FINISHED")
    third = failed(pipeline, f"Third{name}")
    assert third["errorId"] == "StatementFailed"
    assert third["errorMessage"].startswith("Statement 3 of the script failed: ")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'five'"
    kept = server.query(tables) == [(1,)] and server.query("SELECT * FROM five")
    assert not kept
    assert failed(pipeline, f"Wrong{name}")["errorId"] == "LoginFailed"
    oracle = failed(pipeline, f"Oracle{name}")
    assert oracle["errorId"] == "UnsupportedDatabase"
    assert "existing_function" in oracle["errorMessage"]
    assert failed(pipeline, f"Missing{name}")["errorId"] == "ScriptNotRead"
    for secret in (server.password, CANARY):
        refuse_canary(examples.deployment, secret, *activities)
        refuse_canary_in_logs(examples.deployment, secret)


def test_an_rds_instance_is_found_by_its_id_and_verified_by_default(
    examples: Examples, server: DatabaseServer
) -> None:
    rds = boto3.client("rds", **connection(examples.endpoint_url))
    rds.create_db_instance(
        DBInstanceIdentifier=f"sales-{server.jdbc}",
        Engine=server.jdbc.replace("postgresql", "postgres"),
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        DBName="sales",
        Port=server.port,
        MasterUsername=server.user,
        MasterUserPassword=server.password,
    )
    grant(examples.deployment, SQL, database_access(rds_instances=[f"sales-{server.jdbc}"]))
    instance: Fields = {
        "type": "RdsDatabase",
        "rdsInstanceId": f"sales-{server.jdbc}",
        "username": server.user,
        "*password": server.password,
    }
    plain, verified = f"Plain{server.jdbc}", f"Verified{server.jdbc}"
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            plain: activity("WithoutTls", "CREATE TABLE of_rds (x int)"),
            verified: activity("AsItIs", "SELECT 1"),
            "WithoutTls": {**instance, "jdbcProperties": "sslmode=disable"},
            "AsItIs": instance,
        },
    )
    pipeline.ended(plain, "FINISHED")
    assert server.query("SELECT * FROM of_rds") == []
    # The servers are not Amazon RDS's: one has no TLS, the other a certificate of an unknown authority.
    refused = failed(pipeline, verified)
    assert refused["errorId"] == "ConnectionFailed"
    assert "TLS verify-full" in refused["errorMessage"]


REDSHIFT: Fields = {
    "type": "RedshiftDatabase",
    "clusterId": "sales",
    "databaseName": "sales",
    "username": "etl",
    "*password": "redshift-canary-0e77",
}


def test_scripts_on_redshift_run_without_a_function(
    examples: Examples, postgresql_server: DatabaseServer
) -> None:
    server = postgresql_server
    server.execute("CREATE TABLE facts (name varchar(40))", "CREATE TABLE failing (name varchar(40))")
    grant(examples.deployment, SQL, database_access(redshift=["sales/etl"]))
    rows = "INSERT INTO failing VALUES ('{}');"
    pipeline = Pipeline.activated(
        examples.deployment,
        {
            "Load": activity(
                "Cluster",
                "-- two; statements\nINSERT INTO facts VALUES (?);"
                "INSERT INTO facts SELECT 'b;' FROM pg_sleep(3)",
                queue="night",
                scriptArgument="it's; \\ ü",
            ),
            "Third5": activity(
                "Cluster",
                f"{rows.format(1)}{rows.format(2)}SELECT * FROM no_such;{rows.format(4)}{rows.format(5)}",
            ),
            "Long": activity("Cluster", "SELECT pg_sleep(604)"),
            "Cluster": REDSHIFT,
        },
    )
    third = failed(pipeline, "Third5")
    assert third["errorId"] == "StatementFailed"
    assert "Statement 3 of the batch" in third["errorMessage"]
    assert "Position: 15" in third["errorMessage"]
    assert server.query("SELECT name FROM failing") == []
    pipeline.ended("Load", "FINISHED")
    assert server.query("SELECT name FROM facts ORDER BY name") == [("b;",), ("it's; \\ ü",)]

    def running() -> bool | None:
        active = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
        return bool(server.query(f"{active} AND query LIKE '%(604)%'")) or None

    eventually(running, "the long statement does not run")
    (instance,) = pipeline.runs("INSTANCE", "Long")
    examples.deployment.datapipeline.set_status(
        pipelineId=pipeline.id, objectIds=[instance.id], status="TRY_CANCEL"
    )
    eventually(lambda: not running() or None, "the long statement was not canceled")
    pipeline.ended("Long", "CANCELED")
    refuse_canary(examples.deployment, "redshift-canary-0e77", "Load", "Third5", "Long")
    (run,) = executions(examples.deployment, RUN_TASK, of="Load")
    assert "Wait" in states_entered(examples.deployment, run)


def activity(database: str, script: str, **fields: str) -> Fields:
    return {"type": "SqlActivity", "database": Ref(database), "script": script, **fields}


def failed(pipeline: Pipeline, component: str) -> Mapping[str, str]:
    pipeline.ended(component, "FAILED")
    return pipeline.attempts(component)[0].fields


def refuse_canary(deployment: Deployment, canary: str, *components: str) -> None:
    """Fail if it is in an execution's history."""
    histories = list(_histories(deployment, components))
    assert len(histories) >= len(components)
    assert not [history for history in histories if canary in history]


def refuse_canary_in_logs(deployment: Deployment, canary: str) -> None:
    pages = deployment.logs.get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=log_group_of(deployment, "SqlActivity"))
    messages = [event["message"] for page in found for event in page["events"]]
    assert messages
    assert not [message for message in messages if canary in message]


def _histories(deployment: Deployment, components: tuple[str, ...]) -> Iterator[str]:
    pages = deployment.stepfunctions.get_paginator("get_execution_history")
    for component in components:
        for arn in executions(deployment, RUN_TASK, of=component):
            for page in pages.paginate(executionArn=arn):
                yield json.dumps(page["events"], default=str)
