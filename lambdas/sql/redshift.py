"""Scripts on Amazon Redshift, by the Redshift Data API: they run there, and nobody waits.

Amazon Redshift Data API reference, BatchExecuteStatement and DescribeStatement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import clients
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task
from sql.credentials import SECRET_FIELD
from sql.jdbc import Engine, JdbcUrl, jdbc_properties
from sql.script import literal

if TYPE_CHECKING:
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient

MAX_STATEMENTS = 40

_FINAL = {"AccessDeniedException", "ResourceNotFoundException", "ValidationException"}

# Amazon Redshift management guide: names of clusters and of serverless workgroups in endpoints.
_CLUSTER = re.compile(
    r"([a-z0-9-]+)\.[a-z0-9]+\.([a-z0-9-]+)\.redshift\.amazonaws\.com(\.cn)?", re.IGNORECASE
)
_WORKGROUP = re.compile(
    r"([a-z0-9-]+)\.\d+\.([a-z0-9-]+)\.redshift-serverless\.amazonaws\.com(\.cn)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Cluster:
    """Where statements run, and as whom: the Data API's own request members."""

    region: str | None
    request: Mapping[str, str]

    @classmethod
    def of(cls, database: PipelineObject) -> Cluster:
        """The cluster or workgroup of a RedshiftDatabase, or of a JdbcDatabase on Redshift.

        The secret that ``myPasswordSecretArn`` names is read by the Data API; without one it asks for
        temporary credentials of the user ``username``, and ``*password`` is not used. Raises FieldError.
        """
        _refuse_schema(database)
        place, region, name = _place(database)
        name = database.string("databaseName", "") or name
        if not name:
            raise FieldError(
                database.id, "databaseName", "it is missing, and the Redshift Data API asks for it"
            )
        request = {**place, "Database": name}
        if SECRET_FIELD in database:
            request["SecretArn"] = database.string(SECRET_FIELD).strip()
        elif "WorkgroupName" in request:
            raise FieldError(
                database.id, SECRET_FIELD, "it is missing, and a serverless workgroup asks for it"
            )
        else:
            request["DbUser"] = database.string("username")
        return cls(database.string("region", "") or region, request)

    def run(self, statements: Sequence[str], name: str) -> str:
        """Start the statements, as one transaction if they are several; returns the id of what runs.

        Raises TaskFailed.
        """
        if len(statements) > MAX_STATEMENTS:
            raise TaskFailed(
                f"The script has {len(statements)} statements, with that for 'queue'. A batch of the "
                f"Redshift Data API, which is one transaction, has {MAX_STATEMENTS} at most: make a stored "
                "procedure of it, or several activities.",
                error_id="TooManyStatements",
            )
        request: dict[str, Any] = {**self.request, "StatementName": name[:500]}
        try:
            if len(statements) == 1:
                return self._client.execute_statement(Sql=statements[0], **request)["Id"]
            return self._client.batch_execute_statement(Sqls=list(statements), **request)["Id"]
        except clients.aws_errors() as error:
            raise not_done(error) from error

    @property
    def _client(self) -> RedshiftDataAPIServiceClient:
        return clients.redshift_data(self.region)


def use_queue(queue: str) -> str:
    """The statement for the field ``queue`` (Amazon Redshift developer guide, query_group)."""
    return f"SET query_group TO {literal(queue, Engine.REDSHIFT)}"


def has_finished(task: Task, region: str | None, statement: str) -> bool:
    """Whether it has ended well; False while it is under way. Raises TaskFailed if it ended otherwise."""
    try:
        told = clients.redshift_data(region).describe_statement(Id=statement)
    except clients.aws_errors() as error:
        if clients.aws_error_code(error) in _FINAL:
            raise not_done(error) from error
        # The statement goes on, whether we see it or not: the next look may do better.
        task.logger.warning("Statement not looked at", statement=statement, error=str(error))
        return False
    if told["Status"] in {"FAILED", "ABORTED"}:
        raise TaskFailed(_failure(told), error_id="StatementFailed")
    return told["Status"] == "FINISHED"


def cancel(task: Task, region: str | None, statement: str) -> None:
    """Cancel what runs. What has ended by itself stays as it is."""
    try:
        clients.redshift_data(region).cancel_statement(Id=statement)
    except clients.aws_errors() as error:
        task.logger.warning("Statement not canceled", statement=statement, error=str(error))


def not_done(error: Exception) -> TaskFailed:
    """The failure of a task whose call of the Data API was refused."""
    return TaskFailed(
        f"The Redshift Data API refuses: {error}. The handler may use what its `redshift` in app.py names; "
        "in a VPC, it has to reach the Redshift Data API.",
        error_id="RedshiftDataRefused",
    )


def _failure(told: Any) -> str:
    """Which statement failed and why; Redshift's error text has the position."""
    failed = [
        (number, sub) for number, sub in enumerate(told.get("SubStatements", ()), 1) if sub.get("Error")
    ]
    where = ""
    if failed:
        number, sub = failed[0]
        where = f"Statement {number} of the batch: {sub['Error']} In: {sub.get('QueryString', '')[:500]!r}. "
    reason = told.get("Error") or "no reason is given"
    return f"{where}The statement {told['Id']} is {told['Status']}: {reason}"


def _refuse_schema(database: PipelineObject) -> None:
    """Of all properties, this one would have statements run on other tables. Raises FieldError."""
    given = jdbc_properties(database)
    if "connectionString" in database:
        given |= JdbcUrl.of(database).properties
    for name in given:
        if name.lower() == "currentschema":
            raise FieldError(
                database.id,
                "jdbcProperties",
                f"{name} cannot be given to the Redshift Data API: write SET search_path TO ... as the first "
                "statement, the schema before the table, or schemaName in RedshiftDataNode",
            )


def _place(database: PipelineObject) -> tuple[dict[str, str], str | None, str]:
    """The request's member, the region if it is known, and the database of the connection string."""
    if "clusterId" in database:
        return {"ClusterIdentifier": database.string("clusterId")}, None, ""
    url = JdbcUrl.of(database)
    if match := _CLUSTER.fullmatch(url.host):
        return {"ClusterIdentifier": match[1]}, match[2], url.database
    if match := _WORKGROUP.fullmatch(url.host):
        return {"WorkgroupName": match[1]}, match[2], url.database
    raise FieldError(
        database.id,
        "connectionString",
        f"the endpoint of an Amazon Redshift cluster or workgroup is expected, but the host is '{url.host}'",
    )
