"""Where statements for Amazon Redshift run: a cluster or workgroup, a database, and a user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runner.fields import FieldError, PipelineObject
from sql.credentials import SECRET_FIELD
from sql.jdbc import JdbcUrl, jdbc_properties

# Amazon Redshift management guide: names of clusters and of serverless workgroups in endpoints.
_CLUSTER = re.compile(
    r"([a-z0-9-]+)\.[a-z0-9]+\.([a-z0-9-]+)\.redshift\.amazonaws\.com(\.cn)?", re.IGNORECASE
)
_WORKGROUP = re.compile(
    r"([a-z0-9-]+)\.\d+\.([a-z0-9-]+)\.redshift-serverless\.amazonaws\.com(\.cn)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Cluster:
    """Where statements run and as which user, as members of a request to the Data API."""

    region: str | None
    request: Mapping[str, str]

    @classmethod
    def of(cls, database: PipelineObject) -> Cluster:
        """The cluster or workgroup of a RedshiftDatabase, or of a JdbcDatabase on Redshift.

        The Data API reads the secret that ``myPasswordSecretArn`` names. Without a secret it asks for
        temporary credentials for the user ``username``; ``*password`` is not used. Raises FieldError.
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


def _refuse_schema(database: PipelineObject) -> None:
    """Refuse the one property that would send statements to other tables. Raises FieldError."""
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
    """The request's member, the region if known, and the database that the connection string names."""
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
