"""The log of a state machine: errors alone, without the data of executions."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.shared_settings import SharedSettings


def error_log(
    scope: Construct, construct_id: str, *, state_machine: str, shared: SharedSettings
) -> sfn.LogOptions:
    """How the state machine named ``state_machine`` logs."""
    return sfn.LogOptions(
        destination=logs.LogGroup(
            scope,
            construct_id,
            log_group_name=f"/aws/vendedlogs/states/{state_machine}",
            retention=shared.log_retention,
            encryption_key=shared.encryption_key,
            removal_policy=RemovalPolicy.DESTROY,
        ),
        level=sfn.LogLevel.ERROR,
        include_execution_data=False,
    )
