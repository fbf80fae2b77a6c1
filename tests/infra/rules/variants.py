"""Stacks as users deploy them, with cdk.json's feature flags. Between them they use every setting."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from infra.handlers import (
    Container,
    EmrClusterSettings,
    Handler,
    PythonHandler,
    copy,
    emr,
    emr_serverless,
    existing_function,
    exists,
    redshift_copy,
    s3_access,
    shell_command,
    shell_command_precondition,
    sql,
)
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from local.launch import ROOT

ACCOUNT = "111122223333"
REGION = "us-east-1"
STACK = "TaskRunner"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"

_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize-images:prod"
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:sales-etl-AbCdEf"
_COPY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/redshift-copy"
_WORKGROUP = f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/7e6f1a2b-0000-1111-2222-333344445555"

_TWO_GROUPS = (
    WorkerGroup("etl", max_concurrent_tasks=4, idle_alarm_hours=24),
    WorkerGroup("reports / daily", schedule="rate(1 minute)", poll_timeout=95),
)


def with_flags() -> cdk.App:
    """An app with cdk.json's context, as the CDK CLI creates it."""
    return cdk.App(context=json.loads((ROOT / "cdk.json").read_text())["context"])


def all_handlers(scope: cdk.Stack) -> dict[str, Handler]:
    """Every kind of handler, with every argument that grants something."""
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=[f"{REGION}a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    sales = s3_access(read=["s3://sales/in/"], write=["s3://sales/out/"])
    return {
        "ShellCommandActivity": shell_command(memory_mb=1024, statements=sales),
        "ShellCommandPrecondition": shell_command_precondition(statements=sales),
        "Exists": exists(statements=sales, secrets=[_SECRET]),
        "CopyActivity": copy(secrets=[_SECRET], rds_instances=["sales-db"], statements=sales),
        "SqlActivity": sql(
            vpc=vpc,
            secrets=[_SECRET],
            rds_instances=["sales-db"],
            redshift=["warehouse/etl", _WORKGROUP],
            statements=sales,
        ),
        "RedshiftCopyActivity": redshift_copy(copy_role_arn=_COPY_ROLE, redshift=["warehouse/etl"]),
        "EmrActivity": emr(cluster="j-2AXXXXXXGAPLF", log_uri="s3://logs/emr/"),
        "HiveActivity": emr(cluster_name="etl"),
        "PigActivity": emr(
            transient=EmrClusterSettings(
                release_label="emr-7.5.0",
                task_instance_count=2,
                market="SPOT",
                bootstrap_actions=[("s3://sales/in/install.sh", "x")],
                configurations=[{"Classification": "hive-site", "Properties": {"a": "b"}}],
                ec2_subnet_id="subnet-0123456789abcdef0",
                log_uri="s3://logs/emr/",
            ),
            idle_minutes=10,
        ),
        "HiveCopyActivity": emr_serverless(
            application_id="00f1a2b3c4d5e6f7", execution_role_arn=_COPY_ROLE, scripts="s3://jobs/scripts/"
        ),
        "nightly / container": shell_command(
            statements=sales, environment={"TARGET": "sales"}, compute=Container(vpc=vpc)
        ),
        "large-copy": copy(
            secrets=[_SECRET],
            statements=sales,
            compute=Container(
                vpc=vpc,
                cpu=4096,
                memory_mb=16384,
                ephemeral_gb=100,
                image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/python:3.13"),
                packages=["postgresql15"],
                cpu_architecture=ecs.CpuArchitecture.X86_64,
                spot=True,
                security_groups=[
                    ec2.SecurityGroup.from_security_group_id(scope, "Group", "sg-0123456789abcdef0")
                ],
                subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ),
        ),
        "count-words": PythonHandler(module="exists", memory_mb=256, timeout_minutes=5),
        "resize-images": existing_function(_FUNCTION),
        """it's "a" {% route %} \\ €/ü""": existing_function(_FUNCTION),
        "Next": existing_function(_FUNCTION),
    }


def _stack(
    groups: Sequence[WorkerGroup], handlers: Callable[[cdk.Stack], dict[str, Handler]], **settings: Any
) -> TaskRunnerStack:
    # In another stack, because it contains only references to existing resources.
    others = cdk.Stack(cdk.App(), "Others")
    if settings.pop("key", None) == "imported":
        settings["encryption_key"] = kms.Key.from_key_arn(others, "Key", KEY)
    return TaskRunnerStack(with_flags(), STACK, worker_groups=groups, handlers=handlers(others), **settings)


def _shell(_: cdk.Stack) -> dict[str, Handler]:
    return {"ShellCommandActivity": shell_command()}


_STACKS: dict[str, Callable[[], TaskRunnerStack]] = {
    "one-group": lambda: _stack([WorkerGroup("default")], _shell),
    "all-handlers": lambda: _stack(_TWO_GROUPS, all_handlers),
    "key-tracing-and-e-mail": lambda: _stack(
        _TWO_GROUPS, all_handlers, key="imported", tracing=True, alarm_email="you@example.com"
    ),
    "in-a-region": lambda: _stack(
        _TWO_GROUPS,
        _shell,
        failed_tasks_alarm=None,
        dashboard=True,
        runbook_url="https://git.example.com/runner/docs/runbook.md",
        env=cdk.Environment(account=ACCOUNT, region=REGION),
    ),
}

NAMES = tuple(_STACKS)


@cache
def template(name: str) -> Template:
    """The template of one of ``NAMES``, synthesized once a session."""
    return Template.from_stack(_STACKS[name]())
