"""Running a command: output, exit codes, and no process left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runner import command
from runner.command import CommandResult, run_command


def run(script: str, tmp_path: Path, *, stop: bool = False) -> tuple[CommandResult, list[tuple[str, str]]]:
    lines: list[tuple[str, str]] = []
    result = run_command(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        on_line=lambda stream, line: lines.append((stream, line)),
        should_stop=lambda: stop and bool(lines),
    )
    return result, lines


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


def test_output_comes_by_lines_and_streams(tmp_path: Path) -> None:
    result, lines = run("echo one; echo two >&2; printf three", tmp_path)
    assert result.exit_code == 0
    assert [line for line in lines if line[0] == "stdout"] == [("stdout", "one"), ("stdout", "three")]
    assert ("stderr", "two") in lines


def test_exit_code_and_last_lines_of_stderr(tmp_path: Path) -> None:
    result, _ = run("for i in $(seq 100); do echo line $i >&2; done; exit 3", tmp_path)
    assert result.exit_code == 3
    assert result.stderr_tail.splitlines()[-1] == "line 100"
    assert len(result.stderr_tail.splitlines()) == 20


def test_a_line_without_end_is_given_in_pieces(tmp_path: Path) -> None:
    _, lines = run("head -c 100000 /dev/zero | tr '\\0' x", tmp_path)
    assert sum(len(line) for _, line in lines) == 100_000
    assert max(len(line) for _, line in lines) <= 2 * command.MAX_LINE


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    _, lines = run(r"printf '\xff\xfe ok\n'", tmp_path)
    assert lines == [("stdout", "\ufffd\ufffd ok")]


def test_there_is_no_input_to_wait_for(tmp_path: Path) -> None:
    result, _ = run("cat; read x || exit 7", tmp_path)
    assert result.exit_code == 7


def test_children_do_not_outlive_the_command(tmp_path: Path) -> None:
    result, lines = run("sleep 60 & echo $!", tmp_path)
    assert result.exit_code == 0
    assert gone(int(lines[0][1]))


@pytest.mark.parametrize("script", ["echo $$; sleep 60", "trap '' TERM; echo $$; while :; do sleep 1; done"])
def test_a_stopped_command_ends_even_if_it_ignores_sigterm(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.3)
    result, lines = run(script, tmp_path, stop=True)
    assert result.stopped
    assert gone(int(lines[0][1]))


def test_an_exception_ends_the_command(tmp_path: Path) -> None:
    seen: list[int] = []

    def fail(stream: str, line: str) -> None:
        seen.append(int(line))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        run_command(
            ["bash", "-c", "echo $$; sleep 60"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            on_line=fail,
            should_stop=lambda: False,
        )
    assert gone(seen[0])
