"""A log stream takes whatever a program writes, without keeping everything else waiting."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence

from local.lambda_runtime.log_stream import EVENT_BYTES, MOST_UNDELIVERED, LogEvent, LogStream


class Delivered:
    def __init__(self) -> None:
        self.messages: list[str] = []

    async def __call__(self, events: Sequence[LogEvent]) -> None:
        self.messages += [event.message for event in events]


def test_lines_longer_than_an_event_are_split() -> None:
    async def run() -> list[str]:
        delivered = Delivered()
        logs = LogStream(delivered)
        text = b"a" * EVENT_BYTES + b"b" * EVENT_BYTES + b"c\n" + b"d" * (EVENT_BYTES + 1)
        await asyncio.to_thread(write, logs.write_end, text)
        logs.close_write_end()
        await logs.drain()
        logs.finish_line()
        await logs.flush()
        return delivered.messages

    messages = asyncio.run(run())
    assert all(len(message) <= EVENT_BYTES for message in messages)
    assert "".join(messages) == "a" * EVENT_BYTES + "b" * EVENT_BYTES + "c" + "d" * (EVENT_BYTES + 1)


def test_a_log_goes_on_after_more_lines_than_can_wait_and_a_failed_delivery() -> None:
    async def run() -> tuple[int, list[str]]:
        delivered = Delivered()
        failures = 0

        async def deliver(events: Sequence[LogEvent]) -> None:
            nonlocal failures
            if not failures:
                failures += 1
                raise ConnectionError
            await delivered(events)

        logs = LogStream(deliver)
        lines = b"".join(b"%d\n" % number for number in range(5 * MOST_UNDELIVERED))
        await asyncio.to_thread(write, logs.write_end, lines)
        logs.close_write_end()
        await logs.drain()
        await logs.flush()
        return failures, delivered.messages

    failures, messages = asyncio.run(run())
    assert failures == 1
    assert messages[-1] == str(5 * MOST_UNDELIVERED - 1)
    assert len(messages) >= 3 * MOST_UNDELIVERED


def test_a_program_that_never_stops_writing_leaves_time_for_others() -> None:
    async def run() -> float:
        logs = LogStream(Delivered(), keep_tail=False)
        process = await asyncio.create_subprocess_exec("yes", stdout=logs.write_end)
        logs.close_write_end()
        longest = 0.0
        try:
            for _ in range(10):
                began = time.monotonic()
                await asyncio.sleep(0.05)
                longest = max(longest, time.monotonic() - began)
        finally:
            process.kill()
            await process.wait()
            logs.close()
        return longest

    assert asyncio.run(run()) < 5


def write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
