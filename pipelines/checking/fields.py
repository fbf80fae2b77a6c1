"""Fields that all activities and preconditions have: timeouts and retries."""

from __future__ import annotations

from datetime import timedelta

from local.datapipeline.object_types import Kind, kind_of
from local.datapipeline.objects import PipelineObject
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict
from runner.fields import FieldError
from runner.time_limit import TimeLimit

_LATEST_START = timedelta(minutes=6)
"""With the defaults, a task starts up to one period and one minute after it is ready (README, Limits)."""
_PROGRESS = timedelta(minutes=2)
"""Progress is reported every 60 s; less than two reports leave no room for one that fails."""
_LEAST_DELAY = timedelta(minutes=2)
"""Developer guide, AWS Data Pipeline Limits."""
_PAGE = "docs/shell-commands.md#shellcommandactivity"


def check_fields(subject: Subject, flat: PipelineObject) -> None:
    """Look at the timeouts as the handler reads them, and against how soon tasks start here."""
    task = subject.task
    with subject.noting("attemptTimeout"):
        TimeLimit.of(task, task.received_at)
    with subject.noting("reportProgressTimeout"):
        if "reportProgressTimeout" in task and task.duration("reportProgressTimeout") < _PROGRESS:
            subject.say(
                Verdict.CHANGE,
                "reportProgressTimeout",
                "progress is reported every 60 s, so it has to be 2 minutes or more",
                _PAGE,
            )
    with subject.noting("retryDelay"):
        if "retryDelay" in task and task.duration("retryDelay") < _LEAST_DELAY:
            subject.say(Verdict.RUNS, "retryDelay", "the service waits 2 minutes at least", _PAGE)
    if _is_short(subject, "lateAfterTimeout"):
        subject.needs.continuous = True
        subject.say(
            Verdict.SETTINGS,
            "lateAfterTimeout",
            "with the defaults a task starts up to 6 minutes after it is ready: poll continuously "
            "(poll_timeout=95)",
            "docs/configuration.md#worker-groups",
        )
    if kind_of(flat.type) is Kind.PRECONDITION and _is_short(subject, "preconditionTimeout"):
        subject.needs.continuous = True
        subject.say(
            Verdict.SETTINGS,
            "preconditionTimeout",
            "with the defaults a check starts up to 6 minutes after it is due: poll continuously "
            "(poll_timeout=95)",
            "docs/configuration.md#worker-groups",
        )


def _is_short(subject: Subject, field: str) -> bool:
    """Whether a period is too short for the default schedule. Others refuse what is no period."""
    if field not in subject.task:
        return False
    try:
        return subject.task.duration(field) <= _LATEST_START
    except FieldError:
        return False
