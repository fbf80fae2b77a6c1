"""The log driver awslogs: where a container's log goes, and whether it may.

Source: Amazon ECS developer guide, "Send Amazon ECS logs to CloudWatch". The driver acts with the execution
role.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.ecs.plan import Logs
from local.ecs.task import Task
from local.lambda_runtime.log_stream import Deliver


@dataclass(frozen=True)
class LogPlace:
    """A log stream, and the role that writes to it."""

    account: str
    region: str
    group: str
    stream: str
    role: str
    session_name: str
    task_arn: str

    @property
    def arn(self) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}:log-stream:{self.stream}"


class NoLogError(Exception):
    """The log stream cannot be created. The message is the reason as CloudWatch Logs gives it."""


OpenLog = Callable[[LogPlace, bool], Awaitable[Deliver]]
"""(place, whether to create the group) -> a function that delivers events there. Raises NoLogError."""


def log_place(task: Task, container: str, logs: Logs) -> LogPlace:
    """Where the log of a container goes."""
    _, _, _, region, account, *_ = task.arn.split(":")
    stream = f"{logs.stream_prefix}/{container}/{task.id}" if logs.stream_prefix else f"{task.id}-{container}"
    return LogPlace(
        account,
        logs.region or region,
        logs.group,
        stream,
        role=task.plan.execution_role or "",
        session_name=task.id,
        task_arn=task.arn,
    )


def refused(error: NoLogError) -> str:
    """Why the task cannot start, in the words of AWS Fargate."""
    return (
        "ResourceInitializationError: failed to validate logger args: "
        "create stream has been retried 1 times: failed to create Cloudwatch log stream: "
        f"{error} : exit status 1"
    )
