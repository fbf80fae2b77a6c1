"""What users' app.py looks like, for the last release and for today's code alike."""

import aws_cdk as cdk

from infra.context import Context
from infra.handlers import PythonHandler, shell_command, sql
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

app = cdk.App()
context = Context(app.node.get_all_context())
TaskRunnerStack(
    app,
    "TaskRunner",
    worker_groups=[
        WorkerGroup(
            "default", schedule=context.text("schedule"), poll_timeout=context.whole("pollTimeout", 10)
        )
    ],
    handlers=[
        ("ShellCommandActivity", shell_command()),
        ("SqlActivity", sql(redshift=["warehouse/etl"])),
        ("deferring", PythonHandler(path="deferring.py")),
    ],
    time_scale=context.number("timeScale", 1),
)
app.synth()
