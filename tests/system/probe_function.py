"""A handler that does what its task's ``myDo`` says, and records each call in the file ``myLog``."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], _context: Any) -> Any:
    task = event["task"]
    fields = task["objects"][task["attemptId"]]["fields"]
    values = {field["key"]: field["stringValue"] for field in fields if "stringValue" in field}
    calls = event["state"] or 0
    with Path(values["myLog"]).open("a") as log:
        log.write(f"{task['attemptId']} {calls} {'canceled' if event['canceled'] else 'called'}\n")
    return _does(values["myDo"], calls, event["canceled"])


def _does(what: str, calls: int, canceled: bool) -> Any:
    if what == "raise":
        raise RuntimeError("a mistake of the handler's")
    if what == "die":
        # Lambda does this with a function that needs more memory than it has.
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(60)
    if what == "garbage":
        return [{"status": "FINISHED"}, "?"]
    if what == "7 MB":
        return {"status": "FINISHED", "padding": "x" * 7_000_000}
    if what == "500 KB":
        return {"status": "FAILED", "errorId": "Large", "errorMessage": "x" * 500_000}
    if what == "defer":
        # Until it is canceled, but at most ten times.
        return (
            {"status": "DEFERRED", "state": calls + 1, "waitSeconds": 10}
            if calls < 10 and not canceled
            else None
        )
    return None
