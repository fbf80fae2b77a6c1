"""The app on local AWS as a user sees it: an endpoint, the SDK and the AWS CLI."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
from mypy_boto3_cloudformation import CloudFormationClient
from mypy_boto3_cloudwatch import CloudWatchClient
from mypy_boto3_datapipeline import DataPipelineClient
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_ecs import ECSClient
from mypy_boto3_emr import EMRClient
from mypy_boto3_iam import IAMClient
from mypy_boto3_lambda import LambdaClient
from mypy_boto3_logs import CloudWatchLogsClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_scheduler import EventBridgeSchedulerClient
from mypy_boto3_sqs import SQSClient
from mypy_boto3_stepfunctions import SFNClient

from local.account import connection
from local.emr.faults import PATH as EMR_FAULTS
from local.environment import for_local_aws, without_aws
from local.launch import ROOT
from tests.local.commands import running
from tests.local.fault_control import FaultControl

STACK = "TaskRunner"
WORKER_GROUP = "default"
PATIENCE_SECONDS = 60
TIME_SCALE = 10
"""For the deployment whose tests wait for the service's timeouts."""
FAULTY_TIME_SCALE = 40
"""For the deployment whose tests make a lot go wrong: a progress report comes every 1.5 s."""

FAULTY_APP = ROOT / "tests" / "chaos" / "app"
"""app.py, with a second shell handler in a container: the route "boxed"."""
CONTAINERS_APP = Path(__file__).parent / "containers_app"
SESSION_SECONDS = 20
"""How long commands' credentials last in that app's deployment: less than its hour, and at any time scale."""

T = TypeVar("T")


def environment_without_aws(home: Path) -> dict[str, str]:
    """This process's environment without AWS settings, and with another home directory."""
    return without_aws(os.environ) | {"HOME": str(home)}


def eventually(
    holds: Callable[[], T | None],
    what: Callable[[], str] | str,
    *,
    every: float = 0.3,
    patience: float = PATIENCE_SECONDS,
) -> T:
    """The first result of ``holds`` that is not None. Fails with ``what`` if there is none in time."""
    deadline = time.monotonic() + patience
    while (result := holds()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(what if isinstance(what, str) else what())
        time.sleep(every)
    return result


class Deployment:
    """A deployed stack."""

    def __init__(self, endpoint_url: str, home: Path, pid: int) -> None:
        self.endpoint_url = endpoint_url
        self.pid = pid
        self._home = home

    @cached_property
    def faults(self) -> FaultControl:
        """Makes Data Pipeline, and what state machines call, go wrong."""
        return FaultControl(self.endpoint_url)

    @cached_property
    def emr_faults(self) -> FaultControl:
        """Makes EMR go wrong."""
        return FaultControl(self.endpoint_url, EMR_FAULTS)

    @cached_property
    def datapipeline(self) -> DataPipelineClient:
        return boto3.client("datapipeline", **self._connection)

    @cached_property
    def stepfunctions(self) -> SFNClient:
        return boto3.client("stepfunctions", **self._connection)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return boto3.client("cloudformation", **self._connection)

    @cached_property
    def iam(self) -> IAMClient:
        return boto3.client("iam", **self._connection)

    @cached_property
    def sqs(self) -> SQSClient:
        return boto3.client("sqs", **self._connection)

    @cached_property
    def lambda_(self) -> LambdaClient:
        return boto3.client("lambda", **self._connection)

    @cached_property
    def scheduler(self) -> EventBridgeSchedulerClient:
        return boto3.client("scheduler", **self._connection)

    @cached_property
    def ecs(self) -> ECSClient:
        return boto3.client("ecs", **self._connection)

    @cached_property
    def s3(self) -> S3Client:
        return boto3.client("s3", **self._connection)

    @cached_property
    def emr(self) -> EMRClient:
        return boto3.client("emr", **self._connection)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return boto3.client("dynamodb", **self._connection)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        return boto3.client("logs", **self._connection)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return boto3.client("cloudwatch", **self._connection)

    def aws(self, *arguments: str) -> str:
        """The output of the AWS CLI."""
        return self._run(Path(sys.executable).with_name("aws"), *arguments)

    def shell(self, commands: str, variables: Mapping[str, str], *, directory: Path) -> str:
        """The output of shell commands that find the AWS CLI on their PATH and have these variables."""
        return self._run("bash", "-euo", "pipefail", "-c", commands, variables=variables, directory=directory)

    def _run(
        self, *command: str | Path, variables: Mapping[str, str] | None = None, directory: Path = ROOT
    ) -> str:
        tools = Path(sys.executable).parent
        settings = {"HOME": str(self._home), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            command,
            cwd=directory,
            env={**for_local_aws(self.endpoint_url, os.environ), **settings, **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def aws_json(self, *arguments: str) -> Any:
        """The output of the AWS CLI, parsed as JSON."""
        return json.loads(self.aws(*arguments, "--output", "json"))

    @property
    def _connection(self) -> Any:
        return connection(self.endpoint_url)


@contextlib.contextmanager
def deployed(home: Path, *arguments: str, app: Path = ROOT) -> Iterator[Deployment]:
    """Deploy the app of this repository, or another one, to a local AWS that ends with the block."""
    from tests.system.ledger import keep_roles

    with running("up", "--port", "0", *arguments, directory=app) as command:
        deployment = Deployment(command.ready(), home, command.process.pid)
        keep_roles(deployment)
        yield deployment


def log_group_of(deployment: Deployment, route: str) -> str:
    """The log group of a handler, which runs in a function or in a container."""
    groups = {group["logGroupName"] for group in deployment.logs.describe_log_groups()["logGroups"]}
    (group,) = groups & {f"/aws/lambda/{STACK}-{route}", f"/ecs/{STACK}-{route}"}
    return group
