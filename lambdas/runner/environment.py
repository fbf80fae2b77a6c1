"""The execution environment: kept for the next task if this one left it clean, else ended.

An environment cannot end itself once it has answered: Lambda freezes it then, and thaws it with the next
event. So it notes that it is not clean, and ends with the next event, before any work: it answers with an
error that RunTask takes for "not started", and exits. That is how AWS's own clients of the Runtime API end an
environment: they post the error, and leave at once (aws-lambda-go, Runtime API client, on fatal errors).
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import NoReturn

from runner.linux import Option, prctl

NOT_CLEAN = "EnvironmentNotClean"
"""The name of the error that an ending environment answers with; infra/run_task/invoke_handler.py retries it."""

_VERSION = "2018-06-01"
_SECONDS = 5

_reasons: list[str] = []
_connection: socket.socket | None = None


def condemn(reason: str) -> None:
    """Have no other task run in this environment."""
    from runner import telemetry

    if reason not in _reasons:
        _reasons.append(reason)
        telemetry.logger.warning("Environment not clean", reason=reason)


def is_condemned() -> bool:
    """Whether no other task may run here."""
    return bool(_reasons)


def connect() -> None:
    """Open the connection over which the end is told: afterwards the process may open no more files."""
    global _connection
    if _connection is None and (address := os.environ.get("AWS_LAMBDA_RUNTIME_API")):
        host, _, port = address.rpartition(":")
        try:
            _connection = socket.create_connection((host, int(port or 80)), timeout=_SECONDS)
            # Python's own time-outs use poll(2), which fails where no file may be open.
            _connection.setblocking(True)
            _connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _SECONDS, 0))
        except (OSError, ValueError):
            _connection = None


def close_memory() -> bool:
    """Keep processes of the same user from reading this one's environment and memory, and those of what it
    forks from now on (Linux: proc(5), prctl(2)). Whether that was done; elsewhere it is not needed."""
    return prctl(Option.DUMPABLE, 0)


def end(request_id: str) -> NoReturn:
    """Answer the invocation with NOT_CLEAN, and end this process."""
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
