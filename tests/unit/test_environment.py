"""What a task does to its process is undone, or the environment ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from local.launch import ROOT
from runner import Task, clients, environment, task_handler
from runner.surroundings import Surroundings, few_files_left
from runner.testing import run_handler


@pytest.fixture(autouse=True)
def uncondemned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reasons: list[str] = []
    monkeypatch.setattr(environment, "_reasons", reasons)
    monkeypatch.setattr(environment, "_connection", None)
    return reasons


def _lower_a_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _chdir_to_a_removed_directory() -> None:
    Path("removed").mkdir(exist_ok=True)
    os.chdir("removed")
    Path("../removed").rmdir()


LEFT_BEHIND: dict[str, Callable[[], object]] = {
    "a variable": lambda: os.environ.update(PGPASSWORD="canary"),
    "a variable less": lambda: os.environ.pop("POWERTOOLS_SERVICE_NAME"),
    "a working directory": lambda: os.chdir("/"),
    "a working directory that is gone": _chdir_to_a_removed_directory,
    "a umask": lambda: os.umask(0),
    "a signal handler": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "a blocked signal": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
    "a limit": _lower_a_limit,
    "a processor": lambda: os.sched_setaffinity(0, {next(iter(os.sched_getaffinity(0)))}),
    "a scheduling policy": lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)),
    "a child's doing": lambda: subprocess.run(
        ["prlimit", f"--pid={os.getpid()}", "--nofile=100:"], check=True
    ),
}


@pytest.mark.parametrize("leave", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_the_process_is_as_before(
    leave: Callable[[], object],
    uncondemned: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = Surroundings.now()
    changed: list[bool] = []

    def work(_: Task) -> None:
        left = Surroundings.now()
        leave()
        changed.append(Surroundings.now() != left)

    run_handler(task_handler(work), {})
    assert changed == [True]
    assert Surroundings.now() == before
    assert not uncondemned


def test_what_cannot_be_put_back_condemns_the_environment(
    uncondemned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    set_limit = resource.setrlimit
    try:
        with monkeypatch.context() as patched:
            patched.setattr("runner.surroundings.resource.setrlimit", refused)
            work = task_handler(lambda _: set_limit(resource.RLIMIT_NOFILE, (2_001, before[1])))
            assert run_handler(work, {}) == {"status": "FINISHED"}
    finally:
        set_limit(resource.RLIMIT_NOFILE, before)
    assert uncondemned == [f"RLIMIT_NOFILE is (2001, {before[1]}) and was {before}"]


def test_an_environment_that_runs_out_of_files_is_condemned(uncondemned: list[str]) -> None:
    kept: list[int] = []

    def leak(_: Task) -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        kept.extend(os.dup(0) for _ in range(most // 2 + 1))

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, limits[1]))
    try:
        run_handler(task_handler(leak), {})
    finally:
        for number in kept:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert uncondemned == ["more than half of its files are open"]
    assert not few_files_left()


ENDING = """
import os, resource
from runner import environment, task_handler
from runner.testing import Context, task_event
environment.connect()
environment.condemn("it is a test")
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
task_handler(lambda _: print("begun", flush=True))(task_event({}), Context(aws_request_id="id-1"))
"""


def test_a_condemned_environment_ends_before_any_work_even_if_it_may_open_no_file() -> None:
    asked: list[str] = []

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            asked.append(connection.recv(65_536).decode())
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        done = subprocess.run(
            [sys.executable, "-c", ENDING],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "lambdas"),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.getsockname()[1]}",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        thread.join(10)
    assert done.returncode == 1
    assert "begun" not in done.stdout
    head, _, body = asked[0].partition("\r\n\r\n")
    assert head.startswith("POST /2018-06-01/runtime/invocation/id-1/error HTTP/1.1")
    assert '"errorType": "EnvironmentNotClean"' in body
    assert "it is a test" in body


def test_a_handlers_default_session_is_not_the_runners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    clients.forget()

    def sets_up(_: Task) -> None:
        boto3.setup_default_session(aws_access_key_id="theirs", aws_secret_access_key="x")

    run_handler(task_handler(sets_up), {})
    try:
        assert clients.s3()._request_signer._credentials.access_key == "test"  # type: ignore[attr-defined]
    finally:
        clients.forget()
