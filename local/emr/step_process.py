"""Runs a step as a local process, and copies its logs to S3.

EMR management guide, "Cancel steps". A step ends with its child process, which alone gets SIGTERM; SIGKILL
also ends its descendants. What has left them runs on, as on a cluster, until the cluster ends. For programs
and scripts, the child process is EMR's launcher, which passes no signal on; for a JAR it is its Java program.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import posixpath
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.directories import remove_tree
from local.emr.programs_path import step_environment
from local.processes.descendants import descendants, send
from local.processes.tree import ProcessTree

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NewS3 = Callable[[], "S3Client"]

_AGAIN_SECONDS = 0.2
_COMMAND_RUNNER = "command-runner.jar"
_SCRIPT_RUNNER = "script-runner.jar"
_LAUNCHER = ["/bin/bash", "-c", '"$@"; exit $?', "launcher"]
_NODE = """
exec 2> /dev/null
"$@" > "$STEP_DIRECTORY/stdout" 2> "$STEP_DIRECTORY/stderr" &
echo $!
wait $!
echo $?
exec sleep infinity > /dev/null 2>&1
"""
"""Tells the process id of the step's child and its exit code, and stays, as a cluster's node does."""


class StepProcess:
    """The process of one step."""

    def __init__(
        self, step: Mapping[str, Any], *, endpoint_url: str, new_s3: NewS3, cluster: str = ""
    ) -> None:
        """``step`` is a HadoopJarStepConfig, ``cluster`` an id."""
        self._cluster = cluster
        self._step, self._endpoint_url, self._new_s3 = step, endpoint_url, new_s3
        self._directory = Path(tempfile.mkdtemp(prefix="local-emr-"))
        self._tree: ProcessTree | None = None
        self._child = 0
        self._interrupted = self._killed = False

    async def run(self) -> int:
        """Run it to its end. Returns the exit code, as of subprocess."""
        try:
            words = await asyncio.to_thread(self._words)
        except Exception as error:  # As on a cluster: what cannot be fetched is a step that fails.
            (self._directory / "stderr").write_text(f"{error}\n")
            return 1
        environment = step_environment(self._endpoint_url, self._directory, self._cluster)
        properties = {pair["Key"]: pair["Value"] for pair in self._step.get("Properties", [])}
        self._tree = ProcessTree()
        reading, writing = os.pipe()
        try:
            await self._tree.start(
                ["/bin/bash", "-c", _NODE, "node", *words],
                environment=properties | environment | {"STEP_DIRECTORY": str(self._directory)},
                directory=self._directory,
                output=writing,
            )
        finally:
            os.close(writing)
        told = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(told), os.fdopen(reading, "rb")
        )
        try:
            self._child = int(await told.readline() or b"0")
            code = asyncio.ensure_future(told.readline())
            while not (await asyncio.wait({code}, timeout=_AGAIN_SECONDS))[0]:
                # Also if it was asked to end before it was there.
                self._end()
            return int(code.result() or -signal.SIGKILL)
        finally:
            transport.close()

    def interrupt(self) -> None:
        """Ask its child process to end (SIGTERM), now and again until it does."""
        self._interrupted = True
        self._end()

    def kill(self) -> None:
        """End its child process and the descendants of that."""
        self._killed = True
        self._end()

    def _end(self) -> None:
        if not self._child:
            return
        if self._killed:
            for pid in (self._child, *descendants(self._child)):
                send(pid, signal.SIGKILL)
        elif self._interrupted:
            send(self._child, signal.SIGTERM)

    async def forget(self) -> None:
        """End whatever it has left, and remove its files: its node is gone."""
        if self._tree is not None:
            self._tree.kill()
            await self._tree.ended()
        remove_tree(self._directory)

    @property
    def has_left_nothing(self) -> bool:
        """Whether none of its processes runs on after its end."""
        return self._tree is None or len(self._tree.processes) <= 1

    def copy_logs(self, log_uri: str, place: str) -> None:
        """Copy stdout and stderr to ``<log URI>/<place>/``, compressed as EMR does."""
        uri = urlsplit(log_uri)
        client = self._new_s3()
        for name in ("stdout", "stderr"):
            file = self._directory / name
            content = file.read_bytes() if file.exists() else b""
            key = posixpath.join(uri.path.strip("/"), place, f"{name}.gz").lstrip("/")
            client.put_object(Bucket=uri.netloc, Key=key, Body=gzip.compress(content))

    def printed(self, stream: str) -> str:
        """What it has written to ``stdout`` or ``stderr``."""
        file = self._directory / stream
        return file.read_text(errors="replace") if file.exists() else ""

    def _words(self) -> Sequence[str]:
        jar, arguments = self._step["Jar"], list(self._step.get("Args", []))
        if jar == _COMMAND_RUNNER or jar.endswith(f"/{_COMMAND_RUNNER}"):
            return [*_LAUNCHER, *arguments]
        if jar.endswith(f"/{_SCRIPT_RUNNER}"):
            return [*_LAUNCHER, "/bin/bash", self._fetched(arguments[0], "script"), *arguments[1:]]
        file = self._fetched(jar, "step.jar")
        if shutil.which("java") is None:
            raise RuntimeError("java: command not found (a JAR needs Java on this machine)")
        if main := self._step.get("MainClass"):
            return ["java", "-cp", file, main, *arguments]
        return ["java", "-jar", file, *arguments]

    def _fetched(self, place: str, name: str) -> str:
        if not place.startswith(("s3://", "s3n://", "s3a://")):
            return place
        uri = urlsplit(place)
        file = self._directory / name
        self._new_s3().download_file(uri.netloc, uri.path.lstrip("/"), str(file))
        return str(file)
