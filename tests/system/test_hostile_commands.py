"""No command poisons the next task, and none that left output behind is FINISHED.

60 commands that do what they can run one after another in one execution environment of the deployed
function. Each is followed by a plain ``echo``. HOSTILE_SEED selects other commands, HOSTILE_COMMANDS another
number.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.account import connection
from runner.testing import Ref, task_event
from tests.system.deployments import STACK, Deployment
from tests.system.hostile_commands import HostileCommand, hostile_command

pytestmark = pytest.mark.long

BUCKET = "hostile-commands"
SEED = os.environ.get("HOSTILE_SEED", "1")
COMMANDS = int(os.environ.get("HOSTILE_COMMANDS", "60"))
FUNCTION = f"{STACK}-ShellCommandActivity"


@pytest.fixture
def one_environment(deployment: Deployment) -> Deployment:
    deployment.s3.create_bucket(Bucket=BUCKET)
    _let_commands_use_s3(deployment)
    return deployment


@pytest.mark.parametrize("deployment", ["as-assumed"], indirect=True)
def test_no_command_poisons_its_successor_or_is_finished_with_output_left(
    one_environment: Deployment,
) -> None:
    statuses: dict[str, int] = {}
    for number in range(COMMANDS):
        seed = f"{SEED}-{number}"
        hostile = hostile_command(seed)
        with _marks() as marks:
            told = f"command {seed} of `HOSTILE_SEED={SEED}`:\n{hostile.script(marks)}\n"
            status = _run_hostile(one_environment, hostile, marks, f"{seed}/out", told)
        statuses[status] = statuses.get(status, 0) + 1
        _run_plain(one_environment, f"{seed}/echo", told)
    # If all commands of a grammar failed, or none did, it would show nothing.
    assert statuses["FINISHED"] > COMMANDS / 10, statuses
    assert statuses["FAILED"] > COMMANDS / 10, statuses
    assert not _secrets_in(one_environment)


@contextmanager
def _marks() -> Iterator[Path]:
    """A directory outside of the ephemeral storage that the function's user can write to."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="marks-") as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)


def _run_hostile(deployment: Deployment, hostile: HostileCommand, marks: Path, place: str, told: str) -> str:
    event = task_event(
        {"command": hostile.script(marks), "stage": "true", "output": Ref("Out")},
        objects={"Out": {"type": "S3DataNode", "directoryPath": f"s3://{BUCKET}/{place}"}},
    )
    response, error = _invoke(deployment, event)
    status: str = "FAILED" if error else response["status"]
    if status == "FINISHED":
        assert not hostile.spoils(marks), told
        for name, content in hostile.leaves(marks).items():
            stored = deployment.s3.get_object(Bucket=BUCKET, Key=f"{place}/{name}")["Body"].read()
            assert stored.decode() == content, told
    elif not error:
        assert response["errorMessage"], told
    return status


def _run_plain(deployment: Deployment, key: str, told: str) -> None:
    event = task_event({"command": f"echo {key}", "stdout": f"s3://{BUCKET}/{key}"})
    response, error = _invoke(deployment, event)
    assert not error, f"after {told}: {response}"
    assert response == {"status": "FINISHED"}, f"after {told}: {response}"
    assert deployment.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == f"{key}\n", told


def _invoke(deployment: Deployment, event: dict[str, Any]) -> tuple[Any, bool]:
    """What RunTask gets from the handler, and whether it is an error. If the environment ends, ask again."""
    for _ in range(3):
        answer = deployment.lambda_.invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        error = "FunctionError" in answer
        if not error or payload.get("errorType") != "EnvironmentNotClean":
            return payload, error
    raise AssertionError("three environments in a row were not clean")


def _let_commands_use_s3(deployment: Deployment) -> None:
    configuration = deployment.lambda_.get_function_configuration(FunctionName=FUNCTION)
    role = configuration["Environment"]["Variables"]["COMMAND_ROLE_ARN"].rpartition("/")[2]
    iam = boto3.client("iam", **connection(deployment.endpoint_url))
    allowed = {
        "Effect": "Allow",
        "Action": ["s3:*"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    }
    iam.put_role_policy(
        RoleName=role,
        PolicyName="hostile-commands",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )


def _secrets_in(deployment: Deployment) -> list[str]:
    """Objects that contain an environment with credentials."""
    pages = deployment.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return [
        key
        for key in keys
        if b"AWS_SECRET_ACCESS_KEY" in deployment.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    ]
