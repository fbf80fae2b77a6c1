"""The last lines of a log in gzip, which can only be read from its start, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

_PIECE = 256 * 1024
_KEPT = 64 * 1024
"""Bytes of the end that are kept: more than an error message holds."""
_MOST = 1024**3
"""A function of 256 MB decompresses so much in about a minute, and has 5."""


class Readable(Protocol):
    """Such as the body of a GetObject."""

    def read(self, amt: int, /) -> bytes: ...


def last_lines(body: Readable, count: int, *, most: int = _MOST) -> list[str]:
    """The last ``count`` lines of the first ``most`` bytes. Raises zlib.error if it is not gzip."""
    end, read = b"", 0
    for piece in _decompressed(body):
        end = (end + piece)[-_KEPT:]
        read += len(piece)
        if read >= most:
            end += b"\n(The log goes on.)"
            break
    return end.decode("utf-8", "replace").rstrip().splitlines()[-count:]


def _decompressed(body: Readable) -> Iterator[bytes]:
    """The text in pieces; a log that was written in parts has several members, one after the other."""
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    waiting = b""
    while waiting or (waiting := body.read(_PIECE)):
        if gzip.eof:
            gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        yield gzip.decompress(waiting, _PIECE)
        waiting = gzip.unused_data if gzip.eof else gzip.unconsumed_tail
    yield gzip.flush()
