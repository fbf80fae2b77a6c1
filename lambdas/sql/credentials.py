"""User and password of a database object, from AWS Secrets Manager or from its fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from runner import clients
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

SECRET_FIELD = "myPasswordSecretArn"  # noqa: S105 - the name of a field


@dataclass(frozen=True)
class Credentials:
    """A user and a password."""

    username: str
    password: str = field(repr=False)


def credentials_of(task: Task, database: PipelineObject) -> Credentials:
    """The secret that ``myPasswordSecretArn`` names, otherwise the fields ``username`` and ``*password``.

    From then on, logs and errors do not show the password. Raises FieldError, and TaskFailed if the secret
    cannot be read, or has another form.
    """
    if SECRET_FIELD in database:
        return _from_secret(task, database)
    return Credentials(database.string("username"), database.string("*password"))


def _from_secret(task: Task, database: PipelineObject) -> Credentials:
    """A secret is a password, or JSON with ``password`` and optionally ``username``, as in secrets of RDS.

    A user name in the secret takes precedence: when RDS rotates alternating users, name and password change.
    """
    arn = database.string(SECRET_FIELD).strip()
    try:
        text = (
            clients.secrets_manager(_region_of(database, arn))
            .get_secret_value(SecretId=arn)
            .get("SecretString")
        )
    except clients.aws_errors() as error:
        raise TaskFailed(
            f"Object '{database.id}', field '{SECRET_FIELD}': '{arn}' could not be read: {error}. The "
            "handler may read the `secrets` of sql(...) in app.py; in a VPC, it must reach Secrets Manager.",
            error_id="SecretNotRead",
        ) from error
    if not text:
        raise _not_a_password(database, arn)
    task.hide(text)
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        parsed = text
    if not isinstance(parsed, dict):
        return Credentials(database.string("username"), text)
    password, username = parsed.get("password"), parsed.get("username") or database.string("username")
    if not isinstance(password, str) or not password or not isinstance(username, str):
        raise _not_a_password(database, arn)
    task.hide(password)
    return Credentials(username, password)


def _region_of(database: PipelineObject, arn: str) -> str:
    """The region in arn:aws:secretsmanager:region:account:secret:name. Raises FieldError."""
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        raise FieldError(database.id, SECRET_FIELD, f"the ARN of a secret is expected, but it is {arn!r}")
    return parts[3]


def _not_a_password(database: PipelineObject, arn: str) -> TaskFailed:
    return TaskFailed(
        f"Object '{database.id}', field '{SECRET_FIELD}': '{arn}' holds neither a password as text, nor JSON "
        'such as {"username": "etl", "password": "…"}.',
        error_id="InvalidSecret",
    )
