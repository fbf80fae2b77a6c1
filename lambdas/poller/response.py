"""The poller's event and response: how PollLoop and the poller talk to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from poller import envelope
from poller.loop import LoopState

if TYPE_CHECKING:
    from poller.pace import LastPace
    from poller.round import Round


def read_event(event: Mapping[str, Any], last_pace: LastPace) -> tuple[datetime, LoopState]:
    """When the execution started, and the loop's state, from ``{loop, startedAt, retries}``.

    ``retries`` counts this invocation's tries that failed: each adds to the execution's history.
    """
    started_at = datetime.fromisoformat(event["startedAt"])
    state = LoopState.from_json(event.get("loop"), pace=last_pace.of_loop(started_at))
    return started_at, state.retried(int(event.get("retries") or 0))


def write_response(
    played: Round, *, worker_group: str, poll_id: str, put_claim: Callable[[str, dict[str, Any]], str]
) -> dict[str, Any]:
    """The response: ``{next, waitSeconds, loop}``, with ``task`` and ``name`` if the poll brought a task.

    ``name`` is RunTask's execution name, made of the task and ``poll_id``. ``put_claim(name, objects)``
    stores objects that do not travel in the envelope, and returns their URI.
    """
    response = {
        "next": played.decision.next.value,
        "waitSeconds": played.decision.wait_seconds,
        "loop": played.decision.state.as_json(),
    }
    if played.poll is None or played.poll.task is None or played.received_at is None:
        return response
    received = envelope.receive(played.poll.task, worker_group=worker_group, received_at=played.received_at)
    name = envelope.execution_name(received.envelope, poll_id=poll_id)
    if received.claim is None:
        return {**response, "task": received.envelope, "name": name}
    return {**response, "task": received.with_claim(put_claim(name, received.claim)), "name": name}
