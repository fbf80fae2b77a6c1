"""The role of a command on AWS, without the permissions of the runner.

The handler's own credentials can speak for the task to Data Pipeline, and read the claims of tasks with
secrets. A command gets the credentials of the role in ``COMMAND_ROLE_ARN`` instead, which has only the
permissions granted in app.py. The S3 access for the task's fields uses that role as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from runner import clients, environment
from runner.outcome import TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SESSION_SECONDS = 3600
"""The longest session of a role that another role assumes (IAM user guide, role chaining)."""


@dataclass(frozen=True)
class CommandRole:
    """The credentials for a task's command. None: those of the function itself."""

    credentials: Mapping[str, str] | None

    @classmethod
    def for_task(cls, task: Task) -> CommandRole:
        """Assume the role under the pipeline's id, which CloudTrail then shows.

        Raises TaskFailed if it cannot be assumed.
        """
        arn = os.environ.get("COMMAND_ROLE_ARN")
        if not arn:
            return cls(None)
        if not environment.close_memory():
            raise TaskFailed(
                "The handler's memory could not be closed to the command, so the command was not started.",
                error_id="MemoryNotClosed",
            )
        try:
            answer = clients.sts().assume_role(
                RoleArn=arn,
                RoleSessionName=session_name(task.pipeline_id),
                DurationSeconds=_SESSION_SECONDS,
            )
        except clients.aws_errors() as error:
            raise TaskFailed(
                f"The command's role {arn} could not be assumed: {error}. In a VPC, the function has to "
                "reach AWS STS, by a NAT gateway or an endpoint.",
                error_id="CommandRoleNotAssumed",
            ) from error
        given = answer["Credentials"]
        return cls(
            {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        )

    @cached_property
    def s3(self) -> S3Client:
        """Amazon S3, with these credentials."""
        if self.credentials is None:
            return clients.s3()
        import boto3

        return boto3.client(
            "s3",
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.credentials["AWS_SESSION_TOKEN"],
            config=clients.retrying(),
        )


def session_name(pipeline_id: str) -> str:
    """The role session's name: 2 to 64 letters, digits and ``_=,.@-`` (STS, AssumeRole)."""
    return re.sub(r"[^\w+=,.@-]", "-", pipeline_id, flags=re.ASCII)[:64].ljust(2, "-")
