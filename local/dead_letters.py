"""What EventBridge Scheduler puts into a dead-letter queue.

Source: EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue": the target's input,
with what went wrong in the message's attributes. Retries are left out here: the state machine is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dead_letter(schedule: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any] | None:
    """SendMessage's parameters for a schedule whose state machine does not exist; None without a queue."""
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return None
    attributes = {
        "ERROR_CODE": "StateMachineDoesNotExist",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{target['Arn']}'",
        "SCHEDULE_ARN": schedule.get("Arn", ""),
        "TARGET_ARN": target["Arn"],
    }
    return {
        "QueueUrl": queue_arn.split(":")[-1],
        "MessageBody": target.get("Input") or "{}",
        "MessageAttributes": {
            key: {"DataType": "String", "StringValue": value} for key, value in attributes.items() if value
        },
    }
