"""Gzip and UTF-8, piece by piece."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copying.byte_streams import DataError, compressed, decoded, decompressed, joined


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=50), max_size=4), st.integers(min_value=1, max_value=30))
def test_a_gzip_file_of_several_members(members: list[bytes], size: int) -> None:
    data = b"".join(map(gzip.compress, members))
    assert b"".join(decompressed(cut(data, size))) == b"".join(members)


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.integers(min_value=0, max_value=9)), min_size=1, max_size=4),
    st.integers(min_value=1, max_value=30),
)
def test_zeros_after_a_member_are_ignored(members: list[tuple[bytes, int]], size: int) -> None:
    """As gzip does: some programs fill blocks with them."""
    data = b"".join(gzip.compress(member) + bytes(zeros) for member, zeros in members)
    assert b"".join(decompressed(cut(data, size))) == gzip.decompress(data)


def test_what_expands_much_comes_in_pieces() -> None:
    pieces = list(decompressed([gzip.compress(bytes(5_000_000))]))
    assert sum(map(len, pieces)) == 5_000_000
    assert max(map(len, pieces)) <= 256 * 1024


@given(st.lists(st.binary(max_size=50), max_size=4))
def test_what_was_compressed(pieces: list[bytes]) -> None:
    assert gzip.decompress(b"".join(compressed(pieces))) == b"".join(pieces)


@pytest.mark.parametrize("data", [b"", b"a", b"plain", b"\x1f"])
def test_what_is_not_gzip_stays_as_it_is(data: bytes) -> None:
    assert b"".join(decompressed(cut(data, 1))) == data


@pytest.mark.parametrize("damage", [lambda data: data[:-3], lambda data: data + b"x", lambda data: data[:12]])
def test_damaged_gzip(damage: object) -> None:
    with pytest.raises(DataError, match="no valid gzip file"):
        list(decompressed([damage(gzip.compress(b"a" * 1000))]))  # type: ignore[operator]


@given(st.text(), st.integers(min_value=1, max_value=5))
def test_text_may_be_cut_anywhere(text: str, size: int) -> None:
    assert "".join(decoded(cut(text.encode(), size))) == text


@pytest.mark.parametrize(
    ("data", "told"), [(b"abc\xff", "UTF-8"), (b"\xc3", "UTF-8"), (b"\x1f\x8b\x08", "gzip")]
)
def test_what_is_no_text(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(decoded([data]))


def test_files_end_with_a_separator_before_the_next() -> None:
    files = [[b"a\n"], [b"b"], [], [b"c", b"", b"d"], [b"\n"]]
    assert b"".join(joined(files, b"\n")) == b"a\nb\ncd\n\n"
    assert b"".join(joined([[b"a\xc3", b"\xa9"], [b"b"]], "é".encode())) == "aébé".encode()
