"""The life of a task, through boto3."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from local.json_service import service_model
from tests.local.ecs.account import PATIENCE_SECONDS, TASKS, EcsAccount
from tests.local.iam_account import PLACE, allow

EXITED = ("EssentialContainerExited", "Essential container in task exited")
STOPPED = ("UserInitiated", "no longer needed")
KILLED = 137


def python(code: str) -> tuple[str, ...]:
    return ("python3", "-c", code)


def stop(aws: EcsAccount, arn: str) -> dict[str, Any]:
    answer = aws.ecs.stop_task(cluster="cluster", task=arn, reason="no longer needed")
    stopped: dict[str, Any] = answer["task"]
    return stopped


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_task_runs_its_command_and_ends_with_its_exit_code(aws: EcsAccount) -> None:
    arn = aws.run(aws.definition("sh", "-c", "echo hello; echo there >&2; exit 7"))
    assert aws.ended(arn) == (7, *EXITED)
    assert aws.log(arn) == ["hello", "there"]


def test_the_entry_point_precedes_the_command_and_an_override_replaces_the_command(aws: EcsAccount) -> None:
    definition = aws.definition("one", entryPoint=["echo", "said:"])
    overrides = {"containerOverrides": [{"name": "main", "command": ["two", "three"]}]}
    arn = aws.run(definition, overrides=overrides)
    assert aws.ended(arn)[0] == 0
    assert aws.log(arn) == ["said: two three"]
    assert aws.task(arn)["overrides"]["containerOverrides"][0]["command"] == ["two", "three"]


def test_a_container_has_its_own_environment_and_nothing_of_this_process(
    aws: EcsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = aws.definition(
        *python("import json, os; print(json.dumps(dict(os.environ)))"),
        environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    )
    override = {"name": "main", "environment": [{"name": "B", "value": "of the override"}]}
    arn = aws.run(definition, overrides={"containerOverrides": [override]})
    assert aws.ended(arn)[0] == 0
    found = json.loads(aws.log(arn)[0])
    assert (found["A"], found["B"]) == ("1", "of the override")
    assert found["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE"
    assert found["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["ECS_CONTAINER_METADATA_URI_V4"].startswith(f"{aws.endpoint_url}/v4/")
    assert not {"AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "VIRTUAL_ENV"} & set(found)
    assert {name for name in found if name in os.environ} <= {"HOME", "PATH", "LANG", "LC_CTYPE", "TMPDIR"}


def test_a_container_acts_with_the_task_role_and_nothing_else(aws: EcsAccount) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": TASKS},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{PLACE}:*"}},
    }
    role = aws.role(allow("s3:ListAllMyBuckets"), trust=trust)
    code = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
boto3.client("s3").list_buckets()
try:
    boto3.client("sns").list_topics()
except Exception as error:
    print(error)
"""
    arn = aws.run(aws.definition(*python(code), task_role=role))
    assert aws.ended(arn)[0] == 0, aws.log(arn)
    identity, denied = aws.log(arn)
    assert identity == f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{arn[-32:]}"
    assert "not authorized to perform" in denied


def test_a_container_finds_out_about_itself(aws: EcsAccount) -> None:
    code = """
import json, os, urllib.request
uri = os.environ["ECS_CONTAINER_METADATA_URI_V4"]
for path in (uri, uri + "/task"):
    print(urllib.request.urlopen(path).read().decode())
"""
    arn = aws.run(aws.definition(*python(code)))
    assert aws.ended(arn)[0] == 0, aws.log(arn)
    container, task = map(json.loads, aws.log(arn))
    assert (container["Name"], container["KnownStatus"]) == ("main", "RUNNING")
    assert task["TaskARN"] == container["Labels"]["com.amazonaws.ecs.task-arn"] == arn
    assert task["Limits"] == {"CPU": 0.25, "Memory": 512}


