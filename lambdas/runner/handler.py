"""``@task_handler`` turns a function that takes a Task into a Lambda handler.

Event: ``{task: envelope, state?, canceled?}``. Return value: see ``outcome``.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runner import clients, environment, telemetry, versions
from runner.deadline import HandlerTimeout, deadline, margin
from runner.fields import FieldError, PipelineObject
from runner.outcome import Canceled, Deferred, Failed, Finished, Outcome, TaskCanceled, TaskFailed
from runner.progress import ProgressThread, report_interval
from runner.redaction import Redaction
from runner.surroundings import Surroundings, few_files_left
from runner.task import Task
from runner.time_limit import TimeLimit

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


_NAME = re.compile(r"[A-Za-z_.]+")

_running: Task | None = None
_stopping = False


def cancel_task() -> None:
    """Cancel the running task, or the one that is about to run: its container is to stop."""
    global _stopping
    _stopping = True
    if _running is not None:
        _running.cancel()


def task_handler(work: Callable[[Task], Outcome | None]) -> Callable[[dict[str, Any], LambdaContext], Any]:
    """Turn ``work`` into a Lambda handler.

    The decorator opens the envelope, reports progress every 60 s and sets ``task.canceled``, and ends the
    work with ``HandlerTimeout`` before Lambda's timeout. TaskCanceled becomes the outcome CANCELED, any other
    exception FAILED.
    """

    @functools.wraps(work)
    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        # A container runs no other task: it is only asked again for the task that it has begun.
        if environment.is_condemned() and not environment.in_container():
            environment.end(context.aws_request_id)
        with _process_restored():
            return _handle(work, event, context)

    return handle


def _handle(
    work: Callable[[Task], Outcome | None], event: dict[str, Any], context: LambdaContext
) -> dict[str, Any]:
    started = time.monotonic()
    envelope = event["task"]
    _log_keys(envelope)
    if refused := versions.refused_envelope(envelope):
        _log_outcome(refused.as_response(), 0)
        return refused.as_response()
    # From this invocation's own clock: the context counts down to Lambda's timeout.
    reserve = margin(context.get_remaining_time_in_millis() / 1000)
    task = open_task(event, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - reserve)
    telemetry.logger.info("Task started", resumed=task.state is not None)
    with _progress_reports(task), _cancelable(task):
        outcome = without_secrets(_run(work, task), task)
    if task.canceled and not isinstance(outcome, Deferred):
        outcome = Canceled()
    response = outcome.as_response()
    _log_outcome(response, time.monotonic() - started)
    return response


@contextmanager
def _process_restored() -> Iterator[None]:
    """Undo what the work does to the process. If something cannot be undone, the environment ends."""
    _ = telemetry.logger  # Created now, so that it writes to the original stream.
    before = Surroundings.now()
    output, errors = telemetry.HidingStream(sys.stdout), telemetry.HidingStream(sys.stderr)
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            yield
    finally:
        for problem in before.restore():
            environment.condemn(problem)
        if few_files_left():
            environment.condemn("more than half of its files are open")
        telemetry.end_task()


def open_task(event: Mapping[str, Any], *, seconds_left: Callable[[], float]) -> Task:
    """The Task in a handler's event. Reads the full objects from the claims bucket if they are there."""
    envelope = event["task"]
    objects = envelope.get("objects") or {}
    if envelope.get("objectsUri"):
        uri = urlsplit(envelope["objectsUri"])
        claim = clients.s3().get_object(Bucket=uri.netloc, Key=uri.path.lstrip("/"))
        objects = json.loads(claim["Body"].read())
    task = Task(
        id=envelope["taskId"],
        pipeline_id=envelope["pipelineId"],
        attempt_id=envelope["attemptId"],
        worker_group=envelope["workerGroup"],
        route=envelope["route"],
        objects={object_id: PipelineObject.from_api(data) for object_id, data in objects.items()},
        logger=telemetry.logger,
        seconds_left_of=seconds_left,
        data_pipeline=clients.data_pipeline,
        received_at=_received_at(envelope),
        state=event.get("state"),
    )
    if event.get("canceled"):
        task.cancel()
    return task


@contextmanager
def _cancelable(task: Task) -> Iterator[None]:
    """Let ``cancel_task`` find the task while the block runs."""
    global _running
    _running = task
    if _stopping:
        task.cancel()
    try:
        yield
    finally:
        _running = None


