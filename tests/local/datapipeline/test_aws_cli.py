"""The AWS CLI's `datapipeline` commands as a user types them, with a runner played by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.account import connection
from local.environment import for_local_aws
from tests.local.commands import running

DEFINITION = {
    "objects": [
        {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "Daily"}, "workerGroup": "cli"},
        {
            "id": "Daily",
            "type": "Schedule",
            "period": "1 Day",
            "occurrences": "1",
            "startAt": "FIRST_ACTIVATION_DATE_TIME",
        },
        {
            "id": "Export",
            "type": "ShellCommandActivity",
            "command": "echo #{myBucket}/#{format(@scheduledStartTime,'YYYY-MM-dd-HH-mm-ss')}",
        },
        {
            "id": "Load",
            "type": "ShellCommandActivity",
            "command": "true",
            "dependsOn": {"ref": "Export"},
            "scriptArgument": ["a b", "c"],
        },
    ],
    "parameters": [{"id": "myBucket", "type": "String", "default": "s3://none"}],
}


@pytest.fixture(scope="module")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running("up", "--no-deploy", "--port", "0", directory=tmp_path_factory.mktemp("no-app")) as command:
        yield command.ready()


def test_a_pipelines_life_by_the_cli(endpoint_url: str, tmp_path: Path) -> None:
    environment = for_local_aws(endpoint_url, os.environ)

    def aws(*arguments: str, check: bool = True) -> str:
        command = [str(Path(sys.executable).with_name("aws")), "datapipeline", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout + done.stderr

    def aws_json(*arguments: str) -> Any:
        return json.loads(aws(*arguments, "--output", "json"))

    def statuses(*filters: str) -> dict[str, str]:
        runs = aws_json("list-runs", "--pipeline-id", pipeline, *filters)
        return {run["name"]: run["@status"] for run in runs}

    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(DEFINITION))
    bad.write_text(json.dumps({"objects": [{"id": "X", "type": "ShellCommandActivity", "workerGroup": "g"}]}))
    pipeline = aws_json("create-pipeline", "--name", "cli", "--unique-id", "cli")["pipelineId"]
    selected = ("--pipeline-id", pipeline)

    refused = aws("put-pipeline-definition", *selected, "--pipeline-definition", f"file://{bad}", check=False)
    assert "One of 'command' and 'scriptUri' is missing" in refused
    values = ("--parameter-values", "myBucket=s3://mine")
    aws("put-pipeline-definition", *selected, "--pipeline-definition", f"file://{good}", *values)
    aws("activate-pipeline", *selected)
    assert statuses("--status", "running,finished") == {}

    client = boto3.client("datapipeline", **connection(endpoint_url))
    task = client.poll_for_task(workerGroup="cli")["taskObject"]
    attempt = task["objects"][task["attemptId"]]
    command = next(f["stringValue"] for f in attempt["fields"] if f["key"] == "command")
    start = next(f["stringValue"] for f in attempt["fields"] if f["key"] == "@scheduledStartTime")
    assert command == f"echo s3://mine/{start.replace('T', '-').replace(':', '-')}"
    client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")

    assert set(statuses().values()) == {"FINISHED", "WAITING_FOR_RUNNER"}
    assert list(statuses("--status", "finished").values()) == ["FINISHED"]
    assert statuses("--start-interval", "2001-01-01T00:00:00,2001-01-02T00:00:00") == {}
    definition = aws_json("get-pipeline-definition", *selected)
    assert definition["values"] == {"myBucket": "s3://mine"}
    load = next(found for found in definition["objects"] if found["id"] == "Load")
    assert load["scriptArgument"] == ["a b", "c"]
    aws("deactivate-pipeline", *selected)
    aws("delete-pipeline", *selected)
    assert pipeline not in aws("list-pipelines")
