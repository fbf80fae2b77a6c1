"""`python -m pipelines verify` on the deployed stack: an echo comes through, or the cause is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from local.account import OWNER, REGION
from pipelines.verify_command import main
from pipelines.verifying import echo
from pipelines.verifying import verify as verifying
from tests.local.commands import running
from tests.system.breakage import handler_gone, permission_revoked, schedule
from tests.system.deployments import STACK, WORKER_GROUP, Deployment, eventually
from tests.system.executions import RUN_TASK, run_task_replaced, state_machine

SCHEDULE = f"{STACK}-{WORKER_GROUP}"
SETTINGS = {
    "as assumed": [
        *("dead_poll=swallows", "reoffer_task_id=same", "reoffer_attempt=same", "late_status=refused"),
        *(
            "late_progress=canceled",
            "task_objects=attempt",
            "task_expressions=evaluated",
            "references=instance",
        ),
        *(
            "secret_fields=plain",
            "empty_poll=empty-object",
            "unknown_types=refused",
            "doubled_backslashes=kept",
        ),
    ],
    "otherwise": [
        *("dead_poll=noticed", "reoffer_task_id=new", "reoffer_attempt=same", "late_status=accepted"),
        *("late_progress=refused", "task_objects=referenced", "task_expressions=raw", "references=component"),
        *("secret_fields=masked", "empty_poll=null-task", "unknown_types=kept"),
    ],
    # Backslashes are removed where fields are evaluated.
    "next attempt": ["empty_poll=empty-body", "reoffer_attempt=next", "doubled_backslashes=halved"],
}

PROBES_SCALE = 60
"""A poll is held for 1.5 s, and a task that nobody acknowledges is offered again after 2 s."""

Verify = Callable[..., str]


@pytest.fixture
def deployment(fast_deployment: Deployment) -> Deployment:
    return fast_deployment


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Verify:
    """Run the command. Returns what it printed."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": OWNER["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": OWNER["aws_secret_access_key"],
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    # The service's time runs faster, so there is more to see in a second.
    monkeypatch.setattr(verifying, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(verifying, "_CHECK_SECONDS", 1.0)
    monkeypatch.setattr(echo, "_PROPAGATION_SECONDS", 0.1)

    def run(endpoint_url: str, *options: str, code: int = 0) -> str:
        ended = main(["--endpoint-url", endpoint_url, "--region", REGION, *options])
        printed = capsys.readouterr()
        assert ended == code, printed.out + printed.err
        return printed.out

    return run


def test_an_echo_comes_through_every_hop(deployment: Deployment, verify: Verify) -> None:
    before = deployment.datapipeline.list_pipelines()["pipelineIdList"]
    text = verify(deployment.endpoint_url, "--worker-group", WORKER_GROUP)
    hops = re.findall(r"^(\w+) +\d\d:\d\d:\d\d", text, re.MULTILINE)
    assert hops == ["ready", "polled", "started", "acknowledged", "done"]
    assert "/_local/console/#/executions/arn" in text
    assert f"/aws/lambda/{STACK}-ShellCommandActivity" in text
    assert deployment.datapipeline.list_pipelines()["pipelineIdList"] == before


@contextmanager
def nothing_broken(_: Deployment) -> Iterator[None]:
    yield


def paused(deployment: Deployment) -> AbstractContextManager[None]:
    return schedule(deployment, SCHEDULE, State="DISABLED")


def running_loops(deployment: Deployment) -> list[str]:
    client = deployment.stepfunctions
    machines = client.list_state_machines()["stateMachines"]
    (loop,) = [each["stateMachineArn"] for each in machines if "-PollLoop-" in each["name"]]
    listed = client.list_executions(stateMachineArn=loop, statusFilter="RUNNING")["executions"]
    return [each["executionArn"] for each in listed]


@contextmanager
def poller_without_permission(deployment: Deployment) -> Iterator[None]:
    """The polls that were allowed have ended."""
    client = deployment.stepfunctions
    loop = deployment.scheduler.get_schedule(Name=SCHEDULE)["Target"]["Arn"]

    def failed() -> set[str]:
        listed = client.list_executions(stateMachineArn=loop, statusFilter="FAILED")["executions"]
        return {each["executionArn"] for each in listed}

    before = failed()
    with permission_revoked(deployment, "PollLoopdefaultFunctionRole", "datapipeline:PollForTask"):
        eventually(lambda: failed() - before or None, "no loop fails")
        eventually(lambda: not running_loops(deployment) or None, "a poll that was allowed goes on")
        yield


@contextmanager
def ticks_lost(deployment: Deployment) -> Iterator[None]:
    """The schedule's target is gone, and the loops of earlier ticks have ended."""
    target = deployment.scheduler.get_schedule(Name=SCHEDULE)["Target"]
    with schedule(deployment, SCHEDULE, Target={**target, "Arn": f"{target['Arn']}-gone"}):
        eventually(lambda: not running_loops(deployment) or None, "a loop goes on")
        yield


@contextmanager
def throttled(deployment: Deployment) -> Iterator[None]:
    """As if other loops of the account had used up its two polls a second. The poll before has ended."""
    deployment.faults.add({"operation": "PollForTask", "kind": "throttle", "count": 1_000})
    try:
        eventually(lambda: deployment.faults.pending()[0]["count"] < 999 or None, "no poll is throttled")
        yield
    finally:
        deployment.faults.clear()


@contextmanager
def handler_not_registered(deployment: Deployment) -> Iterator[None]:
    """RunTask's route to it is gone, as with an app.py that does not have it."""
    client = deployment.stepfunctions
    definition = client.describe_state_machine(stateMachineArn=state_machine(deployment, RUN_TASK))
    machine = json.loads(definition["definition"])
    for choice in machine["States"]["Route"]["Choices"]:
        choice["Condition"] = choice["Condition"].replace('"ShellCommandActivity"', '"Other"')
    with run_task_replaced(deployment, machine):
        yield


def shell_gone(deployment: Deployment) -> AbstractContextManager[None]:
    return handler_gone(deployment, f"{STACK}-ShellCommandActivity")


@pytest.mark.parametrize(
    ("broken", "group", "words", "page"),
    [
        # The five of the runbook's table for "Nothing is taken", in its order.
        (nothing_broken, "Default", "does not poll for the worker group 'Default'", "nothing-is-taken"),
        (paused, WORKER_GROUP, "DISABLED", "pausing-a-worker-group"),
        (
            poller_without_permission,
            WORKER_GROUP,
            "lost its permission (AccessDeniedException)",
            "nothing-is-taken",
        ),
        pytest.param(
            throttled, WORKER_GROUP, "polls are throttled", "nothing-is-taken", marks=pytest.mark.long
        ),
        pytest.param(
            ticks_lost, WORKER_GROUP, "ticks are not delivered", "ticksnotdelivered", marks=pytest.mark.long
        ),
        # Those of tasks that are taken.
        (shell_gone, WORKER_GROUP, "crashed with Runtime.", "handlercrashed"),
        (handler_not_registered, WORKER_GROUP, "no handler is registered", "an-attempt-is-failed"),
    ],
)
def test_each_broken_deployment_is_named(
    deployment: Deployment,
    verify: Verify,
    broken: Callable[[Deployment], AbstractContextManager[None]],
    group: str,
    words: str,
    page: str,
) -> None:
    before = deployment.datapipeline.list_pipelines()["pipelineIdList"]
    with broken(deployment):
        # Throttled polls may get through later, so verify waits to its end.
        minutes = "0.25" if broken is throttled else "2"
        text = verify(deployment.endpoint_url, "--worker-group", group, "--minutes", minutes, code=1)
    assert words in text
    assert f"docs/runbook.md#{page}" in text
    assert deployment.datapipeline.list_pipelines()["pipelineIdList"] == before


def test_no_stack_is_a_cause_too(deployment: Deployment, verify: Verify) -> None:
    text = verify(deployment.endpoint_url, "--worker-group", WORKER_GROUP, "--stack", "Other", code=1)
    assert "no stack 'Other' polls" in text


@pytest.mark.long
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_probe_finds_each_setting(verify: Verify, settings: list[str]) -> None:
    options = [word for setting in settings for word in ("--setting", setting)]
    with running("up", "--no-deploy", "--port", "0", "--time-scale", str(PROBES_SCALE), *options) as local:
        text = verify(local.ready(), "--probe")
    found = re.findall(r"^--setting (\S+)$", text, re.MULTILINE)
    assert set(settings) <= set(found), text
    assert "Report of python -m pipelines verify --probe" in text
