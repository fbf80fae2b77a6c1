"""What an instance's fields say about its attempts: worker group, retries and timeouts."""

from __future__ import annotations

from datetime import timedelta

from local.datapipeline.expressions import ExpressionError, evaluate
from local.datapipeline.model import Instance
from local.datapipeline.object_types import Kind
from local.datapipeline.periods import parse_period
from local.datapipeline.settings import Settings
from local.datapipeline.views import instance_object, scope_of


def text(instance: Instance, key: str) -> str | None:
    """A field of the instance, evaluated; None if it is not set or cannot be evaluated yet."""
    value = instance.object.string(key)
    if value is None:
        return None
    try:
        return evaluate(value, scope_of(instance.pipeline, instance_object(instance)))[0]
    except (ExpressionError, IndexError):
        return None


def duration(instance: Instance, key: str) -> timedelta | None:
    period = parse_period(text(instance, key) or "")
    return None if period is None else period.shortest


def maximum_retries(instance: Instance, settings: Settings) -> int:
    value = text(instance, "maximumRetries")
    return int(value) if value is not None and value.isdecimal() else settings.default_maximum_retries


def retry_delay(instance: Instance, settings: Settings) -> timedelta:
    """Developer Guide, AWS Data Pipeline Limits: there is a minimum delay between attempts."""
    return max(duration(instance, "retryDelay") or settings.default_retry_delay, settings.minimum_retry_delay)


def cascades(instance: Instance) -> bool:
    return (text(instance, "failureAndRerunMode") or "none").lower() == "cascade"


def worker_group(instance: Instance) -> str | None:
    """The worker group whose runners get the instance's tasks; None if no task runner of the user's does.

    An object with `runsOn` ignores its worker group (Developer Guide, ShellCommandActivity). A user-managed
    precondition takes the group of the activity that uses it (Developer Guide, Preconditions).
    """
    if instance.kind is Kind.PRECONDITION:
        owner = instance.pipeline.instances.get(instance.node or "")
        return None if owner is None else worker_group(owner) or _of_consumer(owner)
    if instance.object.references("runsOn"):
        return None
    return text(instance, "workerGroup") or None


def _of_consumer(data_node: Instance) -> str | None:
    others = data_node.pipeline.open_instances()
    groups = (worker_group(other) for other in others if data_node.id in other.depends_on)
    return next((group for group in groups if group), None)
