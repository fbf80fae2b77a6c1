#!/usr/bin/env python3
"""The CDK app: the worker groups to poll, and the handlers of their tasks. The one file to edit.

For a single worker group you need not edit it: ``cdk deploy -c workerGroup=etl``.
"""

import sys

import aws_cdk as cdk

from infra.configuration_error import ConfigurationError
from infra.context import Context
from infra.handlers import exists, shell_command, shell_command_precondition
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup


def main() -> None:
    """Synthesize the stack from cdk.json's context and the command line's ``-c KEY=VALUE``."""
    app = cdk.App()
    context = Context(app.node.get_all_context())
    try:
        TaskRunnerStack(
            app,
            context.text("stackName") or "TaskRunner",
            worker_groups=[
                WorkerGroup(
                    context.text("workerGroup"),
                    schedule=context.text("schedule"),
                    poll_timeout=context.whole("pollTimeout", 10),
                    max_concurrent_tasks=context.whole("maxConcurrentTasks"),
                    idle_alarm_hours=context.whole("idleAlarmHours"),
                    linger_minutes=context.whole("lingerMinutes", 10),
                ),
            ],
            handlers=[
                ("ShellCommandActivity", shell_command()),
                ("ShellCommandPrecondition", shell_command_precondition()),
                ("Exists", exists()),
            ],
            alarm_email=context.text("alarmEmail") or None,
            failed_tasks_alarm=context.whole("failedTasksAlarm", 1),
            dashboard=context.flag("dashboard"),
            runbook_url=context.text("runbookUrl") or None,
            tracing=context.flag("tracing"),
            time_scale=context.number("timeScale", 1),
        )
        context.refuse_misspelt()
    except ConfigurationError as error:
        sys.exit(f"app.py: {error}")
    app.synth()


main()
