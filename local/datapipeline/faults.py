"""Faults on demand: what a test makes the service do wrong, so many times, for an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
}


class FaultError(ValueError):
    """A fault that there is not; the message says what there is."""


@dataclass
class Fault:
    """``count`` calls of ``operation`` go wrong in the way ``kind``; ``seconds`` are real, and for delay."""

    operation: str
    kind: str
    count: int = 1
    seconds: float = 0.0

    @staticmethod
    def read(wire: Any) -> Fault:
        """From the control endpoint's JSON. Raises FaultError."""
        if not isinstance(wire, Mapping):
            raise FaultError("a fault is a JSON object")
        unknown = set(wire) - {"operation", "kind", "count", "seconds"}
        if unknown:
            raise FaultError(
                f"a fault has operation, kind, count and seconds, not {', '.join(sorted(unknown))}"
            )
        fault = Fault(
            str(wire.get("operation")),
            str(wire.get("kind")),
            int(wire.get("count", 1)),
            float(wire.get("seconds", 0)),
        )
        if fault.operation not in operations():
            raise FaultError(f"there is no operation '{fault.operation}'")
        if fault.kind not in KINDS:
            raise FaultError(f"'kind' is one of {', '.join(KINDS)}, not '{fault.kind}'")
        if not 1 <= fault.count <= 1_000_000 or not 0 <= fault.seconds <= 3_600:
            raise FaultError("'count' is 1 to 1,000,000 and 'seconds' 0 to 3,600")
        return fault


class Faults:
    """Those that are still to happen, first in, first out for each operation."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._repeated: dict[str, bytes] = {}

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()
        self._repeated.clear()

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]

    def take(self, operation: str) -> Fault | None:
        """The fault of this call; it counts as happened."""
        for fault in self._waiting:
            if fault.operation == operation:
                self.happened(fault)
                return fault
        return None

    def happened(self, fault: Fault) -> None:
        fault.count -= 1
        if fault.count <= 0:
            self._waiting.remove(fault)

    def put_back(self, fault: Fault) -> None:
        """The call was not one for which the fault is meant."""
        fault.count += 1
        if fault not in self._waiting:
            self._waiting.insert(0, fault)

    def repeat(self, operation: str, answer: bytes) -> None:
        self._repeated[operation] = answer

    def repeated(self, operation: str) -> bytes | None:
        """An answer that is to be given again instead of carrying out this call."""
        return self._repeated.pop(operation, None)
