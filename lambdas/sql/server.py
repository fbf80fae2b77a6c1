"""The server of a JdbcDatabase or an RdsDatabase: its address, and how to log in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner import clients
from runner.fields import PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task
from sql import tls
from sql.credentials import Credentials, credentials_of
from sql.data_properties import DataProperties, data_properties, read_here
from sql.jdbc import Engine, JdbcUrl, jdbc_properties, joined, unsupported
from sql.tls import Tls, tls_of

_ENGINE_OF_RDS = {
    "postgres": Engine.POSTGRESQL,
    "aurora-postgresql": Engine.POSTGRESQL,
    "mysql": Engine.MYSQL,
    "mariadb": Engine.MYSQL,
    "aurora-mysql": Engine.MYSQL,
}

_AS_DRIVERS_DO = DataProperties()


@dataclass(frozen=True)
class Server:
    """The address of a database, and how to log in."""

    engine: Engine
    host: str
    port: int
    database: str
    """Empty: the server's default for the user."""
    credentials: Credentials
    tls: Tls
    data: DataProperties = _AS_DRIVERS_DO

    @classmethod
    def of(cls, task: Task, database: PipelineObject) -> Server:
        """The server of a JdbcDatabase or an RdsDatabase (developer guide, pages of these names).

        Raises FieldError, and TaskFailed for a database that is not supported, or not found.
        """
        if database.type == "RdsDatabase":
            return cls._of_rds(task, database)
        url = JdbcUrl.of(database)
        properties = joined(database, [*url.properties.items(), *jdbc_properties(database).items()])
        return cls(
            url.engine,
            url.host,
            url.port,
            database.string("databaseName", "") or url.database,
            credentials_of(task, database),
            tls_of(database, properties, Tls.PREFER),
            _data(task, database, properties, url.engine),
        )

    @classmethod
    def _of_rds(cls, task: Task, database: PipelineObject) -> Server:
        instance_id = database.string("rdsInstanceId")
        rds = clients.rds(database.string("region", "") or None)
        try:
            (instance,) = rds.describe_db_instances(DBInstanceIdentifier=instance_id)["DBInstances"]
        except clients.aws_errors() as error:
            raise _not_found(database, instance_id, error) from error
        endpoint = instance.get("Endpoint")
        if not endpoint:
            raise _not_found(database, instance_id, f"it is {instance.get('DBInstanceStatus', 'not there')}")
        engine = _ENGINE_OF_RDS.get(instance["Engine"])
        if engine is None:
            raise unsupported(database, f"the RDS engine '{instance['Engine']}'")
        properties = jdbc_properties(database)
        return cls(
            engine,
            endpoint["Address"],
            endpoint["Port"],
            database.string("databaseName", "") or instance.get("DBName", ""),
            credentials_of(task, database),
            tls_of(database, properties, Tls.VERIFY_FULL),
            _data(task, database, properties, engine),
        )


def _not_found(database: PipelineObject, instance_id: str, problem: object) -> TaskFailed:
    return TaskFailed(
        f"Object '{database.id}', field 'rdsInstanceId': no endpoint of '{instance_id}' is known: {problem}. "
        "The handler may look up the `rds_instances` of sql(...) in app.py; in a VPC, it must reach RDS.",
        error_id="DatabaseNotFound",
    )


def _data(
    task: Task, database: PipelineObject, properties: Mapping[str, str], engine: Engine
) -> DataProperties:
    """The properties that affect data. Logs the others, which only matter to a driver in Java."""
    found = data_properties(database, properties, engine)
    read = read_here(engine) | tls.NAMES
    ignored = sorted(name for name in properties if name.lower() not in read)
    if ignored:
        task.logger.info("JDBC properties not used", database=database.id, properties=ignored)
    return found
