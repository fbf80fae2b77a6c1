"""One execution environment: a process with AWS's runtime client, and the Runtime API that feeds it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from local.directories import remove_tree
from local.lambda_runtime import failures
from local.lambda_runtime.deployment import Deployment
from local.lambda_runtime.environment import Places, execution_environment
from local.lambda_runtime.function import Function
from local.lambda_runtime.image import IMAGE
from local.lambda_runtime.lifecycle import Answer, InFlight, Invocation, Lifecycle
from local.lambda_runtime.log_stream import LogStream
from local.lambda_runtime.platform_log import PlatformLog, Report
from local.lambda_runtime.runtime_api import RuntimeApi
from local.lambda_runtime.sandbox import Sandbox
from local.processes.tree import ProcessTree

INIT_SECONDS = 10.0
"""How long the initialization may take before the function's own timeout starts (Lambda developer guide,
"Understanding the Lambda execution environment lifecycle")."""
OPEN_FILES = 1024
"""Lambda quotas, "File descriptors"."""


@dataclass(frozen=True)
class Result:
    """The result of an invocation: the parsed payload, whether it is an error, and the log's lines."""

    payload: Any
    is_error: bool
    log: tuple[str, ...]
    duration_ms: float


@dataclass(frozen=True)
class _Outcome:
    payload: Any
    status: Literal["success", "error", "timeout"] = "success"
    of_lambda_itself: bool = False

    @classmethod
    def of(cls, answer: Answer) -> _Outcome:
        return cls(answer.payload, "error" if answer.is_error else "success", answer.too_large)

    @property
    def error_type(self) -> str | None:
        told = self.payload.get("errorType") if isinstance(self.payload, dict) else None
        return None if told is None or self.status == "success" else str(told)


class Worker:
    """Runs one invocation at a time. It is frozen in between, as Lambda freezes an environment.

    Once `alive` is false (timed out, crashed, killed) it takes no more invocations.
    """

    def __init__(self, function: Function, logs: LogStream, scratch: Path, sandbox: Sandbox) -> None:
        self.function = function
        self._sandbox = sandbox
        self._logs = logs
        self._scratch = scratch
        self._lifecycle = Lifecycle()
        self._api = RuntimeApi(self._lifecycle)
        self._processes = ProcessTree(
            user=sandbox.user, open_files=OPEN_FILES, view=sandbox.view, devices=IMAGE["devices"]
        )
        self._started_at = 0.0
        self._init_ms: float | None = None

    async def start(
        self,
        deployment: Deployment,
        *,
        log_stream: str,
        endpoint_url: str,
        credentials: Mapping[str, str],
    ) -> None:
        """Start the process. Its initialization is part of the first invocation."""
        runtime = self._sandbox.runtime
        self._make_scratch()
        environment = execution_environment(
            self.function,
            Places(
                task_root=deployment.task_root,
                opt=deployment.opt,
                language=runtime.language,
                runtime=runtime.libraries,
                scratch=self._scratch,
                programs=self._sandbox.programs,
            ),
            runtime_api=await self._api.start(),
            log_stream=log_stream,
            endpoint_url=endpoint_url,
            credentials=credentials,
        )
        layer_packages = deployment.opt / "python"
        import_path = [
            deployment.task_root,
            layer_packages / "lib" / runtime.version / "site-packages",
            layer_packages,
        ]
        self._started_at = time.monotonic()
        await self._processes.start(
            [*map(str, [runtime.python, "-P", runtime.bootstrap, self.function.handler, *import_path])],
            environment=environment,
            directory=deployment.task_root,
            output=self._logs.write_end,
        )
        self._logs.close_write_end()
        self._lifecycle.initialized.add_done_callback(lambda _: self._note_initialization())

    def _make_scratch(self) -> None:
        self._scratch.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._scratch.mkdir(mode=0o700)
        if user := self._sandbox.user:
            os.chown(self._scratch, user.uid, user.gid)
            os.fchown(self._logs.write_end, user.uid, user.gid)  # For programs that open /dev/stdout again.

    @property
    def alive(self) -> bool:
        return self._processes.alive

    async def invoke(self, request_id: str, event: bytes, invoked_function_arn: str) -> Result:
        """Run one invocation to its end: the runtime asks for the next one, exits, or takes too long.

        An answer alone is not the end (Lambda developer guide, "Understanding the Lambda execution
        environment lifecycle", Invoke phase). If a runtime answers and then exits, its answer counts and its
        environment is gone: AWS's clients for Go and Node.js end that way.
        """
        platform = PlatformLog(self.function.log_format)
        self._logs.write(platform.start(datetime.now(UTC), request_id, self.function.version))
        lifecycle = self._lifecycle
        await self._first_of(lifecycle.initialized, lifecycle.init_failed, timeout=INIT_SECONDS)
        began = time.monotonic()
        timeout = self.function.timeout_seconds
        deadline = datetime.now(UTC) + timedelta(seconds=timeout)
        self._processes.thaw()
        in_flight = lifecycle.begin(Invocation(request_id, event, invoked_function_arn, deadline))
        await self._first_of(in_flight.answered, in_flight.over, lifecycle.init_failed, timeout=timeout)
        memory = self._processes.peak_memory_mb
        left = began + timeout - time.monotonic()
        await self._first_of(in_flight.over, lifecycle.init_failed, timeout=max(0.0, left))
        duration_ms = (time.monotonic() - began) * 1000
        outcome = await self._end(in_flight)
        if self._processes.alive:
            self._processes.freeze()

        self._logs.read_available()
        self._logs.finish_line()
        init_ms, self._init_ms = self._init_ms, None
        report = Report(
            request_id,
            duration_ms,
            init_ms,
            self.function.memory_mb,
            memory,
            outcome.status,
            outcome.error_type,
        )
        failure = outcome.payload["errorMessage"] if outcome.of_lambda_itself else None
        self._logs.write(platform.end(datetime.now(UTC), report, failure))
        await self._logs.flush()
        return Result(outcome.payload, outcome.status != "success", self._logs.take_tail(), duration_ms)

    def kill(self) -> None:
        """End the environment at once, with everything that runs in it."""
        self._api.close()
        self._processes.kill()

    async def close(self) -> None:
        """Kill it, wait until it is gone, and remove its files."""
        self.kill()
        await self._processes.ended()
        self._logs.close()
        await asyncio.to_thread(remove_tree, self._scratch)

    async def _first_of(self, *futures: asyncio.Future[Any], timeout: float) -> None:
        await asyncio.wait(
            {*futures, self._processes.exited}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )

    async def _end(self, in_flight: InFlight) -> _Outcome:
        """The result of the invocation. One that has neither ended nor exited by now has timed out."""
        init_failed = self._lifecycle.init_failed
        late = not (in_flight.over.done() or init_failed.done() or self._processes.exited.done())
        if late or init_failed.done():
            self.kill()
            await self._processes.ended()
        if init_failed.done():
            return _Outcome.of(init_failed.result())
        if in_flight.answered.done():
            return _Outcome.of(in_flight.answered.result())
        request_id = in_flight.invocation.request_id
        if late:
            failure = failures.timed_out(request_id, self.function.timeout_seconds)
            return _Outcome(failure, "timeout", of_lambda_itself=True)
        crash = failures.exited(request_id, self._processes.exited.result())
        return _Outcome(crash, "error", of_lambda_itself=True)

    def _note_initialization(self) -> None:
        self._init_ms = (time.monotonic() - self._started_at) * 1000
