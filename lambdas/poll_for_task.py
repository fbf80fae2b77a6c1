"""The poller: sends PollForTask, and tells PollLoop what to do next.

While the worker group is awake, polls that bring nothing follow one another in one invocation.

Event: ``{loop, startedAt, retries}``; ``retries`` counts this invocation's tries that failed. Return value:
``{next: START | WAIT | POLL | STOP, waitSeconds, loop, task?, name?}``.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from poller import executions
from poller.loop import Activity, Limits, PollResult
from poller.pace import LastPace
from poller.polling import Poll, PollingFailed, poll_once
from poller.ready_time import seconds_ready
from poller.response import read_event, write_response
from poller.round import (
    CountRunningTasks,
    FindActivity,
    FindEarlierLoop,
    LogRound,
    Round,
    SendHeartbeat,
    SendPoll,
    Sleep,
    Step,
    play_invocation,
)
from runner import clients, telemetry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True)
class Configuration:
    """The settings that the stack puts into the function's environment."""

    worker_group: str
    limits: Limits
    run_task_arn: str
    poll_loop_arn: str
    """Empty if the group never wakes and has no limit: then no loop asks for another."""
    claims_bucket: str
    hostname: str
    count_tasks: bool
    """Set if the stack has an alarm for a worker group that receives no tasks."""

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
                linger=float(os.environ.get("LINGER_SECONDS", 0)),
            ),
            run_task_arn=os.environ["RUN_TASK_ARN"],
            poll_loop_arn=os.environ.get("POLL_LOOP_ARN", ""),
            claims_bucket=os.environ["CLAIMS_BUCKET"],
            hostname=os.environ["RUNNER_HOSTNAME"],
            count_tasks="COUNT_TASKS" in os.environ,
        )


