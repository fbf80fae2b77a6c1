"""Rows in CopyData messages: where they end, whatever else the server sends between them."""

from __future__ import annotations

import io
from struct import pack
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pg8000.core import READY_FOR_QUERY
from pg8000.exceptions import InterfaceError

from copying.blocks import TABS
from copying.copy_messages import MessageBlock, end_of_messages, end_of_rows, text_of
from copying.postgresql_copy import CopyOut

ROWS = st.lists(
    st.text(st.sampled_from("abcdNSAEZ\t\\é"), max_size=8).map(lambda text: f"{text}\n".encode()), max_size=30
)
OTHERS = [(b"N", b"SNOTICE\0\0"), (b"S", b"TimeZone\0UTC\0"), (b"A", b"\0\0\0\1channel\0\0")]
LOOKS_LIKE_ONE_TOO = 0x010A6400
LOOKS_LIKE_A_ROW = 0x0A6400
"""A length whose bytes are those of a line feed, a d and a zero."""


def message(kind: bytes, body: bytes) -> bytes:
    return kind + pack("!I", len(body) + 4) + body


class Driver:
    """As much of pg8000's connection as reads messages."""

    def __init__(self) -> None:
        self.other: list[bytes] = []
        self.message_types: dict[bytes, Any] = dict.fromkeys(
            (b"N", b"S", b"A", b"c", b"C"), lambda body, _context: self.other.append(body)
        )
        self.message_types[READY_FOR_QUERY] = lambda _body, _context: None


class Pieces(io.RawIOBase):
    """A connection that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._data[: min(len(buffer), self._size)]
        self._data = self._data[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


class Context:
    error = None


def copy_out(sent: bytes, size: int, buffer: int = 64) -> tuple[CopyOut, Driver]:
    driver = Driver()
    result = CopyOut(driver, io.BufferedReader(Pieces(sent, size), buffer))
    result._context = Context()
    return result, driver


END = message(b"c", b"") + message(b"C", b"COPY 1\0") + message(READY_FOR_QUERY, b"T")


@given(
    rows=ROWS,
    between=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(OTHERS)), max_size=4),
    size=st.integers(1, 90),
)
@example(rows=[b"a\n", b"b\n"], between=[(1, OTHERS[0]), (1, OTHERS[1])], size=90)
@example(rows=[b"a" * (LOOKS_LIKE_A_ROW - 5) + b"\n", b"d\n"], between=[], size=1 << 20)
@example(rows=[b"b\n", b"a" * (LOOKS_LIKE_A_ROW - 5) + b"\n", b"d\n"], between=[], size=1 << 20)
@example(rows=[b"b\n", b"a" * (LOOKS_LIKE_A_ROW - 5) + b"\n", b"d\n"], between=[], size=700_000)
def test_each_row_arrives_once_whatever_is_between(
    rows: list[bytes], between: list[tuple[int, tuple[bytes, bytes]]], size: int
) -> None:
    sent = [message(b"d", row) for row in rows]
    others: list[bytes] = []
    for place, (kind, body) in sorted(between, key=lambda item: item[0], reverse=True):
        sent.insert(min(place, len(rows)), message(kind, body))
        others.append(body)
    result, driver = copy_out(b"".join(sent) + END, size, buffer=max(64, size))
    found = list(result.messages())
    assert b"".join(found) == b"".join(message(b"d", row) for row in rows)
    texts = [text_of(messages) for messages in found]
    assert b"".join(text for text, _ in texts) == b"".join(rows)
    assert sum(count for _, count in texts) == len(rows)
    assert sorted(driver.other[: -2 or None]) == sorted(others)


@given(
    rows=st.lists(st.binary(max_size=12), max_size=30),
    between=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(OTHERS)), max_size=4),
    size=st.integers(1, 90),
)
@example(rows=[b"d\0\0\0\4"] * 3, between=[(1, OTHERS[0])], size=9)
def test_rows_in_binary_arrive_as_they_were(
    rows: list[bytes], between: list[tuple[int, tuple[bytes, bytes]]], size: int
) -> None:
    sent = [message(b"d", row) for row in rows]
    others = [body for _, (_, body) in between]
    for place, (kind, body) in between:
        sent.insert(min(place, len(sent)), message(kind, body))
    result, driver = copy_out(b"".join(sent) + END, size, buffer=max(64, size))
    found = list(result.messages(end_of_messages))
    assert b"".join(found) == b"".join(message(b"d", row) for row in rows)
    assert sorted(driver.other[: -2 or None]) == sorted(others)


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_connection_that_ends_is_an_error(cut: int) -> None:
    sent = message(b"d", b"first\n") + message(b"d", b"second\n")
    result, _ = copy_out(sent[:-cut], 1000)
    with pytest.raises(InterfaceError):
        list(result.messages())


def test_a_row_that_has_not_arrived_is_no_row() -> None:
    row = message(b"d", b"abc\n")
    for cut in range(5, len(row)):
        assert end_of_rows(row[:cut]) == 0
        assert end_of_rows(row + row[:cut]) == len(row)


def test_a_length_that_looks_like_the_beginning_of_a_row_is_none() -> None:
    long = message(b"d", b"a" * (LOOKS_LIKE_A_ROW - 5) + b"\n")
    assert text_of(long + message(b"d", b"b\n")) == (long[5:] + b"b\n", 2)
    # The first is taken by itself; the next call sees the second as the first.
    assert end_of_rows(message(b"d", b"b\n") + long[:1000]) == len(message(b"d", b"b\n"))


def test_a_length_of_more_than_16_megabytes_may_look_like_it_too() -> None:
    first = message(b"d", b"b\n")
    header = b"d" + pack("!I", LOOKS_LIKE_ONE_TOO)
    assert end_of_rows(first + header + b"a" * 1000) == len(first)
    assert end_of_rows(first + first + header) in {len(first), 2 * len(first)}


def test_an_error_whose_text_looks_like_the_end_of_a_row_is_none() -> None:
    sent = message(b"d", b"first\n") + message(b"d", b"second\n") + message(b"E", b"SERROR\0Mx\nd\0\0")
    result, driver = copy_out(sent + message(READY_FOR_QUERY, b"E"), 1000)
    driver.message_types[b"E"] = lambda body, _context: driver.other.append(body)
    assert b"".join(result.messages()) == sent[: sent.index(b"E\0")]
    assert driver.other == [b"SERROR\0Mx\nd\0\0"]


def test_text_that_is_no_utf_8_goes_from_server_to_server_but_into_no_file() -> None:
    block = MessageBlock(message(b"d", b"\xff\n"), 1, TABS)
    assert block.messages.endswith(b"\xff\n")
    with pytest.raises(UnicodeDecodeError):
        block.text(1)
