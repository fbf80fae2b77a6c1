"""One execution environment: a process of AWS's runtime client and the Runtime API that feeds it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from local.lambda_runtime import failures
from local.lambda_runtime.deployment import Deployment
from local.lambda_runtime.environment import Places, execution_environment
from local.lambda_runtime.function import Function
from local.lambda_runtime.log_stream import LogStream
from local.lambda_runtime.managed_runtime import ManagedRuntime
from local.lambda_runtime.platform_log import PlatformLog, Report
from local.lambda_runtime.runtime_api import Invocation, RuntimeApi
from local.processes import kill_tree, peak_memory_mb

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
INIT_SECONDS = 10.0
"""How long the initialization may take before the function's own timeout starts (Lambda developer guide,
"Understanding the Lambda execution environment lifecycle")."""


@dataclass(frozen=True)
class Result:
    """What an invocation came to: the parsed payload, whether it is an error, and the log's lines."""

    payload: Any
    is_error: bool
    log: tuple[str, ...]
    duration_ms: float


@dataclass(frozen=True)
class _Outcome:
    payload: Any
    status: Literal["success", "error", "timeout"] = "success"
    of_lambda_itself: bool = False


class Worker:
    """Runs one invocation at a time, and is frozen in between, as Lambda freezes an environment.

    Once `alive` is false (timed out, crashed, killed) it takes no more invocations.
    """

    def __init__(self, function: Function, logs: LogStream, scratch: Path) -> None:
        self.function = function
        self._logs = logs
        self._scratch = scratch
        self._api = RuntimeApi(self)
        self._process: asyncio.subprocess.Process | None = None
        self._events: asyncio.Queue[Invocation] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._initialized: asyncio.Future[None] = loop.create_future()
        self._exited: asyncio.Future[int] = loop.create_future()
        self._outcome: asyncio.Future[_Outcome] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._started_at = 0.0
        self._init_ms: float | None = None
        self._frozen = False
        self._killed = False

    async def start(
        self, deployment: Deployment, runtime: ManagedRuntime, *, log_stream: str, endpoint_url: str
    ) -> None:
        """Start the process; its initialization is part of the first invocation."""
        self._scratch.mkdir(parents=True)
        environment = execution_environment(
            self.function,
            Places(deployment.task_root, deployment.opt, runtime.language, runtime.libraries, self._scratch),
            runtime_api=await self._api.start(),
            log_stream=log_stream,
            endpoint_url=endpoint_url,
        )
        layer_packages = deployment.opt / "python"
        import_path = [
            deployment.task_root,
            layer_packages / "lib" / runtime.version / "site-packages",
            layer_packages,
        ]
        self._started_at = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            *map(str, [runtime.python, "-P", BOOTSTRAP, self.function.handler, *import_path]),
            cwd=deployment.task_root,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._logs.write_end,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
        )
        self._logs.close_write_end()
        self._exited = asyncio.ensure_future(self._process.wait())
        self._exited.add_done_callback(lambda _: self._signal_group(signal.SIGKILL))

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None and not self._killed

    async def invoke(self, request_id: str, event: bytes, invoked_function_arn: str) -> Result:
        """Run one invocation to its end: the runtime asks for the next one, exits, or takes too long.

        An answer alone is not the end (Lambda developer guide, "Understanding the Lambda execution
        environment lifecycle", Invoke phase). A runtime that answers and then exits has given its answer,
        and its environment is gone: AWS's clients for Go and Node.js end one this way.
        """
        platform = PlatformLog(self.function.log_format)
        self._logs.write(platform.start(datetime.now(UTC), request_id, self.function.version))
        await self._first_of(self._initialized, timeout=INIT_SECONDS)
        began = time.monotonic()
        timeout = self.function.timeout_seconds
        deadline = datetime.now(UTC) + timedelta(seconds=timeout)
        self._events.put_nowait(Invocation(request_id, event, invoked_function_arn, deadline))
        self._thaw()
        await self._first_of(self._over, timeout=timeout)
        duration_ms = (time.monotonic() - began) * 1000
        memory = peak_memory_mb(self._process.pid) if self._process else 0
        outcome = await self._end(request_id)
        loop = asyncio.get_running_loop()
        self._outcome, self._over = loop.create_future(), loop.create_future()

        self._logs.read_available()
        self._logs.finish_line()
        error_type = outcome.payload.get("errorType") if outcome.status != "success" else None
        init_ms, self._init_ms = self._init_ms, None
        report = Report(
            request_id, duration_ms, init_ms, self.function.memory_mb, memory, outcome.status, error_type
        )
        failure = outcome.payload["errorMessage"] if outcome.of_lambda_itself else None
        self._logs.write(platform.end(datetime.now(UTC), report, failure))
        await self._logs.flush()
        return Result(outcome.payload, outcome.status != "success", self._logs.take_tail(), duration_ms)

    def kill(self) -> None:
        """End the environment at once, with all that runs in it."""
        self._killed = True
        self._api.close()
        if self._process is not None and self._process.returncode is None:
            kill_tree(self._process.pid)

    async def close(self) -> None:
        """Kill it, wait until it is gone, and remove its files."""
        self.kill()
        if self._process is not None:
            await self._exited
        self._logs.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    async def _first_of(self, *futures: asyncio.Future[Any], timeout: float) -> None:
        await asyncio.wait({*futures, self._exited}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    async def _end(self, request_id: str) -> _Outcome:
        in_time = self._over.done() or self._exited.done()
        if not in_time:
            self.kill()
            await self._exited
        if self._outcome.done():
            return self._outcome.result()
        if in_time:
            crash = failures.exited(request_id, self._exited.result())
            return _Outcome(crash, "error", of_lambda_itself=True)
        late = failures.timed_out(request_id, self.function.timeout_seconds)
        return _Outcome(late, "timeout", of_lambda_itself=True)

    def _settle(self, outcome: _Outcome) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _thaw(self) -> None:
        if self._frozen:
            self._signal_group(signal.SIGCONT)
            self._frozen = False

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    # What the runtime client tells through the Runtime API.

    async def next_invocation(self) -> Invocation:
        if not self._initialized.done():
            self._init_ms = (time.monotonic() - self._started_at) * 1000
            self._initialized.set_result(None)
        elif self._outcome.done() and not self._over.done():
            self._over.set_result(None)
            self._signal_group(signal.SIGSTOP)
            self._frozen = True
        return await self._events.get()

    def response(self, body: bytes) -> None:
        self._settle(_Outcome(json.loads(body or b"null")))

    def response_too_large(self) -> None:
        self._killed = True  # The runtime client takes the refusal for a reason to exit.
        self._settle(_Outcome(failures.response_too_large(), "error", of_lambda_itself=True))

    def invocation_error(self, body: bytes) -> None:
        self._settle(_Outcome(json.loads(body), "error"))

    def init_error(self, body: bytes) -> None:
        self._killed = True
        self._settle(_Outcome(json.loads(body), "error"))
        if not self._over.done():
            self._over.set_result(None)
