"""The tasks that a definition's first run would hand to a runner, made without a service.

The local Data Pipeline makes instances and evaluates expressions; here it does so for all components at
once, as if every dependency had finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from local.datapipeline.definition import Definition
from local.datapipeline.expressions import ExpressionError
from local.datapipeline.field_texts import as_handed_out, evaluated_text
from local.datapipeline.instantiation import make_instances
from local.datapipeline.model import Attempt, Instance, Pipeline
from local.datapipeline.objects import Field
from local.datapipeline.objects import PipelineObject as ServiceObject
from local.datapipeline.plan import PlanError, make_plan
from local.datapipeline.schedule import Interval
from local.datapipeline.settings import Settings
from local.datapipeline.views import attempt_object, find_object, scope_of
from runner.fields import PipelineObject
from runner.task import Task

WORKER_GROUP = "check"
_SETTINGS = Settings()

MOMENTS = (datetime(2019, 9, 28, 19, 48, 39, tzinfo=UTC), datetime(1988, 12, 1, 8, 5, 2, tzinfo=UTC))
"""Two starts that differ in the first digit of every part: where values differ, an expression begins."""


@dataclass
class Log:
    """Takes the place of a handler's logger: what handlers only warn of is worth a remark."""

    lines: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def info(self, message: str, **members: Any) -> None:
        self.lines.append((message, members))

    warning = info
    error = info


@dataclass
class Run:
    """The tasks of one run by component, and what cannot be evaluated in them."""

    tasks: dict[str, Task] = field(default_factory=dict)
    problems: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By component: field and message."""


class FirstRun:
    """One run of all components that starts at ``start``. Raises PlanError."""

    def __init__(self, definition: Definition, start: datetime) -> None:
        plan = make_plan(definition, start)
        # One instance for each component, whatever its schedule: so each reference has one target.
        for component_id, component in plan.components.items():
            plan.components[component_id] = replace(component, recurrence=None)
        self._pipeline = Pipeline(
            id=f"df-{start:%Y%d%H}CHECK",
            name="check",
            unique_id="check",
            description=None,
            tags={},
            created=start,
            version=1,
            latest=definition,
            active=definition,
            plan=plan,
        )
        interval = Interval(start, start + timedelta(days=1, hours=3, minutes=7, seconds=11))
        for component in plan.components.values():
            for instance in make_instances(
                self._pipeline, plan, component, interval, start, rewrite_references=True
            ):
                self._pipeline.instances[instance.id] = instance
        for instance in self._pipeline.instances.values():
            instance.attempts.append(Attempt(f"{instance.id}_Attempt=1", 1, start, ()))

    def run(self) -> Run:
        """All its tasks."""
        run = Run()
        for instance in self._pipeline.instances.values():
            # A precondition of several objects has an instance for each: the first one stands for them.
            if instance.component_id in run.tasks:
                continue
            run.tasks[instance.component_id], run.problems[instance.component_id] = self._task(instance)
        return run

    def _task(self, instance: Instance) -> tuple[Task, list[tuple[str, str]]]:
        attempt = instance.attempts[0]
        found = attempt_object(instance, attempt, instance.object.fields)
        problems: list[tuple[str, str]] = []
        own = self._evaluated(found, problems)
        task = Task(
            id="check",
            pipeline_id=self._pipeline.id,
            attempt_id=attempt.id,
            worker_group=WORKER_GROUP,
            route=own.string("myHandler") or own.type or "",
            objects={attempt.id: PipelineObject.from_api(own.wire())},
            logger=cast(Any, Log()),
            seconds_left_of=lambda: 890.0,
            data_pipeline=lambda: cast(Any, self),
        )
        return task, problems

    def _evaluated(
        self, found: ServiceObject, problems: list[tuple[str, str]] | None = None
    ) -> ServiceObject:
        scope = scope_of(self._pipeline, found)
        fields: list[Field] = []
        for one in found.fields:
            try:
                fields += as_handed_out([one], scope, _SETTINGS)
            except ExpressionError as error:
                fields.append(one)
                if problems is not None:
                    problems.append((one.key, str(error).partition("': ")[2] or str(error)))
        return found.with_fields(fields)

    # What a task asks of Data Pipeline.

    def get_paginator(self, _: str) -> FirstRun:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """DescribeObjects."""
        found = [find_object(self._pipeline, object_id) for object_id in request["objectIds"]]
        yield {"pipelineObjects": [self._evaluated(each).wire() for each in found if each is not None]}

    def evaluate_expression(self, **request: Any) -> dict[str, str]:
        found = find_object(self._pipeline, request["objectId"])
        if found is None:
            return {"evaluatedExpression": request["expression"]}
        scope = scope_of(self._pipeline, found)
        return {"evaluatedExpression": evaluated_text(request["expression"], scope, _SETTINGS)}


__all__ = ["MOMENTS", "WORKER_GROUP", "FirstRun", "Log", "PlanError", "Run"]
