"""CopyActivity."""

from __future__ import annotations

import re
from collections.abc import Sequence

from activities.copy_activity import place_of
from copying import with_tables
from copying.between_objects import ObjectCopy
from copying.insert_query import InsertQuery
from copying.s3_place import S3Place
from copying.sql_node import SqlNode
from pipelines.checking import places
from pipelines.checking.exists import add_databases, best_of_engines
from pipelines.checking.sql_words import unknown_start
from pipelines.checking.subject import Subject
from runner.outcome import TaskFailed
from runner.task import Task

_INVALID = "InvalidInsertQuery"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_LISTED = re.compile(
    r"(?is)\s*(?:insert|replace)\s+(?:(?:low_priority|delayed|high_priority|ignore)\s+)*(?:into\s+)?"
    r"[^\s(]+\s*\((?P<names>[^()]*)\)\s*values?\s*\("
)


def check(subject: Subject) -> None:
    """Its nodes, their formats and databases, and its statements."""
    nodes = [subject.reference(field) for field in ("input", "output")]
    if None in nodes:
        return
    best_of_engines(subject, "input, output", _read)
    places.add_nodes(subject, "input", subject.needs.read)
    places.add_nodes(subject, "output", subject.needs.write)
    for field in ("input", "output"):
        add_databases(subject, field)


def _fits(query: InsertQuery, text: str, columns: Sequence[str]) -> None:
    """Raise TaskFailed for what the server refuses in ``insertQuery``, or the handler for its records."""
    if word := unknown_start(text):
        raise TaskFailed(f"insertQuery: no statement of SQL begins with '{word}'", error_id=_INVALID)
    if query.has_several_statements:
        raise TaskFailed("insertQuery has several statements, and servers take one", error_id=_INVALID)
    plain = _QUOTED.sub("''", text)
    if plain.count("(") != plain.count(")"):
        raise TaskFailed("insertQuery: its parentheses do not match", error_id=_INVALID)
    listed = _LISTED.match(plain)
    values = _split(query.row) if query.repeatable else None
    if listed and values is not None and len(listed["names"].split(",")) != values:
        raise TaskFailed(
            f"insertQuery lists {len(listed['names'].split(','))} columns, and {values} values for them",
            error_id=_INVALID,
        )
    if columns and len(columns) != query.columns:
        raise TaskFailed(
            f"insertQuery has {query.columns} places for values (?), and the input's format has "
            f"{len(columns)} columns",
            error_id=_INVALID,
        )


def _split(row: Sequence[str]) -> int:
    """How many values a row of VALUES has, by its commas outside of inner parentheses."""
    text, depth, count = _QUOTED.sub("''", "?".join(row)), 0, 1
    for character in text:
        depth += (character == "(") - (character == ")")
        count += character == "," and depth == 1
    return count


def _read(task: Task) -> None:
    """As the handler does, up to the first byte. Raises FieldError, and TaskFailed."""
    source, target = (place_of(task, task.reference(field)) for field in ("input", "output"))
    if isinstance(target, SqlNode):
        if target.insert:
            query = InsertQuery.parse(target.insert, target.server.engine)
            _fits(query, target.insert, source.format.columns if isinstance(source, S3Place) else ())
    elif isinstance(source, SqlNode):
        with_tables.object_for(task, target)
    elif isinstance(source, S3Place):
        copy = ObjectCopy(source, target)
        if source.node.file is not None:
            copy.target_of(source.node.file, source.node.file.key.rpartition("/")[2])
