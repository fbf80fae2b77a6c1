"""The text of a file."""

from __future__ import annotations

from pathlib import Path

from pipelines.reading.source import UnreadableError

MAXIMUM_BYTES = 64 * 1024 * 1024


def read_text(path: Path) -> str:
    """A file's text. Raises UnreadableError."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UnreadableError(f"larger than {MAXIMUM_BYTES // 1024 // 1024} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise UnreadableError("not text in UTF-8") from None
