"""Translates CREATE TABLE and ALTER TABLE from Amazon Redshift's SQL to PostgreSQL's.

Amazon Redshift database developer guide, CREATE TABLE, CREATE TABLE AS, ALTER TABLE and "Character types".
Attributes that say how rows are stored (DISTKEY, SORTKEY, ENCODE …) are checked and left out. UNIQUE and
foreign keys are left out as well: there, they are informational. A primary key stays, because the catalog
shows it.
"""

from __future__ import annotations

import re

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.options import one_of
from local.redshift_data.sql_words import SqlWords

_ENCODINGS = one_of(
    *("AUTO", "AZ64", "BYTEDICT", "DELTA", "DELTA32K", "LZO", "MOSTLY8", "MOSTLY16", "MOSTLY32"),
    *("NONE", "RAW", "RUNLENGTH", "TEXT255", "TEXT32K", "ZSTD"),
)
_ATTRIBUTES = {
    *("COLLATE", "CONSTRAINT", "DEFAULT", "DISTKEY", "ENCODE", "GENERATED", "IDENTITY", "NOT", "NULL"),
    *("PRIMARY", "REFERENCES", "SORTKEY", "UNIQUE"),
}
_TYPES = {
    "VARCHAR": "varchar(256)",
    "CHARACTER VARYING": "varchar(256)",
    "NVARCHAR": "varchar(256)",
    "TEXT": "varchar(256)",
    "BPCHAR": "char(256)",
    "NCHAR": "char(1)",
    "DECIMAL": "decimal(18,0)",
    "NUMERIC": "numeric(18,0)",
}
"""The type that a type without a length stands for."""
_SIZED = {"NVARCHAR": "varchar", "NCHAR": "char"}
_LONGEST = {
    "VARCHAR": 65_535,
    "CHARACTER VARYING": 65_535,
    "NVARCHAR": 65_535,
    "CHAR": 4096,
    "CHARACTER": 4096,
}
_OWN_TYPES = {"GEOGRAPHY", "GEOMETRY", "HLLSKETCH", "SUPER", "VARBYTE"}
_RANGES = {"INT": 2**31, "INTEGER": 2**31, "INT4": 2**31, "BIGINT": 2**63, "INT8": 2**63}
"""The types that IDENTITY columns may have."""


def for_postgresql(sql: str) -> str:
    """The statement for PostgreSQL. Raises StatementError for a CREATE TABLE that Amazon Redshift refuses."""
    try:
        words = SqlWords(sql)
    except StatementError:
        return sql
    if words.skip("CREATE"):
        words.skip("LOCAL")
        kind = "TEMP " if words.skip("TEMP") or words.skip("TEMPORARY") else ""
        if words.skip("TABLE"):
            return f"CREATE {kind}TABLE {_Table(words).definition()}"
    elif words.skip("ALTER", "TABLE"):
        return _altered(words) or sql
    return sql


def _altered(words: SqlWords) -> str:
    """An ALTER TABLE that contains something unknown to PostgreSQL, translated; otherwise nothing."""
    table = words.name()
    if words.skip("ADD"):
        words.skip("COLUMN")
        return f"ALTER TABLE {table} ADD COLUMN {_Table(words).column()}"
    if words.skip("APPEND"):
        raise NotSupportedError("ALTER TABLE APPEND")
    if not words.skip("ALTER"):
        return ""
    if words.skip("COLUMN"):
        words.name()
        if words.next != "ENCODE":
            return ""
    if words.next not in {"COMPOUND", "DISTKEY", "DISTSTYLE", "ENCODE", "SORTKEY"}:
        return ""
    # A statement that changes nothing, and fails if there is no such table.
    return f"ALTER TABLE {table} RESET (fillfactor)"


