"""The options of COPY and UNLOAD for delimited text, as CopyActivity reads and writes it.

Amazon Redshift developer guide, COPY ("Data format parameters", "Data conversion parameters") and UNLOAD.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

from data_formats.data_format import DataFormat
from data_formats.delimited import Delimited
from data_formats.formats import data_format_of
from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import identifier, quoted_text
from redshift_copy.table import Column, Table
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

_OWN_NULL = r"\N"
"""COPY's default for NULL, also with ESCAPE."""
_IN_NUMBERS_AND_TIMES = string.ascii_letters + string.digits + "+-:. "
_PLAIN = {"bool", "date", "float4", "float8", "int2", "int4", "int8", "numeric"} | {
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
}
"""Types whose values need no escaping."""
_TEXT = {"bpchar", "char", "name", "text", "varchar"}


def text_format_of(named: PipelineObject | None, node: PipelineObject) -> Delimited:
    """The format that ``named`` describes, CSV if it is None, with the S3DataNode's text for NULL.

    Raises FieldError for characters that Amazon Redshift does not support, and TaskFailed for another format.
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
    return [_delimiter(found), *(["ESCAPE"] if found.escape else []), *_null(found, default=_OWN_NULL)]


def unload_options(found: Delimited) -> list[str]:
    """The options of UNLOAD, for the query that ``select`` makes. By default, NULL is the empty value."""
    return [_delimiter(found), *_null(found, default="")]


def _delimiter(found: Delimited) -> str:
    return f"DELIMITER AS {quoted_text(found.separator)}"


def _null(found: Delimited, default: str) -> list[str]:
    return [] if found.null == default else [f"NULL AS {quoted_text(found.null)}"]


def select(owner: PipelineObject, table: Table, columns: Sequence[Column], found: Delimited) -> str:
    """The query for an UNLOAD in this format. The query itself escapes the values.

    Users of UNLOAD report that ESCAPE also escapes the text of NULL AS (hellonarrativ/spectrify, issue 6):
    a NULL could then not be told from text. The query contains no backslash, because it becomes a literal.
    ``owner`` is the object that defines the separator. Raises FieldError.
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
    null = quoted_text(found.null)
    return f"CASE WHEN {value} = {null} THEN {escape} || {null} ELSE {value} END"


def _checked(value: str, column: Column, found: Delimited) -> str:
    """The value; the query fails if it cannot be written without an escape character."""
    bad = [f"POSITION({_character(special)} IN {value}) > 0" for special in (found.separator, "\n")]
    if found.null:
        bad.append(f"{value} = {quoted_text(found.null)}")
    message = quoted_text(f"A separator or the text for NULL, and no escapeChar, in {column.name}: ")
    # The only way to end a query with a message of one's own is to cast it to a number.
    raised = f"CAST(CAST({message} || {value} AS INTEGER) AS VARCHAR)"
    return f"CASE WHEN {' OR '.join(bad)} THEN {raised} ELSE {value} END"


def _character(character: str) -> str:
    return f"CHR({ord(character)})"
