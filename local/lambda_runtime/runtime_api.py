"""The Runtime API, which a runtime client asks for invocations and tells its answers.

Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes" (version 2018-06-01).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import h11

from local.lambda_runtime.failures import MAX_RESPONSE_BYTES

VERSION = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One event for a function: the JSON of it, and what the context object is made of."""

    request_id: str
    event: bytes
    invoked_function_arn: str
    deadline: datetime


class RuntimeClient(Protocol):
    """Who the Runtime API speaks for: one execution environment, which runs one invocation at a time."""

    async def next_invocation(self) -> Invocation:
        """Wait for the next event. Asking for it ends the initialization, or the invocation before."""

    def response(self, body: bytes) -> None: ...
    def response_too_large(self) -> None: ...
    def invocation_error(self, body: bytes) -> None: ...
    def init_error(self, body: bytes) -> None: ...


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


class RuntimeApi:
    """A server on a loopback port of its own; the port is how Lambda's clients tell environments apart."""

    def __init__(self, client: RuntimeClient) -> None:
        self._client = client
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen, and return the address as HOST:PORT."""
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
        with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            await self._serve(h11.Connection(h11.SERVER), reader, writer)
        self._connections.discard(task)
        writer.close()

    async def _serve(
        self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while (read := await _read_request(http, reader, writer)) is not None:
            request, body = read
            answer = await self._answer(request.method.decode(), request.target.decode(), body)
            length = ("Content-Length", str(len(answer.body)))
            for event in (
                h11.Response(status_code=answer.status, headers=[*answer.headers, length]),
                h11.Data(data=answer.body),
                h11.EndOfMessage(),
            ):
                writer.write(http.send(event) or b"")
            await writer.drain()
            if http.our_state is not h11.DONE:
                return
            http.start_next_cycle()

    async def _answer(self, method: str, target: str, body: bytes) -> _Answer:
        match (method, target.removeprefix(VERSION).strip("/").split("/")):
            case ("GET", ["invocation", "next"]):
                return _event(await self._client.next_invocation())
            case ("POST", ["invocation", _, "response"]):
                if len(body) > MAX_RESPONSE_BYTES:
                    self._client.response_too_large()
                    return _refusal(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size.")
                self._client.response(body)
            case ("POST", ["invocation", _, "error"]):
                self._client.invocation_error(body)
            case ("POST", ["init", "error"]):
                self._client.init_error(body)
            case _:
                return _refusal(404, "NotFound", f"{method} {target} is not part of the Runtime API.")
        return _Answer(202, b'{"status":"OK"}')


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
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return (request, bytes(body)) if request else None
        else:
            return None


def _event(invocation: Invocation) -> _Answer:
    epoch = int(invocation.deadline.timestamp())
    return _Answer(
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


def _refusal(status: int, error_type: str, message: str) -> _Answer:
    return _Answer(status, json.dumps({"errorMessage": message, "errorType": error_type}).encode())
