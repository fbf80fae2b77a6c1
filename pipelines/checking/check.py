"""The verdict on each activity and precondition of a definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from local.datapipeline.definition import DEFAULT, Definition, Parameter
from local.datapipeline.object_types import SYSTEM_PRECONDITIONS, Kind, kind_of, object_types
from local.datapipeline.objects import PipelineObject as ServiceObject
from local.datapipeline.plan import PlanError
from local.datapipeline.settings import Settings
from local.datapipeline.validation import MAXIMUM_OBJECTS, validate
from pipelines.checking import copy, emr, exists, redshift_copy, shell, sql
from pipelines.checking.dependencies import after_others
from pipelines.checking.fields import check_fields
from pipelines.checking.first_run import MOMENTS, WORKER_GROUP, FirstRun, Run
from pipelines.checking.resources import check_resource
from pipelines.checking.subject import Subject
from pipelines.checking.types import advice_for
from pipelines.checking.variants import together
from pipelines.checking.verdict import ActivityVerdict, Needs, PipelineVerdict, Reason, Verdict
from pipelines.checking.worker_group import RUNS_ON, on_worker_group
from pipelines.commands.findings import Kind as Found
from pipelines.reading.source import Problem, Source, stand_in

_MOVING = "docs/moving-from-task-runner.md"
_CHECKS: Mapping[str, Callable[[Subject], None]] = {
    "shell_command": shell.check,
    "shell_command_precondition": shell.check,
    "exists": exists.check,
    "sql": sql.check,
    "copy": copy.check,
    "redshift_copy": redshift_copy.check,
    "emr": emr.check,
}
"""By the function of infra.handlers that makes the handler."""


@dataclass(frozen=True)
class Facts:
    """What only the service knows of a live pipeline."""

    minutes: Mapping[str, float]
    """How long the longest of a component's last runs took."""


NO_FACTS = Facts({})

_LONGEST_VALUE = 10_240
"""API Reference, Field: characters of a stringValue."""
_MOST_OBJECTS = 10 * MAXIMUM_OBJECTS
"""Ten times the service's limit, which it may have raised for somebody."""


def check(source: Source, facts: Facts = NO_FACTS) -> PipelineVerdict:
    """The verdicts on all activities and preconditions, in the order of the definition."""
    found = _check(source, facts)
    variants = []
    for variant in source.variants:
        other = replace(source, definition=variant.definition, variants=())
        variants.append((variant.condition, _check(other, facts)))
    return together(found, variants) if variants else found


def _check(source: Source, facts: Facts) -> PipelineVerdict:
    if len(source.definition.objects) > _MOST_OBJECTS:
        return _too_many(source)
    definition, without_value = _with_values(source.definition)
    subjects = [
        one
        for one in definition.objects
        if _is_subject(definition, one) and definition.flattened(one).type not in source.unknown
    ]
    for_all = [*_refused(source, definition), *without_value]
    moved = on_worker_group(definition, WORKER_GROUP)
    runs: list[Run] = []
    try:
        runs = [FirstRun(moved.definition, moment).run() for moment in MOMENTS]
    except (PlanError, RecursionError) as error:
        message = f"the service refuses the definition: {error}"
        for_all.append(Reason(Verdict.CHANGE, getattr(error, "object_id", ""), message, _MOVING))
    verdicts = []
    unread = list(_of_unknown_type(source))
    if not subjects:
        # Nothing else would tell of them.
        unread += [
            f"'{problem.object_id}': {problem.field}: {problem.message}" for problem in source.problems
        ]
    for component in subjects:
        flat = definition.flattened(component)
        resource = moved.resources.get(component.id)
        verdict, unknown = _verdict(definition, flat, resource, runs, for_all, facts)
        if line := _not_told(source, flat, [*_texts(runs, flat), *unknown]):
            unread.append(line)
        else:
            verdicts.append(verdict)
    waiting = after_others(definition, verdicts)
    groups = tuple(_worker_groups(definition, subjects))
    return PipelineVerdict(source.name, tuple(waiting), groups, tuple(unread))


