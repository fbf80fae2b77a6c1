"""The poller: one PollForTask, and what PollLoop does next.

Event: ``{loop, startedAt, retries}``; ``retries`` counts this invocation's tries that failed. Return value:
``{next: START | WAIT | POLL | STOP, waitSeconds, loop, task?, name?}``.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runner import clients, envelope, telemetry
from runner.loop import Decision, Limits, LoopState, PollResult, decide, may_poll
from runner.pace import LONGEST_SLEEP_SECONDS, LastPace
from runner.polling import Poll, PollingFailed, poll_once
from runner.waiting import seconds_ready

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True)
class Configuration:
    """What the stack says in the function's environment."""

    worker_group: str
    limits: Limits
    run_task_arn: str
    claims_bucket: str
    hostname: str
    count_empty_polls: bool
    """Whether there is an alarm on a group that is given no task."""

    @classmethod
    def from_environment(cls) -> Configuration:
        most = os.environ.get("MAX_CONCURRENT_TASKS")
        return cls(
            worker_group=os.environ["WORKER_GROUP"],
            limits=Limits(
                period=float(os.environ["PERIOD_SECONDS"]),
                poll_timeout=float(os.environ["POLL_TIMEOUT_SECONDS"]),
                max_concurrent_tasks=int(most) if most else None,
                hold=float(os.environ["POLL_HOLD_SECONDS"]),
            ),
            run_task_arn=os.environ["RUN_TASK_ARN"],
            claims_bucket=os.environ["CLAIMS_BUCKET"],
            hostname=os.environ["RUNNER_HOSTNAME"],
            count_empty_polls="COUNT_EMPTY_POLLS" in os.environ,
        )


