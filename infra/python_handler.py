"""Handlers in lambdas/activities, which the stack deploys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import SOURCE, asset_directory
from infra.function_settings import FunctionSettings, check_function_settings
from infra.handler_module import check_handler_module
from infra.python_function import python_function
from infra.shared_settings import SharedSettings


@dataclass(frozen=True, kw_only=True)
class PythonHandler:
    """A handler in lambdas/activities, deployed by the stack.

    ``module`` is its file's name without ``.py``. ``statements`` says what the work itself may do on AWS:
    nothing by default. FunctionSettings describes the other arguments.
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
    repeatable: bool = False
    """Whether the handler finds out what an invocation that crashed has done, so that it can be repeated."""

    def function(self, scope: Construct, route: str, shared: SharedSettings) -> lambda_.Function:
        """The function, with its log group and a role that allows what the handler runtime needs.

        Raises ConfigurationError for a module that Lambda could not load, and for settings that it would
        refuse.
        """
        self.check_settings(route)
        check_handler_module(self.module, source=SOURCE, asset=asset_directory(), layers=bool(self.layers))
        function = python_function(
            scope,
            route,
            handler=f"activities.{self.module}.handler",
            shared=shared,
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
                # The developer guide names no resource for these actions, the Service Authorization
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
                actions=["s3:GetObject"], resources=[shared.claims.arn_for_objects("claims/*")]
            )
        )
        if shared.encryption_key is not None:
            shared.encryption_key.grant_decrypt(function)
        for statement in self.statements:
            function.add_to_role_policy(statement)
        return function

    def check_settings(self, route: str) -> None:
        """Raise ConfigurationError for a setting of the function that CDK or Lambda would refuse."""
        settings = {name: getattr(self, name) for name in FunctionSettings.__annotations__}
        check_function_settings(route, settings, self.statements)
