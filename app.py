#!/usr/bin/env python3
"""The CDK app: the worker groups to poll, and the handlers of their tasks. The one file to edit.

One worker group can be had without editing: ``cdk deploy -c workerGroup=etl``.
"""

import sys

import aws_cdk as cdk

from infra.handlers import exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import ConfigurationError, WorkerGroup


def main() -> None:
    """Synthesize the stack from cdk.json's context and the command line's ``-c KEY=VALUE``."""
    app = cdk.App()
    context = app.node.try_get_context
    try:
        TaskRunnerStack(
            app,
            context("stackName") or "TaskRunner",
            worker_groups=[
                WorkerGroup(
                    str(context("workerGroup")),
                    schedule=context("schedule"),
                    poll_timeout=int(context("pollTimeout")),
                    max_concurrent_tasks=int(most) if (most := context("maxConcurrentTasks")) else None,
                    idle_alarm_hours=int(hours) if (hours := context("idleAlarmHours")) else None,
                ),
            ],
            handlers={
                "ShellCommandActivity": shell_command(),
                "ShellCommandPrecondition": shell_command_precondition(),
                "Exists": exists(),
            },
            alarm_email=context("alarmEmail"),
            failed_tasks_alarm=int(context("failedTasksAlarm") or 1),
            tracing=str(context("tracing") or "").lower() == "true",
            time_scale=float(context("timeScale") or 1),
        )
    except ConfigurationError as error:
        sys.exit(f"app.py: {error}")
    app.synth()


main()
