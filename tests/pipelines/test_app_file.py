"""The printed app.py synthesizes as it is printed, and grants just what was found."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.launch import ROOT
from pipelines.app_file import app_file
from pipelines.checking.check import Facts
from pipelines.checking.verdict import Verdict
from pipelines.summary import Summary
from tests.pipelines.definitions import checked, definition, ref, shell
from tests.system.deployments import environment_without_aws

EC2: dict[str, Any] = {
    "id": "Box",
    "type": "Ec2Resource",
    "role": "r",
    "resourceRole": "r",
    "subnetId": "subnet-0123456789abcdef0",
    "securityGroupIds": ["sg-0123abcd", "sg-0123456789abcdef0"],
}
DATABASE = {"type": "JdbcDatabase", "jdbcDriverClass": "x", "username": "etl", "*password": "sesame"}
EVERYTHING = definition(
    shell(
        "/opt/bin/own /tmp/x; aws sns publish --message m; aws s3 rm s3://data/old/x",
        runsOn=ref("Box"),
        stage="true",
        input=ref("In"),
        output=ref("Out"),
        pipelineLogUri="s3://logs/etl",
    ),
    EC2,
    {**shell("true"), "id": "OnGroup", "workerGroup": 'the "other" group', "lateAfterTimeout": "1 minute"},
    {"id": "Hours", "type": "ShellCommandPrecondition", "command": "psql -c 'SELECT 1'; sleep 2h"},
    {**shell("true"), "id": "Own", "workerGroup": "etl", "myHandler": "own'\nhandler"},
    {"id": "Ready", "type": "ShellCommandPrecondition", "command": "aws s3 ls s3://data/ready/"},
    {"id": "There", "type": "Exists"},
    {
        "id": "In",
        "type": "S3DataNode",
        "directoryPath": "s3://data/in",
        "precondition": [ref("There"), ref("Ready"), ref("Hours")],
    },
    {"id": "Out", "type": "S3DataNode", "filePath": "s3://data/in/deeper/out"},
    {
        "id": "Sql",
        "type": "SqlActivity",
        "database": ref("Db"),
        "scriptUri": "s3://scripts/a.sql",
        "runsOn": ref("Other"),
    },
    {"id": "Db", "connectionString": "jdbc:postgresql://h/db", **DATABASE},
    {
        "id": "Rds",
        "type": "RdsDatabase",
        "rdsInstanceId": "sales-db",
        "username": "etl",
        "*password": "sesame",
    },
    {"id": "Table", "type": "SqlDataNode", "table": "t", "database": ref("Rds")},
    {
        "id": "Export",
        "type": "CopyActivity",
        "input": ref("Table"),
        "output": ref("Out"),
        "workerGroup": "etl",
    },
    {"id": "Rows", "type": "RedshiftDataNode", "tableName": "t", "database": ref("Cluster")},
    {
        "id": "Cluster",
        "type": "RedshiftDatabase",
        "connectionString": "jdbc:redshift://wg.111122223333.us-east-1.redshift-serverless.amazonaws.com:5439/d",
        "username": "etl",
        "*password": "x",
        "myPasswordSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:etl-AbCdEf",
    },
    {
        "id": "Load",
        "type": "RedshiftCopyActivity",
        "insertMode": "APPEND",
        "input": ref("In"),
        "output": ref("Rows"),
        "workerGroup": "etl",
    },
    {"id": "Hive", "type": "HiveActivity", "hiveScript": "SELECT 1;", "runsOn": ref("Emr")},
    {"id": "Pig", "type": "PigActivity", "script": "A = LOAD 'x';", "runsOn": ref("Emr")},
    {"id": "Steps", "type": "EmrActivity", "step": "s3://jars/a.jar", "workerGroup": "etl"},
    {
        "id": "Emr",
        "type": "EmrCluster",
        "releaseLabel": "emr-6.15.0",
        "coreInstanceCount": "2",
        "taskInstanceBidPrice": "1",
        "bootstrapAction": "s3://scripts/it's.sh,a\"b",
        "configuration": ref("Site"),
        "role": "EmrRole",
        "resourceRole": "Ec2Profile",
        "pipelineLogUri": "s3://logs/etl",
    },
    {"id": "Site", "type": "EmrConfiguration", "classification": "core-site", "property": ref("Size")},
    {"id": "Size", "type": "Property", "key": "io.file.buffer.size", "value": "65536"},
    default={"id": "Default", "scheduleType": "ondemand"},
)


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that only its owner can enter: jsii keeps no cache where others may write."""
    return tmp_path_factory.mktemp("app")


