"""Makes things go wrong, through local AWS's fault controls and through public APIs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.deploy import CdkApp
from local.launch import ROOT
from tests.system.deployments import STACK, Deployment, eventually
from tests.system.executions import POLL_LOOP, executions, state_machine

POLLER = f"{STACK}-poll-default"
PROBE_ROUTE = "Exists"
PROBE_FUNCTION = f"{STACK}-{PROBE_ROUTE}"


def happened(deployment: Deployment) -> None:
    """Wait until every fault has happened."""
    eventually(
        lambda: not deployment.faults.pending() or None,
        lambda: f"did not happen: {deployment.faults.pending()}",
        every=0.05,
    )


def tick(deployment: Deployment, times: int = 1) -> None:
    """Do what a tick of the schedule does."""
    arn = state_machine(deployment, POLL_LOOP)
    for _ in range(times):
        deployment.stepfunctions.start_execution(stateMachineArn=arn, input="{}")


def stop_loops(deployment: Deployment) -> None:
    """Abort the executions of PollLoop that are running."""
    for arn, status in executions(deployment, POLL_LOOP).items():
        if status == "RUNNING":
            # An execution that has just ended cannot be stopped.
            with contextlib.suppress(deployment.stepfunctions.exceptions.ClientError):
                deployment.stepfunctions.stop_execution(executionArn=arn)


@contextlib.contextmanager
def no_ticks(deployment: Deployment) -> Iterator[None]:
    """Disable the schedule, and stop all loops."""
    enable_schedule(deployment, enabled=False)
    stop_loops(deployment)
    try:
        yield
    finally:
        enable_schedule(deployment)


def enable_schedule(deployment: Deployment, *, enabled: bool = True) -> None:
    """Enable the schedule, or disable it so that ticks are lost."""
    name = f"{STACK}-default"
    found = deployment.scheduler.get_schedule(Name=name)
    deployment.scheduler.update_schedule(
        Name=name,
        ScheduleExpression=found["ScheduleExpression"],
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
        Target=found["Target"],
        State="ENABLED" if enabled else "DISABLED",
    )


@contextlib.contextmanager
def probe_handler(deployment: Deployment, *, timeout_seconds: int) -> Iterator[None]:
    """Give ``Exists``'s function the code of probe_function.py: a handler that does what its task says."""
    client = deployment.lambda_
    before = client.get_function(FunctionName=PROBE_FUNCTION)
    with urllib.request.urlopen(before["Code"]["Location"], timeout=30) as answer:
        code = answer.read()
    client.update_function_code(FunctionName=PROBE_FUNCTION, ZipFile=_probe())
    client.update_function_configuration(FunctionName=PROBE_FUNCTION, Timeout=timeout_seconds)
    try:
        yield
    finally:
        client.update_function_code(FunctionName=PROBE_FUNCTION, ZipFile=code)
        client.update_function_configuration(
            FunctionName=PROBE_FUNCTION, Timeout=before["Configuration"]["Timeout"]
        )


def _probe() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        source = Path(__file__).with_name("probe_function.py").read_text()
        entry = zipfile.ZipInfo("activities/exists.py")
        entry.external_attr = 0o644 << 16  # Lambda's user must be able to read it
        package.writestr(entry, source)
    return buffer.getvalue()


def deploy(deployment: Deployment, project: Path, scratch: Path, /, **context: str) -> None:
    """`cdk deploy` of a directory's app to the running local AWS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # As `python -m local up` does.
        log = scratch / "deploy.log"
        app = CdkApp(project, endpoint_url=deployment.endpoint_url, scratch=scratch, log=log)
    asyncio.run(app.deploy(context))
