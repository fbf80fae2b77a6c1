"""The rows of a MySQL query as bulk text, from the wire in large pieces.

The driver reads a row by two calls, and each value by three. Here the lengths before the values become marks,
in place, and a few calls make bulk text of all rows at once.

MySQL documentation, "Client/Server Protocol": Text Resultset, Protocol::LengthEncodedInteger, OK_Packet.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, BufferedRWPair

import pymysql.err
from pymysql.constants import CR, SERVER_STATUS
from pymysql.protocol import EOFPacketWrapper, MysqlPacket, OKPacketWrapper

from data_formats.bulk_text import BulkText

_HEADER_BYTES = 4
"""Three for the length, and a number."""
_LARGEST = 0xFFFFFF
"""The length of a packet that goes on in the next."""
_ENDS_OR_GOES_ON = {*range(1, 9), _LARGEST}
"""The lengths of what is no row, or not all of it, if it begins with the byte for a long value."""
_PIECE_BYTES = 256 * 1024
_LONGEST = 250
"""The longest value whose length is one byte. Then come NULL, and 2, 3 and 8 bytes of length."""
_NULL, _TWO, _THREE, _EIGHT, _ERROR = range(251, 256)
_LENGTH_BYTES = {_TWO: 2, _THREE: 3, _EIGHT: 8}

_FIRST_NULL, _OTHER_NULL, _ROW, _VALUE, _NOTHING = range(0xFB, 0x100)
"""Marks: NULL as the first value of a row, or after others; what a row and a value begin with; nothing.

UTF-8 does not have these bytes (RFC 3629).
"""
_BEGIN = bytes([_ROW, *[_NOTHING] * _HEADER_BYTES])
_BEGIN_WITH_NULL = bytes([_ROW, *[_NOTHING] * (_HEADER_BYTES - 1), _FIRST_NULL])
_NO_MARKS = bytes(range(_FIRST_NULL))


class QueryRows:
    """The rows that follow the columns of a result. Its methods raise errors of the driver."""

    def __init__(self, file: BufferedReader | BufferedRWPair, columns: int, form: BulkText) -> None:
        self._file = file
        self._columns = columns
        self._form = form
        self._marks = bytes.maketrans(bytes([_ROW, _VALUE]), b"\n" + form.separator)
        self._status = 0
        self._rest = b""

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """The rows in bulk text, and how many they are: a few thousand at a time."""
        data = b""
        while not self._is_end(data := self._completed(data)):
            text, records, data = self._taken(data + self._more())
            if not records:
                raise _malformed("a row that has not its columns")
            yield text, records

    def are_several(self) -> bool:
        """Whether the rows of another query follow, after a procedure's."""
        while self._status & SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS:
            packet = self._packet(self._completed(self._rest))
            packet.check_error()
            if not packet.is_ok_packet():
                return True
            self._status = OKPacketWrapper(packet).server_status
        return False

    def _taken(self, data: bytes) -> tuple[bytes, int, bytes]:
        """The complete rows at the beginning of the data, their number, and the data after them."""
        marked = bytearray(data)
        size = len(data)
        others = range(self._columns - 1)
        records = begin = extra = marks = 0
        # This loop takes most of the time, and local names are faster.
        header, longest, value, begins = _HEADER_BYTES, _LONGEST, _VALUE, _BEGIN
        try:
            while True:
                at = begin + header
                length = data[at]
                if length <= longest:
                    marked[begin : at + 1] = begins
                    at += 1 + length
                elif length == _NULL:
                    marked[begin : at + 1] = _BEGIN_WITH_NULL
                    at += 1
                else:
                    if length == _ERROR or _length(data, begin) in _ENDS_OR_GOES_ON:
                        break
                    marked[begin : at + 1] = begins
                    extra = _LENGTH_BYTES[length]
                    at += 1 + _skipped(data, marked, at + 1, extra)
                for _ in others:
                    length = data[at]
                    if length <= longest:
                        marked[at] = value
                        at += 1 + length
                    elif length == _NULL:
                        marked[at] = _OTHER_NULL
                        at += 1
                    elif _length(data, begin) == _LARGEST:
                        break
                    else:
                        marked[at] = value
                        extra += _LENGTH_BYTES[length]
                        at += 1 + _skipped(data, marked, at + 1, _LENGTH_BYTES[length])
                else:
                    if at <= size:
                        begin = at
                        records += 1
                        marks += extra
                        extra = 0
                        continue
                break
        except IndexError:  # The last row is incomplete.
            pass
        marks += records * (_HEADER_BYTES + self._columns)
        return self._text(bytes(marked[:begin]), marks), records, data[begin:]

    def _text(self, marked: bytes, marks: int) -> bytes:
        """Bulk text for rows with so many marks."""
        if len(marked.translate(None, _NO_MARKS)) != marks:
            raise _malformed("text that is not UTF-8")
        separator = self._form.separator
        if b"\\" in marked:
            marked = marked.replace(b"\\", rb"\\")
        marked = marked.replace(separator, b"\\" + separator).replace(b"\n", rb"\n").replace(b"\r", rb"\r")
        marked = marked.replace(bytes([_OTHER_NULL]), bytes([_VALUE]) + rb"\N")
        marked = marked.replace(bytes([_FIRST_NULL]), rb"\N")
        text = marked.translate(self._marks, bytes([_NOTHING]))
        if not text.isascii():
            text.decode()
        return text[1:] + b"\n"

    def _completed(self, data: bytes) -> bytes:
        """The data, with the rest of the packet that it begins with.

        A row of several packets becomes one, with 0 for its length.
        """
        data += self._exactly(_HEADER_BYTES - len(data))
        length = _length(data, 0)
        data += self._exactly(_HEADER_BYTES + length - len(data))
        if length < _LARGEST:
            return data
        pieces = [data[_HEADER_BYTES:]]
        while length == _LARGEST:
            length = _length(self._exactly(_HEADER_BYTES), 0)
            pieces.append(self._exactly(length))
        return b"".join([bytes(_HEADER_BYTES), *pieces])

    def _is_end(self, data: bytes) -> bool:
        """Whether the first packet ends the result. Raises the server's error."""
        packet = self._packet(data)
        packet.check_error()
        if not packet.is_eof_packet():
            return False
        self._status = EOFPacketWrapper(packet).server_status
        return True

    def _packet(self, data: bytes) -> MysqlPacket:
        """The first packet of the data. What follows it is kept."""
        end = _HEADER_BYTES + (_length(data, 0) or len(data))
        self._rest = data[end:]
        return MysqlPacket(data[_HEADER_BYTES:end], "utf8")

    def _more(self) -> bytes:
        if data := self._file.read1(_PIECE_BYTES):
            return data
        raise _lost()

    def _exactly(self, size: int) -> bytes:
        """As many bytes, or none if ``size`` is not positive."""
        data = self._file.read(size) if size > 0 else b""
        if len(data) < size:
            raise _lost()
        return data


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _skipped(data: bytes, marked: bytearray, at: int, size: int) -> int:
    """Mark the length of a long value as nothing. Returns how long it is with its value."""
    end = at + size
    if end > len(data):
        raise IndexError
    marked[at:end] = bytes([_NOTHING]) * size
    return size + int.from_bytes(data[at:end], "little")


def _lost() -> pymysql.err.OperationalError:
    return pymysql.err.OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query")


def _malformed(what: str) -> pymysql.err.DataError:
    return pymysql.err.DataError(CR.CR_MALFORMED_PACKET, f"the server sent {what}")
