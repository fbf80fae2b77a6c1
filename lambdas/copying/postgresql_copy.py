"""COPY TO STDOUT: reads the rows from the wire in large pieces.

The server sends each row as a message, and the driver reads each message by two calls. That alone takes twice
as long as the server needs to write the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedReader, BufferedRWPair
from struct import unpack
from typing import Any

from pg8000.core import (
    COPY_DATA,
    COPY_OUT_RESPONSE,
    READY_FOR_QUERY,
    Context,
)
from pg8000.exceptions import InterfaceError
from pg8000.native import Connection

from copying.copy_messages import HEADER, end_of_message, end_of_rows
from sql.postgresql import session_ended

_LOST = "network error"
"""The driver's own message, by which the end of a connection is known."""
_PIECE_BYTES = 256 * 1024


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
            kind, body, _ = self._message(self._exactly(HEADER.size))
            if kind == COPY_OUT_RESPONSE:
                _format, columns = unpack("!bH", body[:3])
                return int(columns)
            if self._is_last(kind, body):
                raise InterfaceError("COPY gave no rows.")

    def messages(self, end_of_rows: Callable[[bytes], int] = end_of_rows) -> Iterator[bytes]:
        """The rows as messages, whole ones: a few thousand at a time.

        ``end_of_rows`` finds where the last whole one ends in the given data; 0 if there is none.
        """
        data = b""
        while True:
            data = data or self._more()
            data += self._exactly(HEADER.size - len(data))
            if data.startswith(COPY_DATA):
                end = end_of_rows(data)
                if not end:
                    end = end_of_message(data)
                    data += self._exactly(end - len(data))
                yield data[:end]
                data = data[end:]
                continue
            kind, body, data = self._message(data)
            if self._is_last(kind, body):
                return

    def _message(self, data: bytes) -> tuple[bytes, bytes, bytes]:
        """The message whose header the data begins with: its type, its body, and the data after it."""
        kind, length = HEADER.unpack_from(data)
        data += self._exactly(1 + length - len(data))
        return kind, data[HEADER.size : 1 + length], data[1 + length :]

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
        raise self._lost()

    def _exactly(self, size: int) -> bytes:
        """As many bytes, or none if ``size`` is not positive."""
        data = self._file.read(size) if size > 0 else b""
        if len(data) < size:
            raise self._lost()
        return data

    def _lost(self) -> Exception:
        error = self._context.error
        return session_ended(error) if error else InterfaceError(_LOST)
