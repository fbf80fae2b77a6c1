"""Runs one task in this container, as Lambda's runtime does in a function, and ends.

The container's exit code is 0 whenever the outcome is told, whatever it is.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, NoReturn

from container.context import ContainerContext
from container.objects import TaskObjects
from runner import clients, environment, handler, telemetry
from runner.outcome import STATUSES, Failed, TaskFailed
from runner.packages import install
from runner.progress import INTERVAL_SECONDS, report_interval

Handler = Callable[[dict[str, Any], Any], Any]

_METADATA_SECONDS = 2
_TRIES = 66
_LONGEST_WAIT_SECONDS = 60
"""With waits of 1, 2, 4 ... 60 s, these tries last for an hour: what is to be told may have taken days."""
_TERMINATED = 128 + signal.SIGTERM


class Stop:
    """Set by SIGTERM, with which Amazon ECS announces that it will kill the container (stopTimeout)."""

    def __init__(self) -> None:
        self._set = threading.Event()

    def listen(self) -> None:
        """Handle SIGTERM. The first process of a container ignores it otherwise (pid_namespaces(7))."""
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._set.set()
        handler.cancel_task()

    @property
    def is_set(self) -> bool:
        """Whether the container is to stop."""
        return self._set.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until the time is up or the container is to stop. Returns ``is_set``."""
        return self._set.wait(seconds)


def main() -> NoReturn:
    """Run the task, tell how it ended, and leave no process behind."""
    if not environment.close_memory():
        sys.exit("The container's memory could not be closed to commands, so nothing was started.")
    stop = Stop()
    stop.listen()
    objects = TaskObjects.of_container(clients.s3())
    container = identity()
    # Read first: as long as the task is not taken, another container may run it.
    event = objects.event()
    if not objects.begin(container):
        telemetry.logger.warning("Container not needed", container=container)
        sys.exit(0)
    outcome = run(event, container, stop)
    if stop.is_set and outcome.get("status") == "CANCELED":
        # Whoever sent SIGTERM did not cancel the task. If RunTask did, it asks for no outcome.
        sys.stdout.flush()
        os._exit(_TERMINATED)
    tell(objects, outcome)
    sys.stdout.flush()
    # Skip what a handler may have left in threads: the outcome is told, and nothing follows.
    os._exit(0)


def tell(objects: TaskObjects, outcome: Mapping[str, Any], *, tries: int = _TRIES) -> None:
    """Write the outcome, however long it takes within reason. Raises the last of AWS's errors."""
    for number in range(tries):
        try:
            objects.end(outcome)
        except clients.aws_errors() as error:
            telemetry.logger.warning("Outcome not written", error=str(error))
            if number == tries - 1:
                raise
            time.sleep(min(2**number, _LONGEST_WAIT_SECONDS))
        else:
            return


def run(event: Mapping[str, Any], container: str, stop: Stop) -> Mapping[str, Any]:
    """Run the handler until it no longer defers, and return what it returned last."""
    try:
        install(json.loads(os.environ.get("TASK_PACKAGES", "[]")))
        work = load(os.environ["TASK_HANDLER"])
        return until_ended(work, event, ContainerContext(container), stop)
    except TaskFailed as error:
        return Failed(error.error_id, str(error)).as_response()
    except Exception as error:
        telemetry.logger.error("Handler crashed", error=repr(error))
        return Failed(type(error).__name__, f"The handler ended without an outcome: {error!r}").as_response()


def load(name: str) -> Handler:
    """The handler ``module.function``, as a function's setting names it."""
    module, _, function = name.rpartition(".")
    found: Handler = getattr(importlib.import_module(module), function)
    return found


def until_ended(
    work: Handler, event: Mapping[str, Any], context: ContainerContext, stop: Stop
) -> Mapping[str, Any]:
    """Call ``work`` again with its state for as long as it defers, as RunTask does with functions."""
    current = {**event, "canceled": stop.is_set}
    while True:
        response: Mapping[str, Any] | None = work(current, context)
        if response is None:
            return {"status": "FINISHED"}
        if not isinstance(response, Mapping) or response.get("status") not in STATUSES:
            return Failed(
                "InvalidOutcome",
                "The handler did not return an object whose status is FINISHED, FAILED, FALSE, DEFERRED or "
                "CANCELED.",
            ).as_response()
        if response["status"] != "DEFERRED":
            return response
        stop.wait(_scaled(response.get("waitSeconds", 60)))
        current = {**event, "state": response.get("state"), "canceled": stop.is_set}


def _scaled(seconds: float) -> float:
    """Local AWS may run the protocol's times faster, and progress reports show how much."""
    return max(1, min(seconds, 240)) * report_interval() / INTERVAL_SECONDS


def identity() -> str:
    """The ECS task's id, or a random one if Amazon ECS does not tell it."""
    place = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if place:
        try:
            with urllib.request.urlopen(f"{place}/task", timeout=_METADATA_SECONDS) as answer:  # noqa: S310
                return str(json.load(answer)["TaskARN"]).rpartition("/")[2]
        except (OSError, ValueError, KeyError):
            pass
    return str(uuid.uuid4())
