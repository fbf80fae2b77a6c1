"""The protocol of the handlers in app.py."""

from __future__ import annotations

from typing import Protocol

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.shared_settings import SharedSettings


class Handler(Protocol):
    """Creates or finds the Lambda function that handles one route."""

    def function(self, scope: Construct, route: str, shared: SharedSettings) -> lambda_.IFunction:
        """The function for ``route``."""
        ...