CONFIGURATION = Configuration.from_environment()
clients.polling(CONFIGURATION.limits.poll_timeout)  # made while Lambda starts the environment
LAST_PACE = LastPace(CONFIGURATION.limits.time_scale)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Poll if this execution still owns its slot, and say what follows.

    Raises PollingFailed, which fails the execution, where more polls cannot help: see ``polling``.
    """
    config = CONFIGURATION
    started_at, state = read_event(event, LAST_PACE)
    played = _play(
        play_invocation(
            state,
            started_at=started_at,
            limits=config.limits,
            last_pace=LAST_PACE,
            now=lambda: datetime.now(UTC),
            jitter=random.random,
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        ),
        config,
        started_at,
    )
    _log_round(config, played)
    if played.failed:
        raise PollingFailed(played.problem)
    response = write_response(
        played,
        worker_group=config.worker_group,
        poll_id=context.aws_request_id,
        put_claim=partial(_put_claim, config),
    )
    if "task" in response:
        _log_task(config, response, played)
    return response


def _play(steps: Generator[Step, Any, Round], config: Configuration, started_at: datetime) -> Round:
    """Do each step on AWS."""
    result: Any = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            played: Round = end.value
            return played
        result = _do(step, config, started_at)


def _do(step: Step, config: Configuration, started_at: datetime) -> int | Poll | Activity | bool | None:
    match step:
        case CountRunningTasks():
            return executions.count_running(
                clients.step_functions(),
                run_task_arn=config.run_task_arn,
                worker_group=config.worker_group,
                most=config.limits.max_concurrent_tasks or 0,
            )
        case Sleep(seconds):
            time.sleep(seconds)
            return None
        case FindActivity():
            return _activity(config)
        case FindEarlierLoop():
            return _earlier_loop_runs(config, started_at)
        case LogRound(played):
            _log_round(config, played)
            return None
        case SendPoll(timeout):
            client = clients.polling(timeout)
            return poll_once(client, worker_group=config.worker_group, hostname=config.hostname)
        case SendHeartbeat():
            return _told_to_end(config)


def _configure_logger(config: Configuration) -> None:
    """Import Powertools, which costs a cold start so much time that no poll waits for it."""
    telemetry.logger.append_keys(workerGroup=config.worker_group)


def _activity(config: Configuration) -> Activity:
    """Whether the worker group has work. If that cannot be found out, the group sleeps: polling goes on."""
    try:
        return executions.find_activity(
            clients.step_functions(),
            run_task_arn=config.run_task_arn,
            worker_group=config.worker_group,
            now=datetime.now(UTC),
        )
    except Exception as error:
        _configure_logger(config)
        telemetry.logger.warning("Activity unknown", error=str(error))
        return Activity(running=False)


def _earlier_loop_runs(config: Configuration, started_at: datetime) -> bool:
    """Whether the execution before this one runs. If that cannot be found out, this one goes ahead."""
    try:
        return executions.earlier_loop_runs(
            clients.step_functions(), poll_loop_arn=config.poll_loop_arn, started_at=started_at
        )
    except Exception as error:
        _configure_logger(config)
        telemetry.logger.warning("Earlier loop unknown", error=str(error))
        return False


def _told_to_end(config: Configuration) -> bool:
    """Send the heartbeat, once an execution. Polling goes on unless it answers ``terminate``."""
    _configure_logger(config)
    try:
        answer = clients.data_pipeline().report_task_runner_heartbeat(
            taskrunnerId=config.hostname, workerGroup=config.worker_group, hostname=config.hostname
        )
    except Exception as error:
        telemetry.logger.warning("Heartbeat failed", error=str(error))
        return False
    # The poll's task is already ours: an undocumented answer must not lose it.
    terminate = answer.get("terminate") is True
    if terminate:
        telemetry.logger.warning("Told to end; the next tick will ask again")
    return terminate


def _put_claim(config: Configuration, name: str, objects: dict[str, Any]) -> str:
    key = f"claims/{name}.json"
    clients.s3().put_object(
        Bucket=config.claims_bucket,
        Key=key,
        Body=json.dumps(objects).encode(),
        ContentType="application/json",
    )
    return f"s3://{config.claims_bucket}/{key}"


def _log_round(config: Configuration, played: Round) -> None:
    """Write the round's log line and metrics."""
    if played.result is PollResult.FULL:
        _configure_logger(config)
        telemetry.logger.info("At max_concurrent_tasks", running=played.decision.state.running)
        telemetry.emit_for_dashboard({"LoopFull": 1}, WorkerGroup=config.worker_group)
    if played.poll is None:
        return
    _configure_logger(config)
    poll = played.poll
    if poll.answered and config.count_tasks:
        telemetry.emit({"TasksReceived": int(poll.task is not None)}, WorkerGroup=config.worker_group)
    held = played.decision.state.holds_polls(config.limits)
    error = poll.error or ("NotAnswered" if poll.result is PollResult.ABANDONED and held else "")
    line: dict[str, Any] = {
        "result": poll.result.value,
        "next": played.decision.next.value,
        "waitSeconds": played.decision.wait_seconds,
        "pausedSeconds": round(played.slept_seconds, 3),
        "awake": held,
    }
    if error:
        telemetry.emit_for_dashboard({"PollErrors": 1}, Error=error)
    if poll.error:
        telemetry.logger.warning("Poll failed", **line, error=poll.error, advice=poll.advice)
    else:
        telemetry.logger.info("Polled", **line)


def _log_task(config: Configuration, response: Mapping[str, Any], played: Round) -> None:
    """Write the received task's log line and metrics."""
    task = response["task"]
    delay = None
    if played.poll is not None and played.poll.task is not None and played.received_at is not None:
        delay = seconds_ready(played.poll.task, played.received_at)
    if delay is not None:
        telemetry.emit_for_dashboard({"StartDelay": delay}, unit="Seconds", WorkerGroup=config.worker_group)
    if "objectsUri" in task:
        telemetry.emit_for_dashboard({"ClaimObjects": 1})
    telemetry.logger.info(
        "Task received",
        **{key: task[key] for key in ("pipelineId", "attemptId", "taskId", "type", "route")},
        execution=response["name"],
        secondsReady=delay,
        errorId=task.get("refusal", {}).get("errorId"),
    )
