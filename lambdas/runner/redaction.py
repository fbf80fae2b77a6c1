"""Removes secrets from text, in whatever form a program prints them.

A secret with a quote, a backslash or a line break is rarely printed verbatim: exceptions, dictionaries and
JSON escape it. So it searches for each secret in all of these forms. If two matches overlap, it hides the
whole of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_HIDDEN = HIDDEN.encode()
_PREFIX_BYTES = 16
"""The beginning of a secret from this length on is hidden as well, because messages are often cut short."""

_LONGEST_CHARACTER = 4
_SHELL_ESCAPES = (r'[$`"\\]', r"[^\w@%+=:,./-]")
"""Characters that bash escapes: in double quotes (``declare -p``), and without quotes (``printf %q``)."""
_SHORT_FORM = 64
_SHORTEST_LINE = 8
"""In characters. A shorter line of a secret is not hidden by itself: it may be an ordinary word."""


class Redaction:
    """Hides a set of secrets. It ignores empty secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets) - {""}
        self._forms = sorted({form for secret in self.secrets for form in forms(secret)}, key=len)
        self.reach = len(self._forms[-1]) + _LONGEST_CHARACTER if self._forms else 0
        """The most bytes that a match can have; 0 if there is nothing to hide."""

    def text(self, text: str) -> str:
        """``text`` without the secrets."""
        if not self._forms:
            return text
        data = text.encode("utf-8", "surrogatepass")
        spans = self.spans(data)
        return _without(data, spans).decode("utf-8", "surrogatepass") if spans else text

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """The places to hide, as (start, end), in order and without overlaps."""
        return _merged(sorted(span for form in self._forms for span in _places(form, data)))


class StreamRedaction:
    """Hides secrets in bytes that arrive in pieces, even if a secret is split between two pieces."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._held = b""
        self._covered = 0
        """How many of the held bytes belong to a match that has already been written as ``***``."""

    def feed(self, data: bytes) -> bytes:
        """The bytes that can be passed on: all except those that may be the beginning of a secret."""
        if not self._redaction.reach:
            return data
        buffer = self._held + data
        return self._take(buffer, max(0, len(buffer) - self._redaction.reach + 1))

    def end(self) -> bytes:
        """The rest."""
        return self._take(self._held, len(self._held))

    def _take(self, buffer: bytes, end: int) -> bytes:
        """The first ``end`` bytes, redacted. It holds the others."""
        if not end:
            self._held = buffer
            return b""
        begun = [(0, self._covered)] if self._covered else []
        pieces: list[bytes] = []
        place = self._covered = 0
        for start, stop in _merged([*begun, *self._redaction.spans(buffer)]):
            if start >= end:
                break
            pieces += [buffer[place:start], b"" if begun and start == 0 else _HIDDEN]
            place = min(stop, end)
            self._covered = stop - place
        self._held = buffer[end:]
        return b"".join([*pieces, buffer[place:end]])


@lru_cache(maxsize=256)
def forms(secret: str) -> frozenset[bytes]:
    """The secret verbatim, and as Python, JSON, URLs and shells write it.

    Python's and JSON's forms are applied twice: the message of an exception may be the repr of a dictionary,
    and the log line the repr of that exception.
    """
    written = {secret}
    for _ in range(2):
        written |= {form for text in written for form in _escaped(text)}
    written |= {quote(secret, safe=safe, errors="surrogatepass") for safe in ("", "/", "/:@")}
    written.add(quote_plus(secret, errors="surrogatepass"))
    written |= {re.sub(characters, r"\\\g<0>", secret) for characters in _SHELL_ESCAPES}
    written |= {secret.replace("'", r"'\''"), secret.replace("'", "'\"'\"'")}
    # A program may indent each line of a text, as Python does with exceptions in an ExceptionGroup.
    written |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
    return frozenset(form.encode("utf-8", "surrogatepass") for form in written)


def _escaped(text: str) -> Iterator[str]:
    # Which quotes Python escapes depends on the text around the secret, so both forms are yielded.
    parts = text.split("'")
    for write in (repr, ascii, _bytes_repr):
        escaped = [write('"' + part)[2:-1] for part in parts]
        yield "'".join(escaped)
        yield r"\'".join(escaped)
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]


def _bytes_repr(text: str) -> str:
    return repr(text.encode("utf-8", "surrogatepass"))[1:]


def _places(form: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    """Where the form occurs, and where only its beginning occurs."""
    prefix = form[:_PREFIX_BYTES]
    start = data.find(prefix)
    while start >= 0:
        end = start + len(form)
        if not data.startswith(form, start):
            end = start + _matching(form, data, start, len(prefix))
            while end < len(data) and data[end] & 0xC0 == 0x80:  # Up to the end of a character in UTF-8.
                end += 1
        yield start, end
        # A longer form is not searched for overlaps with itself, which would take long; few have any.
        start = data.find(prefix, start + 1 if len(form) <= _SHORT_FORM else end)


def _matching(form: bytes, data: bytes, start: int, least: int) -> int:
    """How many bytes of ``form`` are at ``start``; at least ``least``, which is known."""
    most = min(len(form), len(data) - start)
    while least < most:
        middle = (least + most + 1) // 2
        if data.startswith(form[:middle], start):
            least = middle
        else:
            most = middle - 1
    return least


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _without(data: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    pieces: list[bytes] = []
    place = 0
    for start, end in spans:
        pieces += [data[place:start], _HIDDEN]
        place = end
    return b"".join([*pieces, data[place:]])