class _Table:
    """A CREATE TABLE from its name on."""

    def __init__(self, words: SqlWords) -> None:
        self._words = words
        self._columns: set[str] = set()
        self._distributed_by: list[str] = []
        self._style = ""

    def definition(self) -> str:
        """Raises StatementError."""
        words = self._words
        name = ("IF NOT EXISTS " if words.skip("IF", "NOT", "EXISTS") else "") + words.name()
        items = []
        if words.skip("("):
            items = [self._item()]
            while words.skip(","):
                items.append(self._item())
            words.expect(")")
        self._attributes()
        columns = f" ({', '.join(item for item in items if item)})" if items else ""
        if words.next and words.next != "AS":
            raise words.unexpected()
        return f"{name}{columns} {words.rest}".rstrip()

    def column(self) -> str:
        """Raises StatementError."""
        words = self._words
        name = words.name()
        self._columns.add(_folded(name))
        written, kind = self._type()
        column = [name, written]
        while words.next not in {"", ",", ")"}:
            column.append(self._attribute(name, kind))
        return " ".join(part for part in column if part)

    def _item(self) -> str:
        words = self._words
        if words.skip("CONSTRAINT"):
            words.name()
        if words.skip("LIKE"):
            return self._up_to_the_comma("LIKE")
        if words.skip("PRIMARY"):
            return self._up_to_the_comma("PRIMARY")
        if words.next in {"UNIQUE", "FOREIGN"}:
            self._up_to_the_comma("")
            return ""
        return self.column()

    def _attribute(self, name: str, kind: str) -> str:
        """One attribute or constraint of a column."""
        words = self._words
        attribute = words.take()
        if attribute == "ENCODE":
            _ENCODINGS(words)
        elif attribute == "DISTKEY":
            self._distributed_by.append(name)
        elif attribute == "CONSTRAINT":
            words.name()
        elif attribute == "REFERENCES":
            words.name()
            words.names()
        elif attribute == "COLLATE":
            if not words.skip("CASE_SENSITIVE"):
                raise NotSupportedError(f"COLLATE {words.take()}")
        elif attribute == "IDENTITY":
            return self._identity("ALWAYS", kind)
        elif attribute == "GENERATED":
            for word in ("BY", "DEFAULT", "AS", "IDENTITY"):
                words.expect(word)
            return self._identity("BY DEFAULT", kind)
        elif attribute == "DEFAULT":
            return f"DEFAULT {self._expression()}"
        elif attribute == "PRIMARY":
            words.expect("KEY")
            return "PRIMARY KEY"
        elif attribute == "NOT":
            words.expect("NULL")
            return "NOT NULL"
        elif attribute == "NULL":
            return "NULL"
        elif attribute not in {"SORTKEY", "UNIQUE"}:
            raise StatementError(f'syntax error at or near "{attribute}"')
        return ""

    def _identity(self, generated: str, kind: str) -> str:
        """IDENTITY [(seed, step)]. A value may be anything that the type can hold."""
        if kind not in _RANGES:
            raise StatementError(f"an IDENTITY column is an INT or a BIGINT, not {kind}")
        seed = step = "1"
        if self._words.skip("("):
            seed = self._signed()
            self._words.expect(",")
            step = self._signed()
            self._words.expect(")")
        limit = _RANGES[kind]
        return (
            f"GENERATED {generated} AS IDENTITY (START WITH {seed} INCREMENT BY {step} "
            f"MINVALUE {-limit} MAXVALUE {limit - 1})"
        )

    def _signed(self) -> str:
        return ("-" if self._words.skip("-") else "") + self._words.number()

    def _type(self) -> tuple[str, str]:
        """A type for PostgreSQL, and its name in upper case; both empty if there is none."""
        words = self._words
        written = self._expression(types=True)
        match = re.fullmatch(r"([A-Za-z_0-9 ]*?) ?(?:\( (.*) \)(.*))?", written, re.DOTALL)
        if match is None:
            return written, ""
        name, size, rest = re.sub("^NATIONAL ", "N", match[1].upper()), match[2], match[3] or ""
        name = {"NCHARACTER": "NCHAR", "NCHARACTER VARYING": "NVARCHAR", "CHAR VARYING": "VARCHAR"}.get(
            name, name
        )
        if name in _OWN_TYPES:
            raise NotSupportedError(f"The type {name}")
        if not name and words.next not in {"", ",", ")"}:
            raise words.unexpected()
        if size is None:
            return _TYPES.get(name, written), name
        if size.upper() == "MAX" and name in _LONGEST:
            size = str(_LONGEST[name])
        return f"{_SIZED.get(name, name)}({size}){rest}", name

    def _expression(self, *, types: bool = False) -> str:
        """The text up to the next attribute, comma or closing parenthesis."""
        words, depth = self._words, 0
        found: list[str] = []
        while words.next and (depth or words.next not in {",", ")"}):
            if depth == 0 and (found or types) and words.next in _ATTRIBUTES:
                break
            depth += (words.next == "(") - (words.next == ")")
            found.append(words.copy())
        return " ".join(found)

    def _up_to_the_comma(self, first: str) -> str:
        words, found, depth = self._words, [first], 0
        while words.next and (depth or words.next not in {",", ")"}):
            depth += (words.next == "(") - (words.next == ")")
            found.append(words.copy())
        return " ".join(found)

    def _attributes(self) -> None:
        """The attributes after the columns. Raises StatementError for those that exclude each other."""
        words = self._words
        seen: set[str] = set()
        while words.next in {
            "BACKUP",
            "COMPOUND",
            "DISTKEY",
            "DISTSTYLE",
            "ENCODE",
            "INTERLEAVED",
            "SORTKEY",
        }:
            attribute = words.take()
            if attribute in {"COMPOUND", "INTERLEAVED"}:
                words.expect("SORTKEY")
                attribute = "SORTKEY"
            if attribute in seen:
                raise StatementError(f"{attribute} is there twice")
            seen.add(attribute)
            if attribute == "BACKUP":
                one_of("YES", "NO")(words)
            elif attribute == "DISTSTYLE":
                self._style = one_of("AUTO", "EVEN", "KEY", "ALL")(words)
            elif attribute == "ENCODE":
                words.expect("AUTO")
            elif attribute == "DISTKEY" or not words.skip("AUTO"):
                self._key(attribute)
        if len(self._distributed_by) > 1:
            raise StatementError("a table has one DISTKEY column")
        if self._style == "KEY" and not self._distributed_by:
            raise StatementError("DISTSTYLE KEY needs a DISTKEY column")
        if self._distributed_by and self._style not in {"", "KEY"}:
            raise StatementError(f"DISTKEY cannot be used with DISTSTYLE {self._style}")

    def _key(self, attribute: str) -> None:
        words = self._words
        if words.next != "(":
            raise words.unexpected()
        names = words.names()
        if attribute == "DISTKEY":
            self._distributed_by += names
        for name in names:
            if self._columns and _folded(name) not in self._columns:
                raise StatementError(f'column "{_folded(name)}" named in {attribute} does not exist')


def _folded(name: str) -> str:
    return name[1:-1].lower() if name.startswith('"') else name.lower()
