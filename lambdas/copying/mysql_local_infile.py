"""LOAD DATA LOCAL INFILE, from bytes in memory and never from a file.

The statement makes the server ask the client for a file. A server may ask for any file, after any statement
(MySQL reference manual, "Security Considerations for LOAD DATA LOCAL"). So the driver refuses all of these
requests, and this module answers the one to its own statement, with the bytes that it has.
"""

from __future__ import annotations

import secrets
import select
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader, BufferedRWPair

import pymysql.err
from pymysql.constants import COMMAND, CR
from pymysql.protocol import MysqlPacket, OKPacketWrapper

from data_formats.bulk_text import BulkText
from sql.wire import PlainWire, TlsWire

_PACKET_BYTES = 64 * 1024
"""A server's max_allowed_packet is 1 MB or more, unless someone has lowered it."""


def load(
    wire: PlainWire | TlsWire, table: str, names: Iterable[str], form: BulkText, texts: Sequence[bytes]
) -> int | None:
    """Load rows in bulk text. Returns how many, or None if the server had a warning.

    ``table`` and ``names`` are SQL. The driver has to be between two statements, and has to have said that it
    can send files (LOCAL_FILES). Raises its errors, also if the server asks for another file.
    """
    name = f"rows-{secrets.token_hex(16)}"
    statement = (
        f"LOAD DATA LOCAL INFILE '{name}' INTO TABLE {table} CHARACTER SET utf8mb4 "
        f"FIELDS TERMINATED BY x'{form.separator.hex()}' ENCLOSED BY '' ESCAPED BY x'5c' "
        f"LINES STARTING BY '' TERMINATED BY x'0a' ({', '.join(names)})"
    )
    wire.sendall(_packet(0, bytes([COMMAND.COM_QUERY]) + statement.encode()))
    number, answer = _answer(wire.file)
    if not answer.is_load_local_packet():
        answer.check_error()
        raise _out_of_sync("it does not ask for the rows")
    asked = answer.get_all_data()[1:]  # type: ignore[no-untyped-call]
    if asked != name.encode():
        raise _out_of_sync("it asks for another file than that of the statement")
    for piece in _pieces(texts):
        # An answer before the end is an error, or the end of the session. Nobody may read the rest.
        if select.select([wire], [wire], [])[0]:
            break
        number += 1
        wire.sendall(_packet(number, piece))
    wire.sendall(_packet(number + 1, b""))
    _, answer = _answer(wire.file)
    answer.check_error()
    result = OKPacketWrapper(answer)
    return None if result.warning_count else int(result.affected_rows)


def _pieces(texts: Sequence[bytes]) -> Iterator[memoryview]:
    for text in texts:
        for start in range(0, len(text), _PACKET_BYTES):
            yield memoryview(text)[start : start + _PACKET_BYTES]


def _packet(number: int, payload: bytes | memoryview) -> bytes:
    """MySQL documentation, "MySQL Packets"."""
    return b"".join([len(payload).to_bytes(3, "little"), bytes([number % 256]), payload])


def _answer(file: BufferedReader | BufferedRWPair) -> tuple[int, MysqlPacket]:
    """A packet's number, and the packet."""
    header = file.read(4)
    size = int.from_bytes(header[:3], "little")
    data = file.read(size)
    if len(header) < 4 or len(data) < size or not size:
        raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query")
    return header[3], MysqlPacket(data, "utf8")


def _out_of_sync(problem: str) -> pymysql.err.OperationalError:
    """After this, the connection cannot be used."""
    return pymysql.err.OperationalError(CR.CR_SERVER_LOST, f"the server does not take the rows: {problem}")
