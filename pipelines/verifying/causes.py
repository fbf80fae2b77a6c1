"""Names the cause why an echo does not come through, as docs/runbook.md does: from facts to a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_PAGE = "docs/runbook.md"
_NOTHING = f"{_PAGE}#nothing-is-taken-tasks-stay-in-waiting_for_runner"
_FAILED = f"{_PAGE}#an-attempt-is-failed"
_RUNNING = f"{_PAGE}#a-task-is-running-and-its-handler-logs-nothing"


@dataclass(frozen=True)
class Loop:
    """An execution of PollLoop since the echo was ready, or the latest before."""

    status: str
    error: str = ""
    is_new: bool = True


@dataclass
class Facts:
    """What the runbook's checks show."""

    group: str
    stack: str
    polled: Sequence[str] = ()
    """The worker groups that functions of the stack poll for."""
    schedule: str = ""
    """ENABLED or DISABLED; empty if there is no schedule."""
    loops: Sequence[Loop] = ()
    """The latest first."""
    failed_poll: str = ""
    """The ``error`` of the latest "Poll failed" in the poller's log; empty if none failed."""
    failed_poll_advice: str = ""
    undelivered: str = ""
    """The error of the latest tick that was not delivered; empty if all were."""
    at_limit: bool = False
    """Whether the poller waits at max_concurrent_tasks."""
    attempt: str = ""
    """The attempt's status; empty if there is none yet."""
    error_id: str = ""
    error_message: str = ""
    execution: str = ""
    """The status of its RunTask execution; empty if there is none."""
    execution_error: str = ""
    function_errors: Sequence[str] = field(default_factory=tuple)
    """The errors with which Lambda refused the handler, the latest first."""


@dataclass(frozen=True)
class Cause:
    """What is wrong, what to do, and where the runbook says so."""

    what: str
    do: str
    page: str
    is_certain: bool = True
    """Whether waiting longer cannot help."""


def before_the_echo(facts: Facts) -> Cause | None:
    """What is wrong before anything is started; None if nothing is."""
    if not facts.polled:
        return Cause(
            f"no stack '{facts.stack}' polls for tasks in this region",
            "deploy it, or name the stack (--stack) and the region (--region)",
            _NOTHING,
        )
    if facts.group not in facts.polled:
        named = ", ".join(f"'{group}'" for group in facts.polled)
        return Cause(
            f"the stack does not poll for the worker group '{facts.group}': it polls for {named}, and "
            f"case and "
            "blanks matter",
            "correct the worker group's name, or add it to app.py",
            _NOTHING,
        )
    if facts.schedule == "DISABLED":
        return Cause(
            "the group's schedule is DISABLED: somebody paused it",
            "resume it",
            f"{_PAGE}#pausing-a-worker-group",
        )
    if not facts.schedule:
        return Cause("the group has no schedule, so no loop is started", "deploy again", _NOTHING)
    return None


def cause_of(facts: Facts) -> Cause:
    """The cause, as far as the facts show it by now."""
    if found := before_the_echo(facts):
        return found
    if facts.attempt in {"FAILED", "CASCADE_FAILED", "CANCELED"}:
        return _failed(facts)
    if facts.execution:
        return _in_run_task(facts)
    return _not_taken(facts)


def _not_taken(facts: Facts) -> Cause:
    new = [loop for loop in facts.loops if loop.is_new]
    if facts.undelivered and not new:
        return Cause(
            f"ticks are not delivered: EventBridge Scheduler could not start PollLoop ({facts.undelivered})",
            "deploy again, then empty the queue",
            f"{_PAGE}#ticksnotdelivered",
        )
    if facts.failed_poll and "throttl" in facts.failed_poll.lower():
        return Cause(
            "polls are throttled: all loops of the account together send more than 2 polls a second",
            "fewer groups, or longer periods",
            _NOTHING,
            is_certain=False,
        )
    if facts.failed_poll and any(loop.status == "FAILED" for loop in new):
        denied = "AccessDenied" in facts.failed_poll
        what = "the poller's role lost its permission" if denied else "polls are refused"
        advice = (
            facts.failed_poll_advice
            or "deploy again; if that does not help, look for a policy of the organization"
        )
        return Cause(f"{what} ({facts.failed_poll})", advice, _NOTHING)
    if any(loop.status == "FAILED" for loop in new):
        error = next(loop.error for loop in new if loop.status == "FAILED")
        return Cause(
            f"PollLoop fails ({error})", "look at its execution, or deploy again", f"{_PAGE}#pollloopfailed"
        )
    if not new:
        return Cause(
            "no loop was started since the echo is ready",
            "wait for a period of the schedule; then look for ticks that were not delivered",
            f"{_PAGE}#ticksnotdelivered",
            is_certain=False,
        )
    if facts.at_limit:
        return Cause(
            "as many tasks run as may run at once (max_concurrent_tasks)",
            "wait until one ends, or raise it in app.py",
            _NOTHING,
            is_certain=False,
        )
    return Cause(
        "loops run and nothing fails: the service may have handed the task to a poll that was given up",
        "wait 5 minutes, as the task is offered again after 2",
        _NOTHING,
        is_certain=False,
    )


def _in_run_task(facts: Facts) -> Cause:
    if facts.execution in {"FAILED", "TIMED_OUT", "ABORTED"}:
        told = {
            "StatusNotReported": "the handler ran, but its status could not be reported",
            "NotAcknowledged": "the task could not be acknowledged, so it was not begun",
        }
        what = told.get(facts.execution_error, f"its RunTask execution is {facts.execution}")
        return Cause(
            f"{what} ({facts.execution_error or 'no error'})",
            "the role may have lost its permission, or the service be down: look at the execution",
            f"{_PAGE}#tasksnotreported",
        )
    if facts.function_errors:
        return Cause(
            f"the handler's function cannot start: {facts.function_errors[0]}",
            "see the table",
            _RUNNING,
            is_certain=False,
        )
    return Cause("the task is running", "wait", _RUNNING, is_certain=False)


def _failed(facts: Facts) -> Cause:
    message = " ".join(facts.error_message.split())[:300]
    if facts.error_id == "NoHandlerForType":
        return Cause(
            f"no handler is registered for ShellCommandActivity: {message}", "add it to app.py", _FAILED
        )
    if facts.error_id.startswith("Lambda.") or "." in facts.error_id:
        return Cause(
            f"the handler crashed with {facts.error_id}: {message}",
            "see the table",
            f"{_PAGE}#handlercrashed",
        )
    return Cause(
        f"the echo is {facts.attempt} with {facts.error_id or 'no errorId'}: {message}",
        "see the table",
        _FAILED,
    )
