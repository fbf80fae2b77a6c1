"""Runs one echo through a deployed stack."""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.verifying.causes import Cause, before_the_echo, cause_of
from pipelines.verifying.echo import OwnPipeline
from pipelines.verifying.hops import Hops
from pipelines.verifying.stack import Stack

_LOOK_SECONDS = 1.0
_CHECK_SECONDS = 10.0
"""How often the runbook's checks are made while nothing happens."""
_OVER = {"FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED"}


@dataclass(frozen=True)
class Result:
    """How it ended. ``cause`` is None if the echo came through."""

    hops: Hops
    cause: Cause | None
    execution: str = ""


def verify(stack: Stack, minutes: float, tell: Callable[[str], None]) -> Result:
    """Run the echo and wait for it. Raises errors of botocore."""
    hops = Hops()
    started = datetime.now(UTC)
    # What failed shortly before would fail now.
    facts = stack.facts(started - timedelta(minutes=1))
    if cause := before_the_echo(facts):
        return Result(hops, cause)
    component = f"Echo{uuid.uuid4().hex[:8]}"
    client = stack.client("datapipeline")
    with OwnPipeline(client, f"pipelines-verify-{stack.name}") as pipeline:
        problems = pipeline.put(
            {
                "Default": [
                    ("type", "Default"),
                    ("scheduleType", "ondemand"),
                    ("maximumRetries", "0"),
                    ("workerGroup", stack.group),
                ],
                component: [("type", "ShellCommandActivity"), ("command", f"echo {component}")],
            }
        )
        if problems:
            what = f"the service refuses the pipeline: {'; '.join(problems)}"
            return Result(hops, Cause(what, "report this", "docs/moving-from-task-runner.md#4-verify"))
        activated = datetime.now(UTC)
        pipeline.activate()
        tell(f"pipeline     {pipeline.id} is activated; waiting up to {minutes:g} minutes")
        return _wait(stack, pipeline, component, activated, minutes, hops, tell)


def _wait(
    stack: Stack,
    pipeline: OwnPipeline,
    component: str,
    since: datetime,
    minutes: float,
    hops: Hops,
    tell: Callable[[str], None],
) -> Result:
    deadline = time.monotonic() + minutes * 60
    checked = time.monotonic()
    told = 0
    cause: Cause | None = None
    execution: dict[str, Any] | None = None
    attempt: dict[str, str] = {}
    while True:
        attempt = next(reversed(pipeline.attempts()), {})
        if attempt:
            # If it was taken before it was seen, it was ready at some time since the activation.
            waits = attempt.get("@status") == "WAITING_FOR_RUNNER"
            hops.note("ready", datetime.now(UTC) if waits else since)
            execution = stack.execution(component)
        errors: list[str] = []
        if execution is not None:
            left, errors = stack.states(execution["executionArn"])
            hops.from_execution(json.loads(execution.get("input") or "{}"), execution["startDate"], left)
        lines = list(hops.lines())
        for line in lines[told:]:
            tell(line)
        told = len(lines)
        if attempt.get("@status") == "FINISHED":
            return Result(hops, None, execution["executionArn"] if execution else "")
        over = attempt.get("@status") in _OVER
        late = time.monotonic() >= deadline
        if over or late or time.monotonic() - checked >= _CHECK_SECONDS:
            checked = time.monotonic()
            facts = stack.facts(since)
            facts.attempt = attempt.get("@status", "")
            facts.error_id, facts.error_message = attempt.get("errorId", ""), attempt.get("errorMessage", "")
            facts.function_errors = errors
            if execution is not None:
                facts.execution = execution["status"]
                facts.execution_error = execution.get("error", "")
            cause = cause_of(facts)
            if over or late or cause.is_certain:
                return Result(hops, cause, execution["executionArn"] if execution else "")
            print(f"waiting      {cause.what}", file=sys.stderr, flush=True)
        time.sleep(_LOOK_SECONDS)
