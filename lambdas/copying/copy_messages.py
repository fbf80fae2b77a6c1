"""Rows as PostgreSQL sends them: CopyData messages of one row each.

COPY FROM takes the same messages, so a copy from table to table need not look into them.

PostgreSQL documentation, "Message Formats": a letter, then a length with its own four bytes. A row in COPY's
text format ends with a line feed, has no other, and no zero byte. So a zero byte is part of a length, or of a
message of another kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from struct import Struct, unpack

from copying.blocks import TextBlock, Unloaded
from data_formats.bulk_text import BulkText
from data_formats.data_format import Row

HEADER = Struct("!cI")
LENGTH_BYTES = 4
_ROW = b"\nd\0"
"""The end of a row, and what begins the header of another one with less than 16 MB."""
_NEXT = re.compile(rb"\nd(....)", re.DOTALL)
_BETWEEN = re.compile(rb"\n[^d]\0", re.DOTALL)
"""Notices, settings and notifications, which may come between rows ("Asynchronous Operations"), and an error.

Their text may look like the end of a row.
"""


def end_of_rows(data: bytes) -> int:
    """Where the last whole row of the data ends, whose first message is a row; 0 if there is no whole row.

    Ends sooner, after the first row, if that row is very long or messages of another kind follow.
    """
    first = end_of_message(data)
    if first > len(data):
        return 0
    last = data.rfind(_ROW, first - 1)
    # The bytes of a length, such as 681,984, 17,458,176 or 174,325,760, may look like the end of a row.
    if (
        last < first - 1
        or data[last - 1] == 0
        or b"\nd" in (data[last - 2 : last], data[last - 3 : last - 1])
    ):
        return first
    if _BETWEEN.search(data, first - 1):
        return first
    begin = last + 1
    if begin + HEADER.size > len(data):
        return begin
    end = end_of_message(data, begin)
    return end if end <= len(data) else begin


def end_of_message(data: bytes, begin: int = 0) -> int:
    """Where the message ends whose header begins there. The data may have less of it."""
    length: int = HEADER.unpack_from(data, begin)[1]
    return begin + 1 + length


def end_of_messages(data: bytes) -> int:
    """The same for rows in another format, in which any byte may be anywhere."""
    last = at = 0
    most = len(data) - HEADER.size
    unpack_from = HEADER.unpack_from
    while at <= most:
        kind, length = unpack_from(data, at)
        if kind != b"d":
            break
        last = at
        at += 1 + length
    return at if at <= len(data) else last


def text_of(messages: bytes) -> tuple[bytes, int]:
    """The rows of whole messages in bulk text, and how many they are."""
    _kind, length = HEADER.unpack_from(messages)
    texts = _NEXT.split(messages[HEADER.size :])
    lengths = [length, *unpack(f"!{len(texts) // 2}I", b"".join(texts[1::2]))]
    texts = texts[::2]
    # Without the bytes of each length, and with a line feed for each row but the last, which has its own.
    if sum(lengths) - LENGTH_BYTES * len(texts) != sum(map(len, texts)) + len(texts) - 1:
        return _one_by_one(messages)
    return b"\n".join(texts), len(texts)


def _one_by_one(messages: bytes) -> tuple[bytes, int]:
    """The same if a length looks like the beginning of a row."""
    texts = []
    at = 0
    while at < len(messages):
        end = end_of_message(messages, at)
        texts.append(messages[at + HEADER.size : end])
        at = end
    return b"".join(texts), len(texts)


@dataclass(frozen=True)
class MessageBlock(Unloaded):
    """Rows that a server has sent, which another one takes as they are."""

    messages: bytes
    columns: int
    form: BulkText

    @cached_property
    def unloaded(self) -> TextBlock:
        """See Unloaded. Raises UnicodeDecodeError."""
        text, records = text_of(self.messages)
        if not text.isascii():
            text.decode()  # Databases in SQL_ASCII have text that is not UTF-8.
        return TextBlock(text, self.columns, records, self.form)

    @property
    def records(self) -> int:
        """See Block."""
        return self.unloaded.records

    @property
    def size(self) -> int:
        """See Block."""
        return len(self.messages)

    def rows(self) -> Iterator[Row]:
        """See Block."""
        return self.unloaded.rows()

    def text(self, columns: int) -> bytes | None:
        """See Block."""
        return self.unloaded.text(columns)
