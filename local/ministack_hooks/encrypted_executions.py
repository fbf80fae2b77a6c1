"""Leaves data out of Step Functions' events if the execution is encrypted with a customer's key.

The events contain neither input and output, nor error and cause (Step Functions developer guide, encryption
at rest). ministack sends all of them.
"""

from __future__ import annotations

from typing import Any

_OWN_KEY = "CUSTOMER_MANAGED_KMS_KEY"


class EncryptedExecutions:
    """Wraps the function that sends Step Functions' events to EventBridge."""

    def __init__(self, step_functions: Any) -> None:
        emit = step_functions._emit_execution_status_event
        # ministack itself leaves out what is too large for an event, and marks it as left out.
        too_large = "x" * (step_functions._STATUS_EVENT_PAYLOAD_CAP + 1)
        left_out = {"input": too_large, "output": too_large, "error": None, "cause": None}

        def emit_without_data(execution: dict[str, Any]) -> None:
            encryption = execution.get("encryptionConfiguration") or {}
            emit({**execution, **left_out} if encryption.get("type") == _OWN_KEY else execution)

        step_functions._emit_execution_status_event = emit_without_data
