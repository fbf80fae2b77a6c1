"""A command that the service has canceled ends, with everything that it has started."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests import processes
from tests.system.deployments import TIME_SCALE, Deployment, eventually
from tests.system.executions import RUN_TASK, executions
from tests.system.pipelines import Pipeline, shell

PROGRESS_SECONDS = 60 / TIME_SCALE

FAMILY = """
trap '' TERM
/usr/bin/setsid bash -c 'trap "" TERM; while :; do sleep 0.5; done' {marker} &
(sleep 600 {marker} 2>/dev/null || bash -c 'while :; do sleep 0.5; done' {marker}) &
touch {started}
while :; do sleep 0.5; done
"""
"""Ignores SIGTERM, as do its children, one of which leaves the process group. All contain the marker."""


@pytest.fixture
def deployment(fast_deployment: Deployment) -> Deployment:
    return fast_deployment


def family(tmp_path: Path) -> tuple[str, str, Path]:
    marker, started = f"marker-{tmp_path.name}", tmp_path / "started"
    return FAMILY.format(marker=marker, started=started), marker, started


def test_a_canceled_command_is_killed_with_its_children(deployment: Deployment, tmp_path: Path) -> None:
    command, marker, started = family(tmp_path)
    pipeline = Pipeline.activated(deployment, {"Endless": shell(command)})
    eventually(lambda: started.exists() or None, "the command was not started")
    (instance,) = pipeline.runs("INSTANCE", "Endless")
    deployment.datapipeline.set_status(pipelineId=pipeline.id, objectIds=[instance.id], status="TRY_CANCEL")
    canceled = time.monotonic()
    assert processes.naming(marker)
    eventually(lambda: not processes.naming(marker) or None, "processes are left")
    # One interval until the handler learns of it, the time between the signals, and some for a slow machine.
    assert time.monotonic() - canceled < PROGRESS_SECONDS + 3 + 15
    pipeline.ended("Endless", "CANCELED")
    eventually(lambda: _execution_over(deployment, "Endless"), "the execution goes on")


def test_attempt_timeout_kills_the_command_with_its_children(deployment: Deployment, tmp_path: Path) -> None:
    command, marker, started = family(tmp_path)
    pipeline = Pipeline.activated(deployment, {"Late": shell(command, attemptTimeout="1 minute")})
    eventually(lambda: started.exists() or None, "the command was not started")
    pipeline.ended("Late", "FAILED")
    over = time.monotonic()
    eventually(lambda: not processes.naming(marker) or None, "processes are left")
    assert time.monotonic() - over < PROGRESS_SECONDS + 3 + 15
    eventually(lambda: _execution_over(deployment, "Late"), "the execution goes on")


def _execution_over(deployment: Deployment, component: str) -> bool | None:
    statuses = executions(deployment, RUN_TASK, of=component).values()
    return (bool(statuses) and set(statuses) == {"SUCCEEDED"}) or None
