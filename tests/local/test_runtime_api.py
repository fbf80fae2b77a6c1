"""What the Runtime API accepts, and from whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from local.lambda_runtime.failures import MAX_RESPONSE_BYTES
from local.lambda_runtime.lifecycle import InFlight, Invocation, Lifecycle
from local.lambda_runtime.runtime_api import VERSION, RuntimeApi
from tests.local.environments import Environments, function

PAGES = [
    {"Host": "attacker.example"},
    {"Origin": "https://attacker.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
"""Headers that a browser sends for a page of another site. The first site's name points to 127.0.0.1."""
NEXT = ("GET", "/invocation/next")

Send = Callable[..., Awaitable[tuple[int, Any]]]


def invocation(request_id: str) -> Invocation:
    return Invocation(request_id, b'{"a": 1}', "arn", datetime.now(UTC))


def with_api(work: Callable[[Lifecycle, Send], Awaitable[None]]) -> None:
    """Run ``work`` against a Runtime API. ``send(method, path, body, headers)`` returns status and JSON."""

    async def run() -> None:
        lifecycle = Lifecycle()
        api = RuntimeApi(lifecycle)
        address = await api.start()
        host, port = address.split(":")

        async def send(
            method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
        ) -> tuple[int, Any]:
            reader, writer = await asyncio.open_connection(host, int(port))
            fields = {"Host": address, "Content-Length": str(len(body)), "Connection": "close"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in (fields | (headers or {})).items())
            writer.write(f"{method} {VERSION}{path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            return int(head.split()[1]), json.loads(content)

        try:
            await work(lifecycle, send)
        finally:
            api.close()

    asyncio.run(asyncio.wait_for(run(), 20))


async def taken(lifecycle: Lifecycle, send: Send, request_id: str) -> InFlight:
    """An invocation that the runtime has asked for and received."""
    asked = asyncio.ensure_future(send(*NEXT))
    await asyncio.wait_for(lifecycle.initialized, 5)
    while lifecycle.state != "Ready":
        await asyncio.sleep(0.001)
    in_flight = lifecycle.begin(invocation(request_id))
    assert await asked == (200, {"a": 1})
    return in_flight


@pytest.mark.parametrize("headers", PAGES)
def test_a_page_cannot_answer_though_it_knew_the_id(headers: dict[str, str]) -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        in_flight = await taken(lifecycle, send, "one")
        for path in ("/invocation/one/response", "/invocation/one/error", "/init/error"):
            status, told = await send("POST", path, b'{"status": "FINISHED"}', headers)
            assert (status, told["errorType"]) == (403, "Forbidden")
        assert not in_flight.answered.done()
        assert await send("POST", "/invocation/one/response", b"1") == (202, {"status": "OK"})
        assert in_flight.answered.result().payload == 1

    with_api(work)


@pytest.mark.parametrize("headers", PAGES)
def test_a_page_cannot_take_an_event(headers: dict[str, str]) -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        status, told = await send(*NEXT, b"", headers)
        assert (status, told["errorType"]) == (403, "Forbidden")
        assert lifecycle.state == "Started"

    with_api(work)


def test_only_the_invocation_in_flight_is_answered_and_once() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        first = await taken(lifecycle, send, "one")
        for kind in ("response", "error"):
            status, told = await send("POST", f"/invocation/another/{kind}", b'"forged"')
            assert (status, told) == (
                400,
                {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"},
            )
        assert not first.answered.done()
        assert (await send("POST", "/invocation/one/response", b'"right"'))[0] == 202
        for kind in ("response", "error"):
            status, told = await send("POST", f"/invocation/one/{kind}", b'"forged"')
            assert (status, told["errorType"]) == (403, "InvalidStateTransition")
        assert first.answered.result().payload == "right"

        second = await taken(lifecycle, send, "two")
        assert first.over.done()
        status, told = await send("POST", "/invocation/one/response", b'"forged"')
        assert (status, told["errorType"]) == (400, "InvalidRequestID")
        assert not second.answered.done()

    with_api(work)


def test_nothing_is_answered_before_it_was_taken_or_after_it_is_over() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        early = lifecycle.begin(invocation("one"))
        status, told = await send("POST", "/invocation/one/response", b"1")
        assert (status, told["errorType"]) == (403, "InvalidStateTransition")
        assert not early.answered.done()
        assert (await send(*NEXT))[0] == 200
        assert (await send("POST", "/invocation/one/response", b"1"))[0] == 202
        waiting = asyncio.ensure_future(send(*NEXT))
        await asyncio.wait_for(early.over, 5)
        assert (await send("POST", "/invocation/one/error", b"1"))[0] == 400
        waiting.cancel()

    with_api(work)


def test_an_initialization_fails_only_while_it_lasts() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        in_flight = await taken(lifecycle, send, "one")
        status, told = await send("POST", "/init/error", b"{}")
        assert (status, told["errorType"]) == (403, "InvalidStateTransition")
        assert not lifecycle.init_failed.done()
        assert not in_flight.answered.done()

    with_api(work)


def test_a_runtime_that_asks_again_gets_the_same_event() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        in_flight = await taken(lifecycle, send, "one")
        assert await send(*NEXT) == (200, {"a": 1})
        assert not in_flight.over.done()

    with_api(work)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"", None),
        (b"no JSON", "no JSON"),
        (b"\xff", "\ufffd"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_any_body_is_an_answer(body: bytes, payload: Any) -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        in_flight = await taken(lifecycle, send, "one")
        assert (await send("POST", "/invocation/one/error", body))[0] == 202
        assert in_flight.answered.result().payload == payload

    with_api(work)


def test_a_body_that_is_too_large_is_the_invocations_error() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        in_flight = await taken(lifecycle, send, "one")
        status, told = await send("POST", "/invocation/one/response", b"1" * (MAX_RESPONSE_BYTES + 1))
        assert (status, told["errorType"]) == (413, "RequestEntityTooLarge")
        assert in_flight.answered.result().payload["errorType"] == "Function.ResponseSizeTooLarge"

    with_api(work)


def test_what_is_no_http_ends_its_connection_only() -> None:
    async def work(lifecycle: Lifecycle, send: Send) -> None:
        with pytest.raises((IndexError, ValueError)):
            await send("NO HTTP\r\n\r\n", "")
        assert (await send("GET", "/nothing"))[0] == 404

    with_api(work)


FORGES = """
import json, os, urllib.error, urllib.request

seen = []

def post(url, headers):
    request = urllib.request.Request(url, b'{"status": "FINISHED"}', headers)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as refused:
        return [refused.code, json.load(refused)["errorType"]]

def handler(event, context):
    seen.append(context.aws_request_id)
    base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    return post(f"{base}/{event.get('id') or seen[0]}/{event['kind']}", event.get("headers", {}))
"""
"""Answers for the invocation that it is told to, as a neighbour could, and returns what came of that."""


@pytest.mark.parametrize("kind", ["response", "error"])
def test_a_task_is_not_ended_by_somebody_else(environments: Environments, kind: str) -> None:
    probe = function(FORGES, Environment={"Variables": {"KIND": kind}})
    page = {"kind": kind, "headers": {"Origin": "https://attacker.example"}}
    assert environments.invoke(probe, page).payload == [403, "Forbidden"]
    stale = {"kind": kind}
    assert environments.invoke(probe, stale).payload == [400, "InvalidRequestID"]
    made_up = {"kind": kind, "id": "made-up"}
    assert environments.invoke(probe, made_up).payload == [400, "InvalidRequestID"]


def test_an_error_of_any_form_is_an_error(environments: Environments) -> None:
    code = FORGES.replace('{"status": "FINISHED"}', "[1]")
    result = environments.invoke(function(code), {"kind": "error"})
    assert (result.payload, result.is_error) == ([1], True)
