"""The settings of a handler's function, checked at synth. Errors name the setting and its valid values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from aws_cdk import Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.configuration_error import ConfigurationError
from infra.container import Container

# Lambda quotas: memory, timeout, /tmp.
_NUMBERS = {
    "memory_mb": (128, 10_240, "MB"),
    "timeout_minutes": (1, 15, "minutes"),
    "ephemeral_mb": (512, 10_240, "MB"),
}

_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+", re.ASCII)
"""API Reference, Environment."""
# Lambda developer guide, reserved environment variables. The stack reserves COMMAND_ROLE_ARN, and what it
# tells a container.
_RESERVED = {
    *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"),
    *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME"),
    *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME"),
    *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY"),
    *("AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "COMMAND_ROLE_ARN"),
    *(
        "TASK_AWS_CLI",
        "TASK_CODE",
        "TASK_FAMILY",
        "TASK_HANDLER",
        "TASK_MEMORY_MB",
        "TASK_OBJECTS",
        "TASK_PACKAGES",
    ),
}

_MADE_BY = {
    "layers": "lambda_.LayerVersion.from_layer_version_arn(stack, 'Tools', arn)",
    "security_groups": "ec2.SecurityGroup.from_security_group_id(stack, 'Group', 'sg-…')",
    "vpc": "ec2.Vpc.from_lookup(stack, 'Vpc', vpc_id='vpc-…')",
}


class FunctionSettings(TypedDict, total=False):
    """Optional keyword arguments for a handler's Lambda function."""

    memory_mb: int
    """128 to 10,240."""
    timeout_minutes: int
    """1 to 15."""
    ephemeral_mb: int
    """Size of /tmp: 512 to 10,240; 512 by default."""
    environment: Mapping[str, str] | None
    vpc: ec2.IVpc | None
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    layers: Sequence[lambda_.ILayerVersion]
    """For code that is not pure Python: packages, and the tools that commands need."""
    compute: Container | None
    """A container to run in; None: a function. A container has its own settings in place of the others, but
    for ``environment``."""


def check_function_settings(
    route: str, settings: Mapping[str, Any], statements: Sequence[iam.PolicyStatement]
) -> None:
    """Raise ConfigurationError for a setting that CDK or Lambda would refuse.

    ``settings`` has every key of FunctionSettings. ``statements`` says what the commands or the handler may
    do.
    """
    for name, (least, most, unit) in _NUMBERS.items():
        value = settings[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not (Token.is_unresolved(value) or least <= value <= most):
            raise _refused(route, name, value, f"a whole number, {least:,} to {most:,} {unit}, is needed")
    _check_environment(route, settings["environment"])
    for name in ("layers", "security_groups"):
        value = settings[name]
        if value is not None and (
            not isinstance(value, Sequence)
            or isinstance(value, str)
            or any(isinstance(item, str) for item in value)
        ):
            raise _refused(route, name, value, f"a list of constructs is needed, such as [{_MADE_BY[name]}]")
    if isinstance(settings["vpc"], str):
        raise _refused(route, "vpc", settings["vpc"], f"a construct is needed, such as {_MADE_BY['vpc']}")
    for name in ("subnets", "security_groups"):
        if settings[name] is not None and settings["vpc"] is None:
            raise ConfigurationError(f"The handler for '{route}' has {name} and no vpc: give the vpc too.")
    check_statements(f"the handler for '{route}'", statements)


def _check_environment(route: str, environment: object) -> None:
    if environment is None:
        return
    if not isinstance(environment, Mapping):
        raise _refused(route, "environment", environment, "a dict is needed, such as {'TARGET': 'sales'}")
    for name, value in environment.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise ConfigurationError(
                f"The handler for '{route}' cannot have an environment variable {name!r}: its name begins "
                "with a letter, and has two or more letters, digits and underscores."
            )
        if name in _RESERVED:
            raise ConfigurationError(
                f"The handler for '{route}' cannot have an environment variable {name}: its value is not "
                "yours to give. Take another name."
            )
        if not isinstance(value, str):
            raise ConfigurationError(
                f"The environment variable {name} of the handler for '{route}' is {value!r}: a string is "
                "needed."
            )


def check_statements(whose: str, statements: object) -> None:
    """Raise ConfigurationError unless ``statements`` is a list of statements."""
    if not isinstance(statements, Sequence) or not all(
        isinstance(statement, iam.PolicyStatement) for statement in statements
    ):
        given = "one statement" if isinstance(statements, iam.PolicyStatement) else str(statements)[:100]
        raise ConfigurationError(
            f"statements of {whose} is {given!r}: a list of iam.PolicyStatement is needed, such as "
            "s3_access(read=['s3://sales/in/'])."
        )


def _refused(route: str, name: str, value: object, needed: str) -> ConfigurationError:
    return ConfigurationError(f"{name} of the handler for '{route}' is {str(value)[:100]!r}: {needed}.")
