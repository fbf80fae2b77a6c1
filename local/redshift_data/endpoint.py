"""The Redshift Data API on HTTP (JSON 1.1)."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from pg8000.native import Connection

from local.account import ACCOUNT, REGION
from local.http.requests import read_body
from local.permissions.calls import Call
from local.redshift_data import permissions
from local.redshift_data.errors import RedshiftDataError, ResourceNotFoundError, ValidationError
from local.redshift_data.statements import NewS3, Part, Statement, Statements

TARGET = "RedshiftData."
PLACE = f"{REGION}:{ACCOUNT}"

_log = logging.getLogger(__name__)


class RedshiftDataEndpoint:
    """The service; statements run at ``url``, ``postgresql://user:password@host:port``.

    ``new_s3`` makes a client of the Amazon S3 that COPY and UNLOAD use.
    """

    def __init__(self, url: str, new_s3: NewS3) -> None:
        """Raises ValueError for another form."""
        place = urlsplit(url)
        if place.scheme != "postgresql" or not (place.hostname and place.port and place.username):
            raise ValueError(f"{url!r} is not of the form postgresql://user:password@host:port")
        self._place = place
        self.statements = Statements(self._connect, new_s3)
        self._owners: dict[str, str] = {}

    def calls(self, operation: str, body: bytes) -> list[Call]:
        """What IAM is asked for an operation."""
        return permissions.calls(
            operation, body, owner_of=lambda id_: self._owners.get(id_.partition(":")[0]), place=PLACE
        )

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """One HTTP request."""
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        body = await read_body(receive)
        operation = headers.get("x-amz-target", "").removeprefix(TARGET)
        status, answer = await asyncio.to_thread(self.answer, operation, body, scope.get("local.caller", ""))
        pairs = [(b"content-type", b"application/x-amz-json-1.1")]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def answer(self, operation: str, body: bytes, caller: str = "") -> tuple[int, dict[str, Any]]:
        """(HTTP status, answer) to a request of ``caller``, a user id."""
        try:
            return 200, self._carry_out(operation, _checked(operation, body), caller)
        except RedshiftDataError as error:
            return error.status, {"__type": error.type, **error.members()}
        except Exception as error:
            # A mistake of this service's: the client gets the model's error for that, and the log the cause.
            _log.exception("Request %s", operation)
            return 500, {"__type": "InternalServerException", "Message": repr(error)}

    def _carry_out(self, operation: str, request: dict[str, Any], caller: str) -> dict[str, Any]:
        if operation == "CancelStatement":
            self.statements.cancel(request["Id"])
            return {"Status": True}
        if operation == "DescribeStatement":
            return _described(self.statements.find(request["Id"]))
        if operation == "GetStatementResult":
            return _result(self.statements.find(request["Id"]))
        sqls = request.pop("Sqls", None) or [request.pop("Sql")]
        statement = self.statements.start(request, sqls)
        self._owners[statement.id] = caller
        return {"Id": statement.id, "CreatedAt": statement.created, **_place_of(statement)}

    def _connect(self, database: str) -> Connection:
        return Connection(
            unquote(self._place.username or ""),
            host=self._place.hostname,
            port=self._place.port,
            password=unquote(self._place.password or ""),
            database=database,
            ssl_context=False,
        )


_OPERATIONS = {"ExecuteStatement", "BatchExecuteStatement", "DescribeStatement", "CancelStatement"} | {
    "GetStatementResult"
}
_MEMBERS = {"Sql", "Sqls", "ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn", "Id"} | {
    "StatementName",
    "ClientToken",
}


@cache
def _service() -> ServiceModel:
    model: ServiceModel = botocore.session.get_session().get_service_model("redshift-data")
    return model


def _checked(operation: str, body: bytes) -> dict[str, Any]:
    """The request, if the model and the API reference allow it. Raises ValidationError."""
    if operation not in _OPERATIONS:
        raise ValidationError(f"'{operation}' is not there on local AWS.")
    try:
        request: dict[str, Any] = json.loads(body or b"{}")
    except ValueError as error:
        raise ValidationError(f"The request is not JSON: {error}") from None
    shape = _service().operation_model(operation).input_shape
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


def _place_of(statement: Statement) -> dict[str, Any]:
    members = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn")
    return {name: statement.request[name] for name in members if name in statement.request}


def _described(statement: Statement) -> dict[str, Any]:
    """DescribeStatement's answer; durations are nanoseconds there."""
    answer = {
        "Id": statement.id,
        "Status": statement.status,
        "CreatedAt": statement.created,
        "UpdatedAt": statement.updated,
        "Duration": int((statement.updated - statement.created) * 1e9),
        "HasResultSet": statement.rows is not None,
        "RedshiftPid": statement.process,
        **({"Error": statement.error} if statement.error else {}),
        **_place_of(statement),
    }
    if len(statement.parts) == 1:
        return {**answer, "QueryString": statement.parts[0].sql}
    parts = [_sub(f"{statement.id}:{number}", part) for number, part in enumerate(statement.parts, 1)]
    return {**answer, "SubStatements": parts}


def _result(statement: Statement) -> dict[str, Any]:
    """GetStatementResult's answer, in one page. Raises ResourceNotFoundError if there is no result."""
    if statement.status != "FINISHED" or statement.rows is None:
        raise ResourceNotFoundError("Query does not have result.", statement.id)
    records = [[_field(value) for value in row] for row in statement.rows]
    return {"Records": records, "TotalNumRows": len(records)}


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _sub(part_id: str, part: Part) -> dict[str, Any]:
    return {
        "Id": part_id,
        "Status": part.status,
        "QueryString": part.sql,
        "Duration": int((part.ended - part.began) * 1e9),
        "HasResultSet": False,
        **({"Error": part.error} if part.error else {}),
    }
