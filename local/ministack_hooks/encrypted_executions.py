"""What Step Functions' events hold of an execution that is encrypted with a key of the customer's own.

Nothing of its data: neither input and output, nor error and cause (Step Functions developer guide, encryption
at rest). ministack tells them all.
"""

from __future__ import annotations

from typing import Any

_OWN_KEY = "CUSTOMER_MANAGED_KMS_KEY"


class EncryptedExecutions:
    """Wraps what ministack's Step Functions tells EventBridge with."""

    def __init__(self, step_functions: Any) -> None:
        emit = step_functions._emit_execution_status_event
        # What is larger than an event may be is left out by ministack itself, and marked as left out.
        too_large = "x" * (step_functions._STATUS_EVENT_PAYLOAD_CAP + 1)
        left_out = {"input": too_large, "output": too_large, "error": None, "cause": None}

        def emit_without_data(execution: dict[str, Any]) -> None:
            encryption = execution.get("encryptionConfiguration") or {}
            emit({**execution, **left_out} if encryption.get("type") == _OWN_KEY else execution)

        step_functions._emit_execution_status_event = emit_without_data
