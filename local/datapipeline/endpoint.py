"""Serves AWS Data Pipeline over HTTP (JSON 1.1), and to Step Functions in the same process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.account import ACCOUNT, REGION
from local.datapipeline.control import control
from local.datapipeline.errors import (
    AccessDeniedError,
    InternalServiceError,
    SerializationError,
    ThrottlingError,
    UnknownOperationError,
)
from local.datapipeline.faults import Fault, Faults
from local.datapipeline.permissions import NeededCalls
from local.datapipeline.service import Service
from local.datapipeline.settings import Settings
from local.datapipeline.throttle import Throttle
from local.datapipeline.world import World
from local.http.messages import Receive, Send, close_connection, headers_of, read_body, respond
from local.json_service import CONTENT_TYPE, error_answer, read_request
from local.permissions.calls import Call

TARGET = "DataPipeline."

HttpAnswer = tuple[int, dict[str, str], bytes]


class AnswerLostError(Exception):
    """The operation was carried out, but the client never gets its answer."""


class Clock:
    """The service's time. It starts at the machine's time and then runs ``scale`` times as fast."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._began = datetime.now(UTC)
        self._monotonic = time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=(time.monotonic() - self._monotonic) * self._scale)

    def seconds_until(self, moment: datetime) -> float:
        """Seconds of the machine's time, 0 if the moment has passed."""
        return max(0.0, (moment - self.now()).total_seconds() / self._scale)