def test_each_container_has_directories_of_its_own_that_are_gone_with_it(aws: EcsAccount) -> None:
    code = """
import os, tempfile
open("here", "w").write("x")
print(os.getcwd()); print(tempfile.mkdtemp()); print(os.path.expanduser("~"))
"""
    arns = [aws.run(aws.definition(*python(code))) for _ in range(2)]
    assert [aws.ended(arn)[0] for arn in arns] == [0, 0]
    first, second = (aws.log(arn) for arn in arns)
    assert len({*first, *second}) == 6
    assert not any(Path(path).exists() for path in [*first, *second])


def test_a_log_is_there_while_the_container_runs(aws: EcsAccount) -> None:
    arn = aws.run(aws.definition("sh", "-c", "echo first; sleep 600"))
    assert aws.first_line(arn) == "first"
    stop(aws, arn)


def test_a_stopped_task_gets_sigterm_and_ends_as_it_likes(aws: EcsAccount) -> None:
    code = """
import signal, sys, time
def end(*_):
    print("ending"); sys.exit(3)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
    arn = aws.run(aws.definition(*python(code)))
    aws.first_line(arn)
    answer = stop(aws, arn)
    assert (answer["desiredStatus"], answer["stopCode"]) == ("STOPPED", "UserInitiated")
    assert aws.ended(arn) == (3, *STOPPED)
    assert aws.log(arn) == ["ready", "ending"]


@pytest.mark.parametrize("ignoring", ["trap '' TERM;", ""], ids=["ignored", "no handler"])
def test_what_ignores_sigterm_is_killed_after_the_stop_timeout(aws: EcsAccount, ignoring: str) -> None:
    command = f"{ignoring} echo ready; while :; do sleep 600; done"
    arn = aws.run(aws.definition("sh", "-c", command, stopTimeout=2))
    aws.first_line(arn)
    began = time.monotonic()
    stop(aws, arn)
    assert aws.ended(arn) == (KILLED, *STOPPED)
    assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_an_init_process_forwards_sigterm_to_a_command_without_a_handler(aws: EcsAccount) -> None:
    arn = aws.run(
        aws.definition("sh", "-c", "echo ready; exec sleep 600", linuxParameters={"initProcessEnabled": True})
    )
    aws.first_line(arn)
    stop(aws, arn)
    assert aws.ended(arn) == (128 + signal.SIGTERM, *STOPPED)


CHILDREN = """
import os, subprocess, sys, time
ids = [subprocess.Popen(["setsid", "sleep", "600"]).pid, subprocess.Popen(["sleep", "600"]).pid]
if os.fork() == 0:  # A daemon, which has lost its parents.
    os.setsid()
    if os.fork() == 0:
        print(*ids, os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep({seconds})
"""


def test_a_container_takes_everything_with_it_that_it_has_started(aws: EcsAccount) -> None:
    stopped = aws.run(aws.definition(*python(CHILDREN.format(seconds=600)), stopTimeout=2))
    left = [int(word) for word in aws.first_line(stopped).split()]
    assert all(is_running(pid) for pid in left)
    stop(aws, stopped)
    assert aws.ended(stopped)[0] == KILLED
    assert not any(is_running(pid) for pid in left)

    returned = aws.run(aws.definition(*python(CHILDREN.format(seconds=0.2))))
    assert aws.ended(returned)[0] == 0
    assert not any(is_running(int(word)) for word in aws.log(returned)[0].split())


def test_a_container_that_uses_too_much_memory_is_killed(aws: EcsAccount) -> None:
    hog = "import time; data = bytearray(200_000_000); time.sleep(600)"
    definition = aws.definition(*python(hog), memory="512")
    overrides = {"memory": "128", "containerOverrides": []}
    arn = aws.run(definition, overrides=overrides)
    assert aws.ended(arn) == (KILLED, *EXITED)
    container = aws.task(arn)["containers"][0]
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_only_the_largest_process_is_killed_for_memory(aws: EcsAccount) -> None:
    hog = "import time; data = bytearray(200_000_000); time.sleep(600)"
    code = f"import subprocess; print(subprocess.call(['python3', '-c', {hog!r}]))"
    arn = aws.run(aws.definition(*python(code)), overrides={"memory": "128"})
    assert aws.ended(arn)[0] == 0
    assert aws.log(arn) == ["-9"]


def test_package_managers_install_nothing_and_say_so(aws: EcsAccount) -> None:
    arn = aws.run(
        aws.definition("sh", "-c", "dnf install -y postgresql15 && yum -y install java && which python3")
    )
    assert aws.ended(arn)[0] == 0, aws.log(arn)
    dnf, yum, which = aws.log(arn)
    assert dnf.startswith("dnf: local AWS installs nothing.")
    assert yum.startswith("yum: local AWS installs nothing.")
    assert which.endswith("/python3")


NOT_STARTED = [
    (("no-such-program",), {}, "CannotStartContainerError: ", 'exec: "no-such-program"'),
    ((), {}, "CannotStartContainerError: ", "give entryPoint or command"),
    (("true",), {"image": "registry.invalid/none:1"}, "CannotPullContainerError: ", "not found"),
    (("true",), {"image": "Not An Image"}, "CannotPullContainerError: ", "invalid reference format"),
    (
        ("true",),
        {"secrets": [{"name": "A", "valueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:a"}]},
        "ResourceInitializationError: ",
        "local AWS does not have it",
    ),
    (
        ("true",),
        {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "no-such-group"}}},
        "ResourceInitializationError: failed to validate logger args: ",
        "The specified log group does not exist",
    ),
]


@pytest.mark.parametrize(("command", "members", "beginning", "part"), NOT_STARTED)
def test_a_task_that_cannot_start_says_why(
    aws: EcsAccount, command: tuple[str, ...], members: dict[str, Any], beginning: str, part: str
) -> None:
    arn = aws.run(aws.definition(*command, **members))
    exit_code, code, reason = aws.ended(arn)
    assert (exit_code, code) == (None, "TaskFailedToStart")
    assert reason.startswith(beginning)
    assert part in reason
    assert "startedAt" not in aws.task(arn)


def test_a_log_that_the_execution_role_may_not_create_keeps_the_task_from_starting(aws: EcsAccount) -> None:
    role = aws.role(service=TASKS)
    arn = aws.run(aws.definition("true"), overrides={"executionRoleArn": role})
    _, code, reason = aws.ended(arn)
    assert code == "TaskFailedToStart"
    assert "AccessDeniedException" in reason
    assert "logs:CreateLogStream" in reason


def test_metrics_in_a_log_reach_cloudwatch(aws: EcsAccount) -> None:
    metric = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [{"Namespace": "Ecs", "Dimensions": [[]], "Metrics": [{"Name": "Rows"}]}],
        },
        "Rows": 5,
    }
    arn = aws.run(aws.definition("echo", json.dumps(metric)))
    assert aws.ended(arn)[0] == 0
    found = aws.client("cloudwatch").list_metrics(Namespace="Ecs")["Metrics"]
    assert [each["MetricName"] for each in found] == ["Rows"]


def test_two_containers_end_with_the_essential_one(aws: EcsAccount) -> None:
    registered = aws.ecs.describe_task_definition(
        taskDefinition=aws.definition("sh", "-c", "sleep 0.3; exit 4")
    )["taskDefinition"]
    main = registered["containerDefinitions"][0]
    aside = {**main, "name": "aside", "essential": False, "command": ["sh", "-c", "exec sleep 600"]}
    made = aws.ecs.register_task_definition(
        family="two",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=aws.execution_role,
        containerDefinitions=[main, {**aside, "stopTimeout": 2}],
    )
    arn = aws.run(made["taskDefinition"]["taskDefinitionArn"])
    aws.ended(arn)
    assert {each["name"]: each["exitCode"] for each in aws.task(arn)["containers"]} == {
        "main": 4,
        "aside": KILLED,
    }


def test_a_task_is_described_as_the_model_and_the_api_reference_say(aws: EcsAccount) -> None:
    arn = aws.run(
        aws.definition("sh", "-c", "sleep 1"), startedBy="me", tags=[{"key": "a", "value": "b"}], group="mine"
    )
    running = aws.in_status(arn, "RUNNING")
    assert (running["startedBy"], running["group"], running["tags"]) == (
        "me",
        "mine",
        [{"key": "a", "value": "b"}],
    )
    aws.ended(arn)
    over = aws.task(arn)
    moments = ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "stoppedAt")
    assert sorted(over[each] for each in moments) == [over[each] for each in moments]
    assert over["containers"][0]["lastStatus"] == over["desiredStatus"] == "STOPPED"
    assert over["attachments"][0]["status"] == "DELETED"
    model: OperationModel = service_model("ecs").operation_model("DescribeTasks")
    shape = model.output_shape
    assert shape is not None
    problems = ParamValidator().validate({"tasks": [over], "failures": []}, shape)
    assert not problems.has_errors(), problems.generate_report()


def test_the_same_client_token_starts_one_task(aws: EcsAccount) -> None:
    definition = aws.definition("sleep", "600")
    arns = {aws.run(definition, clientToken="token", startedBy="token") for _ in range(3)}
    assert len(arns) == 1
    assert list(aws.tasks_started_by("token")) == list(arns)
    with pytest.raises(ClientError) as caught:
        aws.run(definition, clientToken="token", startedBy="another")
    error: Any = caught.value.response
    assert error["Error"]["Code"] == "ConflictException"
    assert error["resourceIds"] == list(arns)
    stop(aws, *arns)


def test_tasks_are_listed_by_who_started_them_their_family_and_status(aws: EcsAccount) -> None:
    definition = aws.definition("sleep", "600")
    family = definition.rpartition("/")[2].partition(":")[0]
    arn = aws.run(definition, startedBy="lister")
    listed = aws.ecs.list_tasks
    assert listed(cluster="cluster", startedBy="lister")["taskArns"] == [arn]
    assert listed(cluster="cluster", family=family)["taskArns"] == [arn]
    assert listed(cluster="cluster", family=family, desiredStatus="STOPPED")["taskArns"] == []
    stop(aws, arn)
    aws.ended(arn)
    assert listed(cluster="cluster", startedBy="lister")["taskArns"] == []
    assert listed(cluster="cluster", family=family, desiredStatus="STOPPED")["taskArns"] == [arn]
    with pytest.raises(ClientError, match="startedBy cannot be combined"):
        listed(cluster="cluster", startedBy="lister", family=family)


def test_unknown_tasks_are_missing(aws: EcsAccount) -> None:
    answer = aws.ecs.describe_tasks(cluster="cluster", tasks=["f" * 32])
    assert answer["tasks"] == []
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_spot_is_a_capacity_provider_of_the_cluster(aws: EcsAccount) -> None:
    definition = aws.definition("true")
    request = aws.request(definition, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}])
    del request["launchType"]
    arn = aws.ecs.run_task(**request)["tasks"][0]["taskArn"]
    assert aws.ended(arn)[0] == 0
    assert aws.task(arn)["capacityProviderName"] == "FARGATE_SPOT"


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("ClusterNotFoundException", {"cluster": "none"}, "Cluster not found."),
    ("ClientException", {"taskDefinition": "none"}, "TaskDefinition not found."),
    ("InvalidParameterException", {"networkConfiguration": {}}, "Network Configuration must be provided"),
    ("InvalidParameterException", {"count": 11}, "Count"),
    ("InvalidParameterException", {"clientToken": "t" * 65}, "clientToken"),
    ("InvalidParameterException", {"startedBy": "s" * 129}, "startedBy"),
    (
        "InvalidParameterException",
        {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
        "both a launch type and capacity provider",
    ),
    (
        "InvalidParameterException",
        {"overrides": {"containerOverrides": [{"name": "other"}]}},
        "Override for container named other",
    ),
    (
        "InvalidParameterException",
        {"overrides": {"containerOverrides": [{"name": "main", "command": ["x" * 8192]}]}},
        "Container Overrides length must be at most 8192",
    ),
]


@pytest.mark.parametrize(("code", "request_part", "message"), REFUSED)
def test_requests_that_amazon_ecs_would_refuse(
    aws: EcsAccount, code: str, request_part: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as caught:
        aws.run(aws.definition("true"), **request_part)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert message in error["Message"]
