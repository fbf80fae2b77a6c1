"""Commands in containers on the deployed stack: what they find and do there, and how they end.

What goes wrong with containers is in test_faults.py, and where secrets are in test_secrets.py.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.handlers import s3_access
from local.directories import open_directory
from local.ecs.image import SYSTEM_PATH
from tests import processes
from tests.databases.server import DatabaseServer
from tests.system.deployments import FAULTY_TIME_SCALE, SESSION_SECONDS, STACK, Deployment, eventually
from tests.system.ecs_tasks import ecs_tasks, left
from tests.system.executions import RUN_TASK, executions
from tests.system.granted import SHELL, grant
from tests.system.pipelines import Fields, Pipeline, Ref, shell

BUCKET = "of-containers"
LOGS = f"s3://{BUCKET}/logs"
MINUTES = 40
STAGED_BYTES = 200_000_000


@dataclass(frozen=True)
class Command:
    """A command that hosts of Task Runner had the programs for."""

    command: str
    prints: str
    """A part of StdOutput and StdError together."""
    exit_code: int = 0
    program: str = "bash"
    """Without it, the test is skipped: local AWS has this machine's programs, whatever the image."""


# The arguments: the URL of a server on this machine, and that of a database.
PROGRAMS = {
    "Sudo": Command("sudo -n -u root env | grep ^HOME=/ && sudo sh -c 'exit 5'", "HOME=/", 5),
    "Yum": Command("sudo yum install -y no-such-tool && echo after", "no-such-tool\nafter"),
    "Wget": Command('wget -nv -O - "$1/rates.csv"; wget -q "$1/none"', "EUR,1.08", 8, "wget"),
    "Unzip": Command(
        "python3 -m zipfile -c x.zip $0 && unzip -q x.zip -d out && grep -c unzip out/*",
        "1\n",
        program="unzip",
    ),
    "Java": Command("java -cp . NoSuchClass", "java.lang.ClassNotFoundException: NoSuchClass", 1, "java"),
    "Psql": Command(
        'psql "$2" -Atc "SELECT 6 * 7" && psql "$2" -c "SELECT * FROM no_such"', "42\n", 1, "psql"
    ),
    "Sftp": Command("sftp -b /dev/null -P 1 127.0.0.1", "Connection closed", 255, "sftp"),
}

# Commands that end in the same way in a function.
ENDS = {
    "Fails": "echo one; echo two >&2; printf 'no line end'; exit 7",
    "Signal": "echo before; kill -9 $$",
    "Missing": "no-such-program --flag",
    "Children": "for i in 1 2; do (sleep 555.7 &); done; /usr/bin/setsid -f sleep 555.7; echo left",
    "Evaluated": "echo #{format(@scheduledStartTime, 'YYYY')} >&2; test #{1 + 1} = 2",
    "Arguments": 'printf "%s\\n" "$#" "$1" "$2"',
}

