"""Functions for a test, and a pool to run them in."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local.lambda_runtime.function import Function, Layer
from local.lambda_runtime.log_stream import Deliver, LogEvent
from local.lambda_runtime.pool import Pool
from local.lambda_runtime.worker import Result

T = TypeVar("T")
PROBE = (Path(__file__).parent / "fixture_app" / "function" / "probe.py").read_text()
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
ENDPOINT_URL = "http://127.0.0.1:1"
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:probe"


def archive(files: Mapping[str, str], *, executable: tuple[str, ...] = (), mode: int = 0o644) -> bytes:
    """A zip: a deployment package or a layer."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name in executable else mode) << 16
            package.writestr(entry, content)
    return buffer.getvalue()


def function(
    code: str = PROBE,
    *,
    layers: tuple[Layer, ...] = (),
    arn: str = ARN,
    mode: int = 0o644,
    **configuration: Any,
) -> Function:
    """A function as CreateFunction leaves it. ``configuration`` replaces members."""
    package = archive({"probe.py": code}, mode=mode)
    members = {
        "FunctionName": "probe",
        "FunctionArn": arn,
        "Runtime": "python3.13",
        "Handler": "probe.handler",
        "Timeout": 30,
        "CodeSha256": base64.b64encode(hashlib.sha256(package).digest()).decode(),
    }
    return Function.from_configuration(members | configuration, code=package, layers=layers)


@dataclass
class Environments:
    """A pool on its own event loop, and everything that was logged."""

    directory: Path
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    logged: dict[str, list[LogEvent]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pool = self.run(self._new_pool())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def invoke(self, invoked: Function, event: Mapping[str, Any] | str) -> Result:
        return self.run(self.invocation(invoked, event))

    async def invocation(self, invoked: Function, event: Mapping[str, Any] | str) -> Result:
        return await self.pool.invoke(
            invoked,
            request_id=str(uuid.uuid4()),
            event=json.dumps(event).encode(),
            invoked_function_arn=invoked.arn,
        )

    def close(self) -> None:
        self.pool.kill()
        self.run(self._until_idle())
        self.runner.close()

    async def _until_idle(self) -> None:
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=5)

    async def _new_pool(self) -> Pool:
        return Pool(
            self.directory / "lambda",
            endpoint_url=ENDPOINT_URL,
            deliver_to=self._deliver_to,
            credentials_of=lambda _: CREDENTIALS,
        )

    def _deliver_to(self, _: Function, stream: str) -> Deliver:
        async def deliver(events: Any) -> None:
            self.logged.setdefault(stream, []).extend(events)

        return deliver
