"""Progress reports from a separate process.

A handler may hold the interpreter for minutes: in a regular expression, a sort, or the parsing of a large
document. A thread could not report meanwhile. The service would consider the task lost, and the next attempt
would run beside this one. A forked process keeps reporting, and costs nothing before its first report.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import threading
import warnings
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import NoReturn, Self

from runner import clients, environment
from runner.linux import Option, prctl
from runner.progress import Answer, ProgressThread, apply, report
from runner.task import Task

NOTICE_SECONDS = 60.0
"""How long a canceled task may take to notice before its process is killed. Python code notices at once; a
task that matches a record against a regular expression notices within that record's limit."""

_NOTICED = b"noticed"


class ProgressProcess:
    """Reports from a forked process. A thread in this process receives the service's answers from it.

    If the process cannot be started, or if it is killed, the thread reports instead.
    """

    def __init__(self, task: Task, interval: float) -> None:
        self._task = task
        self._own = ProgressThread(task, interval)
        self._interval = interval
        self._ended = False
        self._pid = 0
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._start()
        threading.Thread(target=self._listen, name="progress", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._own.end()
        if self._socket is None:
            return
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # This ends the thread's wait.
        self._socket.close()

    def _start(self) -> None:
        if "COMMAND_ROLE_ARN" in os.environ:  # A command must not read the forked process's memory either.
            environment.close_memory()
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        try:
            with warnings.catch_warnings():
                # Python warns of forks beside threads, which may hold locks. The child creates all anew.
                warnings.simplefilter("ignore", DeprecationWarning)
                self._pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if self._pid == 0:
            _child(theirs, ours, parent, self._task.id, self._interval)
        theirs.close()
        self._socket = ours

    def _listen(self) -> None:
        if self._socket is not None:
            with suppress(OSError, ValueError), self._socket.makefile("r", encoding="utf-8") as lines:
                for line in lines:
                    if self._ended:
                        return
                    answer = Answer(**json.loads(line))
                    if answer.canceled:
                        self._socket.sendall(_NOTICED)
                    apply(self._task, answer)
        if not self._ended and not self._task.canceled:
            self._own.run()


def _child(
    theirs: socket.socket, ours: socket.socket, parent: int, task_id: str, interval: float
) -> NoReturn:
    try:
        ours.close()
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # Otherwise it could outlive a killed runtime and report for it. If this fails, the thread reports.
        if prctl(Option.SIGNAL_WHEN_PARENT_ENDS, signal.SIGKILL):
            _report_until_ended(theirs, parent, task_id, interval)
    finally:
        os._exit(0)  # Skip Python's cleanup at exit, which belongs to the parent.


def _report_until_ended(theirs: socket.socket, parent: int, task_id: str, interval: float) -> None:
    clients.forget()  # On a shared connection, the two processes would get each other's answers.
    while os.getppid() == parent and not select.select([theirs], [], [], interval)[0]:
        answer = report(clients.data_pipeline(), task_id)
        theirs.sendall(json.dumps(asdict(answer)).encode() + b"\n")
        if answer.canceled:
            if not select.select([theirs], [], [], NOTICE_SECONDS)[0] and os.getppid() == parent:
                os.kill(parent, signal.SIGKILL)
            return
