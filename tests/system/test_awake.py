"""A group with the defaults, which sleeps and wakes, beside one that is always awake."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.launch import ROOT
from tests import processes
from tests.system.deployments import FAULTY_TIME_SCALE, Deployment, eventually
from tests.system.executions import executions, states_entered
from tests.system.faults import deploy
from tests.system.pipelines import Fields, Pipeline, Ref, shell

pytestmark = pytest.mark.long

AWAKE = "Awake"
"""A second stack, whose worker group has this name too, and the defaults of AWS."""
DEFAULTS = {"schedule": "rate(5 minutes)", "pollTimeout": "10", "timeScale": f"{FAULTY_TIME_SCALE}"}
ITS_LOOP = f"{AWAKE}-PollLoop-{AWAKE}"
STEPS_SECONDS = (30, 30, 360, 30, 30)
"""By the service's clock. One is longer than a period."""
MOST = 1.15
"""A chain may take so many times as long as with continuous polling."""
SLACK_SECONDS = 4.0
"""Of real time, as other tests share the machine. Four steps that wait for a tick take 15 s on average."""


@pytest.fixture(scope="module")
def awake(faulty_deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, with the second stack."""
    scratch = tmp_path_factory.mktemp("awake")
    deploy(faulty_deployment, ROOT, scratch, **DEFAULTS, stackName=AWAKE, workerGroup=AWAKE)
    yield faulty_deployment
    faulty_deployment.cloudformation.delete_stack(StackName=AWAKE)


def chain(deployment: Deployment, log: Path, *, worker_group: str) -> Pipeline:
    """Steps that note when each begins and ends."""
    objects: dict[str, Fields] = {}
    before: Mapping[str, Ref] = {}
    for number, seconds in enumerate(STEPS_SECONDS):
        name = f"{worker_group.capitalize()}{number}"
        note = f"date +%s.%N >> {log}"
        objects[name] = shell(f"{note}; sleep {seconds / FAULTY_TIME_SCALE}; {note}", **before)
        before = {"dependsOn": Ref(name)}
    return Pipeline.activated(deployment, objects, worker_group=worker_group)


def seconds(log: Path) -> float:
    """From the first step's beginning to the last one's end."""
    moments = [float(line) for line in log.read_text().split()]
    assert len(moments) == 2 * len(STEPS_SECONDS)
    return moments[-1] - moments[0]


def test_a_chain_takes_no_longer_than_with_continuous_polling(awake: Deployment, tmp_path: Path) -> None:
    """Each group sleeps, or has slept, when its chain is activated: what counts is what follows a start."""
    asleep = eventually(
        lambda: next(
            (arn for arn, status in executions(awake, ITS_LOOP).items() if status == "SUCCEEDED"), None
        ),
        "no tick is over",
    )
    assert states_entered(awake, asleep) == ["Poll", "Next", "Done"]
    groups = {AWAKE: tmp_path / AWAKE, "default": tmp_path / "default"}
    pipelines = {group: chain(awake, log, worker_group=group) for group, log in groups.items()}
    for group, pipeline in pipelines.items():
        pipeline.ended(f"{group.capitalize()}{len(STEPS_SECONDS) - 1}", "FINISHED")
    took = {group: seconds(log) for group, log in groups.items()}
    assert took[AWAKE] <= MOST * took["default"] + SLACK_SECONDS, took


def test_the_poller_is_killed_in_the_third_poll_of_an_invocation(awake: Deployment, tmp_path: Path) -> None:
    """Its loop fails, and nothing is retried. The next tick finds the group with work."""
    log = tmp_path / "runs"
    pipeline = Pipeline.activated(
        awake,
        {
            "Killing": shell(f"echo first >> {log}; sleep {600 / FAULTY_TIME_SCALE}"),
            "KillingNext": shell(f"echo second >> {log}", dependsOn=Ref("Killing")),
        },
        worker_group=AWAKE,
    )
    eventually(lambda: log.exists() or None, "no command was started", every=0.05)
    before = set(_held_polls(awake))
    eventually(
        lambda: (
            any(count == 2 for invocation, count in _held_polls(awake).items() if invocation not in before)
            or None
        ),
        "no invocation has held two polls",
        every=0.05,
    )
    killed = [pid for pid in processes.naming(f"{AWAKE}-poll-{AWAKE}") if _is_below(pid, awake.pid)]
    assert killed
    for pid in killed:
        with contextlib.suppress(ProcessLookupError):  # It has ended with one that was killed before it.
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: "FAILED" in executions(awake, ITS_LOOP).values() or None, "no loop failed")
    pipeline.ended("KillingNext", "FINISHED")
    assert log.read_text().split() == ["first", "second"]


def _held_polls(deployment: Deployment) -> Counter[str]:
    """How many polls each invocation has held to their end."""
    pages = deployment.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{AWAKE}-poll-{AWAKE}", filterPattern='"EMPTY"'
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    return Counter(line["xray_trace_id"] for line in lines if line.get("result") == "EMPTY")


def _is_below(pid: int, ancestor: int) -> bool:
    while pid > 1 and pid != ancestor:
        pid = processes.parent(pid)
    return pid == ancestor
