"""Validates requests against botocore's model of EMR."""

from __future__ import annotations

from typing import Any

from botocore.validate import ParamValidator

from local.emr.errors import ValidationError
from local.json_service import service_model

_MEMBERS = {
    "AddJobFlowSteps": {"JobFlowId", "Steps"},
    "CancelSteps": {"ClusterId", "StepIds", "StepCancellationOption"},
    "DescribeCluster": {"ClusterId"},
    "DescribeStep": {"ClusterId", "StepId"},
    "ListClusters": {"CreatedAfter", "CreatedBefore", "ClusterStates", "Marker"},
    "ListSteps": {"ClusterId", "StepStates", "StepIds", "Marker"},
    "RunJobFlow": {
        "Name",
        "LogUri",
        "ReleaseLabel",
        "Instances",
        "Steps",
        "BootstrapActions",
        "Applications",
        "Configurations",
        "VisibleToAllUsers",
        "JobFlowRole",
        "ServiceRole",
        "Tags",
        "StepConcurrencyLevel",
        "AutoTerminationPolicy",
    },
    "TerminateJobFlows": {"JobFlowIds"},
}
_TIMES = {"CreatedAfter", "CreatedBefore"}
_MAX_ARGUMENT = 10_280


def check(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request, if the model and the API reference allow it. Raises ValidationError."""
    if operation not in _MEMBERS:
        raise ValidationError(f"'{operation}' is not there on local AWS.")
    shape = service_model("emr").operation_model(operation).input_shape
    assert shape is not None  # noqa: S101 - all these operations have members
    problems = ParamValidator().validate(request, shape)
    if problems.has_errors():
        raise ValidationError(problems.generate_report())
    if unknown := sorted(request.keys() - _MEMBERS[operation]):
        raise ValidationError(f"{', '.join(unknown)}: not there on local AWS.")
    for step in request.get("Steps", []):
        texts = [step["HadoopJarStep"]["Jar"], *step["HadoopJarStep"].get("Args", [])]
        if len(step["Name"]) > 256 or any(len(text) > _MAX_ARGUMENT for text in texts):
            raise ValidationError("A name of a step has 256 characters at most, and an argument 10,280.")
    if operation == "RunJobFlow":
        _check_cluster(request)
    return request


def _check_cluster(request: dict[str, Any]) -> None:
    for member in ("ReleaseLabel", "ServiceRole", "JobFlowRole"):
        if not request.get(member):
            raise ValidationError(f"{member} is needed.")
    idle = request.get("AutoTerminationPolicy", {}).get("IdleTimeout", 60)
    if not 60 <= idle <= 604_800:
        raise ValidationError("IdleTimeout is 60 to 604,800 seconds.")