def app_of(text: str, facts: Facts = Facts({}), **options: Any) -> str:  # noqa: B008 - it is frozen
    summary = Summary()
    summary.add(checked(text, facts))
    return app_file(summary, **options)


def test_it_synthesizes_as_printed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("infra", "lambdas"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".venv", ".build"):
        (project / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "cdk.json", project)
    (project / "app.py").write_text(app_of(EVERYTHING, Facts({"A": 9.0})), encoding="utf-8")
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        [ROOT / "node_modules" / ".bin" / "cdk", "synth", "--quiet", "--output", tmp_path / "out"],
        cwd=project,
        env=environment_without_aws(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "out" / "TaskRunner.template.json").read_text())
    functions = {
        each["Properties"]["FunctionName"]: each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function" and "FunctionName" in each["Properties"]
    }
    command = functions["TaskRunner-ShellCommandActivity"]
    tasks = [each for each in template["Resources"].values() if each["Type"] == "AWS::ECS::TaskDefinition"]
    assert len(tasks) == 1, "what sleeps for two hours runs in a container"
    (container,) = tasks[0]["Properties"]["ContainerDefinitions"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert json.loads(variables["TASK_PACKAGES"]) == ["postgresql15"]
    assert command["MemorySize"] == 1769, "its longest run took 9 minutes"
    network = {"SecurityGroupIds": EC2["securityGroupIds"], "SubnetIds": [EC2["subnetId"]]}
    assert {key: sorted(ids) for key, ids in command["VpcConfig"].items()} == {
        key: sorted(ids) for key, ids in network.items()
    }
    assert any("layer:tools" in str(layer) for layer in command["Layers"])
    policies = json.dumps(
        [each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]
    )
    for granted in (
        "s3:::data/in/*",
        "s3:::logs/etl/*",
        "sns:Publish",
        "s3:DeleteObject",
        "db:sales-db",
        "etl-AbCdEf",
    ):
        assert granted in policies
    assert "s3:::data/*" not in policies
    for route in ("HiveActivity", "PigActivity"):
        where = json.dumps(functions[f"TaskRunner-{route}"]["Environment"]["Variables"]["EMR_WHERE"])
        for text in ("emr-6.15.0", "it's.sh", "core-site", "SPOT", "idle_minutes"):
            assert text in where
    assert "value-of-cluster-name" in str(functions["TaskRunner-EmrActivity"]["Environment"])
    assert "role/Ec2Profile" in policies
    groups = [
        each["Environment"]["Variables"].get("WORKER_GROUP")
        for name, each in functions.items()
        if "-poll-" in name
    ]
    assert sorted(groups) == ["etl", 'the "other" group']


@pytest.mark.parametrize(
    ("command", "packages", "unknown"),
    [
        ("java -version", ["java-17-amazon-corretto-headless"], ""),
        ("wget -q http://x/a.zip && unzip a.zip", ["unzip", "wget"], ""),
        ("psql -h db -c 'SELECT 1' | gzip", ["gzip", "postgresql15"], ""),
        ("/usr/bin/mysql -e x", ["mariadb105"], ""),
        ("sudo yum install -y git", [], ""),
        ("sudo -u root yum -y update && sudo dnf install -y own", [], ""),
        ("own-tool x; jq .", ["jq"], "own-tool"),
        ("sleep 3h", [], ""),
    ],
)
def test_what_a_function_lacks_runs_in_a_container_with_its_packages(
    command: str, packages: list[str], unknown: str
) -> None:
    found = checked(definition(shell(command)))
    assert [each.verdict for each in found.activities] == [Verdict.SETTINGS]
    assert any("compute=Container(...)" in reason.message for reason in found.activities[0].reasons)
    text = app_of(definition(shell(command)))
    (call,) = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Container"
    )
    given = {word.arg: word.value for word in call.keywords}
    assert "vpc" in given
    assert (ast.literal_eval(given["packages"]) if "packages" in given else []) == packages
    assert ("An image, or packages, with" in text) is bool(unknown)
    assert unknown in text


