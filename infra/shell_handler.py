"""Handlers that run commands, with the AWS CLI and with a role for the commands only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.lambda_layer_awscli import AwsCliLayer
from constructs import Construct

from infra.configuration_error import ConfigurationError
from infra.container_task import ContainerTask
from infra.function_settings import check_statements
from infra.limits import refuse_large_environment
from infra.naming import function_name
from infra.python_handler import PythonHandler
from infra.shared_settings import SharedSettings

_LAYER = "AwsCli"


@dataclass(frozen=True, kw_only=True)
class ShellHandler:
    """``handler`` with the AWS CLI, whose commands run with a separate role.

    That role allows ``statements`` and nothing else. Whoever writes commands must not get the function's own
    rights, above all those on Data Pipeline and the claims bucket. Only the function can assume the role.
    """

    handler: PythonHandler
    statements: Sequence[iam.PolicyStatement] = ()
    aws_cli: lambda_.ILayerVersion | None = None
    """The layer with the AWS CLI, as bin/aws or awscli/aws; None: CDK's layer, with version 1."""

    def target(
        self, scope: Construct, route: str, shared: SharedSettings
    ) -> lambda_.Function | ContainerTask:
        """The function or container. Its variable COMMAND_ROLE_ARN names the role of its commands."""
        check_statements(f"the handler for '{route}'", self.statements)
        self.handler.check_settings(route)
        if isinstance(self.aws_cli, str):
            raise ConfigurationError(
                f"aws_cli of the handler for '{route}' is {self.aws_cli!r}: a construct is needed, such as "
                "lambda_.LayerVersion.from_layer_version_arn(stack, 'AwsCli2', arn)."
            )
        if self.aws_cli is not None and self.handler.compute is not None:
            raise ConfigurationError(
                f"The handler for '{route}' has compute=Container(...), and aws_cli, a layer for a function: "
                "leave it out, and give Container packages=['awscli-2'] or an image for another AWS CLI."
            )
        target = self._handler(scope).target(scope, route, shared)
        command_role = iam.Role(
            scope,
            "CommandRole",
            description=f"What commands of {Stack.of(scope).stack_name} may do on AWS",
            assumed_by=target.grant_principal,
        )
        for statement in self.statements:
            command_role.add_to_policy(statement)
        target.add_to_role_policy(
            iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[command_role.role_arn])
        )
        target.add_environment("COMMAND_ROLE_ARN", command_role.role_arn)
        if isinstance(target, ContainerTask):
            target.fetch("TASK_AWS_CLI", *_object(_aws_cli(scope)))
        else:
            variables = {**shared.variables, **(self.handler.environment or {})}
            refuse_large_environment(
                function_name(Stack.of(scope).stack_name, route),
                variables | {"COMMAND_ROLE_ARN": command_role.role_arn},
            )
        return target

    def _handler(self, scope: Construct) -> PythonHandler:
        """The handler, with the AWS CLI if it is a function."""
        if self.handler.compute is not None:
            return self.handler
        return replace(self.handler, layers=[self.aws_cli or _aws_cli(scope), *self.handler.layers])


def _object(layer: AwsCliLayer) -> tuple[str, str]:
    """The bucket and key of the layer's zip, which a container fetches by itself."""
    version = layer.node.default_child
    assert isinstance(version, lambda_.CfnLayerVersion)  # noqa: S101 - CDK's own construct
    content = Stack.of(layer).resolve(version.content)
    return Token.as_string(content["s3Bucket"]), Token.as_string(content["s3Key"])


def _aws_cli(scope: Construct) -> AwsCliLayer:
    """The stack's only layer with the AWS CLI; the first handler that needs it creates it."""
    stack = Stack.of(scope)
    there = stack.node.try_find_child(_LAYER)
    return there if isinstance(there, AwsCliLayer) else AwsCliLayer(stack, _LAYER)
