"""TimeoutSeconds of a whole state machine, which ministack ignores.

Source: Step Functions developer guide, "State machine structure". Like the timeouts of states, it is not
scaled.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any


class ExecutionTimeout:
    """Ends executions that take too long. Their threads then end by themselves."""

    def __init__(self, step_functions: Any) -> None:
        self._step_functions = step_functions
        original = step_functions._run_execution

        def run(exec_arn: str) -> None:
            seconds = self._seconds(exec_arn)
            if seconds is None:
                original(exec_arn)
                return
            execution = step_functions._executions.get(exec_arn)
            timer = threading.Timer(seconds, self._end, [execution])
            timer.daemon = True
            timer.start()
            try:
                original(exec_arn)
            finally:
                timer.cancel()

        step_functions._run_execution = run

    def _seconds(self, exec_arn: str) -> float | None:
        execution = self._step_functions._executions.get(exec_arn) or {}
        machine = self._step_functions._state_machines.get(execution.get("stateMachineArn", "")) or {}
        try:
            seconds = json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")
        except ValueError:
            return None  # ministack says so itself.
        return None if seconds is None else float(seconds)

    def _end(self, execution: dict[str, Any]) -> None:
        if execution["status"] != "RUNNING":
            return
        execution["status"] = "TIMED_OUT"
        execution["stopDate"] = datetime.now(UTC).isoformat()
        self._step_functions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
        self._step_functions._emit_execution_status_event(execution)
