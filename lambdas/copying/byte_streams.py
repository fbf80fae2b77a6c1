"""Streams of bytes: gzip, and text in UTF-8. They keep nothing of what has passed."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator

_GZIP = 31
"""zlib's number for the gzip format (zlib manual, inflateInit2)."""
_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 256 * 1024


class DataError(Exception):
    """The bytes do not have the expected form."""


def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a gzip file with one or more members. Bytes that are not gzip stay unchanged.

    Raises DataError.
    """
    source = iter(pieces)
    head = b""
    for piece in source:
        head += piece
        if len(head) >= len(_MAGIC):
            break
    if not head.startswith(_MAGIC):
        yield from [head] if head else []
        yield from source
        return
    inflate = zlib.decompressobj(_GZIP)
    try:
        for data in _chain(head, source):
            left = data
            while left:
                if inflate.eof:
                    left = left.lstrip(b"\0")  # As gzip does, which ignores zeros between and after members.
                    if not left:
                        break
                    inflate = zlib.decompressobj(_GZIP)
                yield inflate.decompress(left, _PIECE_BYTES)
                left = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        while rest := inflate.decompress(inflate.unconsumed_tail, _PIECE_BYTES):
            yield rest
    except zlib.error as error:
        raise DataError(f"it is no valid gzip file: {error}") from error
    if not inflate.eof:
        raise DataError("it is no valid gzip file: its end is missing")


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress the bytes to a gzip file."""
    deflate = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        yield deflate.compress(piece)
    yield deflate.flush()


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """Decode the bytes as UTF-8. Raises DataError."""
    return (text for _, text in _decoded_parts(pieces))


def checked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in small pieces. Raises DataError, as ``decoded``, if they are not UTF-8."""
    return (part for part, _ in _decoded_parts(pieces))


def _decoded_parts(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = 0
    try:
        for piece in pieces:
            for start in range(0, len(piece), _PIECE_BYTES):
                part = piece[start : start + _PIECE_BYTES]
                yield part, decoder.decode(part)
                place += len(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        hint = " It looks like gzip: set the node's compression." if error.object[:2] == _MAGIC else ""
        problem = f"it is not a text in UTF-8, at or after byte {max(place - 3, 0):,}: {error.reason}.{hint}"
        raise DataError(problem) from error


def joined(files: Iterable[Iterable[bytes]], separator: bytes) -> Iterator[bytes]:
    """All files in order, with ``separator`` after each non-empty file that does not end with it."""
    for file in files:
        end = b""
        for piece in file:
            end = (end + piece[-len(separator) :])[-len(separator) :]
            yield piece
        if end and end != separator:
            yield separator


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
