from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.console.files import PATH, console
from local.http.front import front

PAGE = console(at=PATH, settings=dict)


class Application:
    """Records what reaches it. As a server, it starts and never ends by itself."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.received.append(scope["type"] if scope["type"] == "lifespan" else scope["path"])
        if scope["type"] == "lifespan":
            assert await receive() == {"type": "lifespan.startup"}
            await send({"type": "lifespan.startup.complete"})
            try:
                await receive()
            finally:
                self.ended = True


def request(path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "path": path, "headers": list(headers)}


@pytest.mark.parametrize(
    ("scope", "is_ours"),
    [
        (request("/", (b"x-amz-target", b"DataPipeline.PollForTask")), True),
        (request("/_local/datapipeline/faults"), True),
        (request("/", (b"x-amz-target", b"AWSStepFunctions.StartExecution")), False),
        (request("/bucket/DataPipeline.PollForTask"), False),
        (request("/"), False),
        ({"type": "websocket", "path": "/_local/datapipeline/", "headers": []}, False),
    ],
)
def test_requests_go_to_their_service(scope: dict[str, Any], is_ours: bool) -> None:
    ours, others = Application(), Application()
    asyncio.run(front(console=PAGE, data_pipeline=ours, others=others)(scope, None, None))
    assert (len(ours.received), len(others.received)) == ((1, 0) if is_ours else (0, 1))


@pytest.mark.parametrize(
    ("kind", "path", "answered"),
    [
        ("http", "/", ["http.response.start", "http.response.body"]),
        ("http", "/_local/console/", ["http.response.start", "http.response.body"]),
        ("websocket", "/", ["websocket.close"]),
    ],
)
def test_a_page_of_another_site_reaches_nobody(kind: str, path: str, answered: list[str]) -> None:
    ours, others = Application(), Application()
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = request(path, (b"host", b"attacker.example")) | {"type": kind}
    asyncio.run(front(console=PAGE, data_pipeline=ours, others=others)(scope, None, send))
    assert [event["type"] for event in sent] == answered
    assert sent[0].get("status", 403) == 403
    assert (ours.received, others.received) == ([], [])


def test_the_console_is_served_by_neither() -> None:
    ours, others = Application(), Application()
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = request("/_local/console/", (b"host", b"127.0.0.1:4566")) | {"method": "GET"}
    asyncio.run(front(console=PAGE, data_pipeline=ours, others=others)(scope, None, send))
    assert sent[0]["status"] == 200
    assert (ours.received, others.received) == ([], [])


def test_the_others_are_started_and_simply_ended() -> None:
    ours, others = Application(), Application()
    sent: list[str] = []

    async def server() -> None:
        events = asyncio.Queue[Any]()

        async def send(event: dict[str, Any]) -> None:
            sent.append(event["type"])
            if event["type"] == "lifespan.startup.complete":
                events.put_nowait({"type": "lifespan.shutdown"})

        events.put_nowait({"type": "lifespan.startup"})
        await front(console=PAGE, data_pipeline=ours, others=others)({"type": "lifespan"}, events.get, send)

    asyncio.run(server())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert others.ended
    assert ours.received == []
