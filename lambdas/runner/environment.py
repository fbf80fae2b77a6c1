"""The execution environment: it runs the next task only if this task left it clean.

An environment cannot end itself once it has responded: Lambda freezes it then, and thaws it for the next
event. So it records that it is not clean, and ends on the next event before any work starts. It responds with
an error that RunTask takes for "not started", and exits. AWS's own clients of the Runtime API end an
environment in the same way: they post the error and exit at once (aws-lambda-go, Runtime API client, on fatal
errors).
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import NoReturn

from runner.linux import Option, prctl

NOT_CLEAN = "EnvironmentNotClean"
"""The error with which an ending environment responds. infra/run_task/invoke_handler.py retries it."""

CONTAINER_VARIABLE = "TASK_OBJECTS"
"""The variable that a container has and a function has not: where the task's objects are."""

_VERSION = "2018-06-01"
_SECONDS = 5

_reasons: list[str] = []
_connection: socket.socket | None = None


def in_container() -> bool:
    """Whether this is a container for one task, and no function."""
    return CONTAINER_VARIABLE in os.environ


def condemn(reason: str) -> None:
    """Let no other task run in this environment."""
    from runner import telemetry

    if reason not in _reasons:
        _reasons.append(reason)
        telemetry.logger.warning("Environment not clean", reason=reason)


def is_condemned() -> bool:
    """Whether no other task may run here."""
    return bool(_reasons)


def connect() -> None:
    """Open the connection for ``end``: later, the process may be unable to open any file."""
    global _connection
    if _connection is None and (address := os.environ.get("AWS_LAMBDA_RUNTIME_API")):
        host, _, port = address.rpartition(":")
        try:
            _connection = socket.create_connection((host, int(port or 80)), timeout=_SECONDS)
            # Python's own timeouts use poll(2), which fails if the process may not open files.
            _connection.setblocking(True)
            _connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _SECONDS, 0))
        except (OSError, ValueError):
            _connection = None


def close_memory() -> bool:
    """Keep other processes of the same user from reading this process's environment and memory.

    That includes what it forks from now on (Linux: proc(5), prctl(2)). Returns whether it succeeded; systems
    other than Linux do not need it.
    """
    return prctl(Option.DUMPABLE, 0)


def end(request_id: str) -> NoReturn:
    """Respond to the invocation with NOT_CLEAN, and end this process."""
    message = f"This execution environment is ended, and the task was not begun: {'; '.join(_reasons)}."
    body = json.dumps({"errorType": NOT_CLEAN, "errorMessage": message, "stackTrace": []}).encode()
    head = (
        f"POST /{_VERSION}/runtime/invocation/{request_id}/error HTTP/1.1\r\n"
        f"Host: {os.environ.get('AWS_LAMBDA_RUNTIME_API', '')}\r\n"
        "Content-Type: application/vnd.aws.lambda.error+json\r\n"
        f"Lambda-Runtime-Function-Error-Type: {NOT_CLEAN}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        connect()
        if _connection is not None:
            _connection.sendall(head.encode() + body)
            _connection.recv(1024)
    finally:
        os._exit(1)
