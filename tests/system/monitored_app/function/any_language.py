"""A handler that follows the contract without the runner's help. ``command`` says how it ends."""

from __future__ import annotations

import os
import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, str] | None:
    task = event["task"]
    fields = task["objects"][task["attemptId"]]["fields"]
    command = next(field["stringValue"] for field in fields if field["key"] == "command")
    if command == "crash":
        os._exit(137)
    if command == "slow":
        time.sleep(2)
    if command == "not-met":
        return {"status": "FALSE"}
    if command == "refused":
        # The service's model has no U+FFFF in an errorId.
        return {"status": "FAILED", "errorId": "\uffff", "errorMessage": "cannot be told"}
    if command == "fail":
        return {"status": "FAILED", "errorId": "Own", "errorMessage": "failed on its own"}
    return None
