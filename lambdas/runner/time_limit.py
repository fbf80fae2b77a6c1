"""How long a handler may work on a task, and the failure that is reported after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from runner.environment import in_container
from runner.outcome import Failed
from runner.task import Task


@dataclass(frozen=True)
class TimeLimit:
    """After ``seconds``, the handler ends, and ``outcome`` is reported."""

    seconds: float
    outcome: Failed

    @classmethod
    def of(cls, task: Task, now: datetime | None = None) -> TimeLimit:
        """The time that Lambda leaves, or the attempt's ``attemptTimeout`` if that ends earlier.

        The service enforces ``attemptTimeout`` itself and cancels the task. This limit is for a runner that
        does not learn of it, so it counts from when the task was received. A deferred task is left to the
        service, and so is a canceled one: its handler needs the time to stop the work that runs elsewhere.
        Raises FieldError if ``attemptTimeout`` is not a period.
        """
        limit = cls.of_lambda(task)
        if "attemptTimeout" not in task or task.state is not None or task.canceled:
            return limit
        allowed = task.duration("attemptTimeout")
        left = (task.received_at + allowed - (now or datetime.now(UTC))).total_seconds()
        if left >= limit.seconds:
            return limit
        return cls(
            left,
            Failed(
                "AttemptTimeout",
                f"The attempt was ended after its attemptTimeout of {task.string('attemptTimeout')}.",
            ),
        )

    @classmethod
    def of_lambda(cls, task: Task) -> TimeLimit:
        """The time until shortly before Lambda's timeout, or that of a container."""
        seconds = task.seconds_left
        ended = f"The handler for '{task.route}' was ended after {seconds:.0f} s, "
        advice = (
            "the longest that RunTask keeps a container. Split the work, or use a handler that defers."
            if in_container()
            else "before Lambda's timeout. Give it a longer timeout in app.py (15 minutes is Lambda's most), "
            "or run it in a container, which has no such limit: compute=Container(...). Or split the work, "
            "or use a handler that defers."
        )
        return cls(seconds, Failed("HandlerTimeout", ended + advice))
