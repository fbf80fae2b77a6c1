"""What the stack may do, each with its reason; a statement or a finding without one fails here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template
from cdk_nag import AwsSolutionsChecks

from infra.handlers import exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, role_statements, statements

GRANTED = iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::sales/in/*"])

HANDLERS = {
    "ShellCommandActivity": shell_command(statements=[GRANTED]),
    "ShellCommandPrecondition": shell_command_precondition(),
    "Exists": exists(),
}

# (role, actions, resource, condition): why. A `*` in a role or a resource stands for any text.
ALLOWED: dict[tuple[str, str, str, str], str] = {
    ("PollLoop*FunctionRole*", "logs:CreateLogStream logs:PutLogEvents", "<PollLoop*Logs*.Arn>", ""): (
        "The poller writes its own log."
    ),
    ("PollLoop*FunctionRole*", "datapipeline:PollForTask", "*", "datapipeline:workerGroup=etl"): (
        "PollForTask has no resource; the condition keeps the poller to its worker group."
    ),
    ("PollLoop*FunctionRole*", "datapipeline:ReportTaskRunnerHeartbeat", "*", ""): (
        "The heartbeat has neither a resource nor a condition."
    ),
    ("PollLoop*FunctionRole*", "s3:PutObject", "<Claims*.Arn>/claims/*", ""): (
        "The poller puts objects with secrets aside; it cannot read them again."
    ),
    ("PollLoop*FunctionRole*", "states:ListExecutions", "<RunTask*>", ""): (
        "The poller counts running tasks where their number is limited."
    ),
    ("PollLoop*StateMachineRole*", "lambda:InvokeFunction", "<PollLoop*Function*.Arn>*", ""): (
        "PollLoop invokes its own poller."
    ),
    ("PollLoop*StateMachineRole*", "states:StartExecution", "<RunTask*>", ""): "PollLoop starts RunTask.",
    ("PollLoop*SchedulerRole*", "states:StartExecution", "<PollLoop*>", ""): "A tick starts PollLoop.",
    ("SchedulerRole*", "states:StartExecution", "<PollLoop*>", ""): "A tick starts PollLoop.",
    ("RunTask*Role*", "lambda:InvokeFunction", "<Handler*Function*.Arn>*", ""): "RunTask invokes the handlers.",
    (
        "RunTask*Role*",
        "datapipeline:ReportTaskProgress datapipeline:SetTaskStatus",
        "*",
        "",
    ): "RunTask acknowledges and reports; the developer guide knows no resource for these actions.",
    ("RunTask*Role*", "datapipeline:reportTaskProgress", "*", ""): (
        "CDK derives it from the name of the SDK integration; IAM compares actions without case."
    ),
    ("*StateMachineRole*", "logs:*", "*", ""): (
        "Delivery of a state machine's log is set up account-wide (Step Functions developer guide, logging)."
    ),
    ("Handler*FunctionRole*", "logs:CreateLogStream logs:PutLogEvents", "<Handler*Logs*.Arn>", ""): (
        "A handler writes its own log."
    ),
    (
        "Handler*FunctionRole*",
        "datapipeline:ReportTaskProgress datapipeline:DescribeObjects datapipeline:EvaluateExpression",
        "*",
        "",
    ): "A handler reports progress and reads its pipeline; the developer guide knows no resource for these.",
    ("Handler*FunctionRole*", "s3:GetObject", "<Claims*.Arn>/claims/*", ""): (
        "A handler reads its task's secrets, by a name that it is told; it cannot list them."
    ),
    ("Handler*FunctionRole*", "sts:AssumeRole", "<Handler*CommandRole*.Arn>", ""): (
        "A shell handler takes on the role of its own commands."
    ),
    ("HandlerShellCommandActivityCommandRole*", "s3:GetObject", "arn:aws:s3:::sales/in/*", ""): (
        "What app.py grants to commands, and nothing else."
    ),
}
