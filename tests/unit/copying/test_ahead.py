"""Blocks that a thread reads ahead."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from copying import ahead as module
from copying.ahead import ahead
from copying.blocks import RowBlock

BLOCKS = [RowBlock([["x" * 100]]) for _ in range(20)]


def never() -> None:
    raise AssertionError("It has read to the end.")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_all_blocks_come_in_order() -> None:
    assert list(ahead(BLOCKS, never)) == BLOCKS
    assert list(ahead([], never)) == []


def test_reading_has_ended_after_the_last_block() -> None:
    ended = False

    def reading() -> Iterator[RowBlock]:
        nonlocal ended
        yield from BLOCKS
        time.sleep(0.1)
        ended = True

    assert list(ahead(reading(), never)) == BLOCKS
    assert ended
    assert not threads()


def test_few_bytes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BYTES", 350)
    read = 0

    def reading() -> Iterator[RowBlock]:
        nonlocal read
        for block in BLOCKS:
            read += 1
            yield block

    blocks = ahead(reading(), lambda: None)
    next(blocks)
    time.sleep(0.1)
    assert read == 5  # One is taken, and four are not below the limit.
    blocks.close()
    assert not threads()


def test_an_error_comes_after_the_blocks_before_it() -> None:
    def reading() -> Iterator[RowBlock]:
        yield from BLOCKS
        raise OSError("gone")

    blocks = ahead(reading(), never)
    assert list(itertools.islice(blocks, len(BLOCKS))) == BLOCKS
    with pytest.raises(OSError, match="gone"):
        next(blocks)


def test_reading_that_waits_is_interrupted() -> None:
    interrupted = threading.Event()

    def reading() -> Iterator[RowBlock]:
        yield BLOCKS[0]
        interrupted.wait(30)
        raise OSError("interrupted")

    blocks = ahead(reading(), interrupted.set)
    next(blocks)
    started = time.monotonic()
    blocks.close()
    assert time.monotonic() - started < 5
    assert not threads()
