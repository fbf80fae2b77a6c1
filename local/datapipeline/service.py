"""The operations of AWS Data Pipeline as functions of plain requests and answers. Time is passed in.

API Reference, Actions. PollForTask is an exception: it is not answered at once, see ``poll``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from local.account import ACCOUNT
from local.datapipeline import queries
from local.datapipeline.definition import Definition, read_values
from local.datapipeline.effects import Effect
from local.datapipeline.errors import (
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    TaskNotFoundError,
)
from local.datapipeline.expressions import ExpressionError
from local.datapipeline.field_texts import as_handed_out, evaluated_text
from local.datapipeline.ids import Ids
from local.datapipeline.life import Life
from local.datapipeline.model import Failure, Pipeline, Task, TaskState
from local.datapipeline.objects import Field, PipelineObject
from local.datapipeline.parameters import parameter_problems
from local.datapipeline.plan import PlanError, make_plan
from local.datapipeline.settings import Settings
from local.datapipeline.statuses import PipelineState, Status
from local.datapipeline.tasks import Poll
from local.datapipeline.timers import Timers
from local.datapipeline.validation import validate
from local.datapipeline.views import attempt_object, find_object, instance_object, scope_of
from local.datapipeline.wire import check

PAGE = 100
MAXIMUM_TAGS = 10
MASK = "********"

Request = Mapping[str, Any]
Answer = dict[str, Any]
Operation = Callable[["Service", Request, datetime], Answer]


class Service:
    """The whole state of the service. Not thread-safe."""

    def __init__(self, settings: Settings, random: Random) -> None:
        self._settings = settings
        self._ids = Ids(random)
        self.timers = Timers()
        self._life = Life(settings, self.timers, self._ids)
        self.pipelines: dict[str, Pipeline] = {}

    def call(self, operation: str, request: object, now: datetime) -> Answer:
        """Carry out any operation but PollForTask. Raises ServiceError."""
        self.timers.run_until(now)
        checked = check(operation, request, constraint_error=self._settings.constraint_error)
        return _OPERATIONS[operation](self, checked, now)

    def poll(self, request: object, now: datetime) -> Poll:
        """Start a PollForTask. It is answered once ``take_answered`` returns it."""
        self.timers.run_until(now)
        checked = check("PollForTask", request, constraint_error=self._settings.constraint_error)
        if not checked["workerGroup"]:
            raise InvalidRequestError("workerGroup is empty")
        return self._life.board.poll(checked["workerGroup"], checked.get("hostname"), now)

    def take_answered(self) -> list[Poll]:
        """The polls that were answered since the last call, in order."""
        return self._life.board.take_answered()

    def take_effects(self) -> list[Effect]:
        """What other AWS services have been asked for since the last call, in order."""
        return self._life.take_effects()

    def abandon(self, poll: Poll) -> None:
        """The client of a poll has gone. The setting ``dead_poll`` decides whether the service notices."""
        self._life.board.abandon(poll)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Every task by id, including those that have ended."""
        return self._life.board.by_id

    def forget(self, task: Task) -> None:
        """Forget a task that has ended, to save memory in a long simulation."""
        self._life.board.forget(task)

    def task_object(self, task: Task) -> Answer:
        """The ``taskObject`` of PollForTask's answer."""
        instance, attempt = task.instance, task.attempt
        own = attempt_object(instance, attempt, attempt.fields)
        objects = {own.id: own}
        if self._settings.task_objects == "referenced":
            self._collect(instance.pipeline, own, objects)
        return {
            "taskId": task.id,
            "pipelineId": instance.pipeline.id,
            "attemptId": attempt.id,
            "objects": {object_id: self._as_sent(found) for object_id, found in objects.items()},
        }

    def _collect(
        self, pipeline: Pipeline, source: PipelineObject, objects: dict[str, PipelineObject]
    ) -> None:
        for reference in source.references():
            found = find_object(pipeline, reference)
            if found is not None and reference not in objects:
                objects[reference] = self._evaluated(pipeline, found)
                self._collect(pipeline, found, objects)

    def _evaluated(self, pipeline: Pipeline, found: PipelineObject) -> PipelineObject:
        """An object with its expressions evaluated. A field that cannot be evaluated stays as written."""
        scope = scope_of(pipeline, found)
        fields: list[Field] = []
        for field in found.fields:
            try:
                fields += as_handed_out([field], scope, self._settings)
            except ExpressionError:
                fields.append(field)
        return found.with_fields(fields)

    def _as_sent(self, found: PipelineObject) -> Answer:
        masked = self._settings.secret_fields == "masked"  # noqa: S105 - a setting's value
        fields = (
            Field(field.key, MASK) if masked and field.key.startswith("*") else field
            for field in found.fields
        )
        return found.with_fields(fields).wire()

    # Pipelines

    def _pipeline(self, request: Request) -> Pipeline:
        pipeline = self.pipelines.get(request["pipelineId"])
        if pipeline is None:
            raise PipelineNotFoundError(f"Pipeline with id: {request['pipelineId']} does not exist")
        if pipeline.deleted:
            raise PipelineDeletedError(f"Pipeline with id: {request['pipelineId']} has been deleted")
        return pipeline

    def create_pipeline(self, request: Request, now: datetime) -> Answer:
        living = [pipeline for pipeline in self.pipelines.values() if not pipeline.deleted]
        for pipeline in living:
            if pipeline.unique_id == request["uniqueId"] and pipeline.name == request["name"]:
                return {"pipelineId": pipeline.id}
        if len(living) >= self._settings.maximum_pipelines:
            raise InvalidRequestError(f"An account has at most {self._settings.maximum_pipelines} pipelines")
        pipeline = Pipeline(
            id=self._ids.pipeline(),
            name=request["name"],
            unique_id=request["uniqueId"],
            description=request.get("description"),
            tags=_with_tags({}, request.get("tags") or []),
            created=now,
        )
        self.pipelines[pipeline.id] = pipeline
        return {"pipelineId": pipeline.id}

    def put_pipeline_definition(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        self._not_closed(pipeline)
        definition, answer = self._validated(request)
        if not answer["errored"]:
            pipeline.latest = definition
            pipeline.latest_is_valid = True
            if pipeline.state is PipelineState.FINISHED:
                pipeline.state = PipelineState.PENDING
        return answer

    def validate_pipeline_definition(self, request: Request, now: datetime) -> Answer:
        self._pipeline(request)
        return self._validated(request)[1]

    def _not_closed(self, pipeline: Pipeline) -> None:
        plan = pipeline.plan
        finished = pipeline.state is PipelineState.FINISHED and plan is not None and not plan.on_demand
        if finished and self._settings.finished_pipeline == "closed":
            raise InvalidRequestError(f"Pipeline {pipeline.id} is FINISHED and can no longer be changed")

    def _validated(self, request: Request) -> tuple[Definition, Answer]:
        definition = Definition.read(request)
        findings = validate(definition, self._settings)
        answer = {
            "validationErrors": [{"id": id_, "errors": found} for id_, found in findings.errors.items()],
            "validationWarnings": [
                {"id": id_, "warnings": found} for id_, found in findings.warnings.items()
            ],
            "errored": bool(findings.errors),
        }
        return definition, answer

    def activate_pipeline(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        if not pipeline.latest_is_valid:
            raise InvalidRequestError(f"Pipeline {pipeline.id} has no definition that could be activated")
        if pipeline.state is PipelineState.DEACTIVATING:
            raise InvalidRequestError(f"Pipeline {pipeline.id} is DEACTIVATING")
        start = _timestamp(request.get("startTimestamp"))
        definition = pipeline.latest.with_values(read_values(request.get("parameterValues")))
        if problems := parameter_problems(definition):
            told = "; ".join(f"{id_}: {', '.join(found)}" for id_, found in problems.items())
            raise InvalidRequestError(f"Pipeline {pipeline.id} cannot be activated: {told}")
        first = pipeline.first_activation or now
        try:
            plan = make_plan(definition, first.replace(microsecond=0))
        except PlanError as error:
            raise InvalidRequestError(str(error)) from None
        running = pipeline.open_instances()
        if running and pipeline.plan is not None and pipeline.plan.on_demand:
            if self._settings.activate_running == "refused":
                raise InvalidRequestError(f"Pipeline {pipeline.id} is running already")
            for instance in running:
                self._life.cancel(instance, "The pipeline was activated again.", now)
        pipeline.active = definition
        pipeline.version += 1
        pipeline.first_activation = first
        self._life.run(pipeline, plan, now, start)
        return {}

    def deactivate_pipeline(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        if pipeline.state is PipelineState.PENDING:
            raise InvalidRequestError(f"Pipeline {pipeline.id} is not active")
        self._life.stop(pipeline, now, cancel=request.get("cancelActive", True))
        return {}

    def delete_pipeline(self, request: Request, now: datetime) -> Answer:
        self._life.delete(self._pipeline(request), now)
        return {}

    def get_pipeline_definition(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        version = request.get("version") or "latest"
        if version not in ("latest", "active"):
            raise InvalidRequestError(f"'version' is latest or active, not '{version}'")
        definition = pipeline.latest if version == "latest" else pipeline.active
        if definition is None:
            raise InvalidRequestError(f"Pipeline {pipeline.id} has no active definition")
        return {
            "pipelineObjects": [found.wire() for found in definition.objects],
            "parameterObjects": [parameter.wire() for parameter in definition.parameters],
            "parameterValues": [{"id": id_, "stringValue": value} for id_, value in definition.values],
        }

    def list_pipelines(self, request: Request, now: datetime) -> Answer:
        living = [
            {"id": pipeline.id, "name": pipeline.name}
            for pipeline in self.pipelines.values()
            if not pipeline.deleted
        ]
        found, more = queries.page(living, request.get("marker"), PAGE)
        return {"pipelineIdList": found, **more}

    def describe_pipelines(self, request: Request, now: datetime) -> Answer:
        found = [self._pipeline({"pipelineId": pipeline_id}) for pipeline_id in request["pipelineIds"]]
        return {"pipelineDescriptionList": [_description(pipeline) for pipeline in found]}

    def add_tags(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        pipeline.tags = _with_tags(pipeline.tags, request["tags"])
        return {}

    def remove_tags(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        for key in request["tagKeys"]:
            pipeline.tags.pop(key, None)
        return {}

    # Objects

    def describe_objects(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        ids = request["objectIds"]
        if len(ids) > self._settings.describe_objects_limit:
            most = self._settings.describe_objects_limit
            raise InvalidRequestError(f"At most {most} objects can be described at once, not {len(ids)}")
        objects = [found for object_id in ids if (found := find_object(pipeline, object_id)) is not None]
        if request.get("evaluateExpressions"):
            objects = [self._evaluated(pipeline, found) for found in objects]
        found_page, more = queries.page(objects, request.get("marker"), PAGE)
        return {"pipelineObjects": [self._as_sent(shown) for shown in found_page], **more}

    def query_objects(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        limit = request.get("limit") or PAGE
        if limit < 1:
            raise InvalidRequestError("'limit' is less than 1")
        query = request.get("query")
        ids = self._found(pipeline, request["sphere"], query)
        found, more = queries.page(ids, request.get("marker"), min(limit, PAGE))
        return {"ids": found, **more}

    def _found(self, pipeline: Pipeline, sphere: str, query: Mapping[str, Any] | None) -> list[str]:
        if sphere == "INSTANCE" and not (query or {}).get("selectors"):
            return list(pipeline.instances)
        candidates = self._sphere(pipeline, sphere, query)
        if not candidates:
            queries.matches(query, PipelineObject("", ""))
        return [candidate.id for candidate in candidates if queries.matches(query, candidate)]

    def _sphere(
        self, pipeline: Pipeline, sphere: str, query: Mapping[str, Any] | None
    ) -> list[PipelineObject]:
        """The objects of a sphere, except instances and attempts that the query cannot want."""
        wanted = queries.may_be_wanted(query)
        instances = [each for each in pipeline.instances.values() if wanted(each.interval.start)]
        if sphere == "COMPONENT":
            definition = pipeline.active or pipeline.latest
            found = (find_object(pipeline, component.id) for component in definition.objects)
            return [object_ for object_ in found if object_ is not None]
        if sphere == "INSTANCE":
            return [instance_object(instance) for instance in instances]
        if sphere == "ATTEMPT":
            return [attempt_object(i, attempt, attempt.fields) for i in instances for attempt in i.attempts]
        raise InvalidRequestError(f"'sphere' is COMPONENT, INSTANCE or ATTEMPT, not '{sphere}'")

    def evaluate_expression(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        found = find_object(pipeline, request["objectId"])
        if found is None:
            raise InvalidRequestError(f"There is no object '{request['objectId']}' in {pipeline.id}")
        try:
            answer = evaluated_text(request["expression"], scope_of(pipeline, found), self._settings)
        except ExpressionError as error:
            raise InvalidRequestError(str(error)) from None
        return {"evaluatedExpression": answer}

    def set_status(self, request: Request, now: datetime) -> Answer:
        pipeline = self._pipeline(request)
        self._not_closed(pipeline)
        status, ids = request["status"], request["objectIds"]
        if status in ("PAUSE", "RESUME"):
            plan = pipeline.plan
            unknown = [i for i in ids if plan is None or i not in plan.components]
            if unknown:
                raise InvalidRequestError(
                    f"{status} is for components of activities and data nodes: {unknown}"
                )
            pipeline.paused = pipeline.paused | set(ids) if status == "PAUSE" else pipeline.paused - set(ids)
        elif status in ("TRY_CANCEL", "RERUN", "MARK_FINISHED"):
            unknown = [i for i in ids if i not in pipeline.instances]
            if unknown:
                raise InvalidRequestError(f"{status} is for instances: {unknown}")
            for instance in (pipeline.instances[i] for i in ids):
                if status == "TRY_CANCEL":
                    self._life.cancel(instance, "Canceled by SetStatus.", now)
                elif status == "RERUN":
                    self._life.rerun(instance, now)
                else:
                    self._life.mark_finished(instance, now)
        else:
            raise InvalidRequestError(
                f"'status' is PAUSE, RESUME, TRY_CANCEL, RERUN or MARK_FINISHED, not '{status}'"
            )
        self._life.resume(pipeline, now)
        return {}

    def precondition_answered(self, pipeline_id: str, attempt_id: str, met: bool, now: datetime) -> None:
        """Take the result of a CheckPrecondition."""
        self.timers.run_until(now)
        for instance in self.pipelines[pipeline_id].open_instances():
            attempt = instance.attempt
            if attempt is not None and attempt.id == attempt_id:
                self._life.precondition_answered(instance, attempt, met, now)

    # Task runners

    def _task(self, request: Request) -> Task:
        task = self._life.board.by_id.get(request["taskId"])
        if task is None:
            raise TaskNotFoundError("The task was not found")
        pipeline = task.instance.pipeline
        if pipeline.deleted and self._settings.deleted_pipeline != "canceled":
            if self._settings.deleted_pipeline == "deleted":
                raise PipelineDeletedError(f"Pipeline with id: {pipeline.id} has been deleted")
            raise TaskNotFoundError("The task was not found")
        return task

    def report_task_progress(self, request: Request, now: datetime) -> Answer:
        task = self._task(request)
        if task.state is TaskState.OVER:
            if self._settings.late_progress == "refused":
                raise TaskNotFoundError("The task is over")
            return {"canceled": True}
        task.attempt.progress_time = now
        fields = tuple(Field.read(wire) for wire in request.get("fields") or ())
        replaced = {field.key for field in fields}
        kept = (field for field in task.attempt.progress_fields if field.key not in replaced)
        task.attempt.progress_fields = (*kept, *fields)
        self._life.board.acknowledge(task, now)
        return {"canceled": False}

    def set_task_status(self, request: Request, now: datetime) -> Answer:
        task = self._task(request)
        if (request.get("errorId") or "").startswith("Service_"):
            raise InvalidRequestError("errorId cannot start with Service_")
        if task.state is TaskState.OVER:
            if self._settings.late_status == "refused":
                raise TaskNotFoundError("The task is over")
            return {}
        said = request["taskStatus"]
        failure = Failure(request.get("errorId"), request.get("errorMessage"), request.get("errorStackTrace"))
        self._life.report(
            task,
            None if said == "FALSE" else Status(said),
            failure if said == "FAILED" else None,
            now,
        )
        return {}

    def report_task_runner_heartbeat(self, request: Request, now: datetime) -> Answer:
        return {"terminate": False}


def _timestamp(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidRequestError(f"startTimestamp {seconds} is not a time") from None


def _with_tags(tags: Mapping[str, str], added: list[dict[str, str]]) -> dict[str, str]:
    merged = {**tags, **{tag["key"]: tag["value"] for tag in added}}
    if len(merged) > MAXIMUM_TAGS:
        raise InvalidRequestError(f"A pipeline has at most {MAXIMUM_TAGS} tags")
    return merged


def _description(pipeline: Pipeline) -> Answer:
    state = pipeline.state
    fields = [
        Field("@pipelineState", state),
        Field("name", pipeline.name),
        Field("uniqueId", pipeline.unique_id),
        Field("@id", pipeline.id),
        Field("@sphere", "PIPELINE"),
        Field("@accountId", ACCOUNT),
        Field("@userId", ACCOUNT),
        Field("pipelineCreator", ACCOUNT),
        Field("@version", str(pipeline.version)),
    ]
    if pipeline.description:
        fields.append(Field("description", pipeline.description))
    for key, moment in (
        ("@creationTime", pipeline.created),
        ("@firstActivationTime", pipeline.first_activation),
        ("@lastActivationTime", pipeline.latest_run),
        ("@latestRunTime", pipeline.latest_run),
        ("@lastDeactivationTime", pipeline.deactivated),
        ("@nextRunTime", min(pipeline.next_start.values(), default=None)),
    ):
        if moment is not None:
            fields.append(Field(key, moment.strftime("%Y-%m-%dT%H:%M:%S")))
    failed = [
        instance
        for instance in pipeline.instances.values()
        if instance.status in (Status.FAILED, Status.CASCADE_FAILED)
    ]
    fields.append(Field("@healthStatus", "ERROR" if failed else "HEALTHY"))
    return {
        "pipelineId": pipeline.id,
        "name": pipeline.name,
        **({"description": pipeline.description} if pipeline.description else {}),
        "fields": [field.wire() for field in fields],
        "tags": [{"key": key, "value": value} for key, value in pipeline.tags.items()],
    }


_OPERATIONS: dict[str, Operation] = {
    "ActivatePipeline": Service.activate_pipeline,
    "AddTags": Service.add_tags,
    "CreatePipeline": Service.create_pipeline,
    "DeactivatePipeline": Service.deactivate_pipeline,
    "DeletePipeline": Service.delete_pipeline,
    "DescribeObjects": Service.describe_objects,
    "DescribePipelines": Service.describe_pipelines,
    "EvaluateExpression": Service.evaluate_expression,
    "GetPipelineDefinition": Service.get_pipeline_definition,
    "ListPipelines": Service.list_pipelines,
    "PutPipelineDefinition": Service.put_pipeline_definition,
    "QueryObjects": Service.query_objects,
    "RemoveTags": Service.remove_tags,
    "ReportTaskProgress": Service.report_task_progress,
    "ReportTaskRunnerHeartbeat": Service.report_task_runner_heartbeat,
    "SetStatus": Service.set_status,
    "SetTaskStatus": Service.set_task_status,
    "ValidatePipelineDefinition": Service.validate_pipeline_definition,
}
