"""Faults on demand: tests choose how often an operation goes wrong, and how."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.datapipeline.wire import operations

KINDS: dict[str, str] = {
    "error": "InternalServiceError (500); the operation is not carried out",
    "throttle": "ThrottlingException (400); the operation is not carried out",
    "deny": "AccessDeniedException (400); the operation is not carried out",
    "delay": "the operation is carried out `seconds` later",
    "drop": "the operation is carried out, but the connection is closed before its answer; "
    "of PollForTask only an answer with a task",
    "duplicate": "the answer is given a second time, to the next call of the operation, "
    "which is not carried out; of PollForTask only an answer with a task",
    "answer": "`answer`, any JSON, is the operation's answer; it is not carried out",
    "capacity": "RunTask of Amazon ECS starts nothing, for lack of capacity",
    "limit": "RunTask of Amazon ECS starts nothing, because of the account's limit of vCPUs",
    "twice": "RunTask of Amazon ECS starts a second task that nobody is told of",
    "unstartable": "the task fails to start, with `answer` as its reason",
    "kill": "the task's containers are killed `seconds` after their start",
    "interrupt": "the task is interrupted `seconds` after its start, as on Fargate Spot",
    "down": "for `seconds` no call of any operation (operation *) is carried out: InternalServiceError (500)",
}

EVERY_OPERATION = "*"
START_EXECUTION = "StepFunctions:StartExecution"
LAMBDA = "Lambda:"
ECS = "ECS:"
CONTAINER = f"{ECS}Container"
"""What happens to the next task, in place of an operation."""
_OF_DATA_PIPELINE = ("error", "throttle", "deny", "delay", "drop", "duplicate", "answer")
_OF_ECS = ("error", "throttle", "deny", "delay", "drop")
_OF_RUN_TASK = (*_OF_ECS, "capacity", "limit", "twice")
_OF_CONTAINERS = ("delay", "unstartable", "kill", "interrupt")
_ECS_OPERATIONS = {
    CONTAINER: _OF_CONTAINERS,
    f"{ECS}RunTask": _OF_RUN_TASK,
    **{f"{ECS}{name}": _OF_ECS for name in ("StopTask", "DescribeTasks", "ListTasks")},
}
_OF_STATE_MACHINES = ("error", "throttle", "delay", "drop")
"""The kinds of faults for what state machines call: they see the errors of StartExecution and Lambda."""


class FaultError(ValueError):
    """There is no such fault; the message says which ones there are."""


@dataclass
class Fault:
    """``count`` calls of ``operation`` go wrong as ``kind`` says. ``seconds`` are for delay and down."""

    operation: str
    kind: str
    count: int = 1
    seconds: float = 0.0
    """In real time, whatever the time scale."""
    until: float = 0.0
    """The end of "down", on the monotonic clock."""
    answer: Any = None

    @staticmethod
    def read(wire: Any) -> Fault:
        """Read a fault from the control endpoint's JSON. Raises FaultError."""
        if not isinstance(wire, Mapping):
            raise FaultError("a fault is a JSON object")
        unknown = set(wire) - {"operation", "kind", "count", "seconds", "answer"}
        if unknown:
            raise FaultError(
                f"a fault has operation, kind, count, seconds and answer, not {', '.join(sorted(unknown))}"
            )
        fault = Fault(
            str(wire.get("operation")),
            str(wire.get("kind")),
            int(wire.get("count", 1)),
            float(wire.get("seconds", 0)),
            answer=wire.get("answer"),
        )
        possible = _kinds_of(fault.operation)
        if fault.kind not in possible:
            raise FaultError(f"'kind' is one of {', '.join(possible)}, not '{fault.kind}'")
        if not 1 <= fault.count <= 1_000_000 or not 0 <= fault.seconds <= 3_600:
            raise FaultError("'count' is 1 to 1,000,000 and 'seconds' 0 to 3,600")
        fault.until = time.monotonic() + fault.seconds
        return fault

    def wire(self) -> dict[str, Any]:
        """The JSON that ``read`` takes. For "down", ``seconds`` is the time left."""
        left = round(max(0.0, self.until - time.monotonic()), 3)
        seconds = left if self.kind == "down" else self.seconds
        return {"operation": self.operation, "kind": self.kind, "count": self.count, "seconds": seconds}


def _kinds_of(operation: str) -> tuple[str, ...]:
    """The kinds of faults that an operation can have. Raises FaultError for an unknown operation."""
    if operation == EVERY_OPERATION:
        return ("down",)
    if operation == START_EXECUTION or operation.removeprefix(LAMBDA) not in ("", operation):
        return _OF_STATE_MACHINES
    if operation in _ECS_OPERATIONS:
        return _ECS_OPERATIONS[operation]
    if operation in operations():
        return _OF_DATA_PIPELINE
    raise FaultError(f"there is no operation '{operation}'")


class Faults:
    """Faults that are still to happen, in first-in, first-out order per operation. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: list[Fault] = []
        self._repeated: dict[str, bytes] = {}

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._repeated.clear()

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            self._forget_what_is_over()
            return [fault.wire() for fault in self._waiting]

    def down(self) -> bool:
        """Whether the service is down now."""
        with self._lock:
            self._forget_what_is_over()
            return any(fault.kind == "down" for fault in self._waiting)

    def take(self, operation: str) -> Fault | None:
        """Take the fault for this call, which counts as happened."""
        with self._lock:
            for fault in self._waiting:
                if fault.operation == operation:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def put_back(self, fault: Fault) -> None:
        """Undo ``take``: the fault was not meant for this call."""
        with self._lock:
            fault.count += 1
            if fault not in self._waiting:
                self._waiting.insert(0, fault)

    def repeat(self, operation: str, answer: bytes) -> None:
        self._repeated[operation] = answer

    def repeated(self, operation: str) -> bytes | None:
        """An answer to give a second time, in place of carrying out this call."""
        return self._repeated.pop(operation, None)

    def _forget_what_is_over(self) -> None:
        now = time.monotonic()
        self._waiting = [fault for fault in self._waiting if fault.kind != "down" or fault.until > now]
