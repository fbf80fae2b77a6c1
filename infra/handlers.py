"""The handlers that app.py can register for a type, or for a value of ``myHandler``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.container import Container
from infra.copy_role import copy_role
from infra.database_access import OWN_STATEMENTS, Secret, database_access
from infra.emr import emr, emr_serverless
from infra.emr_cluster import EmrClusterSettings
from infra.existing_function import ExistingFunction, existing_function
from infra.function_settings import FunctionSettings, check_statements
from infra.handler import Handler
from infra.python_handler import PythonHandler
from infra.s3_access import s3_access
from infra.shell_handler import ShellHandler

__all__ = [
    "Container",
    "EmrClusterSettings",
    "ExistingFunction",
    "FunctionSettings",
    "Handler",
    "PythonHandler",
    "ShellHandler",
    "copy",
    "emr",
    "emr_serverless",
    "existing_function",
    "exists",
    "redshift_copy",
    "s3_access",
    "shell_command",
    "shell_command_precondition",
    "sql",
]


def shell_command(
    *,
    statements: Sequence[iam.PolicyStatement] = (),
    aws_cli: lambda_.ILayerVersion | None = None,
    **settings: Unpack[FunctionSettings],
) -> ShellHandler:
    """ShellCommandActivity, as a function with 512 MB and 15 minutes, or in a container.

    ``statements`` says all that commands, and the task's own S3 fields, may do on AWS: see ``s3_access``.
    ``layers`` add the tools that commands need besides the AWS CLI. ``aws_cli`` is a layer with another AWS
    CLI than CDK's version 1; docs/shell-commands.md says how to make it. FunctionSettings has the other
    arguments.
    """
    handler = PythonHandler(module="shell_command", **settings)
    return ShellHandler(handler=handler, statements=statements, aws_cli=aws_cli)


def shell_command_precondition(
    *,
    statements: Sequence[iam.PolicyStatement] = (),
    aws_cli: lambda_.ILayerVersion | None = None,
    **settings: Unpack[FunctionSettings],
) -> ShellHandler:
    """ShellCommandPrecondition, with 256 MB and 5 minutes. Takes the arguments of ``shell_command``."""
    settings = _defaults(settings, memory_mb=256, timeout_minutes=5)
    handler = PythonHandler(module="shell_command_precondition", **settings)
    return ShellHandler(handler=handler, statements=statements, aws_cli=aws_cli)


def exists(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """Exists, with 256 MB and a minute. ``statements`` lets it look on AWS: see ``s3_access``.

    For tables in databases, give ``secrets``, ``rds_instances`` and the network as for ``sql``.
    Raises ConfigurationError.
    """
    settings = _defaults(settings, memory_mb=256, timeout_minutes=1)
    access = database_access(secrets=secrets, rds_instances=rds_instances)
    return PythonHandler(module="exists", statements=_all(access, statements), **settings)


def sql(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    redshift: Sequence[str] = (),
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """SqlActivity, with 512 MB and 15 minutes.

    ``secrets``: the secrets that ``myPasswordSecretArn`` fields name, as constructs or ARNs.
    ``rds_instances``: identifiers of RDS instances.
    ``redshift``: clusters (``sales``), clusters with a user for whom to request temporary credentials
    (``sales/etl``), and ARNs of workgroups.
    ``statements``: everything else that it needs, such as ``s3_access`` for scripts.
    ``vpc``, ``subnets`` and ``security_groups`` have to let the function reach the databases.
    FunctionSettings has the other arguments. Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, rds_instances=rds_instances, redshift=redshift)
    return PythonHandler(module="sql_activity", statements=_all(access, statements), **settings)


def redshift_copy(
    *,
    copy_role_arn: str,
    redshift: Sequence[str],
    secrets: Sequence[Secret] = (),
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """RedshiftCopyActivity, with 256 MB and a minute.

    ``copy_role_arn`` is the role, associated with the cluster, with which Amazon Redshift itself reads and
    writes Amazon S3 or reads Amazon DynamoDB; the function takes no part in that. ``redshift`` and
    ``secrets`` are as for ``sql``. Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, redshift=redshift)
    results = iam.PolicyStatement(actions=["redshift-data:GetStatementResult"], resources=["*"])
    results.add_condition("StringEquals", OWN_STATEMENTS)
    settings = _defaults(settings, memory_mb=256, timeout_minutes=1)
    settings["environment"] = {
        **(settings.get("environment") or {}),
        "COPY_ROLE_ARN": copy_role(copy_role_arn),
    }
    return PythonHandler(
        module="redshift_copy_activity", statements=_all([*access, results], statements), **settings
    )


def copy(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """CopyActivity, with 1,024 MB and 15 minutes.

    ``statements`` lets it read and write the objects: see ``s3_access``. The other arguments are those of
    ``sql``. Copies within S3 need no ``vpc``. Raises ConfigurationError.
    """
    settings = _defaults(settings, memory_mb=1024)
    access = database_access(secrets=secrets, rds_instances=rds_instances)
    return PythonHandler(module="copy_activity", statements=_all(access, statements), **settings)


def _defaults(settings: FunctionSettings, **function: Unpack[FunctionSettings]) -> FunctionSettings:
    """``settings``, with the defaults of a function unless the handler runs in a container."""
    return settings if settings.get("compute") is not None else function | settings


def _all(
    access: Sequence[iam.PolicyStatement], statements: Sequence[iam.PolicyStatement]
) -> list[iam.PolicyStatement]:
    check_statements("the handler", statements)
    return [*access, *statements]
