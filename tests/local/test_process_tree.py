"""Nothing of an execution environment survives its end, and nothing of it runs while it is frozen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.directories import open_directory
from local.lambda_runtime.function import Function
from local.lambda_runtime.worker import Result
from tests import processes
from tests.local.environments import Environments, function

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
WAIT_SECONDS = 15.0
BEAT_SECONDS = 0.3

STARTS = '''
import os, signal, subprocess, sys, time

LEAVES = """
import os, sys, time
end = time.monotonic() + 30
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
while os.path.exists(sys.argv[1]) and time.monotonic() < end:
    os.utime(sys.argv[1])
    time.sleep(0.001)
"""
NEVER_STAYS = """
import os, sys, time
end = time.monotonic() + 30
for _ in range(30_000):
    if not os.path.exists(sys.argv[1]) or time.monotonic() > end:
        break
    os.utime(sys.argv[1])
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""
STAYS = """
import os, sys, time
end = time.monotonic() + 30
while os.path.exists(sys.argv[1]) and time.monotonic() < end:
    os.utime(sys.argv[1])
    time.sleep(0.001)
"""
PROGRAMS = {"leaves": LEAVES, "never-stays": NEVER_STAYS, "stays": STAYS}
started = []

def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]

def goes_on(beats):
    before = os.stat(beats).st_mtime_ns
    until = time.monotonic() + 10
    while os.stat(beats).st_mtime_ns == before and time.monotonic() < until:
        time.sleep(0.01)
    return os.stat(beats).st_mtime_ns != before

def handler(event, context):
    seen = {"pid": os.getpid(), "states": [state(process.pid) for process in started]}
    if event.get("starts"):
        program = PROGRAMS[event["starts"]]
        process = subprocess.Popen([sys.executable, "-c", program, event["beats"]], start_new_session=True)
        if event["starts"] == "stays":
            started.append(process)
        if event.get("stop"):
            process.send_signal(signal.SIGSTOP)
    if event.get("watch"):
        seen["goes on"] = goes_on(event["watch"])
    time.sleep(event.get("seconds", 0))
    return seen
