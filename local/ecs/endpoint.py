"""Serves the operations on tasks over HTTP (JSON 1.1), and to Step Functions in the same process."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from local.datapipeline.faults import ECS, Fault, Faults
from local.ecs import wire
from local.ecs.errors import (
    AccessDeniedError,
    InvalidParameterError,
    ServerError,
    ThrottlingError,
)
from local.ecs.permissions import NeededCalls
from local.ecs.task import Task
from local.ecs.tasks import FAILURES, Definitions, Tasks
from local.http.messages import read_body, respond, target_of
from local.json_service import CONTENT_TYPE, error_answer, read_request
from local.permissions.calls import Call

RunTaskLife = Callable[[Task], Coroutine[Any, Any, None]]


CLOSED = "The connection was closed."


class AnswerLostError(Exception):
    """The operation was carried out, but the client never gets its answer."""


class EcsEndpoint:
    """The service. Belongs to the event loop on which it was made; `call` is for all other threads."""

    def __init__(
        self,
        definitions: Definitions,
        *,
        run: RunTaskLife,
        faults: Faults,
        time_scale: float,
        region: str,
        account: str,
    ) -> None:
        began = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._faults = faults
        self._run_life = run
        self._lives: set[asyncio.Task[None]] = set()
        self._needed = NeededCalls(definitions, place=f"{region}:{account}")
        self._tasks = Tasks(
            definitions,
            run=self._run,
            clock=lambda: (time.monotonic() - began) * time_scale,
            region=region,
        )

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that IAM must allow for an operation. From any thread."""
        return self._needed.calls(operation, request)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one HTTP request."""
        operation = (target_of(scope) or "").removeprefix(wire.TARGET)
        body = await read_body(receive)
        try:
            status, answer = await self._answer(operation, body)
        except AnswerLostError:
            # A response that ends too early makes the server close the connection.
            headers_only = [(b"content-length", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": headers_only})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            return
        headers = {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": str(uuid.uuid4())}
        await respond(send, status, headers, json.dumps(answer).encode())

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation, from any thread but the event loop's.

        Raises ServiceError, and AnswerLostError if a fault asks for it.
        """
        work = self._call(operation, json.dumps(request).encode())
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def handle(
        self,
        method: str,  # noqa: ARG002 - all of ministack's handlers have one signature
        path: str,  # noqa: ARG002
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],  # noqa: ARG002
    ) -> tuple[int, dict[str, str], bytes]:
        """Handle a request of this process, on the event loop."""
        operation = headers["x-amz-target"].removeprefix(wire.TARGET)
        try:
            status, answer = await self._answer(operation, body)
        except AnswerLostError:
            status, answer = 500, {"__type": "SdkClientException", "message": CLOSED}
        return status, {"Content-Type": CONTENT_TYPE}, json.dumps(answer).encode()

    def task(self, arn: str) -> Task | None:
        """A task by its ARN. From any thread; only `ended` is for other threads."""
        return self._tasks.task(arn)

    async def _answer(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return 200, await self._call(operation, body)
        except AnswerLostError:
            raise
        except Exception as error:
            return error_answer(error, operation, internal=ServerError)

    async def _call(self, operation: str, body: bytes) -> dict[str, Any]:
        request = wire.check(operation, read_request(body, refusal=InvalidParameterError))
        fault = self._faults.take(f"{ECS}{operation}")
        if fault is None:
            return self._tasks.call(operation, request)
        _refuse(fault)
        if fault.kind in FAILURES:
            return {"tasks": [], "failures": [{"reason": FAILURES[fault.kind]}]}
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        answer = self._tasks.call(operation, request)
        if fault.kind == "twice":
            self._tasks.start_unknown(request)
        if fault.kind == "drop":
            raise AnswerLostError
        return answer

    def _run(self, task: Task) -> None:
        life = self._loop.create_task(self._run_life(task))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)


def _refuse(fault: Fault) -> None:
    if fault.kind == "error":
        raise ServerError("A fault was asked for")
    if fault.kind == "throttle":
        raise ThrottlingError
    if fault.kind == "deny":
        action = fault.operation.removeprefix(ECS)
        raise AccessDeniedError(
            f"The caller is not authorized to perform: ecs:{action} on resource: arn:aws:ecs:::*"
        )
