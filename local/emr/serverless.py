"""Serves EMR Serverless over HTTP (REST and JSON), with faults on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from botocore.validate import ParamValidator

from local.account import ACCOUNT, REGION
from local.emr.errors import (
    AnswerLostError,
    InternalServerError,
    ServerlessValidationError,
)
from local.emr.faults import Faults, hold_answer, raise_refusal
from local.emr.job_runs import JobRun, JobRuns
from local.emr.spark_service import SparkService
from local.emr.step_process import NewS3
from local.http.messages import close_connection, headers_of, read_body, respond, target_of
from local.json_service import error_answer, read_request, service_model
from local.permissions.calls import Call

TARGET = "EmrServerless."
_SCOPE = "/emr-serverless/aws4_request"
_PATH = re.compile(r"/applications/([0-9a-z]{1,64})/jobruns(?:/([0-9a-z]{1,64}))?")
_OPERATIONS = {
    ("POST", False): "StartJobRun",
    ("GET", False): "ListJobRuns",
    ("GET", True): "GetJobRun",
    ("DELETE", True): "CancelJobRun",
}
_PAGE = 50
_MEMBERS = {
    *("applicationId", "clientToken", "executionRoleArn", "name", "jobDriver", "configurationOverrides"),
    "executionTimeoutMinutes",
}


def is_serverless(scope: Mapping[str, Any]) -> bool:
    """Whether a request is signed for EMR Serverless."""
    return scope["type"] == "http" and _SCOPE in headers_of(scope).get("authorization", "")


def with_target(service: Callable[..., Any]) -> Callable[..., Any]:
    """``service``, whose requests have their operation, and the ids in their path, as their X-Amz-Target."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        found = _PATH.fullmatch(scope["path"])
        operation = _OPERATIONS.get((scope["method"], bool(found and found[2]))) if found else None
        target = f"{TARGET}{operation or 'Unknown'}/{found[1] if found else ''}/{(found and found[2]) or ''}"
        headers = [*scope["headers"], (b"x-amz-target", target.encode())]
        await service({**scope, "headers": headers}, receive, send)

    return application


class ServerlessEndpoint:
    """The service."""

    def __init__(self, *, endpoint_url: str, new_s3: NewS3, spark: SparkService, faults: Faults) -> None:
        self.runs = JobRuns(endpoint_url=endpoint_url, new_s3=new_s3, spark=spark)
        self._faults = faults

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that IAM must allow (service authorization reference, Amazon EMR Serverless)."""
        name, application, run = (*operation.split("/"), "", "")[:3]
        arn = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/{application}"
        if name == "ListJobRuns":
            return [Call("emr-serverless:ListJobRuns", arn)]
        if name != "StartJobRun":
            return [Call(f"emr-serverless:{name}", f"{arn}/jobruns/{run}")]
        context = {"iam:passedtoservice": "emr-serverless.amazonaws.com"}
        return [
            Call("emr-serverless:StartJobRun", arn),
            Call("iam:PassRole", str(request.get("executionRoleArn")), context),
        ]

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one HTTP request."""
        operation = (target_of(scope) or "").removeprefix(TARGET)
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            status, answer = await self.answer(operation, await read_body(receive), query)
        except AnswerLostError:
            await close_connection(send)
            return
        headers = {"Content-Type": "application/json"}
        if status != 200:
            headers["x-amzn-ErrorType"] = answer["__type"]
        await respond(send, status, headers, json.dumps(answer).encode())

    async def answer(
        self, operation: str, body: bytes, query: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and answer to a request. Raises AnswerLostError if a fault closes the connection."""
        name, application, run_id = (*operation.split("/"), "", "")[:3]
        fault = self._faults.take(name)
        try:
            raise_refusal(fault)
            if name == "ListJobRuns":
                answer = self._list(application, query)
            else:
                request = read_request(body, refusal=ServerlessValidationError)
                answer = self._carry_out(name, application, run_id, request)
        except Exception as error:
            return error_answer(error, operation, internal=InternalServerError)
        await hold_answer(fault)
        return 200, answer

    def _carry_out(self, name: str, application: str, run_id: str, request: dict[str, Any]) -> dict[str, Any]:
        if name == "StartJobRun":
            _check(application, request)
            run = self.runs.start(application, request)
            return {"applicationId": application, "jobRunId": run.id, "arn": _arn(run)}
        if name not in {"GetJobRun", "CancelJobRun"}:
            raise ServerlessValidationError("This operation is not there on local AWS.")
        run = self.runs.find(application, run_id)
        if name == "CancelJobRun":
            self.runs.cancel(run)
            return {"applicationId": application, "jobRunId": run.id}
        return {"jobRun": _described(run)}

    def _list(self, application: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """The newest runs first, a page at a time."""
        if unknown := sorted(query.keys() - {"states", "createdAtAfter", "nextToken"}):
            raise ServerlessValidationError(f"{', '.join(unknown)}: not there on local AWS.")
        after = query.get("createdAtAfter")
        since = datetime.fromisoformat(after[0]).timestamp() if after else 0.0
        states = query.get("states")
        found = [
            _summary(run)
            for run in self.runs.of(application)
            if run.created > since and (states is None or run.state in states)
        ]
        start = int(query.get("nextToken", ["0"])[0])
        more = {"nextToken": str(start + _PAGE)} if len(found) > start + _PAGE else {}
        return {"jobRuns": found[start : start + _PAGE], **more}


def _check(application: str, request: dict[str, Any]) -> None:
    shape = service_model("emr-serverless").operation_model("StartJobRun").input_shape
    assert shape is not None  # noqa: S101 - it has members
    problems = ParamValidator().validate({"applicationId": application, **request}, shape)
    if problems.has_errors():
        raise ServerlessValidationError(problems.generate_report())
    if request.get("executionTimeoutMinutes", 0) != 0:
        raise ServerlessValidationError(
            "executionTimeoutMinutes: only 0, for no limit, is there on local AWS."
        )
    if unknown := sorted(request.keys() - _MEMBERS):
        raise ServerlessValidationError(f"{', '.join(unknown)}: not there on local AWS.")
    hive = request.get("jobDriver", {}).get("hive", {"query": "s3://"})
    if not hive["query"].startswith("s3://"):
        # User guide, "Hive job driver parameter": it is a reference to a file, not the text of a query.
        raise ServerlessValidationError("query: the place of a Hive query file in Amazon S3 is expected.")
    if "initQueryFile" in hive:
        raise ServerlessValidationError("initQueryFile: not there on local AWS.")


def _arn(run: JobRun) -> str:
    place = f"{REGION}:{ACCOUNT}:/applications/{run.application}/jobruns/{run.id}"
    return f"arn:aws:emr-serverless:{place}"


def _described(run: JobRun) -> dict[str, Any]:
    return {**_common(run), "jobRunId": run.id, "jobDriver": run.request.get("jobDriver", {})}


def _summary(run: JobRun) -> dict[str, Any]:
    return {**_common(run), "id": run.id}


def _common(run: JobRun) -> dict[str, Any]:
    return {
        "applicationId": run.application,
        "arn": _arn(run),
        "createdBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/handler/local",
        "createdAt": run.created,
        "updatedAt": run.updated,
        "executionRole": run.request["executionRoleArn"],
        "state": run.state,
        "stateDetails": run.details or run.state.lower(),  # The model has a character at least.
        "releaseLabel": "emr-7.5.0",
        **({"name": run.request["name"]} if "name" in run.request else {}),
    }
