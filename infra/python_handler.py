"""Handlers of lambdas/activities, deployed by this stack, and what every handler is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.bundling import SOURCE, asset_directory
from infra.function_settings import check_function_settings
from infra.handler_module import check_handler_module
from infra.limits import refuse_large_environment
from infra.naming import function_name


@dataclass(frozen=True)
class HandlerEnvironment:
    """What the stack gives every handler it makes."""

    code: lambda_.Code
    claims: s3.IBucket
    log_retention: logs.RetentionDays
    environment: Mapping[str, str]
    tracing: bool = False
    encryption_key: kms.IKey | None = None
    """Encrypts logs and claims; None: keys of AWS's own."""


class Handler(Protocol):
    """Makes, or finds, the Lambda that handles one route."""

    def function(self, scope: Construct, route: str, given: HandlerEnvironment) -> lambda_.IFunction:
        """The function for ``route``."""
        ...


class FunctionSettings(TypedDict, total=False):
    """Keyword arguments for the Lambda function of a handler. Each may be left out."""

    memory_mb: int
    """128 to 10,240."""
    timeout_minutes: int
    """1 to 15."""
    ephemeral_mb: int
    """Size of /tmp: 512 to 10,240; 512 if it is left out."""
    environment: Mapping[str, str] | None
    vpc: ec2.IVpc | None
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    layers: Sequence[lambda_.ILayerVersion]
    """They bring what is not pure Python: packages, and the tools that commands need."""


@dataclass(frozen=True, kw_only=True)
class PythonHandler:
    """A handler in lambdas/activities, deployed by this stack.

    ``module`` is its file's name without ``.py``. ``statements`` are what the work itself may do on AWS:
    nothing, unless said. The others are those of FunctionSettings.
    """

    module: str
    memory_mb: int = 512
    timeout_minutes: int = 15
    ephemeral_mb: int = 512
    environment: Mapping[str, str] | None = None
    statements: Sequence[iam.PolicyStatement] = ()
    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    layers: Sequence[lambda_.ILayerVersion] = ()

    def function(self, scope: Construct, route: str, given: HandlerEnvironment) -> lambda_.Function:
        """The function, its log group, and a role that can do what the handler runtime needs.

        Raises ConfigurationError for a module that Lambda could not load, and for settings that it refuses.
        """
        self.check_settings(route)
        check_handler_module(self.module, source=SOURCE, asset=asset_directory(), layers=bool(self.layers))
        function = python_function(
            scope,
            route,
            handler=f"activities.{self.module}.handler",
            given=given,
            memory_mb=self.memory_mb,
            timeout=Duration.minutes(self.timeout_minutes),
            ephemeral_mb=self.ephemeral_mb,
            environment=self.environment,
            vpc=self.vpc,
            subnets=self.subnets,
            security_groups=self.security_groups,
            layers=self.layers,
        )
        function.add_to_role_policy(
            iam.PolicyStatement(
                # The developer guide knows no resource for these actions, the Service Authorization
                # Reference does: "*" is right under both.
                actions=[
                    "datapipeline:ReportTaskProgress",
                    "datapipeline:DescribeObjects",
                    "datapipeline:EvaluateExpression",
                ],
                resources=["*"],
            )
        )
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[given.claims.arn_for_objects("claims/*")]
            )
        )
        if given.encryption_key is not None:
            given.encryption_key.grant_decrypt(function)
        for statement in self.statements:
            function.add_to_role_policy(statement)
        return function

    def check_settings(self, route: str) -> None:
        """Raise ConfigurationError for a setting of the function that CDK or Lambda would refuse."""
        settings = {name: getattr(self, name) for name in FunctionSettings.__annotations__}
        check_function_settings(route, settings, self.statements)


def python_function(
    scope: Construct,
    name: str,
    *,
    handler: str,
    given: HandlerEnvironment,
    memory_mb: int,
    timeout: Duration,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> lambda_.Function:
    """A function of the shared asset, named ``<stack>-<name>``, with a log group of its own."""
    full_name = function_name(Stack.of(scope).stack_name, name)
    variables = {**given.environment, **(environment or {})}
    refuse_large_environment(full_name, variables)
    log_group = logs.LogGroup(
        scope,
        "Logs",
        log_group_name=f"/aws/lambda/{full_name}",
        retention=given.log_retention,
        encryption_key=given.encryption_key,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return lambda_.Function(
        scope,
        "Function",
        function_name=full_name,
        runtime=lambda_.Runtime.PYTHON_3_13,
        architecture=lambda_.Architecture.ARM_64,
        code=given.code,
        handler=handler,
        memory_size=memory_mb,
        timeout=timeout,
        ephemeral_storage_size=Size.mebibytes(ephemeral_mb),
        environment=variables,
        role=_role(scope, log_group, in_vpc=vpc is not None),
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE if given.tracing else lambda_.Tracing.DISABLED,
        vpc=vpc,
        vpc_subnets=subnets,
        security_groups=list(security_groups) if security_groups is not None else None,
        layers=list(layers),
    )


def _role(scope: Construct, log_group: logs.ILogGroup, *, in_vpc: bool) -> iam.Role:
    """A role that can write the function's own log; CDK's default can write every log of the account."""
    lambda_service = iam.ServicePrincipal("lambda.amazonaws.com")
    role = iam.Role(scope, "FunctionRole", assumed_by=lambda_service)
    log_group.grant_write(role)
    if in_vpc:
        role.add_managed_policy(
            iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSLambdaENIManagementAccess")
        )
    return role
