"""Reads a COPY statement: its table, its source, and the options as Amazon Redshift documents them.

Amazon Redshift database developer guide, COPY: "Data format parameters", "Data conversion parameters", "Data
load operations", "Column mapping options".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.options import (
    AUTHORIZATION,
    check_apart,
    check_size,
    delimiter_of,
    flag,
    number,
    one_character,
    one_of,
    optional_text,
    read_options,
    text,
)
from local.redshift_data.sql_words import SqlWords

_ON_OR_OFF = one_of("ON", "TRUE", "OFF", "FALSE", default="ON")
_ENCODINGS = {"UTF8": "utf-8", "UTF16": "utf-16", "UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be"}


def _encoding(words: SqlWords) -> str:
    words.skip("AS")
    return one_of(*_ENCODINGS)(words)


_OPTIONS = {
    **AUTHORIZATION,
    "ACCEPTANYDATE": flag,
    "ACCEPTINVCHARS": optional_text("?"),
    "BLANKSASNULL": flag,
    "BZIP2": flag,
    "COMPROWS": number,
    "COMPUPDATE": one_of("PRESET", "ON", "TRUE", "OFF", "FALSE", default="ON"),
    "CSV": flag,
    "DATEFORMAT": text,
    "DELIMITER": text,
    "EMPTYASNULL": flag,
    "ENCODING": _encoding,
    "ESCAPE": flag,
    "EXPLICIT_IDS": flag,
    "FILLRECORD": flag,
    "GZIP": flag,
    "IGNOREALLERRORS": flag,
    "IGNOREBLANKLINES": flag,
    "IGNOREHEADER": number,
    "MANIFEST": flag,
    "MAXERROR": number,
    "NOLOAD": flag,
    "NULL": text,
    "QUOTE": text,
    "REGION": text,
    "REMOVEQUOTES": flag,
    "ROUNDEC": flag,
    "STATUPDATE": _ON_OR_OFF,
    "TIMEFORMAT": text,
    "TRIMBLANKS": flag,
    "TRUNCATECOLUMNS": flag,
}
_FORMATS = {"AVRO", "CSV", "FIXEDWIDTH", "JSON", "ORC", "PARQUET", "SHAPEFILE"}
_UNSUPPORTED = (_FORMATS - {"CSV"}) | {
    "ENCRYPTED",
    "LZOP",
    "MASTER_SYMMETRIC_KEY",
    "READRATIO",
    "SSH",
    "ZSTD",
}
_NO_LIMIT = 2**63


@dataclass(frozen=True)
class CopyStatement:
    """A COPY statement, read and checked."""

    table: str
    """As written, with its schema and quotes."""
    columns: tuple[str, ...]
    """The column list as written; empty without one."""
    source: str
    options: Mapping[str, str]

    @classmethod
    def read(cls, sql: str) -> CopyStatement:
        """Raises StatementError, also for what Amazon Redshift supports and local AWS does not."""
        words = SqlWords(sql)
        words.expect("COPY")
        table, columns = words.name(), tuple(words.names())
        words.expect("FROM")
        source = words.text()
        if not source.startswith("s3://"):
            raise NotSupportedError(f"COPY from '{source}', which is not in Amazon S3,")
        options = read_options("COPY", words, _OPTIONS, _FORMATS, _UNSUPPORTED)
        _check(options)
        return cls(table, columns, source, options)

    def __contains__(self, option: str) -> bool:
        return option in self.options

    @property
    def delimiter(self) -> str:
        """The delimiter between values: by default the pipe, in CSV the comma."""
        return delimiter_of(self.options)

    @property
    def quote(self) -> str:
        """The quote character for values in CSV."""
        return one_character("QUOTE", self.options.get("QUOTE", '"'))

    @property
    def null(self) -> str:
        """The text that stands for NULL."""
        return self.options.get("NULL", r"\N")

    @property
    def header_rows(self) -> int:
        """How many records at the beginning of each file to skip."""
        return int(self.options.get("IGNOREHEADER", "0"))

    @property
    def errors_allowed(self) -> int:
        """How many bad records are tolerated and left out."""
        if "IGNOREALLERRORS" in self:
            return _NO_LIMIT
        return max(int(self.options.get("MAXERROR", "0")) - 1, 0)

    @property
    def encoding(self) -> str:
        """The encoding's name in Python."""
        return _ENCODINGS[self.options.get("ENCODING", "UTF8")]

    @property
    def replacement(self) -> str | None:
        """The replacement for each byte of an invalid character; None if invalid characters are errors."""
        return self.options.get("ACCEPTINVCHARS")


def _check(options: Mapping[str, str]) -> None:
    """Raises StatementError for options that exclude each other, or have impossible values."""
    found = options.keys()
    check_apart(found, "CSV", "ESCAPE", "REMOVEQUOTES")
    check_apart(found, "GZIP", "BZIP2")
    check_apart(found, "MAXERROR", "IGNOREALLERRORS")
    if "QUOTE" in found and "CSV" not in found:
        raise StatementError("QUOTE can be used only with CSV")
    quote = one_character("QUOTE", options.get("QUOTE", '"'))
    if "CSV" in found and quote == delimiter_of(options):
        raise StatementError("DELIMITER and QUOTE have to differ")
    if "ESCAPE" in found and delimiter_of(options) == "\\":
        raise StatementError("DELIMITER cannot be the backslash with ESCAPE")
    if "\n" in options.get("NULL", ""):
        raise StatementError("NULL AS cannot be a newline, which ends a record")
    if "ACCEPTINVCHARS" in found:
        one_character("ACCEPTINVCHARS", options["ACCEPTINVCHARS"])
    for name in ("IGNOREHEADER", "MAXERROR", "COMPROWS"):
        if "." in options.get(name, ""):
            raise StatementError(f"{name} takes a whole number, not {options[name]}")
    check_size("MAXERROR", options.get("MAXERROR", "0"), 0, 100_000)
    check_size("COMPROWS", options.get("COMPROWS", "1000"), 1000, 2_147_483_647)
