"""SqlActivity."""

from __future__ import annotations

import re

from activities.sql_activity import is_redshift
from data_nodes.s3_uri import S3Uri
from pipelines.checking import places
from pipelines.checking.databases import ENGINES, add_cluster, add_server, is_unknown, server_of
from pipelines.checking.sql_words import unknown_start
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict
from pipelines.commands.findings import Kind
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from sql import redshift_statement
from sql.jdbc import Engine
from sql.script import bind, statements

_PAGE = "docs/sql-activity.md"
_ASKS_FOR_A_FILE = re.compile(r"(?is)^\s*(COPY\b.*\b(FROM\s+STDIN|TO\s+STDOUT)\b|LOAD\s+DATA\b.*\bLOCAL\b)")
_ALONE = re.compile(
    r"(?i)^\s*(VACUUM|CREATE\s+DATABASE|DROP\s+DATABASE|CREATE\s+TABLESPACE|ALTER\s+SYSTEM)\b"
)
_OF_A_PROGRAM = re.compile(r"(?im)^\s*(\\[a-z!]+\b|DELIMITER\s+\S+\s*$|SOURCE\s+\S+\s*;?\s*$)")


def check(subject: Subject) -> None:
    """Its database and its script."""
    database = subject.reference("database")
    script: str | None = None
    if "script" in subject.task or "scriptUri" not in subject.task:
        with subject.noting("script"):
            script = subject.task.string("script")
    else:
        with subject.noting("scriptUri"):
            S3Uri.of_object(subject.task.attempt, "scriptUri")
            places.add(subject, "scriptUri", places.of_field("scriptUri"), subject.needs.read)
            subject.found(Kind.UNREAD, "scriptUri", "what the script in S3 does")
    if database is None:
        return
    on_redshift: bool | None = None
    with subject.noting("database"):
        on_redshift = not is_unknown(database) and is_redshift(database)
    if on_redshift is None:
        return
    if on_redshift:
        add_cluster(subject, "database", database, subject.needs)
        engines: tuple[Engine, ...] = (Engine.REDSHIFT,)
    else:
        engines = _engines(subject, database)
        add_server(subject, "database", database)
        with subject.noting("output"):
            for node in subject.task.references("output"):
                if "createTableSql" in node:
                    node.string("tableName" if "tableName" in node else "table")
        if "queue" in subject.task:
            subject.say(Verdict.RUNS, "queue", "it is used on Amazon Redshift only", f"{_PAGE}#sqlactivity")
    if script is not None and engines:
        _script(subject, script, engines)


def _engines(subject: Subject, database: PipelineObject) -> tuple[Engine, ...]:
    """The engines that it may have. None, with the reason, if the server's fields are refused for each."""
    possible: dict[Engine, FieldError | TaskFailed | None] = {}
    for engine in ENGINES:
        try:
            possible[server_of(subject.task, database, engine).engine] = None
        except (FieldError, TaskFailed) as error:
            possible.setdefault(engine, error)
    found = tuple(engine for engine, error in possible.items() if error is None)
    if not found:
        with subject.noting("database"):
            raise next(error for error in possible.values() if error is not None)
    return found


def _script(subject: Subject, script: str, engines: tuple[Engine, ...]) -> None:
    problems = []
    for engine in engines:
        try:
            _read(subject, script, engine)
        except (FieldError, TaskFailed) as error:
            problems.append(error)
    if len(problems) == len(engines):
        with subject.noting("script"):
            raise problems[0]


def _read(subject: Subject, script: str, engine: Engine) -> None:
    """Raises what the handler would raise, and what the server certainly would."""
    task = subject.task
    values = task.strings("scriptArgument")
    bound = bind(script, values, engine) if values else script
    if program := _OF_A_PROGRAM.search(script):
        raise FieldError(
            task.attempt_id,
            "script",
            f"'{program[0].strip()}' is for the psql or mysql program, not for the server",
        )
    found = statements(bound, engine)
    if engine is Engine.REDSHIFT:
        batch = redshift_statement.in_queue(task, found)
        if len(batch) > redshift_statement.MAX_STATEMENTS:
            raise FieldError(
                task.attempt_id,
                "script",
                f"it has {len(batch)} statements, and a batch of the Redshift Data API has "
                f"{redshift_statement.MAX_STATEMENTS} at most",
            )
        found = batch
    for statement in found:
        if (word := unknown_start(statement)) and not word.startswith("value"):
            raise FieldError(task.attempt_id, "script", f"no statement of SQL begins with '{word}'")
        if engine is not Engine.REDSHIFT and _ASKS_FOR_A_FILE.match(statement):
            raise FieldError(
                task.attempt_id, "script", f"'{statement[:40]}…' asks the client for a file, and fails"
            )
        if len(found) > 1 and _ALONE.match(statement) and engine is not Engine.MYSQL:
            raise FieldError(
                task.attempt_id,
                "script",
                f"'{statement[:40]}' cannot run in a transaction: give it a script of its own",
            )