def _of_unknown_type(source: Source) -> Iterator[str]:
    """A line for each object of which not even the type is known."""
    for component in source.definition.objects:
        type_name = source.definition.flattened(component).type or ""
        if type_name in source.unknown:
            yield f"'{component.id}': its type is {source.unknown[type_name]}, which the file does not tell"


_WORK = ("command", "script", "step", "hiveScript")
"""Fields that say what an activity does."""


def _texts(runs: Sequence[Run], flat: ServiceObject) -> Iterator[str]:
    task = runs[0].tasks.get(flat.id) if runs else None
    for name in _WORK if task else ():
        yield from task.strings(name) if task and name in task else ()


def _not_told(source: Source, flat: ServiceObject, texts: Sequence[str]) -> str:
    """A line if what an activity does is something that only a deployment knows; else empty."""
    for text in texts:
        name = next((each for each in source.unknown if text == each or text.startswith(f"{each} ")), None)
        if name is not None:
            return f"'{flat.id}': what it runs is {source.unknown[name]}, which the file does not tell"
    return ""


def _too_many(source: Source) -> PipelineVerdict:
    """The verdicts on what no service takes. Looking into it could take hours."""
    count = len(source.definition.objects)
    message = f"the definition cannot be put: it has {count:,} objects, and {MAXIMUM_OBJECTS} are possible"
    reason = Reason(Verdict.CHANGE, "objects", message, _MOVING)
    found = [
        ActivityVerdict(each.id, each.type or "", (reason,), Needs())
        for each in source.definition.objects
        if kind_of(each.type) in {Kind.ACTIVITY, Kind.PRECONDITION}
    ]
    return PipelineVerdict(source.name, tuple(found))


def _verdict(
    definition: Definition,
    flat: ServiceObject,
    resource: ServiceObject | None,
    runs: Sequence[Run],
    for_all: Sequence[Reason],
    facts: Facts,
) -> tuple[ActivityVerdict, set[str]]:
    """The verdict, and commands of which only what stands for them is known."""
    type_name = flat.type or ""
    if type_name in SYSTEM_PRECONDITIONS:
        advice = advice_for(type_name)
        reason = Reason(advice.verdict, "type", advice.message, advice.page)
        return ActivityVerdict(flat.id, type_name, (*for_all, reason), Needs()), set()
    task = runs[0].tasks.get(flat.id) if runs else None
    if task is None:
        return ActivityVerdict(flat.id, type_name, (*for_all, *_without_run(flat, runs)), Needs()), set()
    advice = advice_for(type_name)
    subject = Subject(flat.id, task, runs[1].tasks.get(flat.id), advice.page)
    subject.reasons += for_all
    own = flat.string("myHandler")
    if own:
        subject.say(
            Verdict.SETTINGS,
            "myHandler",
            f"app.py has to register a handler for '{own}'",
            "docs/writing-handlers.md#routes",
        )
        subject.needs.route = own
    elif advice.message:
        subject.say(advice.verdict, "type", advice.message, advice.page)
    for field, problem in runs[0].problems.get(flat.id, []):
        subject.say(
            Verdict.CHANGE, field, f"its expression cannot be evaluated: {problem}", f"{_MOVING}#1-check"
        )
    check_resource(subject, definition, flat, resource)
    check_fields(subject, flat)
    if not own and advice.handler:
        subject.needs.route = type_name
        # What a check does not look for itself, the handler's code refuses all the same.
        with subject.noting("type"):
            _CHECKS[advice.handler](subject)
    _duration(subject, facts.minutes.get(flat.id))
    return ActivityVerdict(flat.id, type_name, tuple(subject.reasons), subject.needs), subject.unknown


def _without_run(flat: ServiceObject, runs: Sequence[Run]) -> Iterator[Reason]:
    """Why a component has no task in a first run."""
    advice = advice_for(flat.type or "")
    if advice.verdict is Verdict.IMPOSSIBLE:
        yield Reason(advice.verdict, "type", advice.message, advice.page)
    elif runs and kind_of(flat.type) is Kind.PRECONDITION:
        yield Reason(
            Verdict.RUNS, "precondition", "nothing refers to it, so it is never checked", advice.page
        )
    elif runs:
        yield Reason(Verdict.CHANGE, "type", "the service would not run it", advice.page)


