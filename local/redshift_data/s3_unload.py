"""Carries out UNLOAD, which PostgreSQL lacks: from a query into objects in Amazon S3."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pg8000.native import Connection

from local.redshift_data.errors import StatementError
from local.redshift_data.s3_objects import Place, delete, objects_under, place_of, uri, write
from local.redshift_data.unload_statement import UnloadStatement

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TEXT_TYPES = {25, 1042, 1043}
"""PostgreSQL's numbers of text, bpchar and varchar, the types that ESCAPE applies to."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def run_unload(session: Connection, new_s3: Callable[[], S3Client], sql: str) -> None:
    """Carry out an UNLOAD. Raises StatementError, and DatabaseError for a query that fails."""
    unload = UnloadStatement.read(sql)
    s3, place = new_s3(), place_of(unload.target)
    there = objects_under(s3, place)
    if there and not {"ALLOWOVERWRITE", "CLEANPATH"} & unload.options.keys():
        raise StatementError(
            f"Specified unload destination on S3 is not empty. Consider using ALLOWOVERWRITE or CLEANPATH: "
            f"{uri(there[0])}"
        )
    files = _files(session, unload)
    if "CLEANPATH" in unload:
        for occupied in there:
            delete(s3, occupied)
    written = [_write(s3, place, number, text, unload) for number, text in enumerate(files)]
    if "MANIFEST" in unload:
        manifest = json.dumps({"entries": [{"url": uri(file)} for file in written]}, indent=2)
        write(s3, (place[0], f"{place[1]}manifest"), manifest.encode())


def _write(s3: S3Client, place: Place, number: int, text: str, unload: UnloadStatement) -> Place:
    bucket, prefix = place
    name = f"{prefix}0000_part_{number:02}" if unload.is_parallel else f"{prefix}{number:03}"
    data = text.encode()
    if "GZIP" in unload:
        data = gzip.compress(data)
    elif "BZIP2" in unload:
        data = bz2.compress(data)
    write(s3, (bucket, name + unload.extension), data)
    return bucket, name + unload.extension


def _files(session: Connection, unload: UnloadStatement) -> list[str]:
    """The text of each file. There is at least one file, even without rows."""
    names, texts, rows = _rows(session, unload.query)
    line_of = _writer(unload, texts)
    header = _writer(unload, [True] * len(names))(names) if "HEADER" in unload else ""
    files = [[header]]
    size = len(header.encode())
    for row in rows:
        line = line_of(row)
        size += len(line.encode())
        if size > unload.largest_file and len(files[-1]) > 1:
            files.append([header])
            size = len((header + line).encode())
        files[-1].append(line)
    return ["".join(lines) for lines in files]


def _rows(session: Connection, query: str) -> tuple[list[str], list[bool], Iterator[list[str | None]]]:
    """The names of the columns, which of them are text, and the rows as PostgreSQL writes their values."""
    described = session.execute_unnamed(f"SELECT * FROM ({query}\n) AS unloaded LIMIT 0")  # noqa: S608
    copied = io.BytesIO()
    session.execute_unnamed(f"COPY ({query}\n) TO STDOUT", stream=copied)
    names = [column["name"] for column in described.columns]
    texts = [column["type_oid"] in _TEXT_TYPES for column in described.columns]
    return names, texts, map(_read, copied.getvalue().decode().split("\n")[:-1])


def _read(line: str) -> list[str | None]:
    """Read a line of PostgreSQL's text format."""
    return [None if value == r"\N" else _ESCAPE.sub(_escaped, value) for value in line.split("\t")]


def _escaped(match: re.Match[str]) -> str:
    return _CONTROL.get(match[1], match[1])


def _writer(unload: UnloadStatement, texts: Sequence[bool]) -> Callable[[Sequence[str | None]], str]:
    """How a row is written. NULL comes first and ESCAPE after it, so that ``\\N`` becomes ``\\\\N``.

    That is what users of UNLOAD report (hellonarrativ/spectrify, issue 6); COPY with ESCAPE reads both.
    """
    delimiter = unload.delimiter
    escaped = re.compile(
        "[" + re.escape("\n\r\\" + delimiter + ("\"'" if "ADDQUOTES" in unload else "")) + "]"
    )
    quoted = re.compile(f'["\n\r{re.escape(delimiter)}]')

    def value(text: str | None, is_text: bool) -> str:
        written = unload.null if text is None else text
        if "ESCAPE" in unload and (is_text or text is None):
            written = escaped.sub(r"\\\g<0>", written)
        if "ADDQUOTES" in unload:
            return f'"{written}"'
        if "CSV" in unload and quoted.search(written):
            doubled = written.replace('"', '""')
            return f'"{doubled}"'
        return written

    return lambda row: delimiter.join(map(value, row, texts)) + "\n"
