"""Loads blocks into a table of MySQL by LOAD DATA, as long as that does the same as INSERT.

With LOCAL, the server skips what it cannot store, or stores something else, and gives a warning. INSERT is
strict. So after a warning or an error, the rows of a chunk are taken back, and have to be inserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import ER

from copying.blocks import Block
from copying.mysql_local_infile import load
from copying.mysql_values import Column
from copying.tables import refused
from data_formats.bulk_text import BulkText
from sql.mysql import number_and_text
from sql.names import MYSQL_QUOTE, bare, parts, quoted
from sql.wire import PlainWire, TlsWire

_VARIABLES = "SHOW VARIABLES WHERE Variable_name IN ('local_infile', 'wsrep_on')"
"""Some versions of Galera commit while they load (wsrep_load_data_splitting)."""
_ENGINE = (
    "SELECT engine FROM information_schema.tables WHERE table_schema = coalesce(%s, database()) "
    "AND table_name = %s"
)
_CLIENT_ERRORS = range(2000, 3000)
"""The driver's own error numbers (pymysql.constants.CR). After these, the connection cannot be used."""
_MOST_GROWTH = 4
"""An empty value takes one byte in bulk text, and ``'', `` in a statement. Escapes take less."""
_CHUNK_BYTES = 8 * 1024 * 1024
_NOT_TAKEN_BACK = (
    "its trigger has written to a table without transactions, such as MyISAM, where rows that could not be "
    "loaded cannot be taken back. Write an insertQuery."
)


@dataclass(frozen=True)
class TableLoad:
    """A load into columns of a table. Its methods raise errors of the driver."""

    driver: pymysql.Connection[Any]
    wire: PlainWire | TlsWire
    table: str
    columns: Sequence[Column]
    form: BulkText
    packet_bytes: int

    @classmethod
    def of(
        cls,
        driver: pymysql.Connection[Any],
        wire: PlainWire | TlsWire,
        table: str,
        names: Sequence[str],
        form: BulkText,
    ) -> TableLoad | None:
        """None if the rows have to be inserted. Without names, the columns are those of the table."""
        try:
            columns = columns_of(driver, table) if _takes_back(driver, table) else []
        except pymysql.MySQLError:  # The statement itself gives a better error.
            return None
        known = {column.name.lower(): column for column in columns}
        listed = [column for column in columns if column.listed]
        found = [known[bare(name).lower()] for name in names if bare(name).lower() in known]
        found = found if names else listed
        if not found or (names and len(found) != len(names)) or not is_loadable(found, with_nulls=False):
            return None
        return cls(driver, wire, table, found, form, max_packet(driver))

    def take(self, texts: Sequence[bytes], records: int) -> bool:
        """Load a chunk. Returns False if nothing of it is in the table, and its rows have to be inserted.

        Raises TaskFailed if something of it stays.
        """
        if not is_loadable(self.columns, with_nulls=any(b"\\" in text and rb"\N" in text for text in texts)):
            return False
        if _MOST_GROWTH * max(map(len, texts)) > self.packet_bytes:  # A record may be too long for INSERT.
            return False
        self._execute("SAVEPOINT loaded")
        failure: Exception | None = None
        names = [quoted(column.name, MYSQL_QUOTE) for column in self.columns]
        try:
            if load(self.wire, self.table, names, self.form, texts) == records:
                return True
        except pymysql.MySQLError as error:
            if number_and_text(error)[0] in _CLIENT_ERRORS:
                raise
            failure = error
        self._take_back(failure)
        return False

    def _take_back(self, failure: Exception | None) -> None:
        try:
            self._execute("ROLLBACK TO SAVEPOINT loaded")
        except pymysql.MySQLError as error:  # After a deadlock, all is rolled back.
            raise failure or error from error
        warnings = self.driver.show_warnings()  # type: ignore[no-untyped-call]
        if any(number == ER.WARNING_NOT_COMPLETE_ROLLBACK for _level, number, _text in warnings):
            raise refused(_NOT_TAKEN_BACK)

    def _execute(self, statement: str) -> None:
        with self.driver.cursor() as cursor:
            cursor.execute(statement)


def is_loadable(columns: Sequence[Column], *, with_nulls: bool = True) -> bool:
    """Whether LOAD DATA stores the same values in these columns as INSERT, or gives a warning.

    It would store the bytes of a text in a BIT, ignore values for generated columns, and store the time for
    NULL in a TIMESTAMP that is not nullable.
    """
    return not any(
        column.type.lower().startswith("bit")
        or column.is_generated
        or (with_nulls and column.type.lower().startswith("timestamp") and not column.is_nullable)
        for column in columns
    )


def chunks(texts: Iterable[tuple[bytes, Block]]) -> Iterator[list[tuple[bytes, Block]]]:
    """Blocks for one LOAD DATA, which are in memory until it is done."""
    chunk: list[tuple[bytes, Block]] = []
    size = 0
    for text, block in texts:
        chunk.append((text, block))
        size += len(text)
        if size >= _CHUNK_BYTES:
            yield chunk
            chunk = []
            size = 0
    if chunk:
        yield chunk


def max_packet(driver: pymysql.Connection[Any]) -> int:
    """The longest statement that the server takes, in bytes."""
    with driver.cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        return int(cursor.fetchall()[0][0])


def columns_of(driver: pymysql.Connection[Any], table: str) -> list[Column]:
    """The columns of a table, whose name is SQL."""
    with driver.cursor() as cursor:
        cursor.execute(f"SHOW COLUMNS FROM {table}")
        return [_column(*described) for described in cursor.fetchall()]


def _column(name: str, kind: str, nullable: str, _key: str, _default: str | None, extra: str) -> Column:
    """A row of SHOW COLUMNS."""
    words = set(extra.upper().split())
    return Column(
        name,
        kind,
        listed="INVISIBLE" not in words,
        is_generated=not words.isdisjoint({"VIRTUAL", "STORED", "PERSISTENT"}),
        is_nullable=nullable.upper() == "YES",
    )


def _takes_back(driver: pymysql.Connection[Any], table: str) -> bool:
    """Whether the server takes rows of LOAD DATA LOCAL, and can take them back."""
    *schema, name = parts(table, MYSQL_QUOTE) or [table]
    with driver.cursor() as cursor:
        cursor.execute(_VARIABLES)
        found = {str(variable).lower(): str(value).upper() for variable, value in cursor.fetchall()}
        if found.get("local_infile") != "ON" or found.get("wsrep_on", "OFF") != "OFF":
            return False
        cursor.execute(_ENGINE, (schema[0] if schema else None, name))
        return list(cursor.fetchall()) == [("InnoDB",)]