def _is_subject(definition: Definition, component: ServiceObject) -> bool:
    if component.id == DEFAULT:
        return False
    flat = definition.flattened(component)
    kind = kind_of(flat.type)
    if kind in {Kind.ACTIVITY, Kind.PRECONDITION}:
        return True
    runs = flat.references(RUNS_ON) or flat.string("workerGroup")
    return bool(flat.type and flat.type not in object_types() and component.type and runs)


def _worker_groups(definition: Definition, subjects: Sequence[ServiceObject]) -> Iterator[str]:
    for component in subjects:
        flat = definition.flattened(component)
        group = flat.string("workerGroup")
        if group and not flat.references(RUNS_ON) and "#{" not in group:
            yield group


def _refused(source: Source, definition: Definition) -> Iterator[Reason]:
    """Why the service would not take the definition, so that nothing in it runs."""
    for problem in source.problems:
        yield _cannot_be_put(problem)
    if source.is_live:
        return
    moved = on_worker_group(definition, WORKER_GROUP).definition
    if not moved.objects:
        return
    for component in moved.objects:
        for one in component.fields:
            if len(one.value) > _LONGEST_VALUE:
                message = f"it has {len(one.value):,} characters, and {_LONGEST_VALUE:,} are possible"
                yield _cannot_be_put(Problem(component.id, one.key, message))
    findings = validate(moved, Settings())
    for object_id, errors in findings.errors.items():
        for error in errors:
            if any(error.startswith(f"'{text}' is not a type") for text in source.unknown):
                continue
            field = re.match(r"'([^']+)'", error)
            yield _cannot_be_put(Problem(object_id, field[1] if field else "", error))


def _cannot_be_put(problem: Problem) -> Reason:
    what = f"'{problem.object_id}'" + (
        f", field '{problem.field}'" if problem.field and problem.field not in problem.message else ""
    )
    message = f"the definition cannot be put: {what}: {problem.message}"
    return Reason(Verdict.CHANGE, problem.field or problem.object_id, message, _MOVING)


def _with_values(definition: Definition) -> tuple[Definition, list[Reason]]:
    """The definition with something in the place of each value that is missing, and the reasons."""
    missing = definition.without_value(optional=False)
    if not missing:
        return definition, []
    given = tuple((one.id, _value(one)) for one in definition.parameters if one.id in missing)
    reasons = [
        Reason(
            Verdict.SETTINGS,
            name,
            f"the parameter has no value here: give it one when you put or activate the definition "
            f"(here: check --value {name}=…)",
            _MOVING,
        )
        for name in missing
    ]
    return Definition(definition.objects, definition.parameters, (*definition.values, *given)), reasons


def _value(parameter: Parameter) -> str:
    """A value that the parameter may have, and that shows as unknown where it may be any text."""
    allowed = parameter.strings("allowedValues")
    if allowed:
        return allowed[0]
    kind = (parameter.strings("type") or ["String"])[0].lower()
    if kind in {"integer", "double"}:
        return "1"
    name = stand_in(parameter.id.lstrip("*"))
    return f"s3://{name}" if kind == "aws::s3::objectkey" else name


def _duration(subject: Subject, minutes: float | None) -> None:
    """What the last runs of a live pipeline tell."""
    if minutes is None:
        return
    subject.needs.minutes = minutes
    shown = timedelta(seconds=round(minutes * 60))
    if minutes > LONGEST_MINUTES and subject.needs.route in _ENDS_WITH_ITS_FUNCTION:
        subject.found(Found.HOURS, "attemptTimeout", f"the longest of its last runs, {shown},")
    else:
        page = f"{_MOVING}#longer-than-15-minutes"
        subject.say(Verdict.RUNS, "attemptTimeout", f"the longest of its last runs took {shown}", page)


LONGEST_MINUTES = 14 + 50 / 60
_ENDS_WITH_ITS_FUNCTION = {"ShellCommandActivity", "ShellCommandPrecondition", "SqlActivity", "CopyActivity"}
"""Types whose work goes on in the function. The others leave it to other services, and are called again."""
