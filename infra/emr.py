"""Handlers that run tasks as steps of an EMR cluster, or as job runs of EMR Serverless."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Unpack

from aws_cdk import Aws, Token
from aws_cdk import aws_iam as iam

from infra.configuration_error import ConfigurationError
from infra.emr_cluster import TAG, EmrClusterSettings
from infra.function_settings import FunctionSettings, check_statements
from infra.python_handler import PythonHandler
from infra.s3_access import put_objects, s3_access

_CLUSTER = re.compile(r"j-[A-Z0-9]{1,30}")
_APPLICATION = re.compile(r"[0-9a-z]{1,64}")
_ROLE = re.compile(r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/[\w+=.@/-]{1,576}", re.ASCII)
_MOST_IDLE_MINUTES = 7 * 24 * 60
_OF_ALL_STEPS = ["AddJobFlowSteps", "DescribeCluster", "DescribeStep", "ListSteps"]
_OF_STEPS = [*_OF_ALL_STEPS, "CancelSteps"]


def emr(
    *,
    cluster: str | None = None,
    cluster_name: str | None = None,
    transient: EmrClusterSettings | None = None,
    idle_minutes: int | None = None,
    log_uri: str | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """EmrActivity, HadoopActivity, HiveActivity, PigActivity and HiveCopyActivity, with 256 MB, 5 minutes.

    One of these says where the steps run. ``cluster``: the id of a cluster. ``cluster_name``: the name of
    the one that runs. ``transient``: a cluster that is started for the task and terminated with it; with
    ``idle_minutes`` (1 to 10,080) it stays for the next tasks of the worker group, until it has been idle for
    that long. ``log_uri``: the cluster's log URI, so that a failure tells the end of the step's stderr.
    FunctionSettings has the other arguments. Raises ConfigurationError.
    """
    given = [value for value in (cluster, cluster_name, transient) if value is not None]
    if len(given) != 1:
        raise ConfigurationError(
            "emr: one of cluster='j-…', cluster_name='…' and transient=EmrClusterSettings(…) is needed, but "
            f"{len(given) or 'none'} {'are' if len(given) > 1 else 'is'} given."
        )
    if idle_minutes is not None and transient is None:
        raise ConfigurationError("emr: idle_minutes is of transient clusters: give transient too.")
    where: dict[str, Any]
    if transient is not None:
        if not isinstance(transient, EmrClusterSettings):
            raise ConfigurationError(f"emr: transient is {transient!r}: EmrClusterSettings(…) is needed.")
        where, access = _transient(transient, idle_minutes)
        log_uri = log_uri or transient.log_uri
    elif cluster is not None:
        _check("cluster", cluster, _CLUSTER, "the id of a cluster, such as j-2AXXXXXXGAPLF")
        where, access = {"cluster": cluster}, [_allow(_OF_STEPS, [_cluster_arn(cluster)])]
    else:
        if not cluster_name or not isinstance(cluster_name, str):
            raise ConfigurationError(f"emr: cluster_name is {cluster_name!r}: a name is needed.")
        # The id of the cluster that runs under that name is known only when a task comes.
        where = {"cluster_name": cluster_name}
        access = [_allow(["ListClusters"], ["*"]), _allow(_OF_STEPS, [_cluster_arn("*")])]
    if log_uri is not None:
        access += s3_access(read=[log_uri])
    return _handler("emr_activity", where, access, statements, settings)


def emr_serverless(
    *,
    application_id: str,
    execution_role_arn: str,
    scripts: str | None = None,
    log_uri: str | None = None,
    statements: Sequence[iam.PolicyStatement] = (),
    **settings: Unpack[FunctionSettings],
) -> PythonHandler:
    """HiveActivity and HiveCopyActivity, or EmrActivity with spark-submit, on EMR Serverless.

    ``application_id``: an application, of type Hive for the first two, or of type Spark.
    ``execution_role_arn``: the role with which the jobs read and write. ``scripts``: where the handler writes
    Hive scripts, ``s3://bucket/prefix/``; the execution role needs to read there. ``log_uri``: where EMR
    Serverless writes logs; the execution role needs to write there. Has 256 MB and 5 minutes.
    FunctionSettings has the other arguments. Raises ConfigurationError.
    """
    _check("application_id", application_id, _APPLICATION, "the id of an application, such as 00abc12de3fg45")
    _check("execution_role_arn", execution_role_arn, _ROLE, "the ARN of a role")
    where = {"application_id": application_id, "execution_role_arn": execution_role_arn}
    if log_uri is not None:
        where["log_uri"] = log_uri
    application = f"arn:{Aws.PARTITION}:emr-serverless:*:{Aws.ACCOUNT_ID}:/applications/{application_id}"
    pass_role = iam.PolicyStatement(actions=["iam:PassRole"], resources=[execution_role_arn])
    pass_role.add_condition("StringEquals", {"iam:PassedToService": "emr-serverless.amazonaws.com"})
    access = [
        iam.PolicyStatement(
            actions=["emr-serverless:StartJobRun", "emr-serverless:ListJobRuns"], resources=[application]
        ),
        iam.PolicyStatement(
            actions=["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"],
            resources=[f"{application}/jobruns/*"],
        ),
        pass_role,
    ]
    if scripts is not None:
        where["scripts"] = scripts if scripts.endswith("/") else f"{scripts}/"
        access.append(put_objects(where["scripts"]))
    return _handler("emr_serverless_activity", where, access, statements, settings)


def _handler(
    module: str,
    where: dict[str, Any],
    access: Sequence[iam.PolicyStatement],
    statements: Sequence[iam.PolicyStatement],
    given: FunctionSettings,
) -> PythonHandler:
    check_statements("the handler", statements)
    if given.get("compute") is not None:
        raise ConfigurationError(
            "emr: the steps run on the cluster, and the handler only looks at them: leave compute out."
        )
    settings = FunctionSettings(memory_mb=256, timeout_minutes=5) | given
    settings["environment"] = {**(settings.get("environment") or {}), "EMR_WHERE": json.dumps(where)}
    return PythonHandler(module=module, statements=[*access, *statements], repeatable=True, **settings)


def _transient(
    transient: EmrClusterSettings, idle_minutes: int | None
) -> tuple[dict[str, Any], list[iam.PolicyStatement]]:
    if idle_minutes is not None and (
        type(idle_minutes) is not int or not 1 <= idle_minutes <= _MOST_IDLE_MINUTES
    ):
        raise ConfigurationError(
            f"emr: idle_minutes is {idle_minutes!r}: a whole number, 1 to {_MOST_IDLE_MINUTES:,}, is needed."
        )
    request = transient.request(idle_minutes)
    where: dict[str, Any] = {"transient": request}
    if idle_minutes is not None:
        settings = hashlib.sha256(repr(transient).encode()).hexdigest()[:8]
        where |= {"idle_minutes": idle_minutes, "shared_name": f"{Aws.STACK_NAME} {settings}"}
    # Service Authorization Reference, Amazon EMR: RunJobFlow has no resource. What it starts has this tag,
    # and only clusters with this tag can be used and terminated.
    start = _allow(["RunJobFlow"], ["*"])
    start.add_condition("StringEquals", {f"elasticmapreduce:RequestTag/{TAG}": Aws.STACK_NAME})
    # A task's own cluster ends with all its steps; a shared one ends by itself.
    ending = "TerminateJobFlows" if idle_minutes is None else "CancelSteps"
    own = _allow([*_OF_ALL_STEPS, ending], [_cluster_arn("*")])
    own.add_condition("StringEquals", {f"elasticmapreduce:ResourceTag/{TAG}": Aws.STACK_NAME})
    # EMR management guide, tags and automatic termination: RunJobFlow with either needs these as well.
    with_start = _allow(["AddTags"], [_cluster_arn("*")])
    with_start.add_condition("StringEquals", {f"elasticmapreduce:RequestTag/{TAG}": Aws.STACK_NAME})
    policy = _allow(["PutAutoTerminationPolicy"], [_cluster_arn("*")])
    passed = [_pass_role(role, to) for role, to in transient.passed_roles()]
    return where, [_allow(["ListClusters"], ["*"]), start, own, with_start, policy, *passed, _cleanup_role()]


def _pass_role(role: str, service: str) -> iam.PolicyStatement:
    """EMR management guide, AmazonEMRFullAccessPolicy_v2; in China, services have a suffix."""
    statement = iam.PolicyStatement(actions=["iam:PassRole"], resources=[role])
    statement.add_condition("StringLike", {"iam:PassedToService": f"{service}.amazonaws.com*"})
    return statement


def _cleanup_role() -> iam.PolicyStatement:
    """EMR management guide, "Service-linked role for cleanup": the first cluster of an account needs it.

    EMR creates the role with the rights of whoever starts the cluster, which ends with an error otherwise.
    """
    statement = iam.PolicyStatement(
        actions=["iam:CreateServiceLinkedRole"],
        resources=[
            f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/"
            "elasticmapreduce.amazonaws.com*/AWSServiceRoleForEMRCleanup*"
        ],
    )
    statement.add_condition("StringLike", {"iam:AWSServiceName": "elasticmapreduce.amazonaws.com*"})
    return statement


def _allow(operations: Sequence[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=[f"elasticmapreduce:{operation}" for operation in operations], resources=resources
    )


def _cluster_arn(cluster: str) -> str:
    return f"arn:{Aws.PARTITION}:elasticmapreduce:*:{Aws.ACCOUNT_ID}:cluster/{cluster}"


def _check(name: str, value: object, form: re.Pattern[str], what: str) -> None:
    if Token.is_unresolved(value):
        return
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ConfigurationError(f"{name} is {value!r}: {what}, is needed.")