@pytest.mark.parametrize(
    "text",
    [
        definition(),
        definition(shell("true")),
        definition({**shell("true"), "workerGroup": 'x"); import os; os.abort(); ("'}),
        definition(shell("true", stdout="s3://UPPER/case", stderr="s3://b/k'\"\\ü*x")),
        definition(shell("#{'}'}", pipelineLogUri="s3://#{myBucket}/x"), parameters=[{"id": "myBucket"}]),
        definition(shell('aws s3 cp "s3://a/b c" "s3://a/é"; aws s3 ls s3://; aws s3 sync s3://$X/y .')),
    ],
)
def test_whatever_a_definition_holds_it_is_python_with_these_names_alone(text: str) -> None:
    tree = ast.parse(app_of(text))
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "abort" not in called
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert "os" not in imported


def test_the_groups_are_those_that_are_named_or_given() -> None:
    text = definition({**shell("true"), "workerGroup": "b"}, {**shell("true"), "id": "B", "workerGroup": "a"})
    assert app_of(text).index('"a",') < app_of(text).index('"b",')
    assert '"etl",' in app_of(
        definition(shell("true"), default={"id": "Default", "scheduleType": "ondemand"})
    )
    assert '"given",' in app_of(text, worker_group="given")


def test_what_has_one_name_is_not_one_thing() -> None:
    """Databases whose ids differ in a mark, or are those of another pipeline's; networks of many subnets."""

    def sql(database: str, host: str, number: int) -> list[dict[str, Any]]:
        url = f"jdbc:postgresql://{host}:5432/sales"
        network = {f"subnet-0000000{number}", "subnet-00000008", "subnet-00000009"}
        box = {
            **EC2,
            "id": f"Box{host}",
            "subnetId": sorted(network),
            "securityGroupIds": [f"sg-0000000{number}"],
        }
        return [
            {
                "id": f"Sql{host}",
                "type": "SqlActivity",
                "script": "SELECT 1",
                "database": ref(database),
                "runsOn": ref(box["id"]),
            },
            {**DATABASE, "id": database, "connectionString": url},
            box,
        ]

    summary = Summary()
    for objects in (
        [*sql("db1", "a", 1), *sql("db-1", "b", 2)],
        sql("db1", "c", 3),
        [*sql("db1", "a", 1), *sql("Db1", "d", 4)],
        [*sql("x", "e", 5), *sql("y", "f", 6)],
    ):
        summary.add(checked(definition(*objects)))
    text = app_file(summary)
    tree = ast.parse(text)
    made = [
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and ast.unparse(node.args[0]) == "self"
    ]
    assert len(set(made)) == len(made) > 6
    logins = [name for name in made if "Login" in str(name)]
    assert len(logins) == 6
    for host in "abcdef":
        assert f"etl at {host}:5432" in text
    (groups,) = [line for line in text.splitlines() if "security_groups=" in line]
    assert groups.count("beside.sg") == 5
    assert "Left out: sg-00000006" in text


def test_it_is_formatted_for_any_reader() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--isolated", "--select", "E9,F", "-"],
        input=app_of(EVERYTHING),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
