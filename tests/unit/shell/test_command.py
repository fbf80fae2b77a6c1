"""Running a command: output, exit codes, and no process left behind."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path

import pytest

from shell import command
from shell.command import CommandResult, run_command


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


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and is not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


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
    assert gone(int(output["stdout"]))


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
    assert gone(int(output["stdout"]))


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
    assert gone(seen[0])
