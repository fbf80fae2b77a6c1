"""An on-demand pipeline of the caller's, made for a moment and deleted again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

Fields = Sequence[tuple[str, str]]
"""Key and text. A key that ends with ``→`` holds a reference."""
_PROPAGATION_SECONDS = 1.0


class OwnPipeline:
    """A pipeline. Use it in a ``with`` block, which deletes it. Methods raise errors of botocore."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self.id = ""

    def __enter__(self) -> OwnPipeline:
        created = self._client.create_pipeline(
            name=self._name,
            uniqueId=uuid.uuid4().hex,
            description="Made by python -m pipelines verify, which deletes it.",
        )
        self.id = created["pipelineId"]
        return self

    def __exit__(self, *_: object) -> None:
        self._client.delete_pipeline(pipelineId=self.id)

    def put(self, objects: Mapping[str, Fields], parameters: Mapping[str, str] | None = None) -> list[str]:
        """Put the definition. Returns what the service refuses in it; empty if it took it."""
        request = self._request(objects, parameters or {})
        answer = self._client.put_pipeline_definition(pipelineId=self.id, **request)
        return _errors(answer) if answer["errored"] else []

    def validate(self, objects: Mapping[str, Fields]) -> list[str]:
        """What the service would refuse in a definition."""
        answer = self._client.validate_pipeline_definition(pipelineId=self.id, **self._request(objects, {}))
        return _errors(answer) if answer["errored"] else []

    def activate(self) -> None:
        """Start a run."""
        self._client.activate_pipeline(pipelineId=self.id)

    def attempts(self) -> list[dict[str, str]]:
        """The fields of its attempts, the latest last, with ``id``."""
        ids = self._client.query_objects(pipelineId=self.id, sphere="ATTEMPT")["ids"]
        time.sleep(_PROPAGATION_SECONDS)
        if not ids:
            return []
        described = self._client.describe_objects(pipelineId=self.id, objectIds=ids[:25])["pipelineObjects"]
        found = [
            {"id": each["id"]}
            | {field["key"]: field.get("stringValue", field.get("refValue", "")) for field in each["fields"]}
            for each in described
        ]
        return sorted(found, key=lambda each: each["id"])

    def cancel(self, instance_id: str) -> None:
        """Cancel an instance."""
        self._client.set_status(pipelineId=self.id, objectIds=[instance_id], status="TRY_CANCEL")

    def _request(self, objects: Mapping[str, Fields], parameters: Mapping[str, str]) -> dict[str, Any]:
        return {
            "pipelineObjects": [
                {"id": object_id, "name": object_id, "fields": [_field(*field) for field in fields]}
                for object_id, fields in objects.items()
            ],
            "parameterObjects": [
                {"id": name, "attributes": [{"key": "type", "stringValue": "String"}]} for name in parameters
            ],
            "parameterValues": [{"id": name, "stringValue": value} for name, value in parameters.items()],
        }


def _field(key: str, value: str) -> dict[str, str]:
    if key.endswith("→"):
        return {"key": key.removesuffix("→"), "refValue": value}
    return {"key": key, "stringValue": value}


def _errors(answer: Any) -> list[str]:
    return [f"{each['id']}: {', '.join(each['errors'])}" for each in answer["validationErrors"]]
