"""Handlers in Python, which the stack deploys: in lambdas/activities, or in a file anywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import SOURCE, asset_directory
from infra.configuration_error import ConfigurationError
from infra.container import Container
from infra.container_task import ContainerTask
from infra.function_settings import FunctionSettings, check_function_settings
from infra.handler_file import HandlerFile
from infra.handler_module import check_handler_module
from infra.python_function import python_function
from infra.shared_settings import SharedSettings

_OF_A_FUNCTION = (
    *("memory_mb", "timeout_minutes", "ephemeral_mb", "vpc", "subnets", "security_groups", "layers"),
)
_INSTEAD = {
    "timeout_minutes": "leave it out; attemptTimeout of an activity ends its work",
    "ephemeral_mb": "give Container ephemeral_gb",
    "layers": "give Container packages or an image",
}


@dataclass(frozen=True, kw_only=True)
class PythonHandler:
    """A handler in Python, deployed by the stack.

    ``module`` is the name, without ``.py``, of a file in lambdas/activities; ``path`` is a file anywhere:
    absolute, or relative to the directory of app.py or of cdk.json. Modules and packages beside it that it
    imports are deployed with it. Give one of the two. ``statements`` says what the work itself may do on AWS:
    nothing by default. FunctionSettings describes the other arguments.
    """

    module: str | None = None
    path: str | os.PathLike[str] | None = None
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

    compute: Container | None = None

    def target(
        self, scope: Construct, route: str, shared: SharedSettings
    ) -> lambda_.Function | ContainerTask:
        """The function, or the container, with its log group and a role that allows what the runner needs.

        Raises ConfigurationError for a module that could not be loaded, and for settings that AWS would
        refuse.
        """
        self.check_settings(route)
        handler, code = self._code()
        if self.path is not None:
            shared = replace(shared, code=lambda_.Code.from_asset(str(code)))
        target = (
            self._function(scope, route, handler, shared)
            if self.compute is None
            else ContainerTask(
                scope,
                "Container",
                route=route,
                handler=handler,
                code=code,
                container=self.compute,
                environment={**shared.variables, **(self.environment or {})},
                shared=shared,
            )
        )
        target.add_to_role_policy(
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
        target.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[shared.claims.arn_for_objects("claims/*")]
            )
        )
        if shared.encryption_key is not None:
            shared.encryption_key.grant_decrypt(target.grant_principal)
        for statement in self.statements:
            target.add_to_role_policy(statement)
        return target

    def _code(self) -> tuple[str, Path]:
        """The handler as Lambda names it, and the directory that is deployed, once it is checked."""
        if (self.module is None) == (self.path is None):
            raise ConfigurationError(
                "PythonHandler needs either module, a file's name in lambdas/activities without .py, or "
                "path, a file anywhere."
            )
        asset, layers = asset_directory(), bool(self.layers)
        if self.path is None:
            check_handler_module(str(self.module), source=SOURCE, asset=asset, layers=layers)
            return f"activities.{self.module}.handler", asset
        own = HandlerFile.of(self.path)
        return f"{own.file.stem}.handler", own.asset(asset, layers=layers)

    def _function(
        self, scope: Construct, route: str, handler: str, shared: SharedSettings
    ) -> lambda_.Function:
        return python_function(
            scope,
            route,
            handler=handler,
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

    def check_settings(self, route: str) -> None:
        """Raise ConfigurationError for a setting that CDK or AWS would refuse."""
        settings = {name: getattr(self, name) for name in FunctionSettings.__annotations__}
        check_function_settings(route, settings, self.statements)
        if self.compute is not None:
            if not isinstance(self.compute, Container):
                raise ConfigurationError(
                    f"compute of the handler for '{route}' is {str(self.compute)[:100]!r}: "
                    "Container(vpc=...) is needed."
                )
            self._refuse_settings_of_a_function(route)

    def _refuse_settings_of_a_function(self, route: str) -> None:
        """A container has its own, and silently passing over those of a function would surprise."""
        defaults = {field.name: field.default for field in fields(self)}
        for name in _OF_A_FUNCTION:
            if getattr(self, name) != defaults[name]:
                raise ConfigurationError(
                    f"The handler for '{route}' has compute=Container(...), and {name} of a function: "
                    f"{_INSTEAD.get(name, 'give it to Container')}."
                )
