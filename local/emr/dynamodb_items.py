"""Items of DynamoDB as rows of Hive, as EMR's connector maps them.

EMR release guide, "Hive commands for DynamoDB"; awslabs/emr-dynamodb-connector, README, "Supported types". An
item as one value is a map of its attributes to their typed form as JSON, such as ``{"n":"5"}``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

ITEM_TYPE = "MAP<STRING,STRING>"
_MEMBERS = {"s": "S", "n": "N", "b": "B", "sS": "SS", "nS": "NS", "bS": "BS", "m": "M", "l": "L"} | {
    "bOOL": "BOOL",
    "nULLValue": "NULL",
}
_NAMES = {value: key for key, value in _MEMBERS.items()}
_NUMBERS = {"INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "TINYINT", "SMALLINT", "BOOLEAN"}


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
    if attribute is None:
        return None
    base = re.split(r"[(<]", kind.upper())[0]
    if base == "STRING":
        return attribute.get("S")
    number = attribute.get("N")
    if base == "BINARY" or number is None:
        return attribute.get("B") if base == "BINARY" else None
    if base in {"FLOAT", "DOUBLE"}:
        return float(number)
    if base == "DECIMAL":
        return Decimal(number)
    return bool(int(number)) if base == "BOOLEAN" else int(Decimal(number))


def _attribute(value: Any, kind: str) -> dict[str, Any]:
    base = re.split(r"[(<]", kind.upper())[0]
    if base in _NUMBERS:
        return {"N": str(int(value) if isinstance(value, bool) else value)}
    return {"B": bytes(value)} if base == "BINARY" else {"S": str(value)}


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
    kind = _MEMBERS[name]
    if kind == "M":
        value = {inner: _raised(found) for inner, found in value.items()}
    elif kind == "L":
        value = [_raised(inner) for inner in value]
    elif kind == "B":
        value = base64.b64decode(value)
    elif kind == "BS":
        value = [base64.b64decode(inner) for inner in value]
    return {kind: value}
