"""SqlActivity."""

from __future__ import annotations

from runner import Deferred, Outcome, Task, task_handler
from runner.fields import PipelineObject
from runner.versions import versioned
from sql import redshift_statement
from sql.connect import open_session
from sql.jdbc import Engine, JdbcUrl, unsupported
from sql.redshift import Cluster
from sql.script import bind, script_of, statements
from sql.server import Server
from sql.session import ended_with
from sql.tables import create_missing_tables

_WAIT_SECONDS = 20


@task_handler
def handler(task: Task) -> Outcome | None:
    """Run the script: to its end, or deferred if the database is Amazon Redshift."""
    if task.state is not None:
        return redshift_statement.look(task, wait_seconds=_WAIT_SECONDS)
    database = task.reference("database")
    script = script_of(task)
    if is_redshift(database):
        return _start(task, database, script)
    server = Server.of(task, database)
    if "queue" in task:
        task.logger.info("Queue not used", database=database.id)
    _run(task, server, _bound(task, script, server.engine))
    return None


def is_redshift(database: PipelineObject) -> bool:
    """Whether the Redshift Data API runs its scripts. Raises FieldError, and TaskFailed for another type."""
    if database.type == "JdbcDatabase":
        return JdbcUrl.of(database).engine is Engine.REDSHIFT
    if database.type not in {"RdsDatabase", "RedshiftDatabase"}:
        raise unsupported(database, f"a {database.type}")
    return database.type == "RedshiftDatabase"


def _run(task: Task, server: Server, script: str) -> None:
    session = open_session(server)
    task.logger.info("Connected", host=server.host, port=server.port, database=server.database)
    with ended_with(task, session):
        created = create_missing_tables(session, _own_outputs(task))
        count = session.run(script)
    task.logger.info("Script committed", statements=count, tablesCreatedFor=created)


def _own_outputs(task: Task) -> list[PipelineObject]:
    """The output nodes in the activity's own database."""
    database = task.attempt.reference_ids("database")
    return [node for node in task.references("output") if node.reference_ids("database") in ([], database)]


def _start(task: Task, database: PipelineObject, script: str) -> Outcome | None:
    cluster = Cluster.of(database)
    found = statements(_bound(task, script, Engine.REDSHIFT), Engine.REDSHIFT)
    if not found:
        task.logger.info("Script empty")
        return None
    statement = redshift_statement.start(
        task, cluster, redshift_statement.in_queue(task, found), step="script"
    )
    task.logger.info("Statement started", statement=statement, statements=len(found))
    state = versioned({"statement": statement, "region": cluster.region})
    return Deferred(state, _WAIT_SECONDS)


def _bound(task: Task, script: str, engine: Engine) -> str:
    """The script with the values of ``scriptArgument`` in place; unchanged if there are none."""
    values = task.strings("scriptArgument")
    return bind(script, values, engine) if values else script
