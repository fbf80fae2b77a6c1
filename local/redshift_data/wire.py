"""Validates requests against botocore's model of the service, and against rules of the API reference."""

from __future__ import annotations

from typing import Any

from botocore.validate import ParamValidator

from local.json_service import service_model
from local.redshift_data.errors import ValidationError

_OPERATIONS = {"ExecuteStatement", "BatchExecuteStatement", "DescribeStatement", "CancelStatement"} | {
    "GetStatementResult"
}
_MEMBERS = {"Sql", "Sqls", "ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn", "Id"} | {
    "StatementName",
    "ClientToken",
}


def check(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request, if the model and the API reference allow it. Raises ValidationError."""
    if operation not in _OPERATIONS:
        raise ValidationError(f"'{operation}' is not there on local AWS.")
    shape = service_model("redshift-data").operation_model(operation).input_shape
    assert shape is not None  # noqa: S101 - all these operations have members
    problems = ParamValidator().validate(request, shape)
    if problems.has_errors():
        raise ValidationError(problems.generate_report())
    if len(request.get("Sqls", ())) > 40:
        raise ValidationError("Sqls has more than 40 statements.")
    if unknown := sorted(request.keys() - _MEMBERS):
        raise ValidationError(f"{', '.join(unknown)}: not there on local AWS.")
    if "Id" not in request:
        _check_place(request)
    return request


def _check_place(request: dict[str, Any]) -> None:
    if ("ClusterIdentifier" in request) == ("WorkgroupName" in request):
        raise ValidationError("Either ClusterIdentifier or WorkgroupName is needed.")
    if not request.get("Database"):
        raise ValidationError("Database is needed.")
    if "DbUser" in request and ("SecretArn" in request or "WorkgroupName" in request):
        raise ValidationError("DbUser is for temporary credentials on a cluster.")
    if "ClusterIdentifier" in request and "DbUser" not in request and "SecretArn" not in request:
        raise ValidationError("Either SecretArn or DbUser is needed.")
