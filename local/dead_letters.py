"""The messages that EventBridge Scheduler puts into a dead-letter queue.

Source: EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue". The body is the
target's input, and the message attributes say what went wrong. Local AWS does not retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dead_letter(
    schedule: Mapping[str, Any], target: Mapping[str, Any], code: str, message: str
) -> dict[str, Any] | None:
    """SendMessage's parameters for a schedule whose target answered with an error; None without a queue."""
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return None
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
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
