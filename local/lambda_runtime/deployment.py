"""Unpacks deployed zips, once each: the contents of Lambda's /var/task and /opt."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.lambda_runtime.function import Function

LAMBDA_PYTHON = b"/var/lang/bin/python"


@dataclass(frozen=True)
class Deployment:
    """The unpacked code and layers of a function."""

    task_root: Path
    opt: Path


class Deployments:
    """Unpacks each code zip and each combination of layers once, under `directory`.

    `python` replaces Lambda's interpreter in the first line of scripts: some layers name it by its path.
    """

    def __init__(self, directory: Path, *, python: Path) -> None:
        self._directory = directory
        self._python = python
        self._unpacked: dict[str, asyncio.Task[Path]] = {}

    async def of(self, function: Function) -> Deployment:
        task_root = await self._unpack(f"task {function.code_sha256}", [function.code])
        layers = " ".join(layer.arn for layer in function.layers)
        opt = await self._unpack(f"opt {layers}", [layer.content for layer in function.layers])
        return Deployment(task_root, opt)

    async def _unpack(self, key: str, archives: list[bytes]) -> Path:
        if key not in self._unpacked:
            target = self._directory / hashlib.sha256(key.encode()).hexdigest()[:16]
            work = asyncio.to_thread(unpack, archives, target, self._python)
            self._unpacked[key] = asyncio.create_task(work)
        return await asyncio.shield(self._unpacked[key])


def unpack(archives: Iterable[bytes], target: Path, python: Path) -> Path:
    """Unpack zips over each other into `target`. Later ones win, as layers do.

    Files keep their modes, but nobody may write to them, and directories can be entered and listed. So
    whatever Lambda's user could not read on AWS, an unprivileged user cannot read here.
    """
    target.mkdir(parents=True)
    for archive in archives:
        with zipfile.ZipFile(io.BytesIO(archive)) as package:
            for entry in package.infolist():
                path = Path(package.extract(entry, target))
                if not entry.is_dir():
                    mode = entry.external_attr >> 16 & 0o777 or 0o644
                    path.chmod(mode & 0o755 | 0o600)
                    if mode & 0o100:
                        _localize_interpreter(path, python)
    for directory, _, _ in os.walk(target):
        Path(directory).chmod(0o755)
    return target


def _localize_interpreter(script: Path, python: Path) -> None:
    content = script.read_bytes()
    first, newline, rest = content.partition(b"\n")
    if first.startswith(b"#!" + LAMBDA_PYTHON):
        script.write_bytes(b"#!" + bytes(python) + newline + rest)
