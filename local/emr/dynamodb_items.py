"""Items of DynamoDB as rows of Hive, as EMR's connector maps them.

EMR release guide, "Hive commands for DynamoDB"; awslabs/emr-dynamodb-connector, README, "Supported types". An
item as one value is a map of its attributes to their typed form as JSON, such as ``{"n":"5"}``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

ITEM_TYPE = "MAP<STRING,STRING>"
_MEMBERS = {"s": "S", "n": "N", "b": "B", "sS": "SS", "nS": "NS", "bS": "BS", "m": "M", "l": "L"} | {
    "bOOL": "BOOL",
    "nULL": "NULL",
}
_NAMES = {value: key for key, value in _MEMBERS.items()}
_OLDER = {"nULLValue": "NULL"}
"""As releases with version 4 of the connector write it."""
_KEYS = {"STRING": "S", "BIGINT": "N", "DOUBLE": "N", "BINARY": "B"}
_SIMPLE = {*_KEYS, "BOOLEAN"}
_COMPLEX = re.compile(r"(ARRAY|MAP|STRUCT)<.*", re.DOTALL)


def refusal(name: str, kind: str, keys: Mapping[str, str]) -> str | None:
    """Why the connector refuses a column of a table (DynamoDBStorageHandler, checkTableSchemaType); or None.

    ``keys`` has the types of the table's key attributes.
    """
    if kind not in _SIMPLE:
        where = "on local EMR" if _COMPLEX.fullmatch(kind) else "in DynamoDB"
        return f"The hive type {kind.lower()} is not supported {where}"
    for key, key_type in keys.items():
        if key.lower() == name.lower() and _KEYS.get(kind) != key_type:
            return (
                f"The key element {name} does not match type. DynamoDB Type: {key_type} "
                f"Hive type: {kind.lower()}"
            )
    return None


def whole(item: Mapping[str, Any]) -> dict[str, str]:
    """An item as one value of the type ``ITEM_TYPE``."""
    return {name: json.dumps(_lowered(value), separators=(",", ":")) for name, value in item.items()}


def from_whole(value: Mapping[str, str]) -> dict[str, Any]:
    """The item of such a value."""
    return {name: _raised(json.loads(text)) for name, text in value.items()}


def row(item: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[Any]:
    """The values of the attributes (attribute, Hive type); None for one that the item lacks."""
    return [_value(item.get(attribute), kind) for attribute, kind in columns]


def from_row(values: Sequence[Any], columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The item of a row. NULL is no attribute, as of the connector."""
    pairs = zip(values, columns, strict=True)
    return {attribute: _attribute(value, kind) for value, (attribute, kind) in pairs if value is not None}


def _value(attribute: Mapping[str, Any] | None, kind: str) -> Any:
    """Null for an attribute of another type; a number that is not whole is no BIGINT (Long.parseLong)."""
    if attribute is None:
        return None
    if kind in {"BIGINT", "DOUBLE"}:
        number = attribute.get("N")
        return None if number is None else (int if kind == "BIGINT" else float)(number)
    return attribute.get({"STRING": "S", "BINARY": "B", "BOOLEAN": "BOOL"}[kind])


def _attribute(value: Any, kind: str) -> dict[str, Any]:
    if kind in {"BIGINT", "DOUBLE"}:
        return {"N": str(value)}
    return {{"STRING": "S", "BINARY": "B", "BOOLEAN": "BOOL"}[kind]: value}


def _lowered(attribute: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, value),) = attribute.items()
    if kind == "M":
        value = {name: _lowered(inner) for name, inner in value.items()}
    elif kind == "L":
        value = [_lowered(inner) for inner in value]
    elif kind == "B":
        value = base64.b64encode(value).decode()
    elif kind == "BS":
        value = [base64.b64encode(inner).decode() for inner in value]
    return {_NAMES[kind]: value}


def _raised(attribute: Mapping[str, Any]) -> dict[str, Any]:
    ((name, value),) = attribute.items()
    kind = (_MEMBERS | _OLDER)[name]
    if kind == "M":
        value = {inner: _raised(found) for inner, found in value.items()}
    elif kind == "L":
        value = [_raised(inner) for inner in value]
    elif kind == "B":
        value = base64.b64decode(value)
    elif kind == "BS":
        value = [base64.b64decode(inner) for inner in value]
    return {kind: value}
