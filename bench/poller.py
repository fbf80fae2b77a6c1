"""The poller and the handler runtime: process start to the first poll, and the time added to raw calls."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.figures import ratio, spread
from infra.bundling import asset_directory

COLD_STARTS = 40
WARM_POLLS = 400
WARM_UP = 30

FLOOR = """
import boto3, os, socket
boto3.client("datapipeline")
socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
"""
POLLER = """
import poll_for_task
poll_for_task.handler({"loop": {}, "startedAt": STARTED_AT}, None)
"""
"""Its first connection is the poll's."""

WARM = """
import gc, json, os, sys, time
from types import SimpleNamespace

import measured
import poll_for_task

told, sys.stdout = sys.stdout, open(os.devnull, "w")
context = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 900_000)
pace = {"seconds_a_poll": 0.5, "paid_until": 1.0, "full_at": 0.0, "polls": 1, "throttled_at": None}
event = {"loop": {"polls": 1, "pace": pace}, "startedAt": STARTED_AT}
task = poll_for_task.handler(event, context)["task"]


def raw_poll():
    poll_for_task.CLIENT.poll_for_task(workerGroup="bench", hostname="bench")


calls = {
    "raw poll": raw_poll,
    "poller": lambda: poll_for_task.handler(event, context),
    "handler": lambda: measured.nothing({"task": task, "state": None, "canceled": False}, context),
}
times = {name: [] for name in calls}
for number in range(WARM_UP + ROUNDS):
    for name, call in calls.items():
        began = time.perf_counter()
        call()
        times[name].append(1000 * (time.perf_counter() - began))
json.dump({name: values[WARM_UP:] for name, values in times.items()}, told)
told.flush()
"""


def measure() -> dict[str, Any]:
    """Milliseconds. Takes about a minute."""
    return {"cold start": _cold_starts(), "warm": _warm()}


def _cold_starts() -> dict[str, Any]:
    """From the start of the process to its first connection, the poll's. Both programs take turns."""
    programs = {"floor": FLOOR, "poller": _filled(POLLER)}
    times: dict[str, list[float]] = {name: [] for name in programs}
    with socket.create_server(("127.0.0.1", 0)) as server:
        for number in range(COLD_STARTS + 2):
            for name in programs if number % 2 else reversed(programs):
                taken = _seconds_to_connection(programs[name], server)
                if number >= 2:  # The first two runs fill the file system's cache.
                    times[name].append(1000 * taken)
    return {
        "starts of each": COLD_STARTS,
        "process start to the first PollForTask, ms": spread(times["poller"]),
        'process start to the end of `import boto3; boto3.client("datapipeline")`, ms': spread(
            times["floor"]
        ),
        "ratio of the medians": ratio(times["poller"], times["floor"]),
    }


def _seconds_to_connection(program: str, server: socket.socket) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=_environment(server.getsockname()[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection, _ = server.accept()
    taken = time.perf_counter() - began
    process.kill()
    process.wait()
    connection.close()
    return taken


def _warm() -> dict[str, Any]:
    with _service() as port:
        done = subprocess.run(
            [sys.executable, "-c", _filled(WARM)],
            env=_environment(port),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    times: dict[str, list[float]] = json.loads(done.stdout)
    over = [poller - raw for poller, raw in zip(times["poller"], times["raw poll"], strict=True)]
    return {
        "invocations of each": WARM_POLLS,
        "PollForTask alone, ms": spread(times["raw poll"], 2),
        "poller with a task, ms": spread(times["poller"], 2),
        "poller over its call, ms": spread(over, 2),
        "handler runtime (its handler does nothing and makes no call), ms": spread(times["handler"], 2),
    }


def _filled(program: str) -> str:
    """The program with its constants filled in: reading them would cost an import or a call."""
    constants = {"STARTED_AT": datetime.now(UTC).isoformat(), "WARM_UP": WARM_UP, "ROUNDS": WARM_POLLS}
    return "".join(f"{name} = {value!r}\n" for name, value in constants.items()) + program


def _environment(port: int) -> dict[str, str]:
    """The environment of the deployed poller. Lambda's code is read-only, so nothing is precompiled."""
    here = os.path.join(os.path.dirname(__file__), "app")  # noqa: PTH118, PTH120 - a string for PYTHONPATH
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(asset_directory()), here]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PORT": str(port),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "WORKER_GROUP": "bench",
        "PERIOD_SECONDS": "86400",
        "POLL_TIMEOUT_SECONDS": "10",
        "POLL_HOLD_SECONDS": "90",
        "ROUTES": '["nothing"]',
        "RUN_TASK_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask",
        "CLAIMS_BUCKET": "claims",
        "RUNNER_HOSTNAME": "bench",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "Bench",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


class _Answer(BaseHTTPRequestHandler):
    """Answers every request at once with a task."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    body = json.dumps(
        {
            "taskObject": {
                "taskId": "task",
                "pipelineId": "df-1",
                "attemptId": "@A_2026-01-01T00:00:00_Attempt=1",
                "objects": {
                    "@A_2026-01-01T00:00:00_Attempt=1": {
                        "id": "@A_2026-01-01T00:00:00_Attempt=1",
                        "name": "A",
                        "fields": [
                            {"key": "type", "stringValue": "ShellCommandActivity"},
                            {"key": "myHandler", "stringValue": "nothing"},
                            {"key": "command", "stringValue": "true"},
                        ],
                    }
                },
            }
        }
    ).encode()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' names
        """Log nothing."""


@contextlib.contextmanager
def _service() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
