"""Carries out COPY, which PostgreSQL lacks: from objects in Amazon S3 into a table, all or nothing."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from local.redshift_data.column_values import Column, Conversion, ValueRefusedError
from local.redshift_data.copy_statement import CopyStatement
from local.redshift_data.errors import StatementError
from local.redshift_data.records import Record, RecordError, records
from local.redshift_data.s3_objects import (
    Place,
    content,
    decompressed,
    exists,
    objects_in_manifest,
    objects_under,
    place_of,
    uri,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_COLUMNS = """
SELECT a.attname, t.typname, a.atttypmod, CAST(a.attidentity AS text)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_LINE = re.compile(r"COPY .*?, line (\d+)(?:, column ([^:]+))?", re.DOTALL)


@dataclass(frozen=True)
class _Row:
    """A record that can be loaded, in the text format of PostgreSQL's COPY."""

    place: Place
    line: int
    text: str


def run_copy(session: Connection, new_s3: Callable[[], S3Client], sql: str) -> None:
    """Carry out a COPY in the session's current transaction.

    Raises StatementError, and DatabaseError for a table that does not exist.
    """
    copy = CopyStatement.read(sql)
    s3 = new_s3()
    loading = _Loading(session, copy)
    rows = list(loading.rows(s3, _objects(s3, copy)))
    if "NOLOAD" not in copy:
        loading.store(rows)


class _Loading:
    """One COPY, with the errors that it has met."""

    def __init__(self, session: Connection, copy: CopyStatement) -> None:
        self._session = session
        self._copy = copy
        self._columns = _columns(session, copy)
        self._conversion = Conversion(copy)
        self._errors = 0

    def rows(self, s3: S3Client, places: Iterable[Place]) -> Iterator[_Row]:
        """The records in the objects. Raises StatementError, for bad records only if too many are."""
        for place in places:
            data = decompressed(
                content(s3, place), place, gzipped="GZIP" in self._copy, bzipped="BZIP2" in self._copy
            )
            for record in records(_decoded(data, place, self._copy), self._copy):
                if isinstance(record, RecordError):
                    self._refuse(place, record.line, str(record))
                    continue
                try:
                    yield _Row(place, record.line, self._converted(record))
                except ValueRefusedError as error:
                    self._refuse(place, record.line, str(error))

    def store(self, rows: Sequence[_Row]) -> None:
        """Raises StatementError. PostgreSQL reports one error per COPY: each allowed one costs a COPY."""
        left = list(rows)
        names = ", ".join(_quoted(column.name) for column in self._columns)
        sql = f"COPY {self._copy.table} ({names}) FROM STDIN"
        while left:
            self._session.run("SAVEPOINT redshift_copy")
            try:
                self._session.execute_unnamed(sql, stream=(row.text.encode() for row in left))
                left.clear()
            except DatabaseError as error:
                self._session.run("ROLLBACK TO SAVEPOINT redshift_copy")
                row = left.pop(_line_of(error))
                self._refuse(row.place, row.line, error.args[0].get("M", str(error)))

    def _converted(self, record: Record) -> str:
        values = record.values
        wanted, found = len(self._columns), len(record.values)
        if found == wanted + 1 and values[-1].written == "" and "CSV" not in self._copy:
            values = values[:-1]  # The last field may end with a delimiter ("Preparing your input data").
        elif found > wanted:
            raise ValueRefusedError(f"Extra column(s) found: {found} values for {wanted} columns")
        elif found < wanted and "FILLRECORD" not in self._copy:
            raise ValueRefusedError(f"Delimiter not found: {found} values for {wanted} columns")
        loaded = []
        for number, column in enumerate(self._columns):
            try:
                loaded.append(
                    self._conversion.of(values[number], column)
                    if number < len(values)
                    else self._conversion.missing(column)
                )
            except ValueRefusedError as error:
                raise ValueRefusedError(f"column {column.name}: {error}") from None
        return "\t".join(r"\N" if value is None else value.translate(_ESCAPED) for value in loaded) + "\n"

    def _refuse(self, place: Place, line: int, reason: str) -> None:
        self._errors += 1
        if self._errors > self._copy.errors_allowed:
            raise StatementError(
                f"Load into table '{self._copy.table}' failed. Check 'sys_load_error_detail' system table "
                f"for details. Local Redshift has no such table: {uri(place)}, line {line}: {reason}"
            )


def _objects(s3: S3Client, copy: CopyStatement) -> list[Place]:
    source = place_of(copy.source)
    if "MANIFEST" not in copy:
        found = objects_under(s3, source)
        if not found:
            raise StatementError(f"The specified S3 prefix '{source[1]}' does not exist")
        return found
    found = []
    for place, mandatory in objects_in_manifest(s3, source):
        if exists(s3, place):
            found.append(place)
        elif mandatory:
            raise StatementError(f"Mandatory url is not present in manifest: {uri(place)} does not exist")
    if not found:
        raise StatementError(f"No file that the manifest {uri(source)} lists exists")
    return found


def _columns(session: Connection, copy: CopyStatement) -> list[Column]:
    """The columns that values are for, in order.

    "Column mapping options": without a list, all columns; those with IDENTITY only with EXPLICIT_IDS.
    """
    there = [Column(*row) for row in session.run(_COLUMNS, name=copy.table) or ()]
    identities = {column.name for column in there if column.identity == "a"}
    explicit = "EXPLICIT_IDS" in copy
    if explicit and not identities:
        raise StatementError("EXPLICIT_IDS is for a table with an IDENTITY column")
    if not copy.columns:
        return [column for column in there if explicit or column.name not in identities]
    by_name = {column.name: column for column in there}
    listed = [_folded(name) for name in copy.columns]
    for name in listed:
        if name not in by_name:
            raise StatementError(f'column "{name}" of relation "{copy.table}" does not exist')
    if len(set(listed)) < len(listed):
        raise StatementError("a column is listed twice")
    if not (identities <= set(listed) if explicit else identities.isdisjoint(listed)):
        columns = ", ".join(sorted(identities))
        raise StatementError(f"{columns}: IDENTITY columns are listed if, and only if, EXPLICIT_IDS is there")
    return [by_name[name] for name in listed]


def _folded(name: str) -> str:
    return name[1:-1].replace('""', '"').lower() if name.startswith('"') else name.lower()


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _decoded(data: bytes, place: Place, copy: CopyStatement) -> str:
    errors = "strict" if copy.replacement is None else _replaced_by(copy.replacement)
    try:
        text = data.decode(copy.encoding, errors)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        sequence = data[error.start : error.end].hex(" ")
        raise StatementError(
            f"String contains invalid or unsupported UTF-8 codepoints. {uri(place)}, line {line}: bad "
            f"sequence {sequence}"
        ) from None
    return text if copy.encoding == "utf-8" else text.removeprefix("\ufeff")


def _replaced_by(replacement: str) -> str:
    """The name of a Python error handler that replaces each invalid byte by the character."""

    def replaced(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is for decoding
        return replacement * (error.end - error.start), error.end

    # COPYs run in threads, and handler names are global to the process: one name per character.
    name = f"redshift_copy_{ord(replacement)}"
    codecs.register_error(name, replaced)
    return name


def _line_of(error: DatabaseError) -> int:
    """The row that PostgreSQL stopped at, from 0. Raises the error if no row is at fault."""
    match = _LINE.search(error.args[0].get("W", "") if isinstance(error.args[0], dict) else "")
    if match is None:
        raise error
    return int(match[1]) - 1
