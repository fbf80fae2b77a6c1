"""One account of the service, with a clock that the test moves, and the calls of a runner and a user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.datapipeline.service import Service
from local.datapipeline.settings import Settings

GROUP = "etl"
START = datetime(2024, 1, 31, 12, tzinfo=UTC)


def pipeline_object(object_id: str, **fields: str | tuple[str, ...] | list[str]) -> dict[str, Any]:
    """A tuple stands for references, a list for repeated strings, and a leading ``_`` of a key for ``*``."""
    wire = []
    for key, value in fields.items():
        name = f"*{key[1:]}" if key.startswith("_") else key
        if isinstance(value, tuple):
            wire += [{"key": name, "refValue": reference} for reference in value]
        else:
            values = [value] if isinstance(value, str) else value
            wire += [{"key": name, "stringValue": string} for string in values]
    return {"id": object_id, "name": object_id, "fields": wire}


def shell(object_id: str, **fields: Any) -> dict[str, Any]:
    return pipeline_object(object_id, **{"type": "ShellCommandActivity", "command": "true", **fields})


ON_DEMAND = pipeline_object("Default", scheduleType="ondemand", workerGroup=GROUP)


def values(wire: Mapping[str, Any], key: str) -> list[str]:
    fields = wire["fields"]
    return [entry.get("stringValue", entry.get("refValue")) for entry in fields if entry["key"] == key]


@dataclass
class Account:
    settings: Settings = field(default_factory=Settings)
    now: datetime = START
    dead_poll: str = "noticed"
    """Replaces that of ``settings``: a poll that a test gives up must not take the next task with it."""

    def __post_init__(self) -> None:
        self.service = Service(replace(self.settings, dead_poll=self.dead_poll), Random(1))  # noqa: S311

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, self.now)

    def pass_time(self, **amount: float) -> None:
        self.now += timedelta(**amount)
        self.service.timers.run_until(self.now)

    def create(self, name: str = "p") -> str:
        pipeline_id: str = self("CreatePipeline", name=name, uniqueId=name)["pipelineId"]
        return pipeline_id

    def put(self, pipeline_id: str, objects: Iterable[dict[str, Any]], **more: Any) -> dict[str, Any]:
        request = {"pipelineId": pipeline_id, "pipelineObjects": list(objects), **more}
        return self("PutPipelineDefinition", **request)

    def start(self, *objects: dict[str, Any], default: dict[str, Any] = ON_DEMAND, **more: Any) -> str:
        """Create, define and activate a pipeline. Returns its id."""
        pipeline_id = self.create()
        answer = self.put(pipeline_id, [default, *objects], **more)
        assert not answer["errored"], answer
        self("ActivatePipeline", pipelineId=pipeline_id)
        return pipeline_id

    def poll(self, group: str = GROUP) -> dict[str, Any] | None:
        """The task that a poll gets at once, if any. Else the poll is given up, and the service notices."""
        poll = self.service.poll({"workerGroup": group, "hostname": "host"}, self.now)
        if poll.task is None:
            self.service.abandon(poll)
            return None
        return self.service.task_object(poll.task)

    def take(self, group: str = GROUP) -> dict[str, Any]:
        """Poll for a task and acknowledge it."""
        task = self.poll(group)
        assert task is not None, "no task is ready"
        assert self.progress(task) is False
        return task

    def progress(self, task: Mapping[str, Any]) -> bool:
        canceled: bool = self("ReportTaskProgress", taskId=task["taskId"])["canceled"]
        return canceled

    def end(self, task: Mapping[str, Any], status: str = "FINISHED", **more: str) -> None:
        self("SetTaskStatus", taskId=task["taskId"], taskStatus=status, **more)

    def objects(self, pipeline_id: str, sphere: str) -> dict[str, dict[str, Any]]:
        ids = self("QueryObjects", pipelineId=pipeline_id, sphere=sphere)["ids"]
        described = self("DescribeObjects", pipelineId=pipeline_id, objectIds=ids)["pipelineObjects"]
        return {wire["id"]: wire for wire in described}

    def instance_id(self, pipeline_id: str, component: str) -> str:
        found = self.objects(pipeline_id, "INSTANCE").items()
        return next(id_ for id_, instance in found if values(instance, "@componentParent") == [component])

    def status(self, pipeline_id: str, component: str) -> str:
        instance = self.objects(pipeline_id, "INSTANCE")[self.instance_id(pipeline_id, component)]
        return values(instance, "@status")[0]

    def attempts(self, pipeline_id: str, component: str) -> list[str]:
        """The statuses of a component's attempts, in order."""
        found = self.objects(pipeline_id, "ATTEMPT").values()
        return [
            values(attempt, "@status")[0]
            for attempt in found
            if values(attempt, "@componentParent") == [component]
        ]

    def state(self, pipeline_id: str) -> str:
        described = self("DescribePipelines", pipelineIds=[pipeline_id])["pipelineDescriptionList"][0]
        return values(described, "@pipelineState")[0]
