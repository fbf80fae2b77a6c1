"""Output sinks: lines with a limit, tails, and secrets that are split between two reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell import output
from shell.output import LineLog, Redactor, Tail, Tee


class Collected:
    def __init__(self) -> None:
        self.data = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.closed = True


def logged(*pieces: bytes) -> tuple[list[str], list[tuple[int, str]]]:
    lines: list[str] = []
    beyond: list[tuple[int, str]] = []
    log = LineLog(lines.append, lambda left_out, text: beyond.append((left_out, text)))
    for piece in pieces:
        log.write(piece)
    log.close()
    return lines, beyond


def test_lines_are_whole_however_they_come() -> None:
    assert logged(b"on", b"e\ntwo\r\n\nthr", b"ee") == (["one", "two", "", "three"], [])


def test_a_line_without_end_is_given_in_pieces() -> None:
    lines, _ = logged(*[b"x" * 10_000] * 10)
    assert "".join(lines) == "x" * 100_000
    assert max(map(len, lines)) <= output.MAX_LINE


@pytest.mark.parametrize("size", [1, 997, 10_000, 100_000])
@pytest.mark.parametrize("shift", range(4))
def test_a_piece_of_a_line_ends_with_a_character(size: int, shift: int) -> None:
    text = "x" * shift + "é😀日" * 8_000
    data = text.encode() + b"\n"
    lines, _ = logged(*(data[start : start + size] for start in range(0, len(data), size)))
    assert "".join(lines) == text
    assert max(len(line.encode()) for line in lines) <= output.MAX_LINE


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert logged(b"\xff\xfe ok\n")[0] == ["\ufffd\ufffd ok"]


def test_beyond_the_limit_the_last_lines_and_the_number_of_bytes_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "MAX_LOGGED_LINES", 3)
    lines, beyond = logged(b"1\n2\n3\n4\n5\n", b"6\n")
    assert lines == ["1", "2", "3"]
    assert beyond == [(6, "4\n5\n6")]


def test_the_tail_is_the_last_lines() -> None:
    tail = Tail()
    tail.write(b"".join(b"line %d\n" % number for number in range(10_000)))
    lines = tail.text().splitlines()
    assert lines[-1] == "line 9999"
    assert len(lines) == output.TAIL_LINES


@given(st.lists(st.binary(max_size=9)), st.sampled_from([["abc"], ["abc", "abcd"], ["x", "yx"], []]))
def test_no_secret_gets_through_wherever_the_stream_is_cut(pieces: list[bytes], secrets: list[str]) -> None:
    # Parts of the secrets themselves, so that matches occur.
    pieces = [*pieces, b"a", b"bc", b"d", *pieces, b"abcd", b"yx"]
    sink = Collected()
    redactor = Redactor(secrets, Tee(sink))
    for piece in pieces:
        redactor.write(piece)
    redactor.close()
    assert sink.closed
    assert not any(secret.encode() in sink.data for secret in secrets)
    if not secrets:
        assert sink.data == b"".join(pieces)
