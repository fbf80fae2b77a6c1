"""The role of a command on AWS, without the permissions of the runner.

The handler's own credentials can speak for the task to Data Pipeline, and read the claims of tasks with
secrets. A command gets the credentials of the role in ``COMMAND_ROLE_ARN`` instead, which has only the
permissions granted in app.py. The S3 access for the task's fields uses that role as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runner import clients, environment
from runner.outcome import TaskFailed
from runner.task import Task
from shell.role_session import RoleSession

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OF_THE_CONTAINER = {
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "ECS_AGENT_URI",
    "ECS_CONTAINER_METADATA_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
}
"""Where a container's own credentials and description are (Amazon ECS developer guide, task IAM role)."""


@dataclass(frozen=True)
class CommandRole:
    """The credentials for a task's command. ``session`` is None if they are those of the function itself."""

    session: RoleSession | None
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables with which the command finds its credentials."""

    @classmethod
    @contextmanager
    def for_task(cls, task: Task) -> Iterator[CommandRole]:
        """Assume the role under the pipeline's id, which CloudTrail then shows, while the block runs.

        Raises TaskFailed if it cannot be assumed.
        """
        arn = os.environ.get("COMMAND_ROLE_ARN")
        if not arn:
            yield cls(None)
            return
        if not environment.close_memory():
            raise TaskFailed(
                "The handler's memory could not be closed to the command, so the command was not started.",
                error_id="MemoryNotClosed",
            )
        session = RoleSession(clients.sts, arn, session_name(task.pipeline_id))
        try:
            given = session.credentials()
        except clients.aws_errors() as error:
            raise TaskFailed(
                f"The command's role {arn} could not be assumed: {error}. In a VPC, the function or "
                "container has to reach AWS STS, by a NAT gateway or an endpoint.",
                error_id="CommandRoleNotAssumed",
            ) from error
        if not environment.in_container():  # A function ends before its credentials do.
            yield cls(
                session,
                {
                    "AWS_ACCESS_KEY_ID": given.access_key_id,
                    "AWS_SECRET_ACCESS_KEY": given.secret_access_key,
                    "AWS_SESSION_TOKEN": given.session_token,
                },
            )
            return
        from shell.credential_server import CredentialServer

        server = CredentialServer(session)
        try:
            yield cls(session, server.environment)
        finally:
            server.close()

    @cached_property
    def s3(self) -> S3Client:
        """Amazon S3, with these credentials."""
        if self.session is None:
            return clients.s3()
        import boto3
        import botocore.session
        from botocore.credentials import RefreshableCredentials

        core: Any = botocore.session.get_session()
        # botocore has no other way to give a session credentials that are renewed.
        core._credentials = RefreshableCredentials.create_from_metadata(
            metadata=dict(self.session.refreshed()),
            refresh_using=self.session.refreshed,
            method="command-role",
        )
        return boto3.Session(botocore_session=core).client("s3", config=clients.retrying())


def session_name(pipeline_id: str) -> str:
    """The role session's name: 2 to 64 letters, digits and ``_=,.@-`` (STS, AssumeRole)."""
    return re.sub(r"[^\w+=,.@-]", "-", pipeline_id, flags=re.ASCII)[:64].ljust(2, "-")
