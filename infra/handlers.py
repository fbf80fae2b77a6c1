"""What can stand behind a type in app.py's ``handlers``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.copy_role import copy_role
from infra.database_access import OWN_STATEMENTS, Secret, database_access
from infra.existing_function import ExistingFunction, existing_function
from infra.python_handler import Handler, HandlerEnvironment, PythonHandler, python_function
from infra.s3_access import s3_access
from infra.shell_handler import ShellHandler

__all__ = [
    "ExistingFunction",
    "Handler",
    "HandlerEnvironment",
    "PythonHandler",
    "ShellHandler",
    "copy",
    "existing_function",
    "exists",
    "python_function",
    "redshift_copy",
    "s3_access",
    "shell_command",
    "shell_command_precondition",
    "sql",
]


def shell_command(
    *,
    memory_mb: int = 512,
    timeout_minutes: int = 15,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> ShellHandler:
    """ShellCommandActivity.

    ``statements`` is all that commands, and the task's own S3 fields, may do on AWS: see ``s3_access``.
    ``layers`` bring the tools that commands need, beside the AWS CLI. The rest is as in PythonHandler.
    """
    return ShellHandler(
        handler=PythonHandler(
            module="shell_command",
            memory_mb=memory_mb,
            timeout_minutes=timeout_minutes,
            ephemeral_mb=ephemeral_mb,
            environment=environment or {},
            vpc=vpc,
            subnets=subnets,
            security_groups=security_groups,
            layers=layers,
        ),
        statements=statements,
    )


def shell_command_precondition(
    *,
    memory_mb: int = 256,
    timeout_minutes: int = 5,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> ShellHandler:
    """ShellCommandPrecondition. The arguments are those of ``shell_command``."""
    return ShellHandler(
        handler=PythonHandler(
            module="shell_command_precondition",
            memory_mb=memory_mb,
            timeout_minutes=timeout_minutes,
            ephemeral_mb=ephemeral_mb,
            environment=environment or {},
            vpc=vpc,
            subnets=subnets,
            security_groups=security_groups,
            layers=layers,
        ),
        statements=statements,
    )


def exists(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    memory_mb: int = 256,
    timeout_minutes: int = 1,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> PythonHandler:
    """Exists. ``statements`` is what it takes to look on AWS: see ``s3_access``.

    For tables in databases, ``secrets``, ``rds_instances`` and the network are as of ``sql``.
    Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, rds_instances=rds_instances)
    return PythonHandler(
        module="exists",
        memory_mb=memory_mb,
        timeout_minutes=timeout_minutes,
        ephemeral_mb=ephemeral_mb,
        environment=environment or {},
        statements=[*access, *statements],
        vpc=vpc,
        subnets=subnets,
        security_groups=security_groups,
        layers=layers,
    )


def sql(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    redshift: Sequence[str] = (),
    memory_mb: int = 512,
    timeout_minutes: int = 15,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> PythonHandler:
    """SqlActivity.

    ``secrets`` are those of ``myPasswordSecretArn``, constructs or ARNs. ``rds_instances`` are identifiers.
    ``redshift`` are clusters (``sales``), clusters with a user for whom temporary credentials may be asked
    (``sales/etl``), and the ARNs of workgroups. ``statements`` is what else it takes, such as ``s3_access``
    for scripts. ``vpc``, ``subnets`` and ``security_groups`` have to let the function reach the databases.
    Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, rds_instances=rds_instances, redshift=redshift)
    return PythonHandler(
        module="sql_activity",
        memory_mb=memory_mb,
        timeout_minutes=timeout_minutes,
        ephemeral_mb=ephemeral_mb,
        environment=environment or {},
        statements=[*access, *statements],
        vpc=vpc,
        subnets=subnets,
        security_groups=security_groups,
        layers=layers,
    )


def redshift_copy(
    *,
    copy_role_arn: str,
    redshift: Sequence[str],
    secrets: Sequence[Secret] = (),
    memory_mb: int = 256,
    timeout_minutes: int = 1,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> PythonHandler:
    """RedshiftCopyActivity.

    ``copy_role_arn`` is the role, associated with the cluster, with which Amazon Redshift itself reads and
    writes Amazon S3, or reads Amazon DynamoDB: the function has no part in that. ``redshift`` and ``secrets``
    are those of ``sql``. Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, redshift=redshift)
    results = iam.PolicyStatement(actions=["redshift-data:GetStatementResult"], resources=["*"])
    results.add_condition("StringEquals", OWN_STATEMENTS)
    return PythonHandler(
        module="redshift_copy_activity",
        memory_mb=memory_mb,
        timeout_minutes=timeout_minutes,
        ephemeral_mb=ephemeral_mb,
        environment={**(environment or {}), "COPY_ROLE_ARN": copy_role(copy_role_arn)},
        statements=[*access, results, *statements],
        vpc=vpc,
        subnets=subnets,
        security_groups=security_groups,
        layers=layers,
    )


def copy(
    *,
    secrets: Sequence[Secret] = (),
    rds_instances: Sequence[str] = (),
    memory_mb: int = 1024,
    timeout_minutes: int = 15,
    ephemeral_mb: int = 512,
    environment: Mapping[str, str] | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    vpc: ec2.IVpc | None = None,
    subnets: ec2.SubnetSelection | None = None,
    security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    layers: Sequence[lambda_.ILayerVersion] = (),
) -> PythonHandler:
    """CopyActivity.

    ``statements`` is what it takes to read and write the objects: see ``s3_access``. The other arguments are
    those of ``sql``. Copies within S3 need no ``vpc``. Raises ConfigurationError.
    """
    access = database_access(secrets=secrets, rds_instances=rds_instances)
    return PythonHandler(
        module="copy_activity",
        memory_mb=memory_mb,
        timeout_minutes=timeout_minutes,
        ephemeral_mb=ephemeral_mb,
        environment=environment or {},
        statements=[*access, *statements],
        vpc=vpc,
        subnets=subnets,
        security_groups=security_groups,
        layers=layers,
    )
