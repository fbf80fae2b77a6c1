"""The settings and resources that all functions and state machines of a stack share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3


@dataclass(frozen=True)
class SharedSettings:
    """What the stack gives its pollers, its handlers and its state machines alike."""

    code: lambda_.Code
    """The asset made of lambdas/."""
    claims: s3.IBucket
    """The bucket for task objects that must not be in a state machine's history."""
    log_retention: logs.RetentionDays
    variables: Mapping[str, str]
    """Environment variables of every function."""
    tracing: bool = False
    dashboard: bool = False
    encryption_key: kms.IKey | None = None
    """Encrypts state, logs and claims; None: keys that AWS owns."""

    @property
    def namespace(self) -> str:
        """The namespace of the metrics."""
        return self.variables["POWERTOOLS_METRICS_NAMESPACE"]

    @property
    def counting(self) -> Mapping[str, str]:
        """Environment variables of the functions that count, for lambdas/runner/telemetry.py."""
        return {"DASHBOARD": "1"} if self.dashboard else {}
