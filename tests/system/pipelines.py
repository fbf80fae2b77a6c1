"""Pipelines through the Data Pipeline API: define, activate, watch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.system.deployments import WORKER_GROUP, Deployment, eventually

OVER = {"FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED"}


@dataclass(frozen=True)
class Ref:
    """A field that refers to another object."""

    id: str


Fields = Mapping[str, str | Ref | Sequence[str | Ref]]
"""The value of a list field is a list."""


@dataclass(frozen=True)
class Run:
    """An instance or an attempt, as the service describes it."""

    id: str
    fields: Mapping[str, str]

    @property
    def status(self) -> str:
        return self.fields.get("@status", "")


class Pipeline:
    """One pipeline of a deployment."""

    def __init__(self, deployment: Deployment, pipeline_id: str) -> None:
        self.id = pipeline_id
        self._client = deployment.datapipeline

    @classmethod
    def activated(
        cls, deployment: Deployment, objects: Mapping[str, Fields], *, worker_group: str = WORKER_GROUP
    ) -> Pipeline:
        """Define a pipeline that runs once, at once. It does not retry unless an object says so."""
        pipeline = cls.put(deployment, objects, worker_group=worker_group)
        pipeline.activate()
        return pipeline

    @classmethod
    def put(
        cls, deployment: Deployment, objects: Mapping[str, Fields], *, worker_group: str = WORKER_GROUP
    ) -> Pipeline:
        client = deployment.datapipeline
        name = "-".join(objects)
        pipeline_id = client.create_pipeline(name=name, uniqueId=name)["pipelineId"]
        default: Fields = {"scheduleType": "ondemand", "workerGroup": worker_group, "maximumRetries": "0"}
        answer = client.put_pipeline_definition(
            pipelineId=pipeline_id,
            pipelineObjects=[
                {"id": object_id, "name": object_id, "fields": list(_fields(fields))}
                for object_id, fields in {"Default": default, **objects}.items()
            ],
        )
        assert not answer["errored"], answer
        return cls(deployment, pipeline_id)

    def activate(self) -> None:
        self._client.activate_pipeline(pipelineId=self.id)

    def runs(self, sphere: str, component: str) -> list[Run]:
        """The instances or attempts of a component, in the order in which they were created."""
        ids = self._client.query_objects(pipelineId=self.id, sphere=sphere)["ids"]
        own = sorted(object_id for object_id in ids if object_id.startswith(f"@{component}_"))
        if not own:
            return []
        described = self._client.describe_objects(pipelineId=self.id, objectIds=own)["pipelineObjects"]
        runs = {
            found["id"]: Run(
                found["id"],
                {field["key"]: field.get("stringValue", "") for field in found["fields"]},
            )
            for found in described
        }
        return [runs[object_id] for object_id in own]

    def attempts(self, component: str) -> list[Run]:
        return self.runs("ATTEMPT", component)

    def ended(self, component: str, status: str) -> Run:
        """The only instance of a component, once it has ended. Fails unless it ended in ``status``."""
        run = self.over(component)
        assert run.status == status, f"{component} is {run.status}: {dict(run.fields)}"
        return run

    def over(self, component: str) -> Run:
        """The only instance of a component, once it has ended."""
        return eventually(
            lambda: self._over(component), lambda: f"{component} is not over: {self._objects()}"
        )

    def is_over(self, component: str) -> bool:
        """Whether a component's only instance has ended."""
        return self._over(component) is not None

    def cancel(self, component: str) -> None:
        """Cancel a component's only instance."""
        (run,) = self.runs("INSTANCE", component)
        self._client.set_status(pipelineId=self.id, objectIds=[run.id], status="TRY_CANCEL")

    def _over(self, component: str) -> Run | None:
        return next((run for run in self.runs("INSTANCE", component) if run.status in OVER), None)

    def _objects(self) -> list[Any]:
        ids = self._client.query_objects(pipelineId=self.id, sphere="INSTANCE")["ids"]
        ids += self._client.query_objects(pipelineId=self.id, sphere="ATTEMPT")["ids"]
        return self._client.describe_objects(pipelineId=self.id, objectIds=ids[:25])["pipelineObjects"]


def shell(command: str, **fields: str | Ref) -> Fields:
    """A ShellCommandActivity."""
    return {"type": "ShellCommandActivity", "command": command, **fields}


def _fields(fields: Fields) -> Iterator[Any]:
    for key, values in fields.items():
        for value in [values] if isinstance(values, str | Ref) else values:
            if isinstance(value, Ref):
                yield {"key": key, "refValue": value.id}
            else:
                yield {"key": key, "stringValue": value}
