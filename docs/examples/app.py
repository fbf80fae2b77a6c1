#!/usr/bin/env python3
"""A CDK app with every built-in handler, and three kinds of handlers besides."""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.configuration_error import ConfigurationError
from infra.context import Context
from infra.handlers import (
    EmrClusterSettings,
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

app = cdk.App()
context = Context(app.node.get_all_context())

documents = cdk.Stack(app, "Documents")
parse_json = lambda_.Function(
    documents,
    "ParseJson",
    runtime=lambda_.Runtime.NODEJS_22_X,
    handler="index.handler",
    code=lambda_.Code.from_asset("parse_json"),
)

state_machines = iam.PolicyStatement(
    actions=["states:StartExecution", "states:DescribeExecution", "states:StopExecution"],
    resources=["arn:aws:states:*:*:stateMachine:nightly-*", "arn:aws:states:*:*:execution:nightly-*"],
)
etl_login = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sales-etl-AbCdEf"
incoming = s3_access(read=["s3://sales/in/"])
sales = s3_access(read=["s3://sales/in/"], write=["s3://sales/out/"])
own_cluster = EmrClusterSettings(
    release_label="emr-7.5.0", core_instance_count=2, market="SPOT", log_uri="s3://emr-logs/"
)

try:
    TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[
            WorkerGroup(
                context.text("workerGroup"),
                schedule=context.text("schedule"),
                poll_timeout=context.whole("pollTimeout", 10),
            ),
        ],
        handlers=[
            ("ShellCommandActivity", shell_command(memory_mb=1024, statements=sales)),
            ("ShellCommandPrecondition", shell_command_precondition(statements=incoming)),
            ("Exists", exists(statements=incoming)),
            ("CopyActivity", copy(secrets=[etl_login], statements=sales)),
            ("SqlActivity", sql(secrets=[etl_login], statements=incoming)),
            (
                "RedshiftCopyActivity",
                redshift_copy(
                    copy_role_arn="arn:aws:iam::111122223333:role/redshift-copy", redshift=["warehouse/etl"]
                ),
            ),
            ("EmrActivity", emr(cluster_name="etl", log_uri="s3://emr-logs/")),
            ("HadoopActivity", emr(cluster_name="etl", log_uri="s3://emr-logs/")),
            ("HiveActivity", emr(cluster_name="etl", log_uri="s3://emr-logs/")),
            ("HiveCopyActivity", emr(cluster_name="etl", log_uri="s3://emr-logs/")),
            ("PigActivity", emr(cluster_name="etl", log_uri="s3://emr-logs/")),
            ("on-a-cluster-of-its-own", emr(transient=own_cluster)),
            ("on-a-shared-cluster", emr(transient=own_cluster, idle_minutes=5)),
            (
                "on-emr-serverless",
                emr_serverless(
                    application_id="00f1a2b3c4d5e6f7",
                    execution_role_arn="arn:aws:iam::111122223333:role/emr-jobs",
                    log_uri="s3://emr-logs/serverless/",
                ),
            ),
            (
                "on-emr-serverless-hive",
                emr_serverless(
                    application_id="00f8e7d6c5b4a321",
                    execution_role_arn="arn:aws:iam::111122223333:role/emr-jobs",
                    scripts="s3://emr-logs/scripts/",
                ),
            ),
            ("count-words", PythonHandler(module="count_words", memory_mb=256, timeout_minutes=5)),
            (
                "run-state-machine",
                PythonHandler(module="run_state_machine", timeout_minutes=1, statements=[state_machines]),
            ),
            ("parse-json", existing_function(parse_json)),
        ],
        time_scale=context.number("timeScale", 1),
    )
    context.refuse_misspelt()
except ConfigurationError as error:
    sys.exit(f"app.py: {error}")
app.synth()
