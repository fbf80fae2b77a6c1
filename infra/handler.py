"""The protocol of the handlers in app.py."""

from __future__ import annotations

from typing import Protocol

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.container_task import ContainerTask
from infra.shared_settings import SharedSettings

Target = lambda_.IFunction | ContainerTask
"""What RunTask invokes, or starts, for a task."""


class Handler(Protocol):
    """Creates or finds what handles the tasks of one route."""

    def target(self, scope: Construct, route: str, shared: SharedSettings) -> Target:
        """The function or the container for ``route``."""
        ...
