"""The time limit for matching a record."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from activities.copy_activity import handler
from data_formats import match_limit
from data_formats.data_format import RecordError
from runner.deadline import HandlerTimeout, deadline
from runner.testing import Ref, run_handler
from tests.unit.data_formats.test_regex import regex
from tests.unit.fake_s3 import FakeS3

ENDLESS = r"((a+)+)b"
LINE = "a" * 100


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_limit, "SECONDS", 0.3)


@pytest.fixture(autouse=True)
def nothing_is_left_of_the_timer() -> Iterator[None]:
    before = signal.getsignal(signal.SIGVTALRM)
    yield
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) == before


@pytest.mark.usefixtures("short")
def test_a_match_without_end_is_ended_and_told() -> None:
    began = time.process_time()
    with pytest.raises(RecordError, match=r"record 3: .* inputRegEx .* simpler"), deadline(20):
        list(regex(inputRegEx=ENDLESS).read(["ab\n", f"aab\n{LINE}\n", "ab\n"]))
    assert time.process_time() - began < 3


@pytest.mark.usefixtures("short")
def test_the_task_is_failed_with_the_object_and_the_record(s3: FakeS3) -> None:
    s3.objects["b", "in"] = f"ab\n{LINE}\n".encode()
    response = run_handler(
        handler,
        {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")},
        objects={
            "In": {"type": "S3DataNode", "filePath": "s3://b/in", "dataFormat": Ref("RegEx")},
            "Out": {"type": "S3DataNode", "filePath": "s3://b/out", "dataFormat": Ref("Csv")},
            "RegEx": {"type": "RegEx", "inputRegEx": ENDLESS},
            "Csv": {"type": "CSV"},
        },
    )
    assert response["errorId"] == "InvalidData"
    assert "'s3://b/in': record 2:" in response["errorMessage"]
    assert ("b", "out") not in s3.objects


@pytest.mark.usefixtures("short")
def test_many_records_may_take_longer_than_one() -> None:
    slow = re.compile(ENDLESS)
    line, seconds = "a" * 15, 0.0
    while seconds < 0.03:
        line += "a"
        began = time.process_time()
        slow.fullmatch(f"{line}b c")
        seconds = time.process_time() - began
    count = int(1.0 / seconds)
    rows = list(regex(inputRegEx=rf"(?:{ENDLESS}|.*)(.)").read([f"{line}b c\n"] * count))
    assert len(rows) == count


def test_the_end_of_the_tasks_time_ends_a_match_too() -> None:
    with pytest.raises(HandlerTimeout), deadline(0.3):
        list(regex(inputRegEx=ENDLESS).read([f"{LINE}\n"]))


def test_a_reader_that_is_left_in_the_middle_leaves_no_timer() -> None:
    rows = regex(inputRegEx="(a)").read(["a\n"] * 10)
    next(rows)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_in_another_thread_there_is_no_limit_and_no_error() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(regex(inputRegEx="(a)").read(["a\n", "a\n"])))
    thread.start()
    thread.join()
    assert found == [("a",), ("a",)]


def test_long_lines_are_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield "a" * match_limit.PORTION_CHARACTERS + "\n"

    rows = regex(inputRegEx="(a*)").read(lines())
    next(rows)
    assert taken < 4
