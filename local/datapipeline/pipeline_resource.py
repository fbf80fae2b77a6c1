"""AWS::DataPipeline::Pipeline: what CloudFormation does with a template's pipeline.

AWS CloudFormation user guide, AWS::DataPipeline::Pipeline. Changing ``Name`` or ``Description`` replaces the
pipeline; CloudFormation itself then creates the new one and deletes the old.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.datapipeline.errors import PipelineDeletedError, PipelineNotFoundError
from local.json_service import ServiceError

TYPE = "AWS::DataPipeline::Pipeline"
REPLACING = ("Description", "Name")
_DEFINITION = ("ParameterObjects", "ParameterValues", "PipelineObjects")
_PROPERTIES = {*REPLACING, *_DEFINITION, "Activate", "PipelineTags"}

Properties = Mapping[str, Any]
Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""(operation, request) -> answer. Raises ServiceError."""


class ResourceError(ValueError):
    """The stack fails. The message appears in its events."""


class PipelineResource:
    """Has the methods that ministack calls. They raise ResourceError."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def create(self, _: str, properties: Properties, __: str) -> tuple[str, dict[str, Any]]:
        """Create a pipeline. Returns its id and attributes. A failure leaves no pipeline behind."""
        _check(properties)
        request = {"name": properties["Name"], "uniqueId": str(uuid.uuid4())}
        if "Description" in properties:
            request["description"] = properties["Description"]
        tags = _in_api_form(properties.get("PipelineTags", []))
        pipeline: str = self._asked("CreatePipeline", {**request, "tags": tags})["pipelineId"]
        try:
            self._put(pipeline, properties)
            if _activates(properties):
                self._asked("ActivatePipeline", {"pipelineId": pipeline})
        except ResourceError:
            self.delete(pipeline, properties)
            raise
        return pipeline, _attributes(pipeline)

    def update(self, pipeline: str, old: Properties, new: Properties, _: str) -> tuple[str, dict[str, Any]]:
        """Apply the new properties. A failure leaves the old definition."""
        _check(new)
        self._tag(pipeline, old, new)
        defined = [name for name in _DEFINITION if old.get(name) != new.get(name)]
        if defined:
            self._put(pipeline, new)
        try:
            if _activates(new) and (defined or not _activates(old)):
                self._asked("ActivatePipeline", {"pipelineId": pipeline})
            elif _activates(old) and not _activates(new):
                self._asked("DeactivatePipeline", {"pipelineId": pipeline})
        except ResourceError:
            if defined:
                self._put(pipeline, old)
            raise
        return pipeline, _attributes(pipeline)

    def delete(self, pipeline: str, _: Properties) -> None:
        """Delete the pipeline. It may have been deleted by somebody else."""
        with contextlib.suppress(PipelineNotFoundError, PipelineDeletedError):
            self._call("DeletePipeline", {"pipelineId": pipeline})

    def _put(self, pipeline: str, properties: Properties) -> None:
        """Put the definition. A refused object fails the stack; warnings do not."""
        if not properties.get("PipelineObjects"):
            return
        request = {
            "pipelineId": pipeline,
            **{_lower(name): _in_api_form(properties.get(name) or []) for name in _DEFINITION},
        }
        answer = self._asked("PutPipelineDefinition", request)
        if answer["errored"]:
            errors = [f"{entry['id']}: {', '.join(entry['errors'])}" for entry in answer["validationErrors"]]
            raise ResourceError(
                f"Pipeline Definition failed to validate because of following Errors: [{'; '.join(errors)}]"
            )

    def _tag(self, pipeline: str, old: Properties, new: Properties) -> None:
        before, after = (_in_api_form(each.get("PipelineTags", [])) for each in (old, new))
        gone = {tag["key"] for tag in before} - {tag["key"] for tag in after}
        if gone:
            self._asked("RemoveTags", {"pipelineId": pipeline, "tagKeys": sorted(gone)})
        if after != before and after:
            self._asked("AddTags", {"pipelineId": pipeline, "tags": after})

    def _asked(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._call(operation, request)
        except ServiceError as error:
            raise ResourceError(
                f"{error.message} (Service: DataPipeline, Error Code: {error.type})"
            ) from None


def _check(properties: Properties) -> None:
    """Raises ResourceError for an unknown or missing property."""
    if unknown := sorted(properties.keys() - _PROPERTIES):
        raise ResourceError(f"Encountered unsupported property {', '.join(unknown)}")
    if not properties.get("Name"):
        raise ResourceError("Property Name cannot be empty.")
    for name in (*_DEFINITION, "PipelineTags"):
        if not isinstance(properties.get(name, []), list):
            raise ResourceError(f"Value of property {name} must be of type List")
    if str(properties.get("Activate", True)).lower() not in ("true", "false"):
        raise ResourceError("Value of property Activate must be of type Boolean")


def _activates(properties: Properties) -> bool:
    return str(properties.get("Activate", True)).lower() == "true"


def _attributes(pipeline: str) -> dict[str, Any]:
    return {"PipelineId": pipeline}


def _in_api_form(value: Any) -> Any:
    """The API's members start with lower-case letters, and all its values are strings."""
    if isinstance(value, Mapping):
        return {_lower(name): _in_api_form(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_in_api_form(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
