"""Reads an UNLOAD statement: its query, its target, and the options as Amazon Redshift documents them.

Amazon Redshift database developer guide, UNLOAD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.options import (
    AUTHORIZATION,
    check_apart,
    delimiter_of,
    flag,
    one_of,
    read_options,
    text,
)
from local.redshift_data.sql_words import SqlWords, folded, words_of

_FORMATS = {"CSV", "PARQUET", "JSON"}
_UNSUPPORTED = {
    "ENCRYPTED",
    "FIXEDWIDTH",
    "JSON",
    "KMS_KEY_ID",
    "MASTER_SYMMETRIC_KEY",
    "PARQUET",
    "PARTITION",
    "ROWGROUPSIZE",
    "ZSTD",
}
_UNITS = {"MB": 1024**2, "GB": 1024**3}
_SMALLEST, _LARGEST = 5 * 1024**2, 6.2 * 1024**3


def _manifest(words: SqlWords) -> str:
    if words.next == "VERBOSE":
        raise NotSupportedError("MANIFEST VERBOSE of UNLOAD")
    return ""


def _size(words: SqlWords) -> str:
    """[AS] number [MB | GB], in bytes."""
    words.skip("AS")
    value = words.number()
    return str(float(value) * _UNITS[one_of(*_UNITS, default="MB")(words)])


_OPTIONS = {
    **AUTHORIZATION,
    "ADDQUOTES": flag,
    "ALLOWOVERWRITE": flag,
    "BZIP2": flag,
    "CLEANPATH": flag,
    "CSV": flag,
    "DELIMITER": text,
    "ESCAPE": flag,
    "EXTENSION": text,
    "GZIP": flag,
    "HEADER": flag,
    "MANIFEST": _manifest,
    "MAXFILESIZE": _size,
    "NULL": text,
    "PARALLEL": one_of("ON", "TRUE", "OFF", "FALSE", default="ON"),
    "REGION": text,
}


@dataclass(frozen=True)
class UnloadStatement:
    """An UNLOAD statement, read and checked."""

    query: str
    target: str
    """``s3://bucket/prefix``."""
    options: Mapping[str, str]

    @classmethod
    def read(cls, sql: str) -> UnloadStatement:
        """Raises StatementError, also for what Amazon Redshift supports and local AWS does not."""
        words = SqlWords(sql)
        words.expect("UNLOAD")
        words.expect("(")
        query = folded(words.text())
        words.expect(")")
        words.expect("TO")
        target = words.text()
        if not target.startswith("s3://"):
            raise StatementError(f"UNLOAD writes to Amazon S3, and not to '{target}'")
        options = read_options("UNLOAD", words, _OPTIONS, _FORMATS, _UNSUPPORTED)
        _check(options)
        _check_limit(query)
        return cls(query, target, options)

    def __contains__(self, option: str) -> bool:
        return option in self.options

    @property
    def delimiter(self) -> str:
        """The delimiter between values: by default the pipe, in CSV the comma."""
        return delimiter_of(self.options)

    @property
    def null(self) -> str:
        """The text that is written for NULL."""
        return self.options.get("NULL", "")

    @property
    def is_parallel(self) -> bool:
        """Whether each slice writes its own files."""
        return self.options.get("PARALLEL", "ON") in {"ON", "TRUE"}

    @property
    def largest_file(self) -> float:
        """In bytes, before compression."""
        return float(self.options.get("MAXFILESIZE", _LARGEST))

    @property
    def extension(self) -> str:
        """The ending of the files' names."""
        own = ".gz" if "GZIP" in self else ".bz2" if "BZIP2" in self else ""
        return self.options.get("EXTENSION", own)


def _check(options: Mapping[str, str]) -> None:
    """Raises StatementError for options that exclude each other, or have impossible values."""
    found = options.keys()
    check_apart(found, "CSV", "ADDQUOTES", "ESCAPE")
    check_apart(found, "GZIP", "BZIP2")
    check_apart(found, "CLEANPATH", "ALLOWOVERWRITE")
    delimiter_of(options)
    if not _SMALLEST <= float(options.get("MAXFILESIZE", _LARGEST)) <= _LARGEST:
        raise StatementError("MAXFILESIZE takes 5 MB to 6.2 GB")


def _check_limit(query: str) -> None:
    """Raises StatementError for a LIMIT outside of parentheses, which the query of an UNLOAD cannot have."""
    depth = 0
    for word in words_of(query):
        depth += (word.written == "(") - (word.written == ")")
        if depth == 0 and word.written.upper() == "LIMIT":
            raise StatementError("Limit clause is not supported")
