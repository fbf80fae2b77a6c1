"""COPY and UNLOAD of delimited text, which PostgreSQL has not: rows between a session and Amazon S3.

Amazon Redshift developer guide, COPY and UNLOAD. Known are the options DELIMITER, ESCAPE, GZIP, MANIFEST,
ALLOWOVERWRITE and PARALLEL OFF; others are passed over. The role is not looked at.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pg8000.native import Connection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TEXT = r"'((?:[^'\\]|''|\\.)*)'"
_NAME = r'((?:"(?:[^"]|"")+"|\w+)(?:\.(?:"(?:[^"]|"")+"|\w+))?)'
_COPY = re.compile(rf"COPY\s+{_NAME}\s+FROM\s+{_TEXT}\s+IAM_ROLE\s+{_TEXT}(.*)", re.DOTALL | re.IGNORECASE)
_UNLOAD = re.compile(
    rf"UNLOAD\s*\({_TEXT}\)\s*TO\s+{_TEXT}\s+IAM_ROLE\s+{_TEXT}(.*)", re.DOTALL | re.IGNORECASE
)
_DELIMITER = re.compile(rf"\bDELIMITER(?:\s+AS)?\s+{_TEXT}", re.IGNORECASE)
_NULL = r"\N"


class CopyError(Exception):
    """COPY or UNLOAD failed."""


@dataclass(frozen=True)
class _Options:
    delimiter: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Options:
        match = _DELIMITER.search(text)
        words = re.sub(_TEXT, "", text).upper().split()
        return cls(_value(match[1]) if match else "|", frozenset(words))

    def __contains__(self, word: str) -> bool:
        return word in self.words


def run_copy(session: Connection, new_s3: Callable[[], S3Client], sql: str) -> bool:
    """Carry out ``sql`` if it is a COPY or an UNLOAD; returns whether. Raises CopyError, DatabaseError."""
    if match := _COPY.fullmatch(sql):
        _copy(session, new_s3(), match[1], _value(match[2]), _Options.of(match[4]))
        return True
    if match := _UNLOAD.fullmatch(sql):
        _unload(session, new_s3(), _value(match[1]), _value(match[2]), _Options.of(match[4]))
        return True
    return False


def _copy(session: Connection, s3: S3Client, table: str, uri: str, options: _Options) -> None:
    bucket, key = _place(uri)
    if "MANIFEST" in options:
        entries = json.loads(_object(s3, bucket, key))["entries"]
        objects = [_place(entry["url"]) for entry in entries]
    else:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        objects = [(bucket, entry["Key"]) for entry in listed]
    if not objects:
        raise CopyError(f"The specified S3 prefix '{key}' does not exist")
    for place in objects:
        data = _object(s3, *place)
        text = (gzip.decompress(data) if "GZIP" in options else data).decode()
        for row in _rows(text, options):
            values = {f"v{number}": value for number, value in enumerate(row)}
            places = ", ".join(f":{name}" for name in values)
            session.run(f"INSERT INTO {table} VALUES ({places})", **values)  # noqa: S608 - as COPY has it


def _unload(session: Connection, s3: S3Client, query: str, uri: str, options: _Options) -> None:
    bucket, key = _place(uri)
    if "ALLOWOVERWRITE" not in options and s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"):
        raise CopyError("Specified unload destination on S3 is not empty.")
    rows = session.run(query) or []
    text = "".join(options.delimiter.join(_written(value, options) for value in row) + "\n" for row in rows)
    name = f"{key}000" if "PARALLEL" in options and "OFF" in options else f"{key}0000_part_00"
    data = text.encode()
    if "GZIP" in options:
        name, data = f"{name}.gz", gzip.compress(data)
    s3.put_object(Bucket=bucket, Key=name, Body=data)


def _place(uri: str) -> tuple[str, str]:
    if not uri.startswith("s3://"):
        raise CopyError(f"'{uri}' is not in Amazon S3, and local AWS copies nothing else")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _object(s3: S3Client, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _value(literal: str) -> str:
    """What a literal without its quotes stands for."""
    return re.sub(r"''|\\(.)", lambda match: match[1] or "'", literal, flags=re.DOTALL)


def _rows(text: str, options: _Options) -> Iterator[list[str | None]]:
    escaped = "ESCAPE" in options
    record = r"(?:\\.|[^\\\n])*\n" if escaped else r"[^\n]*\n"
    for line in re.findall(record, text if text.endswith("\n") or not text else f"{text}\n", re.DOTALL):
        values = [""]
        for piece in re.findall(r"\\.|." if escaped else ".", line[:-1], re.DOTALL):
            if piece == options.delimiter:
                values.append("")
            else:
                values[-1] += piece
        yield [None if value == _NULL else _unescaped(value, escaped) for value in values]


def _unescaped(value: str, escaped: bool) -> str:
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if escaped else value


def _written(value: Any, options: _Options) -> str:
    if value is None:
        return _NULL if "NULL" in options else ""
    special = rf"([\n\r\\{re.escape(options.delimiter)}])"
    return re.sub(special, r"\\\1", str(value)) if "ESCAPE" in options else str(value)
