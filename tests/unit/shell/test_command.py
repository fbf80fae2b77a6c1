"""Runs a command: output, exit codes, and no process left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from runner import environment
from shell import command, process_tree
from shell.command import CommandResult, run_command
from shell.process_tree import children
from tests import processes


def run(script: str, tmp_path: Path, *, stop: bool = False) -> tuple[CommandResult, dict[str, bytes]]:
    output: dict[str, bytes] = defaultdict(bytes)

    def collect(stream: str, data: bytes) -> None:
        output[stream] += data

    result = run_command(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        on_output=collect,
        should_stop=lambda: stop and bool(output),
    )
    return result, output


def test_output_comes_by_stream_with_the_exit_code(tmp_path: Path) -> None:
    result, output = run("echo one; echo two >&2; printf three; exit 3", tmp_path)
    assert result == CommandResult(exit_code=3, stopped=False)
    assert output == {"stdout": b"one\nthree", "stderr": b"two\n"}


def test_there_is_no_input_to_wait_for(tmp_path: Path) -> None:
    result, _ = run("cat; read x || exit 7", tmp_path)
    assert result.exit_code == 7


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_command(
            [str(tmp_path / "none")], cwd=tmp_path, env={}, on_output=print, should_stop=lambda: False
        )


CHILDREN = {
    "in the group": "sleep 60 & echo $!",
    "in a session of its own": "setsid bash -c 'echo $$; exec sleep 60' & sleep 0.2",
    "a daemon": "(setsid bash -c 'echo $$; exec sleep 60' >&1 &) ; sleep 0.2",
    "without the command's environment": "env -i setsid -f bash -c 'echo $$; exec sleep 60'; sleep 0.2",
}


@pytest.mark.parametrize("script", CHILDREN.values(), ids=CHILDREN)
def test_children_do_not_outlive_the_command(script: str, tmp_path: Path) -> None:
    result, output = run(script, tmp_path)
    assert result.exit_code == 0
    assert processes.has_ended(int(output["stdout"]))


FLEEING = """
import os, time
end = time.monotonic() + 20
for _ in range(20_000):
    if time.monotonic() > end or os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""


def test_a_process_that_forks_and_leaves_all_the_time_does_not_outlive_the_command(tmp_path: Path) -> None:
    (tmp_path / "fleeing").write_text(f"MARK = {str(tmp_path)!r}{FLEEING}")
    result, _ = run(f"{sys.executable} -S fleeing {tmp_path}/mark & sleep 0.5", tmp_path)
    assert result.exit_code == 0
    assert not running_with(f"{tmp_path}/mark")
    assert not environment.is_condemned()


def running_with(argument: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if argument.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return found


def test_orphans_are_reaped_while_the_command_runs(tmp_path: Path) -> None:
    most = 0

    def count() -> bool:
        nonlocal most
        zombies = [pid for pid in children(os.getpid()) if not processes.is_running(pid)]
        most = max(most, len(zombies) if (tmp_path / "ended").exists() else 0)
        return False

    script = "for i in $(seq 100); do (true &) ; done; sleep 0.5; touch ended; sleep 0.5"
    result = run_command(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        on_output=lambda *_: None,
        should_stop=count,
    )
    assert result.exit_code == 0
    assert most < 10


def test_an_environment_in_which_processes_survive_is_condemned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(environment, "_reasons", reasons)
    monkeypatch.setattr(process_tree, "KILL_SECONDS", 0.1)
    with monkeypatch.context() as patched:
        patched.setattr(process_tree, "_send", lambda *_: None)
        _, output = run("setsid sleep 60 & echo $!; sleep 0.2", tmp_path)
    os.kill(int(output["stdout"]), signal.SIGKILL)
    assert reasons == ["processes of a command could not be ended"]


@pytest.mark.parametrize(
    "script",
    [
        "echo $$; sleep 60",
        "trap '' TERM; echo $$; while :; do sleep 1; done",
        "trap '' TERM; setsid bash -c 'echo $$; while :; do sleep 1; done' & while :; do sleep 1; done",
    ],
)
def test_a_stopped_command_ends_even_if_it_ignores_sigterm(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.3)
    result, output = run(script, tmp_path, stop=True)
    assert result.stopped
    assert processes.has_ended(int(output["stdout"]))


def test_an_exception_ends_the_command(tmp_path: Path) -> None:
    seen: list[int] = []

    def fail(stream: str, data: bytes) -> None:
        seen.append(int(data))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        run_command(
            ["bash", "-c", "echo $$; sleep 60"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            on_output=fail,
            should_stop=lambda: False,
        )
    assert processes.has_ended(seen[0])
