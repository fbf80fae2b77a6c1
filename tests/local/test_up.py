"""`python -m local up`, run as a command."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mypy_boto3_lambda import LambdaClient

from local.directories import remove_tree
from local.processes.descendants import children
from tests import processes
from tests.local.commands import Command, running
from tests.local.environments import PROBE, archive
from tests.local.iam_account import IamAccount

STOP_SECONDS = 2


def new_function(endpoint_url: str, **configuration: int) -> LambdaClient:
    account = IamAccount(endpoint_url)
    client: LambdaClient = account.client("lambda")
    client.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Handler="probe.handler",
        Role=account.role(service="lambda.amazonaws.com"),
        Code={"ZipFile": archive({"probe.py": PROBE})},
        Timeout=60,
    )
    return client


def test_help_names_the_commands_and_the_settings() -> None:
    with running("--help") as command:
        assert command.finish() == 0
        assert {"up", "demo"} <= set(" ".join(command.out).split())
    with running("up", "--help") as command:
        assert command.finish() == 0
        assert any("dead_poll" in line for line in command.out)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--time-scale", "0"],
        ["--context", "novalue"],
        ["--setting", "no_such_setting=1", "--no-deploy", "--port", "0"],
    ],
)
def test_a_mistake_is_one_clear_line(arguments: list[str]) -> None:
    with running("up", *arguments) as command:
        assert command.finish() != 0
    assert "error: " in command.err[-1]
    assert not any("Traceback" in line for line in command.err)
    assert command.out == []


def test_a_port_in_use_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("up", "--no-deploy", "--port", str(port)) as command:
            assert command.finish() == 1
    assert command.err == [f"error: port {port} on 127.0.0.1 is in use"]


def test_ready_is_the_only_line_and_only_loopback_is_listened_on(tmp_path: Path) -> None:
    with running("up", "--no-deploy", "--port", "0", directory=tmp_path) as command:
        endpoint_url = command.ready()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", endpoint_url)
        assert _listening(command.process.pid) == {"127.0.0.1"}
        assert command.stop(signal.SIGINT) == 0
    assert command.out == [f"ready {endpoint_url}"]
    assert list(tmp_path.iterdir()) == []


def test_a_signal_ends_it_with_all_that_it_started() -> None:
    """This includes running functions, and their children in sessions of their own."""
    with running("up", "--no-deploy", "--port", "0") as command:
        endpoint_url = command.ready()
        client = new_function(endpoint_url)
        for own_session in ("false", "true"):
            event = f'{{"do": "children", "own_session": {own_session}}}'
            client.invoke(FunctionName="probe", InvocationType="Event", Payload=event)
        _until(lambda: _count_sleeping(endpoint_url) == 2)
        state = _state_directory(endpoint_url)
        assert state.exists()
        assert command.stop(timeout=STOP_SECONDS) == 0
    assert _until(lambda: not processes.naming(endpoint_url))
    assert not state.exists()


def test_killed_it_leaves_nothing_running() -> None:
    """SIGKILL cannot be handled: running functions, and processes that left their sessions, end with it."""
    with running("up", "--no-deploy", "--port", "0") as command:
        endpoint_url = command.ready()
        client = new_function(endpoint_url)
        for own_session in ("false", "true"):
            event = f'{{"do": "children", "own_session": {own_session}}}'
            client.invoke(FunctionName="probe", InvocationType="Event", Payload=event)
        assert _until(lambda: _count_sleeping(endpoint_url) == 2)
        state = _state_directory(endpoint_url)
        command.process.kill()
        assert _until(lambda: not processes.naming(endpoint_url))
    shutil.rmtree(state)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_it_ends_what_has_lost_its_supervisors() -> None:
    with running("up", "--no-deploy", "--port", "0") as command:
        endpoint_url = command.ready()
        client = new_function(endpoint_url)
        event = '{"do": "children", "own_session": true}'
        client.invoke(FunctionName="probe", InvocationType="Event", Payload=event)
        assert _until(lambda: _count_sleeping(endpoint_url) == 1)
        (outer,) = children(command.process.pid)
        (inner,) = children(outer)
        state = _state_directory(endpoint_url)
        for pid in (outer, inner):
            os.kill(pid, signal.SIGSTOP)
        for pid in (outer, inner):
            with contextlib.suppress(ProcessLookupError):  # The inner one ends with the outer one.
                os.kill(pid, signal.SIGKILL)
        assert _until(lambda: _count_sleeping(endpoint_url) == 0)
        assert command.stop() == 0
    assert not state.exists()


def test_killed_in_the_middle_of_a_deploy_it_ends_the_deploy() -> None:
    with running("up", "--port", "0") as command:
        port = command.wait_for("starting local AWS on").rpartition(":")[2]
        command.wait_for("deploying")
        named = f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}"
        assert _until(lambda: len(processes.naming(named)) > 2)
        command.process.kill()
        assert _until(lambda: not processes.naming(named))


def test_it_ends_with_whoever_holds_its_input(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    arguments = ("up", "--end-with-stdin", "--no-deploy", "--port", "0")
    command = Command(*arguments, directory=tmp_path, stdin=reading)
    command.ready()
    os.close(reading)
    os.close(writing)
    assert command.finish(20) == 0


def test_a_tree_of_a_thousand_directories_is_removed(tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    subprocess.run(["mkdir", "-p", f"{deep}/{'a/' * 1500}"], check=True)
    (deep / "a").chmod(0)
    remove_tree(deep)
    assert not deep.exists()
    remove_tree(deep)


def test_a_signal_in_the_middle_of_a_deploy_ends_the_deploy() -> None:
    with running("up", "--port", "0", "--context", "schedule=rate(1 minute)") as command:
        port = command.wait_for("starting local AWS on").rpartition(":")[2]
        command.wait_for("deploying")
        assert _until(lambda: len(processes.naming(f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}")) > 2)
        assert command.stop(timeout=STOP_SECONDS) == 0
    assert _until(lambda: not processes.naming(f"AWS_ENDPOINT_URL=http://127.0.0.1:{port}"))
    assert command.out == []


def test_a_failed_deploy_shows_why(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"app": "echo this app is broken >&2; exit 3"}')
    with running("up", "--port", "0", directory=tmp_path) as command:
        assert command.finish() == 1
    assert any(line.startswith("error: `cdk synth` failed; ") for line in command.err)
    assert "this app is broken" in command.err
    assert not any("Traceback" in line for line in command.err)
    assert command.out == []


def test_a_directory_without_an_app_is_said(tmp_path: Path) -> None:
    with running("up", "--port", "0", directory=tmp_path) as command:
        assert command.finish() == 1
    assert command.err[-1] == f"error: there is no cdk.json in {tmp_path}, and no app.py"


def test_aws_settings_of_the_developer_do_not_matter(tmp_path: Path) -> None:
    mine = {"AWS_PROFILE": "no-such-profile", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    command = Command("up", "--no-deploy", "--port", "0", directory=tmp_path, environment=mine)
    assert command.ready()
    assert command.stop() == 0


def test_missing_node_is_said(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{}")
    command = Command("up", "--port", "0", directory=tmp_path, environment={"PATH": str(tmp_path)})
    assert command.finish() == 1
    assert command.err[-1].startswith("error: Node.js is not on PATH")


def _listening(pid: int) -> set[str]:
    """The addresses that a process listens on, by `ss`. Skips the test without it."""
    if shutil.which("ss") is None:
        pytest.skip("needs ss")
    listing = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    own = [line.split() for line in listing.splitlines() if f"pid={pid}," in line]
    return {fields[3].rpartition(":")[0] for fields in own}


def _state_directory(endpoint_url: str) -> Path:
    environ = Path(f"/proc/{processes.naming(endpoint_url)[0]}/environ").read_bytes().split(b"\0")
    task_root = next(entry for entry in environ if entry.startswith(b"LAMBDA_TASK_ROOT="))
    return Path(task_root.partition(b"=")[2].decode()).parents[1]


def _count_sleeping(endpoint_url: str) -> int:
    return sum(b"sleep" in processes.command_line(pid) for pid in processes.naming(endpoint_url))


def _until(holds: object) -> bool:
    assert callable(holds)
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