ROLE_OUTLIVED = f"""#!/usr/bin/env python3
import json, os, time, urllib.request
import boto3
from botocore.exceptions import ClientError

request = urllib.request.Request(
    os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
    headers={{"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}},
)
first = json.load(urllib.request.urlopen(request))
own = boto3.client("sts")
with_first = boto3.client(
    "sts",
    aws_access_key_id=first["AccessKeyId"],
    aws_secret_access_key=first["SecretAccessKey"],
    aws_session_token=first["Token"],
)
print("begins", own.get_caller_identity()["Arn"] == with_first.get_caller_identity()["Arn"], flush=True)
time.sleep({SESSION_SECONDS} + 2)
print("own", own.get_caller_identity()["Arn"])
try:
    with_first.get_caller_identity()
except ClientError as error:
    print("first", error.response["Error"]["Code"])
"""


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves a directory, and logs nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing."""


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    """The URL of a server on this machine."""
    with open_directory("served-") as directory:
        (directory / "rates.csv").write_text("EUR,1.08\n")
        handler = functools.partial(Files, directory=str(directory))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


@pytest.fixture
def deployment(container_deployment: Deployment) -> Iterator[Deployment]:
    yield container_deployment
    container_deployment.faults.clear()


@pytest.fixture(scope="module")
def begun(container_deployment: Deployment, files: str, postgresql_server: DatabaseServer) -> Pipeline:
    """All commands have begun together. The longest takes MINUTES."""
    deployment, server = container_deployment, postgresql_server
    deployment.s3.create_bucket(Bucket=BUCKET)
    for role in (SHELL, "HandlersmallCommand", "HandlerinafunctionCommand"):
        grant(deployment, role, s3_access(read=[f"s3://{BUCKET}"], write=[f"s3://{BUCKET}"]))
    database = f"postgresql://{server.user}:{server.password}@127.0.0.1:{server.port}/sales"
    of_programs = {name: logged(given.command, files, database) for name, given in PROGRAMS.items()}
    of_ends = {name: logged(command, "a b", "ü") for name, command in ENDS.items()}
    in_functions = {
        f"{name}Function": {**fields, "myHandler": "in-a-function"} for name, fields in of_ends.items()
    }
    seconds = MINUTES * 60 / FAULTY_TIME_SCALE
    staged = {"stage": "true", "myHandler": "small"}
    write = (
        f"head -c {STAGED_BYTES} /dev/urandom > $OUTPUT1_STAGING_DIR/x; sha256sum < $OUTPUT1_STAGING_DIR/x"
    )
    return Pipeline.activated(
        deployment,
        {
            "Minutes": logged(f"echo begun; sleep {seconds}; echo done; exit 7"),
            "Outlives": logged(ROLE_OUTLIVED),
            **of_programs,
            **of_ends,
            **in_functions,
            "Staged": {**logged(write), **staged, "output": Ref("Data")},
            "Again": {**logged("sha256sum < $INPUT1_STAGING_DIR/x"), **staged, "input": Ref("Data")},
            "Data": {"type": "S3DataNode", "directoryPath": f"s3://{BUCKET}/staged"},
            "Other": logged("echo x", myHandler="other"),
            "Large": logged("python3 -c 'bytearray(900_000_000)'", myHandler="small"),
        },
    )


def logged(command: str, *arguments: str, **fields: str) -> Fields:
    """A command with arguments, whose output is in S3."""
    given = {"scriptArgument": arguments} if arguments else {}
    return {**shell(command, pipelineLogUri=LOGS, **fields), **given}


def attempt(pipeline: Pipeline, component: str, status: str) -> Mapping[str, str]:
    pipeline.ended(component, status)
    (run,) = pipeline.attempts(component)
    return run.fields


def printed(deployment: Deployment, pipeline: Pipeline, component: str) -> dict[str, str]:
    """What an attempt has printed so far, by the name of the object."""
    pages = deployment.s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=f"logs/{pipeline.id}/{component}/"
    )
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    return {
        key.rpartition("/")[2]: deployment.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        for key in keys
    }


def test_output_is_shown_while_a_command_runs(begun: Pipeline, deployment: Deployment) -> None:
    shown = eventually(
        lambda: printed(deployment, begun, "Minutes").get("StdOutput"), "no output is shown", patience=120
    )
    assert shown == "begun\n"
    assert [run.status for run in begun.attempts("Minutes")] == ["RUNNING"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_commands_find_what_hosts_had(name: str, begun: Pipeline, deployment: Deployment) -> None:
    wanted = PROGRAMS[name]
    if shutil.which(wanted.program, path=":".join(SYSTEM_PATH)) is None:
        pytest.skip(f"this machine has no {wanted.program}")
    fields = attempt(begun, name, "FAILED" if wanted.exit_code else "FINISHED")
    if wanted.exit_code:
        assert f"exit code {wanted.exit_code}" in fields["errorMessage"]
    output = printed(deployment, begun, name)
    assert wanted.prints in output.get("StdOutput", "") + output.get("StdError", "")


@pytest.mark.parametrize("name", ENDS)
def test_a_command_ends_and_logs_as_in_a_function(name: str, begun: Pipeline, deployment: Deployment) -> None:
    in_function = f"{name}Function"
    assert begun.over(name).status == begun.over(in_function).status
    assert printed(deployment, begun, name).keys() == {"StdOutput", "StdError"}
    assert _told(begun, deployment, name) == _told(begun, deployment, in_function)
    in_logs = [
        eventually(functools.partial(_lines, deployment, group, component), f"{component} has no log")
        for group, component in (
            (f"/ecs/{STACK}-ShellCommandActivity", name),
            (f"/aws/lambda/{STACK}-in-a-function", in_function),
        )
    ]
    assert in_logs[0] == in_logs[1]
    if name == "Children":
        assert not processes.naming("555.7")


def _told(pipeline: Pipeline, deployment: Deployment, component: str) -> list[str]:
    """What is told of an attempt's end, without what names its place."""
    fields = pipeline.attempts(component)[0].fields
    output = printed(deployment, pipeline, component)
    told = [fields.get(key, "") for key in ("@status", "errorId", "errorMessage")]
    return [_SCRIPT.sub("script:", text) for text in (*told, output["StdOutput"], output["StdError"])]


def _lines(deployment: Deployment, log_group: str, component: str) -> list[tuple[str, str]] | None:
    """The stream and text of each line of output in a log, of each stream in its order."""
    pages = deployment.logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group, filterPattern=f'"@{component}_"'
    )
    found = [json.loads(event["message"]) for page in pages for event in page["events"]]
    lines = [
        (line["stream"], _SCRIPT.sub("script:", line["message"]))
        for line in found
        if line.get("stream") in ("stdout", "stderr")
    ]
    return sorted(lines, key=lambda line: line[0]) or None


