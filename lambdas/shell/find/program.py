"""Runs a search."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from shell.find.entry import Quit, UsageError, say
from shell.find.expression import read
from shell.find.walk import walk


def main(arguments: Sequence[str]) -> NoReturn:
    """Exit with 0, or with 1 after any error. In ``… | head``, SIGPIPE ends it, as it does other programs."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(1, "wb", closefd=False), encoding="utf-8", errors="surrogateescape", newline=""
    )
    try:
        starts, test, search = read(list(arguments))
    except UsageError as error:
        say(f"{error}.")
        os._exit(1)
    try:
        with suppress(Quit):
            walk(starts, search, test)
        for flush in search.at_end:
            flush()
        sys.stdout.flush()
    except OSError as error:
        say(f"cannot go on: {error.strerror}")
        os._exit(1)
    os._exit(search.exit_code)
