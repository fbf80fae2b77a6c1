"""The poller and the handler runtime: time to the first poll, time over raw calls, what 128 MB allow."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.cpu_share import share_of
from bench.figures import ratio, spread
from infra.bundling import asset_directory

COLD_STARTS = 40
SLOW_COLD_STARTS = 10
MEMORY_MB = 128
"""The deployed poller's."""
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
    poll_for_task.clients.polling(10.0).poll_for_task(workerGroup="bench", hostname="bench")


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

WHOLE = """
import json, os, resource, sys, time
from types import SimpleNamespace

import poll_for_task

told, sys.stdout = sys.stdout, open(os.devnull, "w")
context = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 900_000)
pace = {"seconds_a_poll": 0.5, "paid_until": 1.0, "full_at": 0.0, "polls": 1, "throttled_at": None}
poll_for_task.handler({"loop": {}, "startedAt": STARTED_AT}, context)
poll_for_task._activity(poll_for_task.CONFIGURATION)
poll_for_task._put_claim(poll_for_task.CONFIGURATION, "claim", {"object": "x" * 2_000_000})
times = []
for number in range(WARM_UP + ROUNDS):
    began = time.perf_counter()
    poll_for_task.handler({"loop": {"polls": 1, "pace": pace}, "startedAt": STARTED_AT}, context)
    times.append(1000 * (time.perf_counter() - began))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
json.dump({"times": times[WARM_UP:], "peak": peak / 1024}, told)
told.flush()
"""
"""All that the poller ever does: it has every client, and has written a claim."""


def measure() -> dict[str, Any]:
    """Milliseconds. Takes about two minutes."""
    return {"cold start": _cold_starts(), "warm": _warm(), f"with {MEMORY_MB} MB": _with_its_memory()}


def _with_its_memory() -> dict[str, Any]:
    """The poller with the share of a CPU that its memory gives it. Lambda starts an environment with more."""
    with share_of(MEMORY_MB) as limit, _service() as port, socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", _filled(WHOLE)],
            env=_environment(port),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            preexec_fn=limit,
        )
        whole = json.loads(done.stdout)
        peak = {"most memory, MB": round(whole["peak"], 1)}
        if limit is None:
            return {**peak, "times": "not measured: this process may not make control groups"}
        starts = [
            1000 * _seconds_to_connection(_filled(POLLER), server, limit) for _ in range(SLOW_COLD_STARTS)
        ]
    return {
        **peak,
        "poller with a task, ms": spread(whole["times"], 1),
        "process start to the first PollForTask, ms": spread(starts, 0),
    }


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


def _seconds_to_connection(
    program: str, server: socket.socket, limit: Callable[[], None] | None = None
) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=_environment(server.getsockname()[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=limit,
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
        listed = self.headers.get("X-Amz-Target", "").endswith("ListExecutions")
        body = self.executions if listed else self.body
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    executions = json.dumps(
        {
            "executions": [
                {
                    "executionArn": f"arn:aws:states:us-east-1:000000000000:execution:RunTask:{number}",
                    "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask",
                    "name": f"another-group-{number}",
                    "status": "SUCCEEDED",
                    "startDate": 1_790_000_000.0,
                    "stopDate": 1_790_000_060.0,
                }
                for number in range(200)
            ]
        }
    ).encode()
    """A full page of another group's executions."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' names
        """Log nothing."""


@contextlib.contextmanager
def _service() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
