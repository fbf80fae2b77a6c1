"""How long a handler may work on a task, and what is said when that is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from runner.outcome import Failed
from runner.task import Task


@dataclass(frozen=True)
class TimeLimit:
    """The handler is ended after ``seconds``, and ``outcome`` is reported then."""

    seconds: float
    outcome: Failed

    @classmethod
    def of(cls, task: Task, now: datetime | None = None) -> TimeLimit:
        """The time that Lambda leaves, or the attempt's ``attemptTimeout`` if that is over earlier.

        The service keeps ``attemptTimeout`` itself and cancels the task; this is for a runner that is not
        told, and so counts from when the task was received. A deferred task is left to the service: its
        handler must have the time to stop what runs elsewhere.
        Raises FieldError if ``attemptTimeout`` is not a period.
        """
        limit = cls.of_lambda(task)
        if "attemptTimeout" not in task or task.state is not None:
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
        """The time that Lambda leaves."""
        seconds = task.seconds_left
        return cls(
            seconds,
            Failed(
                "HandlerTimeout",
                f"The handler for '{task.route}' was ended after {seconds:.0f} s, before Lambda's timeout. "
                "Give it a longer timeout in app.py (15 minutes is Lambda's most), split the work, or use a "
                "handler that defers.",
            ),
        )