_SCRIPT = re.compile(r"\S+/script:")


def test_data_is_staged_in_and_out_with_less_memory_than_it_has(
    begun: Pipeline, deployment: Deployment
) -> None:
    """The container has 512 MB, of which the runner needs a part."""
    begun.ended("Staged", "FINISHED")
    begun.ended("Again", "FINISHED")
    sums = {printed(deployment, begun, name)["StdOutput"] for name in ("Staged", "Again")}
    assert len(sums) == 1
    assert deployment.s3.head_object(Bucket=BUCKET, Key="staged/x")["ContentLength"] == STAGED_BYTES


def test_a_command_that_uses_too_much_memory_fails(begun: Pipeline) -> None:
    assert "137" in attempt(begun, "Large", "FAILED")["errorMessage"]


def test_a_container_has_the_settings_of_its_handler(begun: Pipeline, deployment: Deployment) -> None:
    begun.ended("Other", "FINISHED")
    (task,) = ecs_tasks(deployment, of="Other")
    assert task["capacityProviderName"] == "FARGATE_SPOT"
    installed = deployment.logs.filter_log_events(
        logGroupName=f"/ecs/{STACK}-other", filterPattern='"Packages installed"'
    )["events"]
    assert "postgresql15" in installed[0]["message"]


def test_a_command_outlives_the_credentials_that_it_began_with(
    begun: Pipeline, deployment: Deployment
) -> None:
    begun.ended("Outlives", "FINISHED")
    begins, own, first = printed(deployment, begun, "Outlives")["StdOutput"].splitlines()
    assert begins == "begins True"
    assert own.startswith("own arn:aws:sts::")
    assert "CommandRole" in own
    assert first.startswith("first ")


def test_a_canceled_task_stops_its_container(deployment: Deployment, tmp_path: Path) -> None:
    started = tmp_path / "started"
    stubborn = f"trap '' TERM; touch {started}; while :; do sleep 0.31; done"
    pipeline = Pipeline.activated(
        deployment, {"Cancel": shell(stubborn), "Late": shell(stubborn, attemptTimeout="5 minutes")}
    )
    eventually(lambda: started.exists() or None, "the command was not started")
    pipeline.cancel("Cancel")
    pipeline.ended("Cancel", "CANCELED")
    pipeline.ended("Late", "FAILED")
    eventually(lambda: not left(deployment, of="Cancel") or None, "the container is left")
    eventually(lambda: not left(deployment, of="Late") or None, "the container is left")
    eventually(lambda: not processes.naming("sleep 0.31") or None, "processes are left")


def test_a_person_who_stops_a_container_fails_its_task(deployment: Deployment, tmp_path: Path) -> None:
    started = tmp_path / "started"
    pipeline = Pipeline.activated(deployment, {"Stopped": shell(f"touch {started}; sleep 60")})
    eventually(lambda: started.exists() or None, "the command was not started")
    (task,) = left(deployment, of="Stopped")
    deployment.ecs.stop_task(cluster=STACK, task=task, reason="somebody wanted to")
    said = attempt(pipeline, "Stopped", "FAILED")
    assert said["errorId"] == "ContainerStopped"
    assert "somebody wanted to" in said["errorMessage"]


def test_a_command_of_40_minutes_keeps_its_task(begun: Pipeline, deployment: Deployment) -> None:
    """MINUTES by the protocol's clock. Meanwhile nothing but the reports of progress is paid for."""
    over = eventually(
        lambda: next((r for r in begun.attempts("Minutes") if r.status == "FAILED"), None),
        "the command goes on",
        patience=MINUTES * 60 / FAULTY_TIME_SCALE + 60,
    )
    assert "exit code 7" in over.fields["errorMessage"]
    assert printed(deployment, begun, "Minutes")["StdOutput"] == "begun\ndone\n"
    (arn,) = executions(deployment, RUN_TASK, of="Minutes")
    ended = eventually(lambda: _ended(deployment, arn), "the execution goes on")
    assert not left(deployment, of="Minutes")
    seconds = (ended["stopDate"] - ended["startDate"]).total_seconds() * FAULTY_TIME_SCALE
    assert seconds > MINUTES * 60
    pages = deployment.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    entered = sum(event["type"].endswith("StateEntered") for event in events)
    # Five states of every task; PutEvent, the branches, their parent and the judge. Then three each 240 s.
    assert entered <= 15 + 3 * (seconds / 240 + 2)
    assert sum(event["type"] == "TaskScheduled" for event in events) >= MINUTES * 60 / 240


def _ended(deployment: Deployment, execution: str) -> Any:
    found = deployment.stepfunctions.describe_execution(executionArn=execution)
    return found if found["status"] == "SUCCEEDED" else None


def test_no_container_is_left(deployment: Deployment) -> None:
    eventually(lambda: not left(deployment) or None, lambda: f"containers are left: {left(deployment)}")
