"""Hive types for attributes of DynamoDB.

awslabs/emr-dynamodb-connector, README, HiveDynamoDBTypeFactory and AttributeValueSerializer; EMR release
guide, "Hive commands for DynamoDB". The connector's tables have STRING, BIGINT, DOUBLE, BINARY, BOOLEAN, and
types that are made of others. As one value, an item is a map of typed attributes as JSON, such as
``{"n":"5"}``, each with one of the members s, n, b, bOOL, sS, nS, bS, l, m and nULL (older: nULLValue).
"""

from __future__ import annotations

from emr import hiveql
from runner.fields import FieldError, PipelineObject

_CONNECTED = {
    **{kind: kind for kind in ("STRING", "BIGINT", "DOUBLE", "BINARY", "BOOLEAN")},
    **dict.fromkeys(("TINYINT", "SMALLINT", "INT"), "BIGINT"),
    "FLOAT": "DOUBLE",
    **dict.fromkeys(("VARCHAR", "CHAR"), "STRING"),
}
"""The connector's type that holds every value of a column's."""
_ADVICE = {
    "DECIMAL": "use DOUBLE (about 15 digits) or BIGINT",
    "DATE": "use STRING, and cast in the script",
    "TIMESTAMP": "use STRING, and cast in the script",
}
_TEXT = {"STRING", "VARCHAR", "CHAR", "DATE", "TIMESTAMP"}
"""DynamoDB has no times: they are text."""


def connected(named: PipelineObject) -> list[tuple[str, str]]:
    """The columns of a table of the connector: names and types. Raises FieldError for what it cannot hold."""
    columns = []
    for name, kind in hiveql.columns_of(named):
        base = kind.partition("(")[0]
        if base not in _CONNECTED:
            problem = f"EMR's connector to DynamoDB has no {kind}, as of '{name}': {_ADVICE[base]}"
            raise FieldError(named.id, "column", problem)
        columns.append((name, _CONNECTED[base]))
    return columns


def extracted(kind: str, attribute: str) -> str:
    """The expression that reads an attribute from ``item``, as a value of a type; NULL without it."""
    base = kind.partition("(")[0]
    if base == "BOOLEAN":
        # Data Pipeline's guide, DynamoDBDataFormat: 0 and 1 in DynamoDB can be a Boolean in Hive.
        given = f"coalesce({_member(attribute, 'bOOL')}, {_member(attribute, 'n')})"
        return f"({given} NOT IN ('false', '0'))"
    if base == "BINARY":
        return f"unbase64({_member(attribute, 'b')})"
    if base == "STRING":
        return _member(attribute, "s")
    return f"CAST({_member(attribute, 's' if base in _TEXT else 'n')} AS {kind})"


def _member(attribute: str, member: str) -> str:
    return f"get_json_object(item[{hiveql.text(attribute)}], {hiveql.text(f'$.{member}')})"
