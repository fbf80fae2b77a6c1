"""The end of a step's stderr, as EMR copies it: compressed, long, late or early."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import pytest

from emr.log_end import last_lines


def test_the_last_lines_of_a_long_log_are_read_in_bounded_memory() -> None:
    text = b"".join(b"line %d of a log without end\n" % number for number in range(1_000_000))
    body = io.BytesIO(gzip.compress(text + "Grüße\n\n".encode(), 1))
    assert len(text) > 30_000_000
    tracemalloc.start()
    found = last_lines(body, 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == ["line 999999 of a log without end", "Grüße"]
    assert peak < 4 * 1024 * 1024


def test_a_log_that_was_written_in_parts_or_has_no_line_end() -> None:
    parts = gzip.compress(b"a\nb\n") + gzip.compress(b"c" * 300_000) + gzip.compress(b"\nd")
    assert last_lines(io.BytesIO(parts), 2) == ["c" * (64 * 1024 - 2), "d"]
    assert last_lines(io.BytesIO(gzip.compress(b"")), 2) == []
    assert last_lines(io.BytesIO(gzip.compress(b"only\n")[:-9]), 2) == ["only"], "as far as it was copied"


def test_a_log_that_is_too_long_to_be_read_is_cut_and_says_so() -> None:
    body = io.BytesIO(gzip.compress(b"a line\n" * 200_000))
    assert last_lines(body, 1, most=1_000_000) == ["(The log goes on.)"]


def test_what_is_not_compressed_is_told() -> None:
    with pytest.raises(zlib.error):
        last_lines(io.BytesIO(b"plain text"), 2)
