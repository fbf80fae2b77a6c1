"""Databases: what the handlers' own functions say of them, without connecting."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Login, Needs, Verdict
from pipelines.reading.source import UNKNOWN
from runner.fields import PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task
from sql.credentials import SECRET_FIELD
from sql.jdbc import Engine
from sql.redshift import Cluster
from sql.server import Server

ENGINES = (Engine.POSTGRESQL, Engine.MYSQL)
"""Those that an RDS instance may have."""
_URLS = {Engine.POSTGRESQL: "jdbc:postgresql://rds.invalid/db", Engine.MYSQL: "jdbc:mysql://rds.invalid/db"}
_SECRET_ARN = re.compile(r"arn:aws[a-zA-Z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[a-zA-Z0-9/_+=.@?-]+")
_MASK = re.compile(r"\*+")
PASSWORD = "*password"  # noqa: S105 - the name of a field


class Offline:
    """Data Pipeline's answers for a task, with each database as one that needs no call to AWS to be read.

    An RdsDatabase, whose engine AWS would tell, becomes a JdbcDatabase of ``engine``; a secret, which AWS
    would
    have, becomes a password.
    """

    def __init__(self, task: Task, engine: Engine) -> None:
        self._service: Any = task.data_pipeline()
        self._engine = engine

    def get_paginator(self, _: str) -> Offline:
        return self

    def paginate(self, **request: Any) -> Any:
        for page in self._service.paginate(**request):
            yield {"pipelineObjects": [self._offline(found) for found in page["pipelineObjects"]]}

    def evaluate_expression(self, **request: Any) -> Any:
        return self._service.evaluate_expression(**request)

    def _offline(self, found: dict[str, Any]) -> dict[str, Any]:
        fields = [dict(field) for field in found["fields"]]
        keys = {field["key"] for field in fields}
        url = next(
            (field.get("stringValue", "") for field in fields if field["key"] == "connectionString"), ""
        )
        if {"key": "type", "stringValue": "RdsDatabase"} in fields or url.startswith(UNKNOWN):
            fields = [field for field in fields if field["key"] not in {"type", "connectionString"}]
            fields.append({"key": "type", "stringValue": "JdbcDatabase"})
            fields.append({"key": "connectionString", "stringValue": _URLS[self._engine]})
        if SECRET_FIELD in keys:
            fields = [field for field in fields if field["key"] not in {SECRET_FIELD, PASSWORD}]
            fields.append({"key": PASSWORD, "stringValue": "-"})
            if "username" not in keys:  # The secret may have it.
                fields.append({"key": "username", "stringValue": "-"})
        return {**found, "fields": fields}


def offline(task: Task, engine: Engine) -> Task:
    """The same task, for which no call to AWS is needed to read its databases."""
    service = Offline(task, engine)
    return replace(task, data_pipeline=lambda: cast(Any, service))


def is_on_rds(subject: Subject, database: PipelineObject) -> bool:
    """Whether AWS has to tell its engine. Adds the instance to what app.py has to grant."""
    if database.type != "RdsDatabase":
        return False
    with subject.noting("database"):
        subject.needs.rds_instances.add(database.string("rdsInstanceId"))
    return True


def add_server(subject: Subject, field: str, database: PipelineObject) -> None:
    """Add what app.py needs for a PostgreSQL or MySQL database."""
    subject.needs.reaches_database = True
    if is_unknown(database):
        subject.say(
            Verdict.SETTINGS,
            f"{field} → connectionString",
            "its value is not in the definition: PostgreSQL, MySQL, MariaDB and Amazon Redshift are "
            "supported",
            "docs/sql-activity.md#databases",
        )
    is_on_rds(subject, database)
    _add_login(subject, field, database)


def _login(database: PipelineObject) -> Login:
    url = re.search(r"//([^/?;]*)", database.string("connectionString", ""))
    place = url[1].rpartition("@")[2] if url else ""
    place = place or database.string("rdsInstanceId", "") or database.string("clusterId", "")
    return Login(database.id, database.string("username", ""), place)


def _add_login(subject: Subject, field: str, database: PipelineObject) -> None:
    page = "docs/sql-activity.md#passwords"
    if SECRET_FIELD in database:
        arn = database.string(SECRET_FIELD).strip()
        if _SECRET_ARN.fullmatch(arn):
            subject.needs.secrets.add(arn)
        elif UNKNOWN in arn:
            subject.needs.passwords.add(_login(database))
        else:
            shown = f"{field} → {SECRET_FIELD}"
            subject.say(Verdict.CHANGE, shown, f"the ARN of a secret is expected, but it is '{arn}'", page)
        return
    password = database.string(PASSWORD, "")
    if _MASK.fullmatch(password):
        subject.say(
            Verdict.SETTINGS,
            f"{field} → {PASSWORD}",
            "its value is masked here: put the definition with the real one, or with a secret",
            page,
        )
    elif password:
        subject.needs.passwords.add(_login(database))
        subject.say(
            Verdict.RUNS,
            f"{field} → {PASSWORD}",
            "the password is in the definition: a secret of AWS Secrets Manager can hold it "
            "(convert --secrets, and secrets=[...] in app.py)",
            page,
        )


def add_cluster(subject: Subject, field: str, database: PipelineObject, needs: Needs) -> Cluster | None:
    """Add what app.py needs for Amazon Redshift. None, with the reason, if it cannot be read."""
    found: Cluster | None = None
    with subject.noting(field):
        found = Cluster.of(database)
    if found is None:
        return None
    request = found.request
    if "WorkgroupName" in request:
        needs.redshift.add(f"workgroup:{request['WorkgroupName']}")
    elif "DbUser" in request:
        needs.redshift.add(f"{request['ClusterIdentifier']}/{request['DbUser']}")
    else:
        needs.redshift.add(request["ClusterIdentifier"])
    if "SecretArn" in request:
        _add_login(subject, field, database)
    else:
        subject.say(
            Verdict.RUNS,
            f"{field} → {PASSWORD}",
            "the password is not used: the Redshift Data API asks for temporary credentials of the user",
            "docs/sql-activity.md#redshiftdatabase",
        )
    return found


def server_of(task: Task, database: PipelineObject, engine: Engine) -> Server:
    """The server, without a call to AWS. Raises FieldError, and TaskFailed."""
    if database.type not in {"JdbcDatabase", "RdsDatabase"}:
        raise TaskFailed(f"'{database.id}' is a {database.type}.", error_id="UnsupportedDatabase")
    simple = offline(task, engine)
    (found,) = simple.references("database")
    return Server.of(simple, found)


def is_unknown(database: PipelineObject) -> bool:
    """Whether the definition does not tell where the database is."""
    return database.string("connectionString", "").startswith(UNKNOWN)
