"""A task as a handler sees it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runner import clients, telemetry
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskCanceled

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_datapipeline import DataPipelineClient


@dataclass
class Task:
    """One attempt of a pipeline's activity or precondition.

    The typed accessors (``string``, ``duration`` …) read the fields of the attempt object. Inherited fields
    are included, and expressions are evaluated.
    """

    id: str
    pipeline_id: str
    attempt_id: str
    worker_group: str
    route: str
    objects: Mapping[str, PipelineObject]
    logger: Logger
    seconds_left_of: Callable[[], float]
    """Seconds until the handler has to finish, a little before Lambda's own timeout."""
    data_pipeline: Callable[[], DataPipelineClient]
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the poller received the task."""
    state: Any = None
    """The state in the handler's last Deferred; None on the first call."""
    _canceled: threading.Event = field(default_factory=threading.Event)
    _secrets: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._hide_secrets(self.objects.values())

    @property
    def attempt(self) -> PipelineObject:
        """The attempt object itself."""
        return self.objects.get(self.attempt_id) or PipelineObject(self.attempt_id, self.attempt_id, {}, {})

    @property
    def type(self) -> str:
        """The attempt's ``type``."""
        return self.attempt.type

    @property
    def instance_id(self) -> str:
        """The id of the instance that this is an attempt of."""
        parent = next(iter(self.attempt.reference_ids("@instanceParent")), "")
        return parent or re.sub(r"_Attempt=\d+$", "", self.attempt_id)

    @property
    def canceled(self) -> bool:
        """Whether the service has canceled the task, or no longer knows it: stop the work and return.

        It becomes True within one progress interval (60 s) of the cancellation. No status is then reported.
        """
        return self._canceled.is_set()

    def check_canceled(self) -> None:
        """Raise TaskCanceled if the task is canceled. ``@task_handler`` turns that into CANCELED."""
        if self.canceled:
            raise TaskCanceled

    def cancel(self) -> None:
        """Mark the task as canceled."""
        self._canceled.set()

    def wait(self, seconds: float) -> bool:
        """Sleep until the time is up or the task is canceled. Returns ``canceled``."""
        return self._canceled.wait(seconds)

    @property
    def seconds_left(self) -> float:
        """Seconds until ``HandlerTimeout`` ends the handler."""
        return self.seconds_left_of()

    def __contains__(self, name: str) -> bool:
        return name in self.attempt

    def string(self, name: str, default: str | None = None) -> str:
        """See PipelineObject.string."""
        return self.attempt.string(name, default)

    def strings(self, name: str) -> list[str]:
        """See PipelineObject.strings."""
        return self.attempt.strings(name)

    def boolean(self, name: str, default: bool | None = None) -> bool:
        """See PipelineObject.boolean."""
        return self.attempt.boolean(name, default)

    def integer(self, name: str, default: int | None = None) -> int:
        """See PipelineObject.integer."""
        return self.attempt.integer(name, default)

    def duration(self, name: str, default: timedelta | None = None) -> timedelta:
        """See PipelineObject.duration."""
        return self.attempt.duration(name, default)

    def timestamp(self, name: str, default: datetime | None = None) -> datetime:
        """See PipelineObject.timestamp."""
        return self.attempt.timestamp(name, default)

    def reference(self, name: str, of: PipelineObject | None = None) -> PipelineObject:
        """The single object that field ``name`` refers to. Raises FieldError if there are none or several."""
        found = self.references(name, of)
        if len(found) != 1:
            problem = "it is missing" if not found else f"one reference is expected, but it has {len(found)}"
            raise FieldError((of or self.attempt).id, name, problem)
        return found[0]

    def references(self, name: str, of: PipelineObject | None = None) -> list[PipelineObject]:
        """The objects that field ``name`` of the attempt, or of another object, refers to, in order.

        They come from the task if it contains them, otherwise from DescribeObjects: which objects PollForTask
        returns besides the attempt, and whether they are evaluated, is not documented. Expressions are
        evaluated.
        """
        owner = of or self.attempt
        ids = owner.reference_ids(name)
        brought = {object_id: self.objects[object_id] for object_id in ids if object_id in self.objects}
        described = self._described(
            [object_id for object_id in ids if object_id not in brought or _expressions(brought[object_id])]
        )
        found = {
            **described,
            **{
                object_id: self._evaluated(own, described.get(object_id))
                for object_id, own in brought.items()
            },
        }
        for object_id in ids:
            if object_id not in found:
                raise FieldError(owner.id, name, f"the object '{object_id}' does not exist")
        return [found[object_id] for object_id in ids]

    def evaluate_fields(self) -> None:
        """Evaluate the attempt's fields that contain an expression, by the service.

        It is not documented whether PollForTask returns them evaluated. DescribeObjects evaluates the text in
        the definition, so nothing is evaluated twice. Secret fields stay unchanged.
        """
        if not _expressions(self.attempt):
            return
        evaluated = self._evaluated(self.attempt, self._described([self.attempt_id]).get(self.attempt_id))
        self.objects = {**self.objects, self.attempt_id: evaluated}
        if left := _expressions(evaluated):
            self.logger.warning("Expressions left", fields=left)

    def _described(self, ids: Sequence[str]) -> dict[str, PipelineObject]:
        """Those of the objects that exist, with expressions evaluated."""
        found = {}
        for start in range(0, len(ids), 25):  # API Reference, DescribeObjects: 25 ids at most
            pages = self.data_pipeline().get_paginator("describe_objects")
            for page in pages.paginate(
                pipelineId=self.pipeline_id, objectIds=ids[start : start + 25], evaluateExpressions=True
            ):
                for data in page["pipelineObjects"]:
                    found[data["id"]] = PipelineObject.from_api(data)
        self._hide_secrets(found.values())
        return found

    def _evaluated(self, own: PipelineObject, described: PipelineObject | None) -> PipelineObject:
        """``own``, with the expressions in it evaluated."""
        if described is None:
            return own
        fields = dict(own.string_fields)
        for name in _expressions(own):
            found = described.string_fields.get(name) or self._each_evaluated(own, name)
            if found:
                fields[name] = found
            else:  # An optional parameter without a value: treat the field as missing.
                del fields[name]
        return replace(own, string_fields=fields)

    def _each_evaluated(self, own: PipelineObject, name: str) -> tuple[str, ...]:
        """The field's non-empty values by EvaluateExpression; the original values if that is refused."""
        values = own.string_fields[name]
        try:
            found = [self._evaluate(own.id, value) for value in values]
        except clients.aws_errors() as error:
            self.logger.warning("Expression not evaluated", object=own.id, field=name, error=str(error))
            return values
        return tuple(filter(None, found))

    def evaluate(self, expression: str) -> str:
        """``expression`` with every ``#{…}`` evaluated in the context of this attempt."""
        return self._evaluate(self.attempt_id, expression)

    def _evaluate(self, object_id: str, expression: str) -> str:
        answer = self.data_pipeline().evaluate_expression(
            pipelineId=self.pipeline_id, objectId=object_id, expression=expression
        )
        return answer["evaluatedExpression"]

    @property
    def secrets(self) -> frozenset[str]:
        """The values of all secret (``*``) fields that this task has read, and texts given to ``hide``."""
        return frozenset(self._secrets)

    def hide(self, secret: str) -> None:
        """Treat ``secret``, such as a password from Secrets Manager, as the value of a secret field."""
        self._secrets |= {secret} - {""}
        telemetry.hide(self._secrets)

    def redact(self, text: str) -> str:
        """``text`` without the values of secret (``*``) fields, as in logs and error messages."""
        return telemetry.hidden(text)

    def _hide_secrets(self, objects: Iterable[PipelineObject]) -> None:
        self._secrets |= {secret for found in objects for secret in found.secrets() if secret}
        telemetry.hide(self._secrets)


def _expressions(found: PipelineObject) -> list[str]:
    """The fields that contain an expression, except for secret fields."""
    fields = found.string_fields.items()
    return [key for key, values in fields if key[:1] != "*" and any("#{" in value for value in values)]
