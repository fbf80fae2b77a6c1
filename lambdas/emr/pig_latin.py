"""Pig Latin: statements that load and store data nodes. Quoted in one place.

Pig documentation, "Load", "Store", "Parameter substitution", and PigStorage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from data_formats.delimited import Delimited
from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_uri import S3Uri
from emr import hiveql
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.task import Task

OVERWRITE_FIELD = "myOverwrite"
"""``true`` on an output: what is there is removed first. Pig refuses a directory that exists."""
PIGGYBANK = "/usr/lib/pig/piggybank.jar"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LITERAL = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_PARAMETER = {"'": "\\'", "\\": "\\u005c"}
_PATH = re.compile(r"[A-Za-z0-9_.\-/:=@+%]*")
"""Without quotes, blanks (``rmf`` takes no quotes), ``$`` (a parameter), and Hadoop's wildcards."""
_TYPES = {
    "STRING": "chararray",
    "VARCHAR": "chararray",
    "CHAR": "chararray",
    "TINYINT": "int",
    "SMALLINT": "int",
    "INT": "int",
    "BIGINT": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DECIMAL": "bigdecimal",
    "BOOLEAN": "boolean",
    "BINARY": "bytearray",
}


def text(value: str) -> str:
    """``value`` as a string constant, in which neither quotes nor parameters are left."""
    return "'" + "".join(map(_character, value)) + "'"


def parameter(value: str) -> str:
    """``value`` as Pig reads it after ``-param NAME=``: the text itself, and no command in backticks.

    Apache Pig, ParamLoader.jj: without quotes, a value ends at a blank, and one that begins with a backtick
    is a command. What is one literal in quotes already stays so: its quotes are Pig's.
    """
    if _LITERAL.fullmatch(value):
        return value
    return "'" + "".join(_PARAMETER.get(one) or _printable(one) for one in value) + "'"


def load(task: Task, node: PipelineObject, alias: str) -> list[str]:
    """The statements that load a node under an alias. Raises FieldError, and TaskFailed."""
    data = _data(node)
    place = data.file or data.directory
    if place is None:
        raise _unsupported(node, "names a manifest")
    named = task.reference("dataFormat", node) if "dataFormat" in node else None
    schema = ", ".join(_column(named, *column) for column in hiveql.columns_of(named)) if named else ""
    as_schema = f" AS ({schema})" if schema else ""
    if named is not None and named.type == "RegEx":
        loader = "org.apache.pig.piggybank.storage.MyRegExLoader"
        pattern = text(named.string("inputRegEx"))
        return [
            f"REGISTER {text(PIGGYBANK)};",
            f"{alias} = LOAD {_path(node, place)} USING {loader}({pattern}){as_schema};",
        ]
    return [f"{alias} = LOAD {_path(node, place)} USING {_storage(named, data)}{as_schema};"]


def store(task: Task, node: PipelineObject, alias: str) -> list[str]:
    """The statements that store an alias in a node. Raises FieldError, and TaskFailed."""
    data = _data(node)
    if data.directory is None:
        raise _unsupported(node, "names no directory, and Pig writes one")
    named = task.reference("dataFormat", node) if "dataFormat" in node else None
    if named is not None and named.type == "RegEx":
        raise _unsupported(node, "has a RegEx, which Pig only reads")
    place = _path(node, data.directory)
    removed = [f"rmf {data.directory}"] if node.boolean(OVERWRITE_FIELD, default=False) else []
    compressed = (
        [
            "SET output.compression.enabled true;",
            "SET output.compression.codec org.apache.hadoop.io.compress.GzipCodec;",
        ]
        if data.gzip
        else []
    )
    return [*compressed, *removed, f"STORE {alias} INTO {place} USING {_storage(named, data)};"]


def refuse_mixed_compression(task: Task, outputs: Sequence[PipelineObject]) -> None:
    """Raise FieldError for outputs of which some are compressed: Pig has one setting for a script."""
    if len({_data(node).gzip for node in outputs}) > 1:
        problem = "Pig compresses all outputs of a script or none: give them one compression"
        raise FieldError(task.attempt_id, "output", problem)


def _data(node: PipelineObject) -> S3DataNode:
    if node.type != "S3DataNode":
        raise _unsupported(node, f"is a {node.type}")
    return S3DataNode.of(node)


def _storage(named: PipelineObject | None, data: S3DataNode) -> str:
    if named is not None and named.type not in {"CSV", "TSV", "Custom"}:
        raise TaskFailed(
            f"'{named.id}' is a {named.type}: PigActivity knows CSV, TSV, Custom and RegEx.",
            error_id="UnsupportedFormat",
        )
    found = Delimited.csv() if named is None else Delimited.of(named, data.null)
    owner = named.id if named else data.id
    if found.record_separator != "\n":
        raise FieldError(owner, "recordSeparator", r"PigStorage knows '\n' alone")
    if found.separator > "\x7f":
        raise FieldError(owner, "columnSeparator", "PigStorage knows ASCII characters alone")
    return f"PigStorage({text(found.separator)})"


def _column(named: PipelineObject, name: str, kind: str) -> str:
    if not _NAME.fullmatch(name):
        problem = f"{name!r} cannot be a name in Pig: it has letters, digits and _, and begins with a letter"
        raise FieldError(named.id, "column", problem)
    base = kind.partition("(")[0]
    # Pig's own date type reads ISO 8601 only: times stay text.
    return f"{name}:{_TYPES.get(base, 'chararray')}"


def _path(node: PipelineObject, place: S3Uri) -> str:
    uri = str(place)
    if not _PATH.fullmatch(uri):
        field = next(name for name in ("filePath", "directoryPath") if name in node)
        problem = (
            f"Pig takes some of its characters for patterns or parameters: {uri!r}. Letters, digits "
            "and _ . - / : = @ + % are possible"
        )
        raise FieldError(node.id, field, problem)
    return f"'{uri}'"


def _unsupported(node: PipelineObject, problem: str) -> TaskFailed:
    return TaskFailed(
        f"'{node.id}' {problem}. PigActivity stages S3DataNodes with a directoryPath (inputs with a "
        "filePath, too): copy other data to S3, or from there, with a CopyActivity; or set stage to false.",
        error_id="UnsupportedNode",
    )


def _printable(character: str) -> str:
    return character if " " <= character <= "~" else _escaped(character)


def _escaped(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in _utf16(character))


def _character(character: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9 _./:=+,@()\[\]{}^*?|#%&<>!~-]", character):
        return character
    return _escaped(character)


def _utf16(character: str) -> Sequence[int]:
    encoded = character.encode("utf-16-be")
    return [int.from_bytes(encoded[place : place + 2]) for place in range(0, len(encoded), 2)]
