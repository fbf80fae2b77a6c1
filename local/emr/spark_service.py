"""Runs Hive scripts of steps, one after the other, in a Spark process that starts with the first."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from local.environment import for_local_aws

PATH = "/_local/emr/hive"
MISSING = 127
_ROOT = Path(__file__).parents[2]
_MOST_ANSWER_BYTES = 64 * 1024 * 1024


def why_not() -> str | None:
    """Why there is no Spark on this machine; None if there is."""
    if importlib.util.find_spec("pyspark") is None:
        return "hive: PySpark is not installed: make test-spark installs it"
    if shutil.which("java") is None:
        return "hive: java is not installed, and Spark needs it"
    return None


class SparkService:
    """The process, and the scripts that wait for it."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a script: ``{script, variables, settings}``. Returns ``{code, stdout, stderr}``.

        If this is cancelled, the process is killed with the script.
        """
        missing = why_not()
        if missing is not None:
            return {"code": MISSING, "stdout": "", "stderr": f"{missing}\n"}
        async with self._turn:
            process = self._process or await self._start()
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            answer = b""
            try:
                process.stdin.write(f"{json.dumps(request)}\n".encode())
                await process.stdin.drain()
                answer = await process.stdout.readline()
            finally:
                if not answer:
                    self.close()
        if not answer:
            return {"code": 1, "stdout": "", "stderr": "hive: Spark has ended\n"}
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process = None

    async def _start(self) -> asyncio.subprocess.Process:
        environment = for_local_aws(self._endpoint_url, os.environ) | {"PYTHONPATH": str(_ROOT)}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local.emr.spark_server"),
            cwd=_ROOT,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_MOST_ANSWER_BYTES,
            process_group=0,
        )
        return self._process
