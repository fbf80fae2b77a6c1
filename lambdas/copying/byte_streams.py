"""Bytes as they come: gzip, and text in UTF-8. Nothing is kept of what went through."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator

_GZIP = 31
"""zlib's number for the gzip format (zlib manual, inflateInit2)."""
_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 256 * 1024


class DataError(Exception):
    """The bytes are not what they have to be."""


def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip file, of one member or of several, has in it. Bytes that are not gzip stay as they are.

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
    """A gzip file of the bytes."""
    deflate = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        yield deflate.compress(piece)
    yield deflate.flush()


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The bytes as text in UTF-8. Raises DataError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = 0
    try:
        for piece in pieces:
            for start in range(0, len(piece), _PIECE_BYTES):
                part = piece[start : start + _PIECE_BYTES]
                yield decoder.decode(part)
                place += len(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        hint = " It looks like gzip: set the node's compression." if error.object[:2] == _MAGIC else ""
        problem = f"it is not a text in UTF-8, at or after byte {max(place - 3, 0):,}: {error.reason}.{hint}"
        raise DataError(problem) from error


def joined(files: Iterable[Iterable[bytes]], separator: bytes) -> Iterator[bytes]:
    """One file after the other, with ``separator`` after each that does not end with it and is not empty."""
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
