"""Functions with the code of lambdas/: pollers, handlers, and the one that counts ended tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.limits import refuse_large_environment
from infra.naming import function_name
from infra.shared_settings import SharedSettings


def python_function(
    scope: Construct,
    name: str,
    *,
    handler: str,
    shared: SharedSettings,
    memory_mb: int,
    timeout: Duration,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> lambda_.Function:
    """A function named ``<stack>-<name>``, with its log group and its role."""
    full_name = function_name(Stack.of(scope).stack_name, name)
    variables = {**shared.variables, **(environment or {})}
    refuse_large_environment(full_name, variables)
    log_group = logs.LogGroup(
        scope,
        "Logs",
        log_group_name=f"/aws/lambda/{full_name}",
        retention=shared.log_retention,
        encryption_key=shared.encryption_key,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return lambda_.Function(
        scope,
        "Function",
        function_name=full_name,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        code=shared.code,
        handler=handler,
        memory_size=memory_mb,
        timeout=timeout,
        ephemeral_storage_size=Size.mebibytes(ephemeral_mb),
        environment=variables,
        role=_role(scope, log_group, in_vpc=vpc is not None),
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE if shared.tracing else lambda_.Tracing.DISABLED,
        vpc=vpc,
        vpc_subnets=subnets,
        security_groups=list(security_groups) if security_groups is not None else None,
        layers=list(layers),
    )


def _role(scope: Construct, log_group: logs.ILogGroup, *, in_vpc: bool) -> iam.Role:
    """A role that can write only the function's log. CDK's default can write every log of the account."""
    lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
    role = iam.Role(scope, "FunctionRole", assumed_by=lambda_service)
    log_group.grant_write(role)
    if in_vpc:
        role.add_managed_policy(
            iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSLambdaENIManagementAccess")
        )
    return role
