"""The Runtime API, from which a runtime client gets invocations and to which it sends answers.

Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from dataclasses import dataclass

import h11

from local.http.guard import refusal
from local.lambda_runtime import failures
from local.lambda_runtime.failures import MAX_RESPONSE_BYTES
from local.lambda_runtime.lifecycle import Answer, Invocation, Lifecycle, RefusedError, parsed

VERSION = "/2018-06-01/runtime"


@dataclass(frozen=True)
class _Response:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


class RuntimeApi:
    """A server on its own loopback port, by which Lambda's clients tell environments apart.

    It answers only programs. Any of them that knows the id of the invocation in flight can settle it.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen. Returns the address as HOST:PORT."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this in a task
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, h11.ProtocolError, asyncio.CancelledError):
                await self._serve(h11.Connection(h11.SERVER), reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(
        self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while (read := await _read_request(http, reader, writer)) is not None:
            request, body = read
            response = await self._response(request, body)
            length = ("Content-Length", str(len(response.body)))
            for event in (
                h11.Response(status_code=response.status, headers=[*response.headers, length]),
                h11.Data(data=response.body),
                h11.EndOfMessage(),
            ):
                writer.write(http.send(event) or b"")
            await writer.drain()
            if http.our_state is not h11.DONE:
                return
            http.start_next_cycle()

    async def _response(self, request: h11.Request, body: bytes) -> _Response:
        reason = refusal(request.headers.raw_items(), is_page=False)
        if reason is not None:
            return _refusal(403, "Forbidden", reason)
        try:
            return await self._answer(request.method.decode(), request.target.decode(), body)
        except RefusedError as refused:
            return _refusal(refused.status, refused.error_type, refused.message)

    async def _answer(self, method: str, target: str, body: bytes) -> _Response:
        match (method, target.removeprefix(VERSION).strip("/").split("/")):
            case ("GET", ["invocation", "next"]):
                return _event(await self._lifecycle.next())
            case ("POST", ["invocation", request_id, "response"]):
                if len(body) > MAX_RESPONSE_BYTES:
                    too_large = Answer(failures.response_too_large(), is_error=True, too_large=True)
                    self._lifecycle.answer(request_id, too_large)
                    return _refusal(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size.")
                self._lifecycle.answer(request_id, Answer(parsed(body)))
            case ("POST", ["invocation", request_id, "error"]):
                self._lifecycle.answer(request_id, Answer(parsed(body), is_error=True))
            case ("POST", ["init", "error"]):
                self._lifecycle.fail_init(Answer(parsed(body), is_error=True))
            case _:
                return _refusal(404, "NotFound", f"{method} {target} is not part of the Runtime API.")
        return _Response(202, b'{"status":"OK"}')


async def _read_request(
    http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request, bytes] | None:
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(http.send(go_on) or b"")
            http.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data[: MAX_RESPONSE_BYTES + 1 - len(body)]  # One byte too many is enough to know.
        elif isinstance(event, h11.EndOfMessage):
            return (request, bytes(body)) if request else None
        else:
            return None


def _event(invocation: Invocation) -> _Response:
    epoch = int(invocation.deadline.timestamp())
    return _Response(
        200,
        invocation.event,
        (
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(int(invocation.deadline.timestamp() * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_function_arn),
            ("Lambda-Runtime-Trace-Id", f"Root=1-{epoch:08x}-{uuid.uuid4().hex[:24]};Sampled=0"),
        ),
    )


def _refusal(status: int, error_type: str, message: str) -> _Response:
    return _Response(status, json.dumps({"errorMessage": message, "errorType": error_type}).encode())
