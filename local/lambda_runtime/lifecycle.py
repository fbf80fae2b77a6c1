"""The states of a runtime, which decide what it may send, and when.

Sources: Lambda developer guide, "Understanding the Lambda execution environment lifecycle" and "Using the
Lambda runtime API for custom runtimes". States and errors are named as in AWS's Runtime Interface Emulator,
which gives the same answers.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Invocation:
    """One event for a function: its JSON, and the data of the context object."""

    request_id: str
    event: bytes
    invoked_function_arn: str
    deadline: datetime


@dataclass(frozen=True)
class Answer:
    """A runtime's answer. A body that is not JSON is kept as text."""

    payload: Any
    is_error: bool = False
    too_large: bool = False


@dataclass(frozen=True)
class RefusedError(Exception):
    """The runtime may not send this now. `status` is the HTTP status."""

    status: int
    error_type: str
    message: str


@dataclass(eq=False)
class InFlight:
    """An invocation, from the moment it is offered to the runtime."""

    invocation: Invocation
    taken: bool = False
    answered: asyncio.Future[Answer] = field(default_factory=lambda: _future())
    over: asyncio.Future[None] = field(default_factory=lambda: _future())
    """Set when the runtime asks for the next invocation."""


class Lifecycle:
    """The state of one runtime, which runs one invocation at a time. Not for more than one event loop."""

    def __init__(self) -> None:
        self.initialized: asyncio.Future[None] = _future()
        self.init_failed: asyncio.Future[Answer] = _future()
        self._current: InFlight | None = None
        self._offered = asyncio.Event()

    @property
    def state(self) -> str:
        if self.init_failed.done():
            return "InitError"
        if not self.initialized.done():
            return "Started"
        if self._current is None or not self._current.taken:
            return "Ready"
        return "RuntimeResponseSentState" if self._current.answered.done() else "Running"

    def begin(self, invocation: Invocation) -> InFlight:
        """Offer an invocation. The previous one must have ended."""
        assert self._current is None  # noqa: S101
        self._current = InFlight(invocation)
        self._offered.set()
        return self._current

    # What a runtime sends. Each method raises RefusedError.

    async def next(self) -> Invocation:
        """Wait for the next event. Asking ends the initialization, or the invocation that was answered.

        A runtime that asks again before it has answered gets the same event again, as on Lambda.
        """
        if self.state == "InitError":
            raise self._not_now("Ready")
        if not self.initialized.done():
            self.initialized.set_result(None)
        elif self._current is not None and self._current.answered.done():
            self._current.over.set_result(None)
            self._current = None
            self._offered.clear()
        while self._current is None:
            await self._offered.wait()
        self._current.taken = True
        return self._current.invocation

    def answer(self, request_id: str, answer: Answer) -> None:
        """Settle the invocation in flight, if it has this id, was taken, and has not been answered."""
        if self._current is None or self._current.invocation.request_id != request_id:
            raise RefusedError(400, "InvalidRequestID", "Invalid request ID")
        if self.state != "Running":
            raise self._not_now("InvocationErrorResponse" if answer.is_error else "InvocationResponse")
        self._current.answered.set_result(answer)

    def fail_init(self, answer: Answer) -> None:
        """Report that the initialization failed, while it lasts."""
        if self.state != "Started":
            raise self._not_now("InitError")
        self.init_failed.set_result(answer)

    def _not_now(self, wanted: str) -> RefusedError:
        message = f"Transition from {self.state} to {wanted} is not allowed."
        return RefusedError(403, "InvalidStateTransition", message)


def parsed(body: bytes) -> Any:
    """The JSON of a body. Lambda passes on any bytes; here, a body that is not JSON is passed on as text."""
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()
