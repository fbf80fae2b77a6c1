"""Keeps secrets out of text, whatever form a program prints them in.

A secret with a quote, a backslash or a line break is rarely printed as it is: exceptions, dictionaries and
JSON escape it. So each secret is looked for in all of these forms, and wherever two matches overlap the whole
of both is hidden.
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
"""So much of a secret's beginning is hidden too, with what follows of it: messages are often cut short."""

_LONGEST_CHARACTER = 4
_SHELL_ESCAPES = (r'[$`"\\]', r"[^\w@%+=:,./-]")
"""What bash writes a backslash before: in double quotes (``declare -p``), and without (``printf %q``)."""
_SHORT_FORM = 64
_SHORTEST_LINE = 8
"""Characters. A shorter line of a secret is not hidden by itself: it may be a word."""


class Redaction:
    """Hides a set of secrets. Empty secrets are passed over."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secrets) - {""}
        self._forms = sorted({form for secret in self.secrets for form in forms(secret)}, key=len)
        self.reach = len(self._forms[-1]) + _LONGEST_CHARACTER if self._forms else 0
        """How many bytes a match may have; 0 if there is nothing to hide."""

    def text(self, text: str) -> str:
        """``text`` without the secrets."""
        if not self._forms:
            return text
        data = text.encode("utf-8", "surrogatepass")
        spans = self.spans(data)
        return _without(data, spans).decode("utf-8", "surrogatepass") if spans else text

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where something has to be hidden: (start, end) in order, without overlaps."""
        return _merged(sorted(span for form in self._forms for span in _places(form, data)))


class StreamRedaction:
    """Hides secrets in bytes that come in pieces, also where one is split between two of them."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._held = b""
        self._covered = 0
        """How many bytes of what is held belong to a match that has been written as ``***`` already."""

    def feed(self, data: bytes) -> bytes:
        """What can be told so far: all but as much as may be the beginning of a secret."""
        if not self._redaction.reach:
            return data
        buffer = self._held + data
        return self._take(buffer, max(0, len(buffer) - self._redaction.reach + 1))

    def end(self) -> bytes:
        """The rest."""
        return self._take(self._held, len(self._held))

    def _take(self, buffer: bytes, end: int) -> bytes:
        """The first ``end`` bytes, redacted; the others are held."""
        if not end:
            self._held = buffer
            return b""
        begun = [(0, self._covered)] if self._covered else []
        told: list[bytes] = []
        place = self._covered = 0
        for start, stop in _merged([*begun, *self._redaction.spans(buffer)]):
            if start >= end:
                break
            told += [buffer[place:start], b"" if begun and start == 0 else _HIDDEN]
            place = min(stop, end)
            self._covered = stop - place
        self._held = buffer[end:]
        return b"".join([*told, buffer[place:end]])


@lru_cache(maxsize=256)
def forms(secret: str) -> frozenset[bytes]:
    """The secret as it is, and as Python, JSON, URLs and shells write it.

    Python and JSON are applied twice: the message of an exception may be the repr of a dictionary, and the
    log line the repr of that exception.
    """
    written = {secret}
    for _ in range(2):
        written |= {form for text in written for form in _escaped(text)}
    written |= {quote(secret, safe=safe, errors="surrogatepass") for safe in ("", "/", "/:@")}
    written.add(quote_plus(secret, errors="surrogatepass"))
    written |= {re.sub(characters, r"\\\g<0>", secret) for characters in _SHELL_ESCAPES}
    written |= {secret.replace("'", r"'\''"), secret.replace("'", "'\"'\"'")}
    # A program may indent each line of a text: Python does, of exceptions in an ExceptionGroup.
    written |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
    return frozenset(form.encode("utf-8", "surrogatepass") for form in written)


def _escaped(text: str) -> Iterator[str]:
    # Which quotes Python escapes depends on what stands around the secret, so it is written both ways.
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
    """Where the form is, and where its beginning is with what follows of it."""
    prefix = form[:_PREFIX_BYTES]
    start = data.find(prefix)
    while start >= 0:
        end = start + len(form)
        if not data.startswith(form, start):
            end = start + _matching(form, data, start, len(prefix))
            while end < len(data) and data[end] & 0xC0 == 0x80:  # to the end of a character in UTF-8
                end += 1
        yield start, end
        # A longer secret does not overlap itself unless it repeats itself, which would take long.
        start = data.find(prefix, start + 1 if len(form) <= _SHORT_FORM else end)


def _matching(form: bytes, data: bytes, start: int, least: int) -> int:
    """How many bytes of ``form`` are at ``start``, of which ``least`` are known to be."""
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
    told: list[bytes] = []
    place = 0
    for start, end in spans:
        told += [data[place:start], _HIDDEN]
        place = end
    return b"".join([*told, data[place:]])
