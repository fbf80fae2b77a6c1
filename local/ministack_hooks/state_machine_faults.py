"""Faults for what state machines call: functions, and StartExecution."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.datapipeline.faults import LAMBDA, START_EXECUTION, Faults

_NOT_DONE = {"error": "ServiceException", "throttle": "TooManyRequestsException"}
"""The call is refused. Names of the Java SDK, which Step Functions appends to the service's name."""

_NOT_ANSWERED = "SdkClientException"
"""The call is carried out, but its answer gets lost."""


class StateMachineFaults:
    """Wraps what ministack's Step Functions calls, in the thread of each execution."""

    def __init__(self, step_functions: Any, faults: Faults) -> None:
        self._error: Callable[[str, str], Exception] = step_functions._ExecutionError
        self._faults = faults
        call_lambda = step_functions._call_lambda
        start_execution = step_functions._invoke_nested_start_execution

        def lambda_with_faults(func_ref: str, event: Any) -> Any:
            name = func_ref.partition(":function:")[2].partition(":")[0] or func_ref
            return self._call(f"{LAMBDA}{name}", "Lambda", lambda: call_lambda(func_ref, event))

        def start_execution_with_faults(resource: str, input_data: Any) -> Any:
            return self._call(
                START_EXECUTION, "StepFunctions", lambda: self._start(start_execution, resource, input_data)
            )

        step_functions._call_lambda = lambda_with_faults
        step_functions._invoke_nested_start_execution = start_execution_with_faults

    def _call(self, operation: str, service: str, carry_out: Callable[[], Any]) -> Any:
        fault = self._faults.take(operation)
        if fault is None:
            return carry_out()
        if fault.kind in _NOT_DONE:
            raise self._error(f"{service}.{_NOT_DONE[fault.kind]}", "A fault was asked for")
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        answer = carry_out()
        if fault.kind == "drop":
            raise self._error(f"{service}.{_NOT_ANSWERED}", "The connection was closed.")
        return answer

    def _start(self, start_execution: Callable[[str, Any], Any], resource: str, input_data: Any) -> Any:
        """Step Functions calls an error of StartExecution ``StepFunctions.<Java exception>``."""
        try:
            return start_execution(resource, input_data)
        except Exception as error:
            name = getattr(error, "error", "")
            if not name or "." in name:
                raise
            java = name if name.endswith("Exception") else f"{name}Exception"
            raise self._error(f"StepFunctions.{java}", getattr(error, "cause", "")) from error
