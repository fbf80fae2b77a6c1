"""One activity or precondition while it is looked at: its task, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipelines.checking.advice import COMMANDS, HANDLER_ERRORS, IN_CONTAINER
from pipelines.checking.first_run import MOMENTS
from pipelines.checking.verdict import Needs, Reason, Verdict
from pipelines.commands.credentials import without_credentials
from pipelines.commands.findings import Kind
from pipelines.reading.source import UNKNOWN
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

_STARTS = "|".join(f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in MOMENTS)
_INSTANCE = re.compile(rf"@([^\s'\"/]+?)_(?:{_STARTS})(?:_Attempt=1)?")


@dataclass
class Subject:
    """``task`` is that of its first run; ``other`` that of a run at another time."""

    id: str
    task: Task
    other: Task | None
    page: str
    reasons: list[Reason] = field(default_factory=list)
    needs: Needs = field(default_factory=Needs)
    unknown: set[str] = field(default_factory=set)
    """Commands of which only what stands for them is known."""

    def say(self, verdict: Verdict, field: str, message: str, page: str = "") -> None:
        """Add a reason, once."""
        reason = Reason(verdict, field, self._plain(message), page or self.page)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def found(self, kind: Kind, field: str, what: str) -> None:
        """Add the reason that the table has for something in a command."""
        advice = COMMANDS[kind]
        self.needs.in_container |= kind in IN_CONTAINER
        self.say(advice.verdict, field, advice.message.format(what), advice.page)

    def noting(self, field: str) -> Noting:
        """Takes what a handler's own check raises as a reason: ``field`` is that of the activity."""
        return Noting(self, field)

    def take(self, error: FieldError | TaskFailed, field: str) -> None:
        """Add what a handler's own check raised."""
        if isinstance(error, FieldError):
            shown = error.field if error.object_id == self.task.attempt_id else f"{field} → {error.field}"
            self._refused(Verdict.CHANGE, shown, str(error))
            return
        advice = HANDLER_ERRORS.get(error.error_id or "")
        self._refused(
            advice.verdict if advice else Verdict.CHANGE, field, str(error), advice.page if advice else ""
        )

    def _refused(self, verdict: Verdict, field: str, message: str, page: str = "") -> None:
        if UNKNOWN in message:
            verdict = Verdict.SETTINGS
            message = f"its value is not in the definition, so it could not be checked: {message}"
        self.say(verdict, field, message, page)

    def reference(self, field: str, of: PipelineObject | None = None) -> PipelineObject | None:
        """The object that a field refers to; None, with the reason, if there is not exactly one."""
        with self.noting(field):
            return self.task.reference(field, of)
        return None

    def _plain(self, message: str) -> str:
        """The message in the words of the definition: by components, not by one run's instances."""
        return without_credentials(_INSTANCE.sub(r"\1", message).removesuffix("."))


@dataclass(frozen=True)
class Noting:
    """A block whose FieldError or TaskFailed becomes a reason, and ends the block."""

    subject: Subject
    field: str

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FieldError | TaskFailed):
            self.subject.take(error, self.field)
            return True
        return False


def common_prefix(first: str, second: str) -> str:
    """The prefix of a place in S3 that holds for both of two runs; empty if its bucket differs.

    Where two runs' places differ, an expression begins, so only the directory before that is certain.
    """
    if first == second:
        return first
    length = next(
        (at for at, (one, two) in enumerate(zip(first, second, strict=False)) if one != two),
        min(len(first), len(second)),
    )
    found = first[:length].rpartition("/")[0] + "/"
    return found if len(found) > len("s3://") else ""