class DataPipelineEndpoint:
    """The service of one account in one region. Its methods run on the event loop that ``start`` ran on."""

    def __init__(self, *, settings: Settings, time_scale: float, aws_endpoint_url: str) -> None:
        self.settings = settings
        self._clock = Clock(time_scale)
        self._service = Service(settings, Random())  # noqa: S311 - ids, not secrets
        self._needed = NeededCalls(
            settings,
            pipelines=self._service.pipelines,
            tasks=self._service.tasks,
            region=REGION,
            account=ACCOUNT,
        )
        self._throttle = Throttle()
        self.faults = Faults()
        self._world = World(aws_endpoint_url)
        self._held: dict[int, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Start the timers."""
        self._loop = asyncio.get_running_loop()
        self._in_background(self._run_timers())

    def now(self) -> datetime:
        """The service's time."""
        return self._clock.now()

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that IAM must allow for an operation. From any thread."""
        return self._needed.calls(operation, request)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one HTTP request. The engine learns of a poll whose client goes away."""
        body = await read_body(receive)
        headers = headers_of(scope)
        if "x-amz-target" not in headers:
            await self._control(scope, headers, body, send)
            return
        answering = asyncio.ensure_future(self._answer(headers, body))
        gone = asyncio.ensure_future(_disconnected(receive))
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
            return
        gone.cancel()
        try:
            await respond(send, *answering.result())
        except AnswerLostError:
            await close_connection(send)

    async def _control(self, scope: Any, headers: dict[str, str], body: bytes, send: Send) -> None:
        status, answer = control(
            self.faults, method=scope["method"], path=scope["path"], headers=headers, body=body
        )
        await respond(send, status, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    async def handle(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> HttpAnswer:
        """Handle a request from this process, from any thread's event loop."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            if self._loop is None or self._loop is asyncio.get_running_loop():
                return await self._answer(lower, body)
            there = asyncio.run_coroutine_threadsafe(self._answer(lower, body), self._loop)
            return await asyncio.wrap_future(there)
        except AnswerLostError:
            lost = {"__type": "SdkClientException", "message": "The connection was closed."}
            return 500, {"Content-Type": CONTENT_TYPE}, json.dumps(lost).encode()

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation for another service of this process, from any thread. Not for PollForTask.

        Raises ServiceError. Rates and requested faults do not apply: they are for clients.
        """
        assert self._loop is not None  # noqa: S101 - start was called
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self._loop:
            return self._called(operation, request)

        async def there() -> dict[str, Any]:
            return self._called(operation, request)

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result()

    async def _answer(self, headers: dict[str, str], body: bytes) -> HttpAnswer:
        answer_headers = {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": str(uuid.uuid4())}
        target = headers.get("x-amz-target", "")
        try:
            return 200, answer_headers, await self._call(target, body)
        except AnswerLostError:
            raise
        except Exception as error:
            status, answer = error_answer(error, target, internal=InternalServiceError)
            return status, answer_headers, json.dumps(answer).encode()

    async def _call(self, target: str, body: bytes) -> bytes:
        if not target.startswith(TARGET):
            raise UnknownOperationError(f"'{target}' is not an operation of AWS Data Pipeline")
        operation = target.removeprefix(TARGET)
        request = read_request(body, refusal=SerializationError)
        if self.settings.throttling == "on" and not self._throttle.admits(operation, self._clock.now()):
            raise ThrottlingError("Rate exceeded")
        if self.faults.down():
            raise InternalServiceError("The service is down, as was asked for")
        repeated = self.faults.repeated(operation)
        if repeated is not None:
            return repeated
        fault = self.faults.take(operation)
        if fault is not None and fault.kind == "answer":
            return json.dumps(fault.answer).encode()
        if fault is not None:
            await self._before(fault)
        answer = await self._carry_out(operation, request)
        if fault is not None:
            self._afterwards(fault, answer)
        return answer

    async def _before(self, fault: Fault) -> None:
        if fault.kind == "error":
            raise InternalServiceError("A fault was asked for")
        if fault.kind == "throttle":
            raise ThrottlingError("Rate exceeded")
        if fault.kind == "deny":
            raise AccessDeniedError(f"The caller is not authorized to perform datapipeline:{fault.operation}")
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)

    def _afterwards(self, fault: Fault, answer: bytes) -> None:
        if fault.kind not in ("drop", "duplicate"):
            return
        if fault.operation == "PollForTask" and b'"taskId"' not in answer:
            self.faults.put_back(fault)
        elif fault.kind == "duplicate":
            self.faults.repeat(fault.operation, answer)
        else:
            raise AnswerLostError

    async def _carry_out(self, operation: str, request: object) -> bytes:
        if operation == "PollForTask":
            return await self._poll(request)
        return json.dumps(self._called(operation, request)).encode()

    def _called(self, operation: str, request: object) -> dict[str, Any]:
        try:
            return self._service.call(operation, request, self._clock.now())
        finally:
            self._after()

    async def _poll(self, request: object) -> bytes:
        poll = self._service.poll(request, self._clock.now())
        self._held[poll.id] = asyncio.get_running_loop().create_future()
        self._after()
        try:
            await self._held[poll.id]
        except asyncio.CancelledError:
            self._service.abandon(poll)
            raise
        finally:
            del self._held[poll.id]
            self._after()
        if poll.task is not None:
            return json.dumps({"taskObject": self._service.task_object(poll.task)}).encode()
        empty = {"empty-object": b"{}", "null-task": b'{"taskObject": null}', "empty-body": b""}
        return empty[self.settings.empty_poll]

    def _after(self) -> None:
        """Follow up on a step of the engine: answer polls, carry out effects, and set the next timer."""
        for poll in self._service.take_answered():
            future = self._held.get(poll.id)
            if future is not None and not future.done():
                future.set_result(None)
        for effect in self._service.take_effects():
            self._in_background(self._world.carry_out(effect, self._precondition_answered))
        self._wake.set()

    def _precondition_answered(self, pipeline_id: str, attempt_id: str, met: bool) -> None:
        self._service.precondition_answered(pipeline_id, attempt_id, met, self._clock.now())
        self._after()

    async def _run_timers(self) -> None:
        while True:
            due = self._service.timers.next()
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._wake.wait(), None if due is None else self._clock.seconds_until(due)
                )
                continue
            self._service.timers.run_until(self._clock.now())
            self._after()

    def _in_background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
