"""Delimited text for COPY and UNLOAD, the same as CopyActivity reads and writes.

Amazon Redshift developer guide, COPY ("Data format parameters", "Data conversion parameters") and UNLOAD.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

from data_formats.data_format import DataFormat
from data_formats.delimited import Delimited
from data_formats.formats import data_format_of
from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import identifier, text
from redshift_copy.table import Column, Table
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

_OWN_NULL = r"\N"
"""What COPY takes for NULL, with ESCAPE too, if it is told nothing."""
_IN_NUMBERS_AND_TIMES = string.ascii_letters + string.digits + "+-:. "
_PLAIN = {"bool", "date", "float4", "float8", "int2", "int4", "int8", "numeric"} | {
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
}
"""Types whose values have nothing to escape."""
_TEXT = {"bpchar", "char", "name", "text", "varchar"}


def text_format_of(named: PipelineObject | None, node: PipelineObject) -> Delimited:
    """The format that ``named`` describes, CSV if it is None, with NULL as the S3DataNode has it.

    Raises FieldError for what Amazon Redshift does not know, and TaskFailed for another format.
    """
    null = S3DataNode.of(node).null
    found: DataFormat | None = None
    if named is None or named.type in {"CSV", "TSV", "Custom"}:
        found = data_format_of(named, null)
    if not isinstance(found, Delimited):
        assert named is not None  # noqa: S101 - without a name it is CSV
        raise TaskFailed(
            f"'{named.id}' is a {named.type}: RedshiftCopyActivity knows CSV, TSV and Custom. For another "
            "format of COPY or UNLOAD leave dataFormat out, and use commandOptions.",
            error_id="UnsupportedFormat",
        )
    owner = named or node
    if found.record_separator != "\n":
        raise FieldError(owner.id, "recordSeparator", r"Amazon Redshift knows '\n' alone")
    if not "\0" < found.separator <= "\x7f":
        problem = f"Amazon Redshift knows one ASCII character, but it is {found.separator!r}"
        raise FieldError(owner.id, "columnSeparator", problem)
    if found.escape not in {"", "\\"}:
        raise FieldError(owner.id, "escapeChar", "Amazon Redshift knows the backslash alone")
    return found


def copy_options(found: Delimited) -> list[str]:
    """The options of COPY."""
    return [
        f"DELIMITER AS {text(found.separator)}",
        *(["ESCAPE"] if found.escape else []),
        *([] if found.null == _OWN_NULL else [f"NULL AS {text(found.null)}"]),
    ]


def unload_options(found: Delimited) -> list[str]:
    """The options of UNLOAD, for the query of ``select``. NULL is the empty value by default."""
    return [
        f"DELIMITER AS {text(found.separator)}",
        *([f"NULL AS {text(found.null)}"] if found.null else []),
    ]


def select(owner: PipelineObject, table: Table, columns: Sequence[Column], found: Delimited) -> str:
    """The query of an UNLOAD in this format, which escapes the values itself.

    Users of UNLOAD report that ESCAPE escapes what NULL AS gives as well (hellonarrativ/spectrify, issue 6),
    so that a NULL could not be told from a text. There is no backslash in the query, which is a literal.
    ``owner`` is what the separator was given by. Raises FieldError.
    """
    if found.separator in _IN_NUMBERS_AND_TIMES:
        problem = f"{found.separator!r} may be in a number or a time, which UNLOAD does not escape"
        raise FieldError(owner.id, "columnSeparator", problem)
    listed = ",\n".join(f"{_value(column, found)} AS {identifier(column.name)}" for column in columns)
    return f"SELECT {listed}\nFROM {table}"


def _value(column: Column, found: Delimited) -> str:
    name = identifier(column.name)
    if column.type in _PLAIN:
        return name
    if column.type == "super":
        name = f"JSON_SERIALIZE({name})"
    elif column.type not in _TEXT:
        name = f"CAST({name} AS VARCHAR(65535))"
    return _escaped(name, found) if found.escape else _checked(name, column, found)


def _escaped(value: str, found: Delimited) -> str:
    escape = _character(found.escape)
    for special in (found.escape, found.separator, "\n", "\r"):
        value = f"REPLACE({value}, {_character(special)}, {escape} || {_character(special)})"
    if not found.null or found.null.startswith(found.escape):
        return value
    null = text(found.null)
    return f"CASE WHEN {value} = {null} THEN {escape} || {null} ELSE {value} END"


def _checked(value: str, column: Column, found: Delimited) -> str:
    """The value, or an error if it cannot be written without an escape character."""
    bad = [f"POSITION({_character(special)} IN {value}) > 0" for special in (found.separator, "\n")]
    if found.null:
        bad.append(f"{value} = {text(found.null)}")
    told = text(f"A separator or the text for NULL, and no escapeChar, in {column.name}: ")
    # Nothing but a value that is no number ends a query with a text.
    raised = f"CAST(CAST({told} || {value} AS INTEGER) AS VARCHAR)"
    return f"CASE WHEN {' OR '.join(bad)} THEN {raised} ELSE {value} END"


def _character(character: str) -> str:
    return f"CHR({ord(character)})"