CONFIGURATION = Configuration.from_environment()
CLIENT = clients.polling(CONFIGURATION.limits.poll_timeout)
LAST_PACE = LastPace(CONFIGURATION.limits.time_scale)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Poll once if this execution still owns its slot, and say what follows.

    Raises PollingFailed, which fails the execution, where polling on cannot help: see ``polling``.
    """
    config = CONFIGURATION
    started_at = datetime.fromisoformat(event["startedAt"])
    state = LoopState.from_json(event.get("loop"), pace=LAST_PACE.of_loop(started_at))
    state = state.retried(int(event.get("retries") or 0))

    def age() -> float:
        return (datetime.now(UTC) - started_at).total_seconds()

    if not may_poll(seconds_since_start=age(), state=state, limits=config.limits):
        return _response(
            decide(PollResult.ENDED, state=state, limits=config.limits, seconds_since_start=age())
        )

    if state.needs_count(config.limits):
        state = state.counted(_running_tasks(config))
        if state.needs_count(config.limits):
            _introduce(config)
            telemetry.logger.info("At max_concurrent_tasks", running=state.running)
            telemetry.emit({"LoopFull": 1}, WorkerGroup=config.worker_group)
            full = decide(PollResult.FULL, state=state, limits=config.limits, seconds_since_start=age())
            return _response(full)

    pause = state.pause(config.limits, seconds_since_start=age())
    if pause > LONGEST_SLEEP_SECONDS:
        return _response(
            decide(PollResult.PACED, state=state, limits=config.limits, seconds_since_start=age())
        )
    time.sleep(pause)
    before = time.monotonic()
    poll = poll_once(CLIENT, worker_group=config.worker_group, hostname=config.hostname)
    received_at = datetime.now(UTC)
    _introduce(config)
    if state.polls == 0 and _told_to_end(config):
        state = state.ending()
    decision = decide(
        poll.result,
        state=state,
        limits=config.limits,
        seconds_since_start=age(),
        poll_seconds=time.monotonic() - before,
        jitter=random.random(),  # noqa: S311 - spreads waits, guards nothing
    )
    LAST_PACE.keep(started_at, decision.state.pace)
    _tell(config, poll, decision, paused=pause)
    if poll.fatal or decision.too_many_errors:
        raise PollingFailed(poll.advice)
    if poll.task is None:
        return _response(decision)

    received = envelope.receive(poll.task, worker_group=config.worker_group, received_at=received_at)
    name = envelope.execution_name(received.envelope, poll_id=context.aws_request_id)
    task = received.envelope
    if received.claim is not None:
        task = received.with_claim(_put_aside(config, name, received.claim))
    _tell_task(config, task, name, seconds_ready(poll.task, received_at))
    return {**_response(decision), "task": task, "name": name}


def _response(decision: Decision) -> dict[str, Any]:
    return {
        "next": decision.next.value,
        "waitSeconds": decision.wait_seconds,
        "loop": decision.state.as_json(),
    }


def _introduce(config: Configuration) -> None:
    """Before the first line, and after the poll: telemetry's imports must not hold up a cold start's poll."""
    telemetry.count_cold_start()
    telemetry.logger.append_keys(workerGroup=config.worker_group)


def _running_tasks(config: Configuration) -> int:
    """RunTask executions of this worker group that are running; no more pages are read than are needed."""
    most = config.limits.max_concurrent_tasks or 0
    pages = clients.step_functions().get_paginator("list_executions")
    running = 0
    for page in pages.paginate(stateMachineArn=config.run_task_arn, statusFilter="RUNNING"):
        running += sum(envelope.belongs_to(run["name"], config.worker_group) for run in page["executions"])
        if running >= most:
            break
    return running


def _told_to_end(config: Configuration) -> bool:
    """Send the heartbeat, once an execution; whatever it answers but ``terminate``, polling goes on."""
    try:
        answer = clients.data_pipeline().report_task_runner_heartbeat(
            taskrunnerId=config.hostname, workerGroup=config.worker_group, hostname=config.hostname
        )
    except Exception as error:
        telemetry.logger.warning("Heartbeat failed", error=str(error))
        return False
    # The task of this poll is already ours: an answer that is not as documented must not lose it.
    terminate = answer.get("terminate") is True
    if terminate:
        telemetry.logger.warning("Told to end; the next tick will ask again")
    return terminate


def _put_aside(config: Configuration, name: str, objects: dict[str, Any]) -> str:
    key = f"claims/{name}.json"
    clients.s3().put_object(
        Bucket=config.claims_bucket,
        Key=key,
        Body=json.dumps(objects).encode(),
        ContentType="application/json",
    )
    return f"s3://{config.claims_bucket}/{key}"


def _tell(config: Configuration, poll: Poll, decision: Decision, *, paused: float) -> None:
    # A custom metric costs the same whether it counts much or little, so what is of a worker group is only
    # what is asked of one.
    of_group: dict[str, float] = {"Polls": 1} if poll.answered else {}
    if poll.task is not None or (poll.answered and config.count_empty_polls):
        of_group["TasksReceived"] = int(poll.task is not None)
    if of_group:
        telemetry.emit(of_group, WorkerGroup=config.worker_group)
    if poll.result is PollResult.ABANDONED:
        telemetry.emit({"PollsAbandoned": 1})
    said: dict[str, Any] = {
        "result": poll.result.value,
        "next": decision.next.value,
        "waitSeconds": decision.wait_seconds,
        "pausedSeconds": round(paused, 3),
    }
    if not poll.error:
        telemetry.logger.info("Polled", **said)
        return
    # Loops that share an account are throttled now and then, as a matter of course: no error of the stack's.
    if poll.result is not PollResult.THROTTLED:
        telemetry.emit({"PollErrors": 1})
    telemetry.emit({"PollErrors": 1}, Error=poll.error)
    telemetry.logger.warning("Poll failed", **said, error=poll.error, advice=poll.advice)


def _tell_task(
    config: Configuration, task: Mapping[str, Any], name: str, seconds_ready: float | None
) -> None:
    if seconds_ready is not None:
        telemetry.emit({"StartDelay": seconds_ready}, unit="Seconds", WorkerGroup=config.worker_group)
    if "objectsUri" in task:
        telemetry.emit({"ClaimObjects": 1})
    telemetry.logger.info(
        "Task received",
        **{key: task[key] for key in ("pipelineId", "attemptId", "taskId", "type", "route")},
        execution=name,
        secondsReady=seconds_ready,
        errorId=task.get("refusal", {}).get("errorId"),
    )
