"""Deployments that are broken for a while, as an operator or an accident does it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.system.deployments import Deployment


@contextlib.contextmanager
def schedule(deployment: Deployment, name: str, **changes: Any) -> Iterator[None]:
    """A schedule with other members, such as ``State="DISABLED"``."""
    client = deployment.scheduler
    found = client.get_schedule(Name=name)
    members: Any = {
        key: found[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "State")
    }
    client.update_schedule(**members | changes)
    try:
        yield
    finally:
        client.update_schedule(**members)


@contextlib.contextmanager
def handler_gone(deployment: Deployment, function: str) -> Iterator[None]:
    """A function whose module is not in its package."""
    client = deployment.functions
    handler = client.get_function_configuration(FunctionName=function)["Handler"]
    client.update_function_configuration(FunctionName=function, Handler="gone.handler")
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Handler=handler)
