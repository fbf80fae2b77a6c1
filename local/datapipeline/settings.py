"""Settings for whatever AWS does not document, or documents in two ways, each with a default.

A task runner is correct if it works under every value of every setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from local.datapipeline.periods import parse_period


def _choice(choices: str, about: str) -> Any:
    """A setting with a few values, separated by `|`. The first is the default."""
    values = tuple(choices.split("|"))
    return field(default=values[0], metadata={"choices": values, "about": about})


def _about(about: str) -> dict[str, str]:
    return {"about": about}


def _number(default: int, about: str) -> Any:
    return field(default=default, metadata=_about(about))


def _read_duration(text: str) -> timedelta:
    period = parse_period(text)
    if period is None:
        raise ValueError(f"'{text}' is not a duration such as '90 seconds' or '2 minutes'")
    return period.shortest


@dataclass(frozen=True)
class Settings:
    """How the service behaves where the documentation leaves it open."""

    dead_poll: str = _choice(
        "swallows|noticed", "a poll whose client has gone takes the next task with it, or not"
    )
    reoffer_task_id: str = _choice(
        "same|new", "a task that nobody acknowledged keeps its taskId, or gets a new one"
    )
    reoffer_attempt: str = _choice("same|next", "such a task keeps its attempt, or opens the next one")
    stalled_task: str = _choice(
        "next-attempt|reoffered", "no progress in time: the attempt has failed, or is offered again as it is"
    )
    task_objects: str = _choice(
        "attempt|referenced", "a task's objects: its attempt, or all that it refers to as well"
    )
    task_expressions: str = _choice("evaluated|raw", "expressions in a task's fields are evaluated, or not")
    references: str = _choice(
        "instance|component", "references of instances point to instances, or to components"
    )
    secret_fields: str = _choice(
        "plain|masked", "fields whose key starts with * reach the runner as they are, or masked"
    )
    empty_poll: str = _choice(
        "empty-object|null-task|empty-body",
        'an empty poll is answered by {}, {"taskObject": null} or no body',
    )
    late_status: str = _choice("refused|accepted", "SetTaskStatus for a task that is canceled or over")
    late_progress: str = _choice(
        "canceled|refused",
        "ReportTaskProgress for a task that is over: canceled is true, or TaskNotFoundException",
    )
    deleted_pipeline: str = _choice(
        "deleted|canceled|not-found",
        "calls for tasks of a deleted pipeline: PipelineDeletedException, or as above",
    )
    missing_values: str = _choice(
        "put|activation",
        "a required parameter without a value is an error of PutPipelineDefinition, or of ActivatePipeline",
    )
    optional_values: str = _choice(
        "absent|kept",
        "a field with an optional parameter that has no value: empty, and gone if nothing is left, or its "
        "text as it is written",
    )
    doubled_backslashes: str = _choice(
        "kept|halved", "two backslashes in the text of a field reach the runner as two, or as one"
    )
    precondition_false: str = _choice(
        "same-attempt|next-attempt",
        "FALSE: the precondition is tried again within its attempt, or in the next one",
    )
    unknown_types: str = _choice("refused|kept", "an object of a type that is not in the developer guide")
    finished_pipeline: str = _choice(
        "closed|open", "whether a FINISHED scheduled pipeline refuses PutPipelineDefinition and SetStatus"
    )
    activate_running: str = _choice(
        "restarts|refused", "ActivatePipeline of an on-demand pipeline that is running already"
    )
    constraint_error: str = _choice(
        "InvalidRequestException|ValidationException", "the error for a request outside of the model's limits"
    )
    call_resource: str = _choice(
        "pipeline|none",
        "what IAM sees of a task runner's call: the pipeline, as the service authorization reference "
        "has it, or no resource, as the developer guide has it",
    )
    throttling: str = _choice("on|off", "whether the documented rates for an account are enforced")
    describe_objects_limit: int = _number(
        25, "ids that DescribeObjects takes: documented as 25, the AWS CLI sends 100"
    )
    maximum_pipelines: int = _number(100, "pipelines of an account")
    default_maximum_retries: int = _number(2, "maximumRetries where an object sets none")
    default_retry_delay: timedelta = field(
        default=timedelta(minutes=10), metadata=_about("retryDelay where an object sets none")
    )
    minimum_retry_delay: timedelta = field(
        default=timedelta(minutes=2), metadata=_about("the least delay between two attempts")
    )
    poll_hold: timedelta = field(default=timedelta(seconds=90), metadata=_about("how long a poll is held"))
    acknowledge_within: timedelta = field(
        default=timedelta(minutes=2), metadata=_about("after this, an unacknowledged task is offered again")
    )
    report_progress_timeout: timedelta = field(
        default=timedelta(minutes=15),
        metadata=_about(
            "longest silence of a runner, where an object sets none: 15 minutes, or 5 as the model adds",
        ),
    )

    container_start: timedelta = field(
        default=timedelta(0),
        metadata=_about("how long a task of Amazon ECS takes to start; on AWS Fargate 30 to 60 seconds"),
    )
    container_credentials: timedelta = field(
        default=timedelta(hours=6),
        metadata=_about("how long the credentials of a container's task role last, at any time scale"),
    )

    def with_values(self, assignments: Iterable[str]) -> Settings:
        """These settings with `NAME=VALUE` applied. Raises ValueError, which says what is allowed."""
        changes: dict[str, Any] = {}
        known = {setting.name: setting for setting in fields(self)}
        for assignment in assignments:
            name, separator, value = (part.strip() for part in assignment.partition("="))
            if not separator:
                raise ValueError(f"'{assignment}' is not of the form NAME=VALUE")
            if name not in known:
                raise ValueError(f"there is no setting '{name}'; there are: {', '.join(known)}")
            choices = known[name].metadata.get("choices")
            if choices is not None and value not in choices:
                raise ValueError(f"{name} is one of {', '.join(choices)}, not '{value}'")
            changes[name] = _read(value, getattr(self, name), name)
        return replace(self, **changes)

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Settings:
        """Settings from `NAME=VALUE` strings. Raises ValueError."""
        return cls().with_values(assignments)

    @classmethod
    def describe(cls) -> str:
        """One line per setting: name, values or default, meaning."""
        return "\n".join(f"{name}={values}  {about}" for name, values, about in cls.listing())

    @classmethod
    def listing(cls) -> list[tuple[str, str, str]]:
        """Name, values (the default first) and meaning of every setting."""
        rows = []
        for setting in fields(cls):
            choices = setting.metadata.get("choices")
            default = setting.metadata.get("default", setting.default)
            rows.append(
                (setting.name, "|".join(choices) if choices else _text(default), setting.metadata["about"])
            )
        return rows


def _text(default: object) -> str:
    return f"{default.total_seconds():g} seconds" if isinstance(default, timedelta) else str(default)


def _read(value: str, like: object, name: str) -> object:
    if isinstance(like, timedelta):
        return _read_duration(value)
    if isinstance(like, int):
        if not value.isdecimal():
            raise ValueError(f"{name} is a whole number, not '{value}'")
        return int(value)
    return value
