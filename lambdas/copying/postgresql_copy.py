"""COPY TO STDOUT: reads the rows from the wire in large pieces.

The server sends each row as a message, and the driver reads each message by two calls. That alone takes twice
as long as the server needs to write the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader, BufferedRWPair
from struct import Struct, unpack
from typing import Any

from pg8000.core import (
    COPY_DATA,
    COPY_DONE,
    COPY_OUT_RESPONSE,
    ERROR_RESPONSE,
    READY_FOR_QUERY,
    Context,
)
from pg8000.exceptions import InterfaceError
from pg8000.native import Connection

_HEADER = Struct("!cI")
"""A message's type, and its length with these four bytes (PostgreSQL documentation, "Message Formats")."""
_LENGTH_BYTES = 4
_LOST = "network error"
"""The driver's own message, by which the end of a connection is known."""
_PIECE_BYTES = 256 * 1024
_NEXT = re.compile(rb"\nd(....)", re.DOTALL)
"""The end of a row, and the header of the next. A row has no other line feed (COPY, "Text Format")."""


class CopyOut:
    """A COPY TO STDOUT. Its methods raise what the driver raises."""

    def __init__(self, driver: Connection, file: BufferedReader | BufferedRWPair) -> None:
        self._driver = driver
        self._file = file
        self._context: Any = None

    def begin(self, statement: str) -> int:
        """Send the statement. Returns the number of columns, once the server has begun with the rows.

        After a DatabaseError, the session is ready for another statement.
        """
        self._context = Context(statement)
        self._driver.send_QUERY(statement)
        self._file.flush()
        while True:
            kind, body, _ = self._message(self._exactly(_HEADER.size))
            if kind == COPY_OUT_RESPONSE:
                _format, columns = unpack("!bH", body[:3])
                return int(columns)
            if self._is_last(kind, body):
                raise InterfaceError("COPY gave no rows.")

    def rows(self) -> Iterator[tuple[bytes, int]]:
        """The rows in bulk text, and how many they are: a few thousand at a time."""
        data = b""
        while True:
            data = data or self._more()
            data += self._exactly(_HEADER.size - len(data))
            if data.startswith(COPY_DATA):
                text, records, data = self._rows(data)
                if not text.isascii():
                    text.decode()  # Databases in SQL_ASCII have text that is not UTF-8.
                yield text, records
                continue
            kind, body, data = self._message(data)
            if self._is_last(kind, body):
                return

    def _rows(self, data: bytes) -> tuple[bytes, int, bytes]:
        """The rows at the beginning of the data, their number, and the data after them."""
        _kind, length = _HEADER.unpack_from(data)
        texts = _NEXT.split(data[_HEADER.size :])
        lengths = [length, *unpack(f"!{len(texts) // 2}I", b"".join(texts[1::2]))]
        *texts, last = texts[::2]
        # Without the bytes of each length, and with a line feed for each text.
        if sum(lengths[:-1]) - _LENGTH_BYTES * len(texts) != sum(map(len, texts)) + len(texts):
            return self._one_by_one(data)
        size = lengths[-1] - _LENGTH_BYTES
        last += self._exactly(size - len(last))
        return b"\n".join([*texts, last[:size]]), len(lengths), last[size:]

    def _one_by_one(self, data: bytes) -> tuple[bytes, int, bytes]:
        """The same if other messages are among the rows, such as notices."""
        texts: list[bytes] = []
        at = 0
        while len(data) - at >= _HEADER.size:
            kind, length = _HEADER.unpack_from(data, at)
            if kind in {COPY_DONE, ERROR_RESPONSE}:
                break
            end = at + 1 + length
            data += self._exactly(end - len(data))
            body = data[at + _HEADER.size : end]
            if kind == COPY_DATA:
                texts.append(body)
            else:
                self._is_last(kind, body)
            at = end
        return b"".join(texts), len(texts), data[at:]

    def _message(self, data: bytes) -> tuple[bytes, bytes, bytes]:
        """The message whose header the data begins with: its type, its body, and the data after it."""
        kind, length = _HEADER.unpack_from(data)
        data += self._exactly(1 + length - len(data))
        return kind, data[_HEADER.size : 1 + length], data[1 + length :]

    def _is_last(self, kind: bytes, body: bytes) -> bool:
        """Hand a message to the driver. Returns whether the server is ready for another statement."""
        self._driver.message_types[kind](body, self._context)
        if kind != READY_FOR_QUERY:
            return False
        if self._context.error is not None:
            raise self._context.error
        return True

    def _more(self) -> bytes:
        if data := self._file.read1(_PIECE_BYTES):
            return data
        raise InterfaceError(_LOST)

    def _exactly(self, size: int) -> bytes:
        """As many bytes, or none if ``size`` is not positive."""
        data = self._file.read(size) if size > 0 else b""
        if len(data) < size:
            raise InterfaceError(_LOST)
        return data
