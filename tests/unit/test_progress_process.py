"""Progress reports while a handler holds the interpreter. Data Pipeline runs in another process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.launch import ROOT
from runner import Task, clients, task_handler
from runner.testing import Context, task_event
from shell.process_tree import children

SERVER = """
import http.server, pathlib, sys
directory = pathlib.Path(sys.argv[1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with (directory / "reports").open("a") as file:
            file.write(self.headers["X-Amz-Target"] + "\\n")
        body = b'{"canceled": %s}' % (b"true" if (directory / "cancel").exists() else b"false")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

HOLDING = """
import ctypes, sys
from runner import progress_process, task_handler
from runner.testing import Context, task_event
progress_process.NOTICE_SECONDS = 0.3
task_handler(lambda task: ctypes.PyDLL(None).usleep(20_000_000) and None)(task_event({}), Context())
"""


def hold_the_interpreter(seconds: float) -> None:
    """Keep other threads from running, as a long call into C code does."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


class Service:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def cancel(self) -> None:
        (self._directory / "cancel").touch()

    @property
    def reports(self) -> int:
        file = self._directory / "reports"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def wait_for(self, reports: int, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        while self.reports < reports:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.1")
        clients.forget()
        yield Service(tmp_path)
        clients.forget()
        server.kill()


def test_reports_go_on_while_a_handler_holds_the_interpreter(service: Service) -> None:
    seen = []

    def work(_: Task) -> None:
        service.wait_for(1)
        before = service.reports
        hold_the_interpreter(2)
        seen.append(service.reports - before)

    assert task_handler(work)(task_event({}), Context()) == {"status": "FINISHED"}  # type: ignore[arg-type]
    assert seen[0] >= 4


def test_a_cancellation_is_heard(service: Service) -> None:
    service.cancel()

    def work(task: Task) -> None:
        task.wait(20)

    assert task_handler(work)(task_event({}), Context()) == {"status": "CANCELED"}  # type: ignore[arg-type]


def test_a_canceled_task_that_cannot_hear_of_it_is_ended_with_its_process(service: Service) -> None:
    service.cancel()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lambdas")}
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HOLDING], env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert time.monotonic() - started < 15


def test_reports_go_on_if_their_process_is_killed(service: Service) -> None:
    def work(task: Task) -> None:
        for pid in children(os.getpid()) - before:
            os.kill(pid, signal.SIGKILL)
        reported = service.reports
        until = time.monotonic() + 20
        while service.reports < reported + 3:
            assert time.monotonic() < until
            task.wait(0.05)

    before = children(os.getpid())
    assert task_handler(work)(task_event({}), Context()) == {"status": "FINISHED"}  # type: ignore[arg-type]


READING = """
import ctypes, os
from runner.progress_process import ProgressProcess
class Task:
    id = "x"
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, which the change of the user has taken away
reports = ProgressProcess(Task(), 60)
reports.__enter__()
try:
    print(open(f"/proc/{reports._pid}/environ").read().count("HANDLERS_KEY"), flush=True)
except PermissionError:
    print("refused", flush=True)
os._exit(0)
"""


def test_a_command_cannot_read_the_process_that_reports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READING],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "lambdas"),
            "COMMAND_ROLE_ARN": "arn",
            "HANDLERS_KEY": "x",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "refused\n", done.stderr


def test_no_process_is_left_and_nothing_reported_after_the_end(service: Service) -> None:
    before = children(os.getpid())
    handler = task_handler(lambda _: service.wait_for(1))
    assert handler(task_event({}), Context()) == {"status": "FINISHED"}  # type: ignore[arg-type]
    assert children(os.getpid()) == before
    reported = service.reports
    time.sleep(0.4)
    assert service.reports <= reported + 1
