"""Plans what a definition runs: the runnable components, when they are due, and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from local.datapipeline.definition import Definition
from local.datapipeline.expressions import ExpressionError, evaluate
from local.datapipeline.object_types import Kind, kind_of, object_types
from local.datapipeline.objects import PipelineObject
from local.datapipeline.periods import Period, parse_period
from local.datapipeline.schedule import MAXIMUM_PERIOD, MINIMUM_PERIOD, Recurrence, ScheduleType
from local.datapipeline.scopes import ObjectScope
from local.datapipeline.timestamps import parse_timestamp

FIRST_ACTIVATION = "FIRST_ACTIVATION_DATE_TIME"
MAXIMUM_ACTIVE_INSTANCES = 5


class PlanError(Exception):
    """A definition that cannot run. `object_id` names the object at fault."""

    def __init__(self, object_id: str, message: str) -> None:
        super().__init__(f"{object_id}: {message}")
        self.object_id = object_id
        self.message = message


@dataclass(frozen=True)
class Component:
    """A component that gets instances, with all that it inherits."""

    object: PipelineObject
    kind: Kind
    schedule_type: ScheduleType
    recurrence: Recurrence | None
    depends_on: tuple[str, ...]
    max_active: int

    @property
    def id(self) -> str:
        return self.object.id


@dataclass(frozen=True)
class Plan:
    definition: Definition
    components: dict[str, Component] = field(default_factory=dict)

    @property
    def on_demand(self) -> bool:
        return any(component.schedule_type == "ondemand" for component in self.components.values())

    def flattened(self, object_id: str) -> PipelineObject | None:
        component = self.definition.by_id.get(object_id)
        return None if component is None else self.definition.flattened(component)

    def scope(self, component: PipelineObject) -> ObjectScope:
        return ObjectScope(component, self.definition, self.flattened)


def make_plan(definition: Definition, first_activation: datetime) -> Plan:
    """Raises PlanError for a schedule that cannot be read."""
    plan = Plan(definition)
    runnable = {
        flat.id: (flat, kind)
        for flat in map(definition.flattened, definition.objects)
        if flat.id != "Default" and (kind := runs_as(flat)).is_runnable
    }
    for flat, kind in runnable.values():
        schedule_type = read_schedule_type(plan, flat)
        _check_simple_values(flat)
        plan.components[flat.id] = Component(
            object=flat,
            kind=kind,
            # Developer Guide, Resources Ignore Schedule Type: always at the beginning of the interval.
            schedule_type="cron"
            if kind is Kind.RESOURCE and schedule_type == "timeseries"
            else schedule_type,
            recurrence=None if schedule_type == "ondemand" else _recurrence(plan, flat, first_activation),
            depends_on=tuple(dict.fromkeys(_dependencies(flat, kind, runnable))),
            max_active=_integer(plan, flat, "maxActiveInstances") or MAXIMUM_ACTIVE_INSTANCES,
        )
    return plan


def runs_as(component: PipelineObject) -> Kind:
    """The kind of a component. A component of an unknown type with a worker group is an activity."""
    kind = kind_of(component.type)
    if kind is Kind.OTHER and component.type not in object_types() and component.string("workerGroup"):
        return Kind.ACTIVITY
    return kind


def read_schedule_type(plan: Plan, component: PipelineObject) -> ScheduleType:
    text = (_text(plan, component, "scheduleType") or "timeseries").lower()
    known: dict[str, ScheduleType] = {"cron": "cron", "timeseries": "timeseries", "ondemand": "ondemand"}
    if text not in known:
        raise PlanError(component.id, f"'scheduleType' is cron, timeseries or ondemand, not '{text}'")
    return known[text]


def _dependencies(
    component: PipelineObject, kind: Kind, runnable: dict[str, tuple[PipelineObject, Kind]]
) -> list[str]:
    wanted = component.references("dependsOn")
    if kind is Kind.ACTIVITY:
        wanted += component.references("input") + component.references("runsOn")
    if kind is Kind.DATA_NODE:
        # Readers of a data node wait for its writers, which orders activities without dependsOn.
        wanted += [
            other.id
            for other, _ in runnable.values()
            if component.id in other.references("output") and component.id not in other.references("input")
        ]
    return [object_id for object_id in wanted if object_id in runnable]


def _recurrence(plan: Plan, component: PipelineObject, first_activation: datetime) -> Recurrence:
    schedule = plan.flattened(component.reference("schedule") or "")
    if schedule is None:
        raise PlanError(component.id, "a 'schedule' is missing")
    return read_recurrence(plan, schedule, first_activation)


def read_recurrence(plan: Plan, schedule: PipelineObject, first_activation: datetime) -> Recurrence:
    """Raises PlanError for a Schedule whose fields cannot be read."""
    period = _period(plan, schedule)
    if not MINIMUM_PERIOD <= period.shortest <= MAXIMUM_PERIOD:
        raise PlanError(schedule.id, f"'period' is 15 minutes at least and 3 years at most, not '{period}'")
    return Recurrence(
        start=_moment(plan, schedule, "startDateTime") or first_activation,
        period=period,
        occurrences=_integer(plan, schedule, "occurrences"),
        end=_moment(plan, schedule, "endDateTime"),
    )


def _text(plan: Plan, component: PipelineObject, key: Literal["scheduleType"] | str) -> str | None:
    text = component.string(key)
    if text is None:
        return None
    try:
        return evaluate(text, plan.scope(component))[0]
    except ExpressionError as error:
        raise PlanError(component.id, f"'{key}': {error}") from None


def _period(plan: Plan, schedule: PipelineObject) -> Period:
    text = _text(plan, schedule, "period")
    period = parse_period(text or "")
    if period is None or period.count == 0:
        raise PlanError(schedule.id, f"'period' is a period such as '1 day', not '{text}'")
    return period


def _moment(plan: Plan, schedule: PipelineObject, key: str) -> datetime | None:
    text = _text(plan, schedule, key)
    moment = None if text is None else parse_timestamp(text)
    if text is not None and moment is None:
        raise PlanError(schedule.id, f"'{key}' is a DateTime such as 2012-12-12T00:00:00, not '{text}'")
    return moment


def _check_simple_values(component: PipelineObject) -> None:
    """Refuse values of a wrong type (Developer Guide, Simple Data Types), as those of schedules are.

    A period in attemptTimeout is left to whoever runs the task. Expressions are evaluated later.
    """
    retries = component.string("maximumRetries") or "0"
    if "#{" not in retries and not retries.isdecimal():
        raise PlanError(component.id, f"'maximumRetries' is a whole number, not '{retries}'")
    for key in ("retryDelay", "lateAfterTimeout", "preconditionTimeout"):
        text = component.string(key)
        if text is not None and "#{" not in text and parse_period(text) is None:
            raise PlanError(component.id, f"'{key}' is a period such as '1 hour', not '{text}'")
    mode = component.string("failureAndRerunMode") or "none"
    if "#{" not in mode and mode.lower() not in {"cascade", "none"}:
        raise PlanError(component.id, f"'failureAndRerunMode' is cascade or none, not '{mode}'")


def _integer(plan: Plan, component: PipelineObject, key: str) -> int | None:
    text = _text(plan, component, key)
    if text is not None and not text.isdecimal():
        raise PlanError(component.id, f"'{key}' is a whole number, not '{text}'")
    return None if text is None else int(text)
