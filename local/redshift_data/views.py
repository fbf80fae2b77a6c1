"""Builds the Data API's answers from statements."""

from __future__ import annotations

from typing import Any

from local.redshift_data.errors import ResourceNotFoundError
from local.redshift_data.statements import Part, Statement


def place_of(statement: Statement) -> dict[str, Any]:
    """The members of a request that say where its statements run."""
    members = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn")
    return {name: statement.request[name] for name in members if name in statement.request}


def described(statement: Statement) -> dict[str, Any]:
    """The answer of DescribeStatement. Durations there are in nanoseconds."""
    answer = {
        "Id": statement.id,
        "Status": statement.status,
        "CreatedAt": statement.created,
        "UpdatedAt": statement.updated,
        "Duration": int((statement.updated - statement.created) * 1e9),
        "HasResultSet": statement.rows is not None,
        "RedshiftPid": statement.process,
        **({"Error": statement.error} if statement.error else {}),
        **place_of(statement),
    }
    if len(statement.parts) == 1:
        return {**answer, "QueryString": statement.parts[0].sql}
    parts = [_sub(f"{statement.id}:{number}", part) for number, part in enumerate(statement.parts, 1)]
    return {**answer, "SubStatements": parts}


def result(statement: Statement) -> dict[str, Any]:
    """The answer of GetStatementResult, in one page. Raises ResourceNotFoundError if there is no result."""
    if statement.status != "FINISHED" or statement.rows is None:
        raise ResourceNotFoundError("Query does not have result.", statement.id)
    records = [[_field(value) for value in row] for row in statement.rows]
    return {"Records": records, "TotalNumRows": len(records)}


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _sub(part_id: str, part: Part) -> dict[str, Any]:
    return {
        "Id": part_id,
        "Status": part.status,
        "QueryString": part.sql,
        "Duration": int((part.ended - part.began) * 1e9),
        "HasResultSet": False,
        **({"Error": part.error} if part.error else {}),
    }
