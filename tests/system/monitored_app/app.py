"""An app whose tasks end in every way: two worker groups, and handlers with and without @task_handler.

It has its own key, so that events of its executions contain no data: what is counted has to be read
separately.
"""

import shutil
import tempfile
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs

from infra.bundling import asset_directory
from infra.handlers import Container, existing_function, shell_command
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

HERE = Path(__file__).parent


def main() -> None:
    """Synthesize the stack of the functions and the task runner's, which is named like app.py's."""
    app = cdk.App()
    functions = cdk.Stack(app, "Functions")
    any_language = lambda_.Function(
        functions,
        "AnyLanguage",
        function_name="any-language",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="any_language.handler",
        code=lambda_.Code.from_asset(str(HERE / "function")),
        timeout=cdk.Duration.seconds(20),
    )
    code = Path(tempfile.mkdtemp())
    shutil.copytree(asset_directory(), code, dirs_exist_ok=True)
    shutil.copy(HERE / "deferring.py", code)
    deferring = lambda_.Function(
        functions,
        "Deferring",
        function_name="TaskRunner-deferring",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="deferring.handler",
        code=lambda_.Code.from_asset(str(code)),
        timeout=cdk.Duration.seconds(20),
        logging_format=lambda_.LoggingFormat.JSON,
        environment={
            "POWERTOOLS_SERVICE_NAME": "TaskRunner",
            "POWERTOOLS_METRICS_NAMESPACE": "DataPipelineTaskRunner",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        },
    )
    vpc = ec2.Vpc.from_vpc_attributes(
        cdk.Stack(cdk.App(), "NotDeployed"),
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    stack = TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[
            WorkerGroup(
                "orders",
                schedule="rate(1 minute)",
                poll_timeout=95,
                max_concurrent_tasks=4,
                idle_alarm_hours=1,
            ),
            # With so long a period, a tick that is not delivered has its own alarm.
            WorkerGroup("reports / daily", schedule="rate(1 hour)"),
        ],
        handlers=[
            ("ShellCommandActivity", shell_command(timeout_minutes=1)),
            ("any-language", existing_function(any_language)),
            ("boxed", shell_command(compute=Container(vpc=vpc))),
            ("deferring", existing_function(deferring)),
        ],
        encryption_key=kms.Key(functions, "Key"),
        # More than one, so that a handler that is missing or crashes has its own alarm.
        failed_tasks_alarm=2,
        dashboard=True,
        time_scale=float(app.node.try_get_context("timeScale")),
    )
    mailbox = sqs.Queue(stack, "Mailbox", queue_name="mailbox")
    subscription = stack.monitoring.topic.add_subscription(subscriptions.SqsSubscription(mailbox))
    # A later subscriber would miss what an alarm says at once.
    stack.monitoring.alarms.node.add_dependency(subscription)
    app.synth()


main()
