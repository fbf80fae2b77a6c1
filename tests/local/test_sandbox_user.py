"""Functions and their commands have the rights of an unprivileged user, as on Lambda."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.directories import open_directory
from local.lambda_runtime import managed_runtime
from local.lambda_runtime.function import Layer
from local.lambda_runtime.managed_runtime import create_managed_runtime
from local.lambda_runtime.sandbox_user import SANDBOX_USER, choose
from tests.local.commands import Command
from tests.local.environments import Environments, archive, function

as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can run functions as another user"
)

TRIES = """
import os
import in_layer

def tried(action):
    try:
        action()
        return "done"
    except OSError as error:
        return type(error).__name__

def handler(event, context):
    root, scratch = os.environ["LAMBDA_TASK_ROOT"], os.environ["TMPDIR"]
    return {
        "read code": tried(lambda: open(f"{root}/probe.py")),
        "change code": tried(lambda: open(f"{root}/probe.py", "a")),
        "add code": tried(lambda: open(f"{root}/new.py", "w")),
        "change a layer": tried(lambda: open(in_layer.__file__, "a")),
        "write to scratch": tried(lambda: open(f"{scratch}/file", "w")),
        "write to others' scratch": tried(lambda: open(f"{scratch}/../file", "w")),
        "read root's": tried(lambda: open(event["private"])),
        "signal root's": tried(lambda: os.kill(os.getppid(), 0)),
    }
"""
RUNS = """
import subprocess

def handler(event, context):
    done = subprocess.run(event, shell=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
"""
LAYER = Layer("arn:aws:lambda:eu-west-1:000000000000:layer:l:1", archive({"python/in_layer.py": ""}))


@pytest.fixture
def directory() -> Iterator[Path]:
    with open_directory("sandbox-") as made:
        yield made


@as_root
def test_a_function_may_do_what_an_unprivileged_user_may(environments: Environments, directory: Path) -> None:
    private = directory / "private"
    private.touch(mode=0o600)
    told = environments.invoke(function(TRIES, layers=(LAYER,)), {"private": str(private)}).payload
    assert {action for action, outcome in told.items() if outcome == "done"} == {
        "read code",
        "write to scratch",
    }
    assert set(told.values()) == {"done", "PermissionError"}


@as_root
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("id -u", str(SANDBOX_USER.uid)),
        ("id -G", str(SANDBOX_USER.gid)),
        ("kill -0 $PPID && echo its own", "its own"),
        # Linux lets a process open its own pipes by name only if its user owns them.
        ("echo told > /dev/stderr; cat /proc/$PPID/environ | tr '\\0' '\\n' | grep -c ^_HANDLER=", "1"),
    ],
)
def test_so_may_its_commands(environments: Environments, command: str, told: str) -> None:
    result = environments.invoke(function(RUNS), command)
    assert result.payload == told


def test_files_are_limited_as_on_lambda(environments: Environments) -> None:
    """Lambda quotas: 1,024 file descriptors."""
    command = "ulimit -Sn; ulimit -Hn"
    result = environments.invoke(function(RUNS), command)
    assert result.payload == "1024\n1024"


@as_root
def test_a_file_that_lambdas_user_could_not_read_fails_here_too(environments: Environments) -> None:
    closed = function("def handler(event, context): return 1", mode=0o600)
    result = environments.invoke(closed, {})
    assert result.payload["errorType"] == "PermissionError"


@as_root
@pytest.mark.skipif(
    sys.base_prefix == "/usr", reason="the system's own Python is never where only root can go"
)
def test_python_where_only_root_can_go_is_brought_to_where_all_can(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed_runtime, "_open_to_all", lambda _: False)
    runtime = create_managed_runtime(directory / "lang", for_all=True)
    program = "import boto3, ctypes, ssl, sys; print(sys.prefix, boto3.__file__, sys.flags.safe_path)"
    out = subprocess.run(
        [runtime.python, "-P", "-c", program],
        env={"LD_LIBRARY_PATH": str(directory / "lang" / "lib")},
        cwd=directory,
        user=SANDBOX_USER.uid,
        group=SANDBOX_USER.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert out[0] == str(directory / "lang")
    assert out[1].startswith(str(runtime.libraries))


def test_whoever_is_not_root_runs_functions_as_himself(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    chosen = choose(directory)
    assert (chosen.user, chosen.why_root) == (None, None)


@as_root
def test_functions_run_as_root_only_if_they_must_and_that_is_said(directory: Path) -> None:
    directory.chmod(0o700)
    mine = {"TMPDIR": str(directory)}
    command = Command("up", "--no-deploy", "--port", "0", directory=directory, environment=mine)
    assert command.ready()
    assert command.stop() == 0
    assert sum("run as root" in line for line in command.err) == 1
    assert f"user {SANDBOX_USER.uid} cannot run {directory}/" in " ".join(command.err)


@as_root
def test_otherwise_nothing_is_said(directory: Path) -> None:
    command = Command(
        "up", "--no-deploy", "--port", "0", directory=directory, environment={"TMPDIR": str(directory)}
    )
    assert command.ready()
    assert command.stop() == 0
    assert not any("run as root" in line for line in command.err)