def _progress_reports(task: Task) -> AbstractContextManager[object]:
    """Report progress while the block runs, and cancel the task if the service has canceled it.

    Where the handler is deployed, a separate process reports (see ``progress_process``); elsewhere a thread
    does.
    """
    interval = report_interval()
    if "AWS_LAMBDA_RUNTIME_API" not in os.environ and not environment.in_container():
        return ProgressThread(task, interval)
    from runner.progress_process import ProgressProcess

    return ProgressProcess(task, interval)


def _received_at(envelope: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(envelope["receivedAt"])
    except (KeyError, TypeError, ValueError):
        return datetime.now(UTC)


def _run(work: Callable[[Task], Outcome | None], task: Task) -> Outcome:
    limit = TimeLimit.of_lambda(task)
    try:
        if not _fields_evaluated(task, limit.seconds):
            return Deferred(task.state)
        limit = TimeLimit.of(task)
        with deadline(limit.seconds):
            outcome = _outcome_of(work(task))
    except HandlerTimeout:
        return limit.outcome
    except TaskCanceled:
        return Canceled()
    except TaskFailed as error:
        return Failed(error.error_id, str(error))
    except FieldError as error:
        return Failed("InvalidField", str(error))
    except (Exception, SystemExit) as error:
        telemetry.logger.error("Handler raised", error=repr(error))
        stack = "".join(traceback.format_exception(error))
        return Failed(type(error).__name__, f"{type(error).__name__}: {error}", stack)
    return outcome


def _fields_evaluated(task: Task, seconds: float) -> bool:
    """Evaluate the task's fields. False: Data Pipeline cannot do so now.

    That is no failure of the work, which may go on elsewhere.
    """
    try:
        with deadline(seconds):
            task.evaluate_fields()
    except HandlerTimeout:
        if task.state is None:
            raise
        return False
    except clients.aws_errors() as error:
        if not clients.may_pass(error):
            raise
        telemetry.logger.warning("Fields not evaluated yet", error=str(error))
        return False
    return True


def _outcome_of(answer: object) -> Outcome:
    """The outcome that a handler returned. Anything except None and an Outcome is a mistake.

    That includes falsy values: otherwise a precondition that returns False would be met, and a forgotten
    ``await`` or a typo would be FINISHED.
    """
    if answer is None:
        return Finished()
    if isinstance(answer, Outcome):
        return answer
    return Failed(
        "InvalidOutcome",
        f"The handler returned {_shown(answer)}. It may return None (the work is done) or one of Finished(), "
        "NotMet() (a precondition that does not hold), Failed(error_id, message), Deferred(state, "
        "wait_seconds) and Canceled(), all from `runner`.",
    )


def _shown(answer: object) -> str:
    text = repr(answer)
    return f"{text if len(text) <= 100 else text[:100] + '…'}, a {type(answer).__name__}"


def without_secrets(outcome: Outcome, task: Task) -> Outcome:
    """``outcome`` without secrets: it redacts errors, and refuses a state that contains a secret."""
    if isinstance(outcome, Failed):
        return Failed(
            _redacted_error_id(outcome.error_id, task),
            task.redact(outcome.message),
            task.redact(outcome.stack_trace),
        )
    if isinstance(outcome, Deferred):
        state = json.dumps(outcome.state, ensure_ascii=False)
        if Redaction(task.secrets).spans(state.encode("utf-8", "surrogatepass")):
            return Failed(
                "SecretInState",
                f"The handler for '{task.route}' deferred with a state that holds a secret field's value. "
                "The state is kept in the execution's history: let it hold an id, and read the secret again.",
            )
    return outcome


def _redacted_error_id(error_id: str, task: Task) -> str:
    """Keep an errorId that is a name: ``Command***`` would reveal a password that is part of the name."""
    if _NAME.fullmatch(error_id) or task.redact(error_id) == error_id:
        return error_id
    return "TaskFailed"


def _log_keys(envelope: Mapping[str, Any]) -> None:
    keys = ("pipelineId", "attemptId", "taskId", "workerGroup", "type", "route")
    telemetry.logger.append_keys(**{key: envelope.get(key) for key in keys})


def _log_outcome(response: Mapping[str, Any], seconds: float) -> None:
    telemetry.logger.info(
        "Task handled",
        outcome=response["status"],
        seconds=round(seconds, 3),
        **{key: response[key] for key in ("errorId", "errorMessage", "waitSeconds") if key in response},
    )
