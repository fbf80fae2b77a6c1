"""The verdict on each kind of activity, and on definitions that the service would refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.datapipeline.object_types import Kind, kind_of, object_types
from local.launch import ROOT
from pipelines.checking.advice import COMMANDS, HANDLER_ERRORS
from pipelines.checking.check import Facts
from pipelines.checking.types import TYPES
from pipelines.checking.verdict import Verdict
from pipelines.commands.findings import Kind as Found
from tests.pipelines.definitions import (
    checked,
    definition,
    fields_of,
    messages,
    ref,
    shell,
    verdict_on,
)
from tests.unit.test_docs_links import anchors

CLUSTER = {
    "id": "Warehouse",
    "type": "RedshiftDatabase",
    "clusterId": "warehouse",
    "databaseName": "d",
    "username": "etl",
    "*password": "not-used",
}
DATABASE = {
    "id": "Db",
    "type": "JdbcDatabase",
    "connectionString": "jdbc:mysql://db.example.com/shop",
    "jdbcDriverClass": "x",
    "username": "etl",
    "*password": "sesame-open",
}
RDS = {
    "id": "Db",
    "type": "RdsDatabase",
    "rdsInstanceId": "sales",
    "username": "etl",
    "*password": "sesame-open",
}


def table(kind: str, name: str, database: str, **fields: Any) -> dict[str, Any]:
    named = {"tableName": name} if kind == "RedshiftDataNode" else {"table": name}
    return {"id": "T", "type": kind, "database": ref(database), **named, **fields}


def sql(script: str, database: str = "Db", **fields: Any) -> dict[str, Any]:
    return {"type": "SqlActivity", "database": ref(database), "script": script, **fields}


def copy(source: str, target: str, **fields: Any) -> dict[str, Any]:
    return {"type": "CopyActivity", "input": ref(source), "output": ref(target), **fields}


def redshift_copy(mode: str) -> dict[str, Any]:
    return {**copy("In", "T"), "type": "RedshiftCopyActivity", "insertMode": mode}


def s3(object_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": object_id, "type": "S3DataNode", **fields}


def test_a_plain_command_runs_as_it_is() -> None:
    found = verdict_on(shell("echo hello"))
    assert (found.verdict, found.reasons) == (Verdict.RUNS, ())
    assert found.as_json() == {"id": "A", "type": "ShellCommandActivity", "verdict": "runs", "reasons": []}


def test_a_resource_is_replaced_and_its_network_becomes_a_setting() -> None:
    ec2 = {
        "id": "Box",
        "type": "Ec2Resource",
        "role": "r",
        "resourceRole": "r",
        "subnetId": "subnet-1",
        "securityGroupIds": ["sg-1", "sg-2"],
    }
    found = verdict_on(
        shell("true", runsOn=ref("Box")), ec2, default={"id": "Default", "scheduleType": "ondemand"}
    )
    assert found.verdict is Verdict.SETTINGS
    assert found.needs.subnets == {"subnet-1"}
    assert found.needs.security_groups == {"sg-1", "sg-2"}
    assert "convert puts a worker group" in messages(found)


def test_access_is_just_what_the_fields_name_before_expressions_begin() -> None:
    found = verdict_on(
        shell(
            "aws s3 cp s3://other/#{format(@scheduledStartTime,'YYYY')}/x ${OUTPUT1_STAGING_DIR}/y",
            stage="true",
            input=[ref("In")],
            output=ref("Out"),
            stdout="s3://logs/a/#{@pipelineId}/out",
            pipelineLogUri="s3://logs/b",
        ),
        s3("In", filePath="s3://data/in/#{format(minusDays(@scheduledStartTime,1),'YYYY-MM-dd')}.csv"),
        s3("Out", directoryPath="s3n://data/out/fixed"),
    )
    assert found.verdict is Verdict.SETTINGS
    assert found.needs.read == {"s3://data/in/", "s3://other/"}
    assert found.needs.write == {"s3://data/out/fixed/", "s3://logs/a/", "s3://logs/b/"}


@pytest.mark.parametrize(
    ("fields", "verdict", "field"),
    [
        ({"attemptTimeout": "soon"}, Verdict.CHANGE, "attemptTimeout"),
        ({"reportProgressTimeout": "30 seconds"}, Verdict.CHANGE, "reportProgressTimeout"),
        ({"lateAfterTimeout": "2 minutes"}, Verdict.SETTINGS, "lateAfterTimeout"),
        ({"stdout": "/home/x/out"}, Verdict.RUNS, "stdout"),
        ({"stage": "maybe"}, Verdict.CHANGE, "stage"),
        ({"myHandler": "own"}, Verdict.SETTINGS, "myHandler"),
        ({"dependsOn": {"ref": "Nowhere"}}, Verdict.CHANGE, "dependsOn"),
        ({"command": "echo #{noSuchThing}"}, Verdict.CHANGE, "command"),
        ({"command": "echo #{unclosed"}, Verdict.CHANGE, "command"),
        ({"command": "echo 'a\\\\b'"}, Verdict.RUNS, "command"),
        ({"command": "sleep 90", "attemptTimeout": "1 minute"}, Verdict.CHANGE, "attemptTimeout"),
        ({"command": "sleep 400", "type": "ShellCommandPrecondition"}, Verdict.RUNS, "precondition"),
        ({"command": "#" * 10_300}, Verdict.CHANGE, "command"),
        ({"maximumRetries": "many"}, Verdict.CHANGE, "maximumRetries"),
        ({"maximumRetries": "-1"}, Verdict.CHANGE, "maximumRetries"),
        ({"retryDelay": "soon"}, Verdict.CHANGE, "retryDelay"),
        ({"lateAfterTimeout": "soon"}, Verdict.CHANGE, "lateAfterTimeout"),
        ({"failureAndRerunMode": "maybe"}, Verdict.CHANGE, "failureAndRerunMode"),
        ({"maxActiveInstances": "few"}, Verdict.CHANGE, "maxActiveInstances"),
        ({"command": "aws s3 foo"}, Verdict.CHANGE, "command"),
        ({"command": "aws s4 ls"}, Verdict.CHANGE, "command"),
        ({"command": "aws ec2 describe-everything"}, Verdict.CHANGE, "command"),
        ({"command": "aws ec2 describe-instances"}, Verdict.SETTINGS, "command"),
        ({"command": "aws emr create-default-roles"}, Verdict.SETTINGS, "command"),
        ({"command": "aws deploy list-applications"}, Verdict.SETTINGS, "command"),
        ({"command": "aws ecs wait tasks-stopped --tasks x"}, Verdict.SETTINGS, "command"),
        ({"workerGroup": "", "command": "true"}, Verdict.CHANGE, "workerGroup"),
    ],
)
def test_fields_of_activities(fields: dict[str, Any], verdict: Verdict, field: str) -> None:
    found = verdict_on({**shell("true"), **fields})
    assert found.verdict is verdict, messages(found)
    assert field in fields_of(found)


CSV = {"id": "Csv", "type": "CSV", "column": ["a INT", "b STRING"]}
WITH_COLUMNS = s3("In", filePath="s3://a/x", dataFormat=ref("Csv"))
IN, OUT = s3("In", filePath="s3://a/x"), s3("Out", filePath="s3://b/y")
NAMELESS = {key: value for key, value in CLUSTER.items() if key != "databaseName"}


@pytest.mark.parametrize(
    ("activity", "objects", "verdict", "word"),
    [
        (sql("SELECT 1"), [DATABASE], Verdict.SETTINGS, "sql(...)"),
        (sql("SELECT 1"), [RDS], Verdict.SETTINGS, "sql(...)"),
        (sql("SELECT ?"), [DATABASE], Verdict.SETTINGS, "sql(...)"),
        (sql("SELECT ?", scriptArgument=["1", "2"]), [DATABASE], Verdict.CHANGE, "1 places"),
        (sql("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"), [DATABASE], Verdict.CHANGE, "asks the client"),
        (sql("DELIMITER //\nSELECT 1//"), [DATABASE], Verdict.CHANGE, "mysql program"),
        (
            sql("SELECT 1"),
            [{**DATABASE, "connectionString": "jdbc:sqlserver://h:1433"}],
            Verdict.IMPOSSIBLE,
            "jdbc:sqlserver:",
        ),
        (
            sql("SELECT 1"),
            [{**DATABASE, "jdbcProperties": "yearIsDateType=true"}],
            Verdict.CHANGE,
            "would change data",
        ),
        (sql("SELECT 1"), [{**RDS, "jdbcProperties": "ssl"}], Verdict.CHANGE, "A=B"),
        (sql(";".join(["SELECT 1"] * 41), "Warehouse"), [CLUSTER], Verdict.CHANGE, "41 statements"),
        (sql("SELECT 1", "Warehouse"), [NAMELESS], Verdict.CHANGE, "databaseName"),
        (copy("In", "Out"), [IN, OUT], Verdict.SETTINGS, "copy(...)"),
        (copy("In", "In"), [IN], Verdict.CHANGE, "itself"),
        (
            copy("In", "T"),
            [IN, table("MySqlDataNode", "t", "Db", insertQuery="INSERT INTO t VALUES (1)"), DATABASE],
            Verdict.CHANGE,
            "no place for a value",
        ),
        (copy("In", "T"), [IN, table("SqlDataNode", "t", "Db"), RDS], Verdict.SETTINGS, "copy(...)"),
        *(
            (
                copy("In", "T"),
                [WITH_COLUMNS, CSV, table("SqlDataNode", "t", "Db", insertQuery=query), DATABASE],
                verdict,
                word,
            )
            for query, verdict, word in (
                ("INSERT INTO t (a, b) VALUES (?, 'it''s (')", Verdict.CHANGE, "1 places for values"),
                ("INSERT INTO t (a, b) VALUES (?, concat(?, ','))", Verdict.SETTINGS, "copy(...)"),
                ("INSERT INTO t (a, b, c) VALUES (?, ?)", Verdict.CHANGE, "3 columns, and 2 values"),
                ("INSERT INTO t VALUES (?, ?, ?)", Verdict.CHANGE, "3 places for values (?)"),
                ("INSRT INTO t VALUES (?, ?)", Verdict.CHANGE, "begins with 'INSRT'"),
                ("INSERT INTO t VALUES (?, ?", Verdict.CHANGE, "parentheses"),
                ("INSERT INTO t VALUES (?, ?); SELECT 1", Verdict.CHANGE, "several statements"),
                ("UPDATE t SET a = ? WHERE b = ?", Verdict.SETTINGS, "copy(...)"),
            )
        ),
        (sql("SELEC 1"), [DATABASE], Verdict.CHANGE, "begins with 'SELEC'"),
        (
            sql("-- a\nSELECT 1; /* b */ (SELECT 2); WITH x AS (SELECT 1) SELECT 1"),
            [DATABASE],
            Verdict.SETTINGS,
            "sql(...)",
        ),
        ({"type": "EmrActivity", "step": "x,y"}, [], Verdict.CHANGE, "'x' is no JAR"),
        ({"type": "EmrActivity", "step": "command-runner.jar"}, [], Verdict.CHANGE, "needs a program"),
        ({"type": "EmrActivity", "step": "/home/hadoop/own.jar,x"}, [], Verdict.CHANGE, "keep it in S3"),
        (
            {
                "type": "EmrActivity",
                "step": "/home/hadoop/contrib/streaming/hadoop-streaming.jar,-input,s3://a/b",
            },
            [],
            Verdict.SETTINGS,
            "emr(...)",
        ),
        ({"type": "EmrActivity", "step": "s3://a/own.jar,x"}, [], Verdict.SETTINGS, "the cluster fetches"),
        (
            copy("T", "Out"),
            [table("RedshiftDataNode", "t", "Warehouse"), CLUSTER, OUT],
            Verdict.IMPOSSIBLE,
            "RedshiftDataNode",
        ),
        (
            redshift_copy("TRUNCATE"),
            [IN, table("RedshiftDataNode", "t", "Warehouse"), CLUSTER],
            Verdict.SETTINGS,
            "copy_role_arn",
        ),
        (
            redshift_copy("APPEND"),
            [IN, table("RedshiftDataNode", "a.b.c", "Warehouse"), CLUSTER],
            Verdict.CHANGE,
            "tableName",
        ),
        ({"type": "NoSuchActivity"}, [], Verdict.IMPOSSIBLE, "NoSuchActivity"),
    ],
)
def test_other_types(
    activity: dict[str, Any], objects: list[dict[str, Any]], verdict: Verdict, word: str
) -> None:
    found = verdict_on({"id": "A", **activity}, *objects)
    assert found.verdict is verdict, messages(found)
    assert word in messages(found)


def test_preconditions_are_judged_by_what_they_guard() -> None:
    texts = definition(
        {**shell("true"), "precondition": [ref("There"), ref("Ready"), ref("Service")], "input": ref("Rows")},
        {"id": "There", "type": "Exists"},
        {"id": "Ready", "type": "ShellCommandPrecondition", "command": "jq ."},
        {"id": "Service", "type": "S3KeyExists", "s3Key": "s3://a/b", "role": "r"},
        {"id": "OfNode", "type": "Exists"},
        {"id": "Unused", "type": "Exists"},
        s3("Rows", filePath="s3://a/rows", precondition=ref("OfNode")),
    )
    found = {each.id: each for each in checked(texts).activities}
    assert found["There"].verdict is Verdict.IMPOSSIBLE, "an activity is nothing that could exist"
    assert found["Ready"].verdict is Verdict.SETTINGS
    assert found["Service"].verdict is Verdict.RUNS
    assert found["OfNode"].needs.read == {"s3://a/rows"}
    assert found["Unused"].verdict is Verdict.RUNS
    assert found["A"].verdict is Verdict.CHANGE, "it waits for There"
    assert "it waits for 'There'" in messages(found["A"])


def test_a_precondition_has_less_time() -> None:
    text = definition(
        {**shell("true"), "precondition": ref("P")},
        {"id": "P", "type": "ShellCommandPrecondition", "command": "sleep 400"},
    )
    (found,) = [each for each in checked(text).activities if each.id == "P"]
    assert found.verdict is Verdict.SETTINGS
    assert found.needs.minutes == pytest.approx(400 / 60)


def test_what_waits_for_a_writer_that_does_not_run() -> None:
    found = checked(
        definition(
            {**copy("T", "Node"), "id": "Write"},
            table("RedshiftDataNode", "t", "Warehouse"),
            CLUSTER,
            s3("Node", directoryPath="s3://a/b/"),
            shell("true", input=ref("Node")),
            {**shell("true"), "id": "After", "dependsOn": ref("A")},
            {**shell("true"), "id": "Alone"},
        )
    )
    assert {each.id: each.verdict for each in found.activities} == {
        "Write": Verdict.IMPOSSIBLE,
        "A": Verdict.CHANGE,
        "After": Verdict.CHANGE,
        "Alone": Verdict.RUNS,
    }


@pytest.mark.parametrize(
    "objects",
    [
        [shell("true", dependsOn=ref("B")), {**shell("true"), "id": "B", "dependsOn": ref("A")}],
        [shell("true"), shell("false")],
        [shell("true"), {"id": "S", "type": "Schedule", "period": "5 minutes", "startAt": "x"}],
        [shell("true"), {"id": "X", "type": "Nonsense"}],
        [shell("true", myEmpty="")],
        [shell("true"), *({"id": f"N{number}", "type": "CSV"} for number in range(100))],
    ],
    ids=["circle", "twice", "schedule", "type", "empty", "many"],
)
def test_nothing_runs_of_a_definition_that_cannot_be_put(objects: list[dict[str, Any]]) -> None:
    for found in checked(definition(*objects)).activities:
        assert found.verdict >= Verdict.CHANGE, messages(found)


def test_thousands_of_objects_are_told_at_once() -> None:
    objects = [
        {"id": f"N{number}", "type": "ShellCommandActivity", "parent": ref(f"N{(number + 1) % 3000}")}
        for number in range(3000)
    ]
    found = checked(definition(*objects)).activities
    assert len(found) == 3000
    assert "3,001 objects" in messages(found[0])


def test_parents_in_a_circle_end() -> None:
    one, other = shell("true", parent=ref("B")), {**shell("true"), "id": "B", "parent": ref("A")}
    assert len(checked(definition(one, other)).activities) == 2


def test_values_that_are_missing_are_settings_and_do_not_hide_the_rest() -> None:
    found = checked(
        definition(
            shell("#{myCommand}", stdout="#{myPlace}/out"),
            {"id": "B", "type": "SqlActivity", "database": ref("Db"), "script": "#{myScript}"},
            {**DATABASE, "connectionString": "#{myUrl}"},
            {**shell("wget x"), "id": "C"},
            parameters=[
                {"id": "myCommand", "type": "String"},
                {"id": "myPlace", "type": "AWS::S3::ObjectKey"},
                {"id": "myScript", "type": "String"},
                {"id": "myUrl", "type": "String"},
                {"id": "myCount", "type": "Integer", "default": "3"},
            ],
        )
    )
    assert [each.verdict for each in found.activities] == [Verdict.SETTINGS] * 3
    assert {"myCommand", "myPlace", "myScript", "myUrl"} <= set(fields_of(found.activities[0]))
    assert "'wget'" in messages(found.activities[2])


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(3.0, Verdict.RUNS), (14.0, Verdict.RUNS), (16.0, Verdict.SETTINGS)]
)
def test_how_long_runs_took(minutes: float, verdict: Verdict) -> None:
    found = verdict_on(shell("true"), facts=Facts({"A": minutes}))
    assert found.verdict is verdict
    assert "last runs" in messages(found)
    assert found.needs.in_container is (verdict is Verdict.SETTINGS)


def test_secrets_are_in_no_reason() -> None:
    found = checked(
        definition(
            {"id": "A", "type": "SqlActivity", "database": ref("Db"), "script": "SELECT 1"},
            {**DATABASE, "connectionString": "jdbc:mysql://u:sesame-open@h/db"},
            {**shell("mysql -psesame-open; yum install --setopt=password=sesame-open own"), "id": "B"},
        )
    )
    assert "sesame" not in json.dumps(found.as_json())


def test_every_type_is_in_the_table() -> None:
    kinds = {Kind.ACTIVITY, Kind.PRECONDITION}
    assert {name for name in object_types() if kind_of(name) in kinds} == set(TYPES)


def test_every_finding_is_in_the_table_and_every_page_exists() -> None:
    assert set(COMMANDS) == set(Found)
    pages = {advice.page for advice in (*COMMANDS.values(), *HANDLER_ERRORS.values())}
    pages |= {advice.page for advice in TYPES.values()}
    for file in (ROOT / "pipelines").rglob("*.py"):
        pages |= set(re.findall(r'"(docs/[\w./-]+\.md(?:#[\w-]+)?)"', file.read_text()))
    assert len(pages) > 15
    for page in pages - {""}:
        path, _, anchor = page.partition("#")
        assert not anchor or anchor in anchors(Path(ROOT, path)), page
        assert Path(ROOT, path).is_file(), page