'''
"""Starts a process that leaves its session and its parents, one that keeps doing so, or one that stays."""


def starting(name: str, **configuration: Any) -> Function:
    """A function with this name, so that it has environments of its own."""
    return function(STARTS, Environment={"Variables": {"TEST": name}}, **configuration)


class Beats:
    """A file that running processes keep touching. They end when it is removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    async def go_on(self, seconds: float = BEAT_SECONDS) -> bool:
        """Whether it is touched now, or soon."""
        before = self.path.stat().st_mtime_ns
        return await until(lambda: self.path.stat().st_mtime_ns != before, seconds)

    async def stop(self) -> bool:
        """Whether touching stops before long. (What forks all the time is in no listing of processes.)"""
        deadline = time.monotonic() + WAIT_SECONDS
        while await self.go_on():
            if time.monotonic() > deadline:
                return False
        return True


@pytest.fixture
def beats() -> Iterator[Beats]:
    with open_directory("beats-") as directory:
        made = Beats(directory / "beats")
        made.path.chmod(0o666)
        yield made


def parents(pid: int) -> list[int]:
    """The supervisors of a runtime, the inner one first."""
    found: list[int] = []
    while (pid := processes.parent(pid)) not in (0, os.getpid()):
        found.append(pid)
    return found


async def until(holds: Callable[[], object], seconds: float = WAIT_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


def at_work(
    environments: Environments, probe: Function, starts: str, beats: Beats, then: Callable[[], object]
) -> Result:
    """Start something in an invocation that goes on, and do ``then``, which ends it."""

    async def run() -> Result:
        event = {"starts": starts, "beats": str(beats.path), "seconds": 600}
        working = asyncio.create_task(environments.invocation(probe, event))
        assert await beats.go_on(WAIT_SECONDS)
        then()
        result = await asyncio.wait_for(working, WAIT_SECONDS)
        assert await beats.stop(), "it still runs"
        return result

    return environments.run(run())


@pytest.mark.parametrize("starts", ["leaves", "never-stays"])
@pytest.mark.parametrize("killed", ["runtime", "inner-supervisor", "outer-supervisor", "group"])
def test_whatever_is_killed_nothing_is_left(
    environments: Environments, beats: Beats, starts: str, killed: str
) -> None:
    probe = starting(f"{starts} {killed}")
    runtime: int = environments.invoke(probe, {}).payload["pid"]

    def kill() -> None:
        if killed == "group":
            os.killpg(runtime, signal.SIGKILL)
        else:
            chain = [runtime, *parents(runtime)]
            names = ("runtime", "inner-supervisor", "outer-supervisor")
            os.kill(dict(zip(names, chain, strict=True))[killed], signal.SIGKILL)

    result = at_work(environments, probe, starts, beats, kill)
    assert result.payload["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert not environments.invoke(probe, {}).is_error


def test_without_its_supervisors_a_runtime_ends(environments: Environments) -> None:
    probe = starting("without")
    runtime: int = environments.invoke(probe, {}).payload["pid"]
    inner, outer = parents(runtime)

    async def kill() -> Result:
        working = asyncio.create_task(environments.invocation(probe, {"seconds": 600}))
        assert await until(lambda: processes.state(runtime) == "S")
        for pid in (outer, inner):
            os.kill(pid, signal.SIGSTOP)
        for pid in (outer, inner):
            with contextlib.suppress(ProcessLookupError):  # The inner one ends with the outer one.
                os.kill(pid, signal.SIGKILL)
        return await asyncio.wait_for(working, WAIT_SECONDS)

    assert environments.run(kill()).payload["errorType"] == "Runtime.ExitError"
    assert environments.run(until(lambda: not processes.is_running(runtime)))


@pytest.mark.parametrize("starts", ["leaves", "never-stays"])
def test_the_timeout_leaves_nothing(environments: Environments, beats: Beats, starts: str) -> None:
    probe = starting(f"late {starts}", Timeout=1)
    result = at_work(environments, probe, starts, beats, lambda: None)
    assert result.payload["errorType"] == "Sandbox.Timedout"


def test_supervisors_that_a_command_has_stopped_are_ended_too(
    environments: Environments, beats: Beats
) -> None:
    probe = starting("stopped", Timeout=1)
    supervisors = parents(environments.invoke(probe, {}).payload["pid"])

    def stop() -> None:
        for pid in supervisors:
            os.kill(pid, signal.SIGSTOP)

    at_work(environments, probe, "leaves", beats, stop)
    assert supervisors
    assert environments.run(until(lambda: not any(map(processes.is_running, supervisors))))


def test_an_environment_that_was_killed_while_it_was_idle_is_replaced(environments: Environments) -> None:
    probe = starting("idle")
    idle: int = environments.invoke(probe, {}).payload["pid"]
    os.kill(idle, signal.SIGKILL)
    assert environments.run(until(lambda: not processes.is_running(idle)))
    result = environments.invoke(probe, {})
    assert not result.is_error
    assert result.payload["pid"] != idle


@pytest.mark.parametrize("starts", ["stays", "leaves", "never-stays"])
def test_what_left_its_session_is_frozen_as_well(
    environments: Environments, beats: Beats, starts: str
) -> None:
    probe = starting(f"frozen {starts}")
    path = str(beats.path)
    first = environments.invoke(probe, {"starts": starts, "beats": path, "watch": path})
    assert first.payload["goes on"]
    assert not environments.run(beats.go_on())
    thawed = environments.invoke(probe, {"watch": path})
    assert thawed.payload["goes on"]
    assert thawed.payload["pid"] == first.payload["pid"]
    assert not environments.run(beats.go_on())


def test_a_deep_tree_goes_with_its_environment(environments: Environments) -> None:
    code = "import os, subprocess\ndef handler(event, context):\n    os.chdir(os.environ['TMPDIR'])\n"
    code += "    subprocess.run(['mkdir', '-p', 'a/' * 1500], check=True)\n    os._exit(3)"
    environments.invoke(function(code), {})
    scratch = environments.directory / "lambda" / "tmp"
    assert environments.run(until(lambda: not list(scratch.glob("*/a"))))


def test_what_a_command_has_stopped_stays_so(environments: Environments, beats: Beats) -> None:
    probe = starting("stopped by itself")
    event = {"starts": "stays", "beats": str(beats.path), "stop": True, "seconds": 0.2}
    environments.invoke(probe, event)
    assert environments.invoke(probe, {}).payload["states"] == ["T"]
