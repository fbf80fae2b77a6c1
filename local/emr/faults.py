"""Faults of EMR on demand, set while it runs.

``GET``, ``POST`` and ``DELETE`` of ``/_local/emr/faults`` list, add and clear faults. Each needs the header
``X-Local-Control: faults``, which nobody sends by accident.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.emr.errors import AnswerLostError, InternalServerError, ThrottlingError, ValidationError

PATH = "/_local/emr/faults"
HEADER = "x-local-control"

KINDS = {
    "throttle": "ThrottlingException (400); the operation is not carried out",
    "error": "InternalServerException (500); the operation is not carried out",
    "full": "ValidationException: too many active steps; the operation is not carried out",
    "drop": "the operation is carried out, but the connection is closed before its answer",
    "delay": "the operation is carried out `seconds` later; of StartCluster: it starts so much later",
    "late": "the operation is carried out, and its answer comes `seconds` later",
    "fail": "of StartCluster only: the cluster terminates with an error while it starts",
    "no-logs": "of Step only: its logs are not copied to S3",
}
OPERATIONS = frozenset(
    {
        "AddJobFlowSteps",
        "CancelJobRun",
        "CancelSteps",
        "DescribeCluster",
        "DescribeStep",
        "GetJobRun",
        "ListClusters",
        "ListJobRuns",
        "ListSteps",
        "RunJobFlow",
        "StartCluster",
        "StartJobRun",
        "Step",
        "TerminateJobFlows",
    }
)
FULL = (
    "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."
)


class FaultError(ValueError):
    """There is no such fault; the message says which ones there are."""


@dataclass
class Fault:
    """``count`` calls of ``operation`` go wrong as ``kind`` says, or all in the next ``lasting`` seconds."""

    operation: str
    kind: str
    count: int = 1
    seconds: float = 0.0
    lasting: float = 0.0
    until: float = 0.0

    @classmethod
    def read(cls, wire: Any) -> Fault:
        """Read a fault from the control endpoint's JSON. Raises FaultError."""
        if not isinstance(wire, Mapping):
            raise FaultError("a fault is a JSON object")
        unknown = set(wire) - {"operation", "kind", "count", "seconds", "lasting"}
        if unknown:
            raise FaultError(f"a fault has no {', '.join(sorted(unknown))}")
        fault = cls(
            str(wire.get("operation")),
            str(wire.get("kind")),
            int(wire.get("count", 1)),
            float(wire.get("seconds", 0)),
            float(wire.get("lasting", 0)),
        )
        if fault.operation not in OPERATIONS:
            raise FaultError(f"'operation' is one of {', '.join(sorted(OPERATIONS))}")
        if fault.kind not in KINDS:
            raise FaultError(f"'kind' is one of {', '.join(KINDS)}")
        fault.until = time.monotonic() + fault.lasting
        return fault


class Faults:
    """Faults that are still to happen. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            self._forget()
            return [asdict(fault) for fault in self._waiting]

    def take(self, operation: str) -> Fault | None:
        """Take the fault for this call, which counts as happened."""
        with self._lock:
            self._forget()
            for fault in self._waiting:
                if fault.operation == operation:
                    if not fault.lasting:
                        fault.count -= 1
                        if fault.count <= 0:
                            self._waiting.remove(fault)
                    return fault
        return None

    def _forget(self) -> None:
        now = time.monotonic()
        self._waiting = [fault for fault in self._waiting if not fault.lasting or fault.until > now]


def raise_refusal(fault: Fault | None) -> None:
    """Raise the error of a fault that keeps an operation from being carried out."""
    if fault is None:
        return
    if fault.kind == "throttle":
        raise ThrottlingError("Rate exceeded")
    if fault.kind == "error":
        raise InternalServerError("as asked for by a fault")
    if fault.kind == "full":
        raise ValidationError(FULL)


async def hold_answer(fault: Fault | None) -> None:
    """What a fault does to the answer of what was carried out. Raises AnswerLostError."""
    if fault is None:
        return
    if fault.kind == "drop":
        raise AnswerLostError
    if fault.kind == "late":
        await asyncio.sleep(fault.seconds)


def control(faults: Faults, *, method: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """HTTP status and JSON answer of a request to the control endpoint."""
    if headers.get(HEADER) != "faults":
        return 403, {"error": f"the header {HEADER}: faults is missing"}
    try:
        if method == "POST":
            given = json.loads(body)
            for wire in given if isinstance(given, list) else [given]:
                faults.add(Fault.read(wire))
        elif method == "DELETE":
            faults.clear()
        elif method != "GET":
            return 405, {"error": "GET, POST and DELETE are possible"}
    except (ValueError, TypeError) as error:
        return 400, {"error": str(error)}
    return 200, {"faults": faults.listing(), "kinds": KINDS}
