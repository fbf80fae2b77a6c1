"""Addresses of AWS's console, in the region of the stack."""

from __future__ import annotations

from aws_cdk import Aws

_CONSOLE = f"https://{Aws.REGION}.console.aws.amazon.com"


def state_machine_url(arn: str) -> str:
    """The executions of a state machine."""
    return f"{_CONSOLE}/states/home?region={Aws.REGION}#/statemachines/view/{arn}"


def dashboard_url(name: str) -> str:
    """A CloudWatch dashboard."""
    return f"{_CONSOLE}/cloudwatch/home?region={Aws.REGION}#dashboards/dashboard/{name}"


def insights_url() -> str:
    """CloudWatch Logs Insights."""
    return f"{_CONSOLE}/cloudwatch/home?region={Aws.REGION}#logsV2:logs-insights"
