"""The calls that IAM must allow for an operation of Data Pipeline, with the service's condition keys.

Service authorization reference, AWS Data Pipeline. The developer guide ("Controlling access to pipelines and
resources") says that the task runners' actions have no resource: hence the setting ``call_resource``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local.datapipeline.definition import Definition
from local.datapipeline.model import Pipeline, Task
from local.datapipeline.settings import Settings
from local.permissions.calls import Call

_WITHOUT_RESOURCE = {
    "CreatePipeline",
    "ListPipelines",
    "PollForTask",
    "ReportTaskRunnerHeartbeat",
}
_OF_TASK_RUNNERS = {"DescribeObjects", "EvaluateExpression", "ReportTaskProgress", "SetTaskStatus"}
"""Those that have no resource under only one of the two sources."""

_BY_WORKER_GROUP = {
    "ActivatePipeline",
    "DeactivatePipeline",
    "GetPipelineDefinition",
    "PutPipelineDefinition",
    "ValidatePipelineDefinition",
}


class NeededCalls:
    """Finds pipelines and tasks by their ids."""

    def __init__(
        self,
        settings: Settings,
        *,
        pipelines: Mapping[str, Pipeline],
        tasks: Mapping[str, Task],
        region: str,
        account: str,
    ) -> None:
        self._settings = settings
        self._pipelines = pipelines
        self._tasks = tasks
        self._arn = f"arn:aws:datapipeline:{region}:{account}:pipeline/"
        self._account = account

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that must be allowed: one, or one for each pipeline that the request names."""
        action = f"datapipeline:{operation}"
        if operation == "PollForTask":
            return [Call(action, context=_groups([request.get("workerGroup")]))]
        if operation in _WITHOUT_RESOURCE:
            tags = request.get("tags")
            return [Call(action, context=_tags(_pairs(tags)) if operation == "CreatePipeline" else {})]
        if operation in ("ReportTaskProgress", "SetTaskStatus"):
            task = self._tasks.get(str(request.get("taskId")))
            named = [] if task is None else [task.instance.pipeline.id]
        else:
            ids = request.get("pipelineIds")
            named = list(map(str, ids if isinstance(ids, list) else [request.get("pipelineId")]))
        return [self._call(operation, request, pipeline_id) for pipeline_id in named] or [Call(action)]

    def _call(self, operation: str, request: Mapping[str, Any], pipeline_id: str) -> Call:
        resource = f"{self._arn}{pipeline_id}"
        if operation in _OF_TASK_RUNNERS and self._settings.call_resource == "none":
            resource = "*"
        pipeline = self._pipelines.get(pipeline_id)
        if pipeline is None or operation in ("ReportTaskProgress", "SetTaskStatus"):
            return Call(f"datapipeline:{operation}", resource)
        context: dict[str, str | list[str]] = {
            "datapipeline:pipelinecreator": self._account,
            **_tags(pipeline.tags),
        }
        if operation in _BY_WORKER_GROUP:
            given = "pipelineObjects" in request
            definition = _definition(request) if given else (pipeline.active or pipeline.latest)
            context |= _groups(_worker_groups(definition))
        return Call(f"datapipeline:{operation}", resource, context)


def _definition(request: Mapping[str, Any]) -> Definition | None:
    try:
        return Definition.read(request)
    except (KeyError, TypeError, AttributeError):
        return None  # The service refuses it and says why.


def _worker_groups(definition: Definition | None) -> list[str]:
    objects = () if definition is None else definition.objects
    return sorted({group for found in objects if (group := found.string("workerGroup"))})


def _groups(names: Iterable[object]) -> dict[str, str | list[str]]:
    given = [str(name) for name in names if name]
    return {"datapipeline:workergroup": given[0] if len(given) == 1 else given} if given else {}


def _tags(tags: Mapping[str, str]) -> dict[str, str | list[str]]:
    return {f"datapipeline:tag/{key}".lower(): value for key, value in tags.items()}


def _pairs(tags: object) -> dict[str, str]:
    listed = tags if isinstance(tags, list) else []
    return {str(tag.get("key")): str(tag.get("value")) for tag in listed if isinstance(tag, dict)}
