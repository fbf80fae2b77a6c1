"""Starts a program, and freezes, thaws and ends it together with everything it starts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.processes.descendants import (
    children,
    descendants,
    freeze,
    is_running,
    kill_below,
    kill_tree,
    peak_memory_mb,
    send,
    thaw,
)
from local.processes.orphans import ORPHANS

SUPERVISOR = Path(__file__).with_name("supervisor.py")
ENDING_SECONDS = 5.0


@dataclass(frozen=True)
class User:
    """A user by number, which needs no entry in /etc/passwd. It has no supplementary groups."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


class ProcessTree:
    """A program below two supervisors (see supervisor.py). `exited` is its exit code, as of subprocess."""

    def __init__(
        self,
        *,
        user: User | None = None,
        open_files: int | None = None,
        view: Path | None = None,
        devices: Sequence[str] = (),
    ) -> None:
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        limits = [user, open_files, view, *devices]
        self._limits = ["-" if limit is None else str(limit) for limit in limits]
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline: int | None = None
        self._frozen: list[int] = []
        self._killed = False

    async def start(
        self, argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, output: int
    ) -> None:
        """Start the program `argv[0]`, a path. `output` becomes its standard output and error."""
        reading, self._lifeline = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(SUPERVISOR), *self._limits),
                cwd=directory,
                env={},
                stdin=reading,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        finally:
            os.close(reading)
        self.exited = asyncio.ensure_future(self._end())
        variables = [f"{name}={value}" for name, value in environment.items()]
        program = os.fsencode("\0".join([str(len(argv)), *argv, *variables]))
        with contextlib.suppress(BrokenPipeError):  # It has ended already; `exited` says so.
            os.write(self._lifeline, len(program).to_bytes(8, "big") + program)

    async def _end(self) -> int:
        assert self._process is not None  # noqa: S101
        status = await self._process.wait()
        until = time.monotonic() + ENDING_SECONDS
        while ORPHANS.end() and time.monotonic() < until:
            await asyncio.sleep(0.001)
        return status

    @property
    def alive(self) -> bool:
        """Whether the program exists, frozen or not, and has not been killed by `kill`."""
        program = self._program
        return not self._killed and program is not None and is_running(program)

    @property
    def peak_memory_mb(self) -> int:
        """The peak memory of the program so far, in MB; 0 if it is gone or unknown."""
        return 0 if self._program is None else peak_memory_mb(self._program)

    def freeze(self) -> None:
        """Stop everything until `thaw`, as Lambda does between invocations. Kills what cannot be stopped."""
        supervisor = self._supervisor
        stopped = None if supervisor is None else freeze(supervisor)
        if stopped is None:
            self.kill()
        else:
            self._frozen = stopped

    def thaw(self) -> None:
        """Continue what `freeze` stopped."""
        thaw(self._frozen)
        self._frozen = []

    def interrupt(self) -> None:
        """Ask the program, and everything it has started, to end (SIGTERM)."""
        supervisor = self._supervisor
        for pid in [] if supervisor is None else descendants(supervisor):
            send(pid, signal.SIGTERM)

    def send(self, number: int) -> None:
        """Send a signal to the program alone, if it still runs."""
        if self._program is not None:
            send(self._program, number)

    @property
    def program(self) -> int | None:
        """The program's process id; None if it has ended."""
        return self._program

    @property
    def processes(self) -> list[int]:
        """The ids of the program and everything that it has started, in whatever session."""
        supervisor = self._supervisor
        return [] if supervisor is None else descendants(supervisor)

    def kill(self) -> None:
        """Kill the program and everything it has started. The supervisors then end by themselves."""
        self._killed = True
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        supervisor = self._supervisor
        if self._process is not None and supervisor is not None:
            for stopped_by_a_command in (self._process.pid, supervisor):
                send(stopped_by_a_command, signal.SIGCONT)
            kill_below(supervisor)

    async def ended(self) -> None:
        """After `kill`: wait until nothing is left. Gives up soon, because the kernel may keep a process."""
        await asyncio.wait({self.exited}, timeout=ENDING_SECONDS)
        if self._process is not None and self._process.returncode is None:
            kill_tree(self._process.pid)

    @property
    def _supervisor(self) -> int | None:
        """The inner supervisor. Its first child is the program; orphans that it adopts come later."""
        if self._process is None or self._process.returncode is not None:
            return None
        return next(iter(children(self._process.pid)), None)

    @property
    def _program(self) -> int | None:
        supervisor = self._supervisor
        return None if supervisor is None else next(iter(children(supervisor)), None)
