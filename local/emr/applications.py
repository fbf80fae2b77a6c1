"""Applications on the YARN of clusters: what Hive scripts start there, and what goes on if their clients end.

YARN commands, ``application``; YARN REST API, cluster applications. All methods are called in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

PATH = "/_local/emr/yarn"
"""``GET ?tags=`` lists applications that have not ended; ``DELETE ?id=`` kills one."""


@dataclass(frozen=True)
class Application:
    """An application that has not ended, with what it answers to its client."""

    id: str
    cluster: str
    tags: frozenset[str]
    work: asyncio.Task[dict[str, Any]]


class Applications:
    """The applications of all clusters."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._by_id: dict[str, Application] = {}

    def start(self, request: Mapping[str, Any], work: Coroutine[Any, Any, dict[str, Any]]) -> Application:
        """Start one, for a client that says its cluster and its settings."""
        name = f"application_1700000000000_{next(self._numbers):04}"
        given = str(request["settings"].get("mapreduce.job.tags", ""))
        tags = frozenset(tag.lower() for tag in given.split(",") if tag)
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self._by_id.pop(name, None))
        self._by_id[name] = Application(name, request.get("cluster", ""), tags, task)
        return self._by_id[name]

    def tagged(self, tag: str) -> list[str]:
        """The ids of those with a tag, or of all for an empty one."""
        return [known.id for known in self._by_id.values() if not tag or tag.lower() in known.tags]

    def kill(self, name: str) -> bool:
        """Kill one. Returns whether it was there."""
        known = self._by_id.get(name)
        return known is not None and known.work.cancel()

    def end_of(self, cluster: str) -> None:
        """Kill those of a cluster, whose nodes are gone."""
        for known in list(self._by_id.values()):
            if known.cluster == cluster:
                known.work.cancel()

    async def answer(self, application: Application, gone: asyncio.Future[None]) -> dict[str, Any] | None:
        """What one answers to its client; None if the client is gone before: then it runs on."""
        waiting: set[asyncio.Future[Any]] = {application.work, gone}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not application.work.done():
            return None
        with contextlib.suppress(asyncio.CancelledError):
            return application.work.result()
        return {"code": 1, "stdout": "", "stderr": f"Application {application.id} was killed by user\n"}

    def control(self, method: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """HTTP status and answer to a request of the program ``yarn``."""
        if method == "DELETE":
            return 200, {"killed": self.kill(query["id"][0])}
        return 200, {"applications": self.tagged(query.get("tags", [""])[0])}
