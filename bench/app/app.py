"""The measured app: two worker groups that poll continuously, and one with the defaults."""

import shutil
import tempfile
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.bundling import asset_directory
from infra.handlers import existing_function
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup

HANDLERS = {"nothing": "nothing", "defers": "defers", "tells-when": "tells_when"}
FUNCTIONS = {**HANDLERS, "polls": "polls"}


def main() -> None:
    """Synthesize the stack of the handlers and the stack of the task runner."""
    app = cdk.App()
    functions = cdk.Stack(app, "Functions")
    code = Path(tempfile.mkdtemp())
    shutil.copytree(asset_directory(), code, dirs_exist_ok=True)
    shutil.copy(Path(__file__).with_name("measured.py"), code)
    deployed = {
        route: lambda_.Function(
            functions,
            route,
            function_name=f"bench-{route}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=512,
            handler=f"measured.{name}",
            code=lambda_.Code.from_asset(str(code)),
            timeout=cdk.Duration.seconds(100),
            logging_format=lambda_.LoggingFormat.JSON,
            environment={
                "POWERTOOLS_SERVICE_NAME": "TaskRunner",
                "POWERTOOLS_METRICS_NAMESPACE": "DataPipelineTaskRunner",
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
        )
        for route, name in FUNCTIONS.items()
    }
    deployed["polls"].add_to_role_policy(
        iam.PolicyStatement(actions=["datapipeline:PollForTask"], resources=["*"])
    )
    TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[
            # Only one execution is measured: the one that starts with the schedule.
            WorkerGroup("bench", schedule="rate(1 hour)", poll_timeout=95),
            WorkerGroup("other", schedule="rate(1 hour)", poll_timeout=95),
            WorkerGroup("idle", schedule="rate(1 hour)"),
        ],
        handlers={route: existing_function(deployed[route]) for route in HANDLERS},
    )
    app.synth()


main()
