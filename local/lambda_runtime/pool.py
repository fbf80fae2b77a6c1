"""Execution environments by function: reused while warm, and one for each concurrent invocation."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.lambda_runtime.deployment import Deployments
from local.lambda_runtime.function import Function
from local.lambda_runtime.log_stream import Deliver, LogStream
from local.lambda_runtime.sandbox import create_sandbox
from local.lambda_runtime.worker import Result, Worker

IDLE_SECONDS = 300.0
"""How long an unused environment is kept. Lambda does not document it; it keeps them for minutes."""

DeliverTo = Callable[[Function, str], Deliver]
"""(function, name of the log stream) -> a function that delivers events to it."""


CredentialsOf = Callable[[Function], Mapping[str, str]]
"""(function) -> variables with new temporary credentials of its role."""


class Pool:
    """All execution environments. Belongs to one event loop. Files are under `directory`.

    If functions run as an unprivileged user, that user must be able to enter `directory`.
    """

    def __init__(
        self, directory: Path, *, endpoint_url: str, deliver_to: DeliverTo, credentials_of: CredentialsOf
    ) -> None:
        self._directory = directory
        self._endpoint_url = endpoint_url
        self._deliver_to = deliver_to
        self._credentials_of = credentials_of
        self.sandbox = create_sandbox(directory)
        self._deployments = Deployments(directory, python=self.sandbox.runtime.python)
        self._idle: defaultdict[Function, list[Worker]] = defaultdict(list)
        self._expiries: dict[Worker, asyncio.TimerHandle] = {}
        self._workers: set[Worker] = set()
        self._closings: set[asyncio.Task[None]] = set()

    @property
    def why_root(self) -> str | None:
        """Why functions run as root, if they do."""
        return self.sandbox.why_root

    @property
    def why_more(self) -> str | None:
        """Why functions see more of this machine than on Lambda, if they do."""
        return self.sandbox.why_more

    async def invoke(
        self, function: Function, *, request_id: str, event: bytes, invoked_function_arn: str
    ) -> Result:
        """Run one invocation, in an environment that it has to itself until it ends."""
        worker = self._take(function) or await self._start(function)
        try:
            return await worker.invoke(request_id, event, invoked_function_arn)
        finally:
            self._give_back(worker)

    def kill(self) -> None:
        """End all environments at once."""
        for worker in self._workers:
            worker.kill()

    def _take(self, function: Function) -> Worker | None:
        idle = self._idle[function]
        while idle:
            worker = idle.pop()
            self._expiries.pop(worker).cancel()
            if worker.alive:
                return worker
            self._close(worker)
        return None

    async def _start(self, function: Function) -> Worker:
        credentials = self._credentials_of(function)
        deployment = await self._deployments.of(function)
        environment_id = uuid.uuid4().hex
        stream = f"{datetime.now(UTC):%Y/%m/%d}/{function.log_stream_prefix}{environment_id}"
        logs = LogStream(self._deliver_to(function, stream))
        worker = Worker(function, logs, self._directory / "tmp" / environment_id, self.sandbox)
        self._workers.add(worker)
        await worker.start(
            deployment,
            log_stream=stream,
            endpoint_url=self._endpoint_url,
            credentials=credentials,
        )
        return worker

    def _give_back(self, worker: Worker) -> None:
        if not worker.alive:
            self._close(worker)
            return
        self._idle[worker.function].append(worker)
        loop = asyncio.get_running_loop()
        self._expiries[worker] = loop.call_later(IDLE_SECONDS, self._expire, worker)

    def _expire(self, worker: Worker) -> None:
        self._expiries.pop(worker, None)
        with contextlib.suppress(ValueError):
            self._idle[worker.function].remove(worker)
            self._close(worker)

    def _close(self, worker: Worker) -> None:
        self._workers.discard(worker)
        closing = asyncio.get_running_loop().create_task(worker.close())
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)
