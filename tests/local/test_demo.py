"""How the demo judges and shows what it sees."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest
from rich.console import Console

from local.demo.attempts import NOT_YET, Attempt, Row, mismatches, table_rows, unfinished
from local.demo.command import OPENING, keep
from local.demo.pipelines import ExpectedAttempt, SamplePipeline, sample_pipelines
from local.demo.recording import Recording
from local.demo.traces import Printed, Run, Traces, printed_in
from local.demo.view import View, stdout_console
from local.launch import ROOT, LocalAwsProcess

RETRY = SamplePipeline(
    "retry",
    (),
    (ExpectedAttempt("Try", 1, "FAILED", "not yet"), ExpectedAttempt("Try", 2, "FINISHED", "recovered")),
)
SVG = "{http://www.w3.org/2000/svg}"
KEY = ("df-1", "@Try_2026-01-01T00:00:00_Attempt=2")
EXECUTION = Run("Try-1", "SUCCEEDED", "ShellCommandActivity", 2.5)


def attempt(number: int, status: str, error: str = "") -> Attempt:
    return Attempt(f"@Try_2026-01-01T00:00:00_Attempt={number}", "Try", number, status, error)


def test_an_attempt_is_read_from_its_object() -> None:
    wire = {
        "id": "@Try_2026-01-01T00:00:00_Attempt=2",
        "fields": [
            {"key": "@componentParent", "refValue": "Try"},
            {"key": "@status", "stringValue": "FAILED"},
            {"key": "errorId", "stringValue": "CommandFailed"},
            {"key": "errorMessage", "stringValue": "exit code 3"},
        ],
    }
    assert Attempt.read(wire) == attempt(2, "FAILED", "CommandFailed: exit code 3")


@pytest.mark.parametrize(
    ("attempts", "problems", "left"),
    [
        ([], [], 2),
        ([attempt(1, "WAITING_FOR_RUNNER")], [], 2),
        ([attempt(1, "FAILED")], [], 1),
        ([attempt(1, "FAILED"), attempt(2, "RUNNING")], [], 1),
        ([attempt(1, "FAILED"), attempt(2, "FINISHED")], [], 0),
    ],
)
def test_nothing_is_wrong_as_long_as_it_can_come_right(
    attempts: list[Attempt], problems: list[str], left: int
) -> None:
    assert mismatches(RETRY, attempts) == problems
    assert len(unfinished(RETRY, attempts)) == left


@pytest.mark.parametrize(
    ("attempts", "problem"),
    [
        ([attempt(1, "FINISHED")], "retry: Try, attempt 1 is FINISHED instead of FAILED"),
        (
            [attempt(1, "FAILED"), attempt(2, "FAILED", "CommandFailed: exit code 3\nmore")],
            "retry: Try, attempt 2 is FAILED instead of FINISHED (CommandFailed: exit code 3)",
        ),
        ([attempt(1, "CANCELED")], "retry: Try, attempt 1 is CANCELED instead of FAILED"),
        ([attempt(3, "RUNNING")], "retry: Try, attempt 3 was not expected; it is RUNNING"),
    ],
)
def test_an_attempt_that_goes_otherwise_is_named(attempts: list[Attempt], problem: str) -> None:
    assert mismatches(RETRY, attempts) == [problem]


def test_the_table_has_the_expected_attempts_first_and_then_the_others() -> None:
    assert table_rows(RETRY, [attempt(3, "RUNNING"), attempt(1, "FAILED")]) == [
        Row("retry", "Try", 1, "FAILED"),
        Row("retry", "Try", 2, NOT_YET),
        Row("retry", "Try", 3, "RUNNING"),
    ]


def test_what_commands_printed_is_found_among_the_other_log_lines() -> None:
    entry = {"pipelineId": "df-1", "attemptId": KEY[1]}
    messages = [
        "START RequestId: 1",
        "[1]",
        json.dumps({"message": "Task started", **entry}),
        json.dumps({"message": "one", "stream": "stdout", **entry}),
        json.dumps({"message": "two", "stream": "stderr", **entry}),
    ]
    assert printed_in(messages) == {KEY: [Printed("stdout", "one"), Printed("stderr", "two")]}


@pytest.mark.parametrize(
    ("runs", "line", "shortcoming"),
    [
        ({KEY: EXECUTION}, "recovered", []),
        ({KEY: EXECUTION}, "", ["Try, attempt 2: the log of the handler lacks the line 'recovered'"]),
        ({}, "recovered", ["Try, attempt 2: there is no RunTask execution"]),
        (
            {KEY: Run("Try-1", "RUNNING", "ShellCommandActivity", None)},
            "recovered",
            ["Try, attempt 2: RunTask execution Try-1 is RUNNING"],
        ),
    ],
)
def test_an_attempt_has_an_execution_and_its_output(
    runs: dict[tuple[str, str], Run], line: str, shortcoming: list[str]
) -> None:
    traces = Traces(runs, {KEY: [Printed("stdout", line)]}, 1)
    assert traces.shortcomings(RETRY.expected[1], KEY) == shortcoming


def test_the_samples_expect_something_of_each_activity(tmp_path: Path) -> None:
    for sample in sample_pipelines(tmp_path):
        names = {activity.name for activity in sample.activities}
        assert {expected.activity for expected in sample.expected} == names
        assert {activity.depends_on for activity in sample.activities} <= names | {None}


def test_plain_text_says_each_change_once() -> None:
    out = io.StringIO()
    view = View(Console(file=out, force_terminal=False, width=20))
    with view.table():
        for status in (NOT_YET, "RUNNING", "RUNNING", "FINISHED"):
            view.show([Row("retry", "Try", 2, status)])
    view.summary(Row("retry", "Try", 2, "FINISHED"), EXECUTION, [Printed("stdout", "[bold] recovered")])
    assert [line.partition(" s  ")[2] for line in out.getvalue().splitlines()[:2]] == [
        "retry: Try, attempt 2: RUNNING",
        "retry: Try, attempt 2: FINISHED",
    ]
    assert out.getvalue().splitlines()[2:] == [
        "retry: Try, attempt 2  FINISHED",
        "  handler    ShellCommandActivity, 2.5 s",
        "  RunTask    Try-1",
        "  stdout     [bold] recovered",
    ]


class Ended:
    """A local AWS that ends by itself, or whose user presses Ctrl-C."""

    def __init__(self, *, by_the_user: bool) -> None:
        self._by_the_user = by_the_user

    def wait(self) -> None:
        if self._by_the_user:
            raise KeyboardInterrupt


@pytest.mark.parametrize("by_the_user", [True, False])
def test_a_demo_that_is_kept_says_where_the_console_is_until_it_is_ended(by_the_user: bool) -> None:
    out = io.StringIO()
    view = View(Console(file=out, force_terminal=False))
    keep(cast("LocalAwsProcess", Ended(by_the_user=by_the_user)), "http://127.0.0.1:4566", view)
    assert "http://127.0.0.1:4566/_local/console/ until Ctrl-C" in out.getvalue()


def test_there_are_no_colours_where_stdout_is_not_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not stdout_console().is_terminal


def test_a_recording_shows_each_change_once_and_ends_with_everything() -> None:
    recording = Recording()
    view = View(Console(file=io.StringIO()), recording)
    recording.say(0, "$ make demo")
    with view.table():
        for status in ("RUNNING", "RUNNING", "FINISHED"):
            recording.frames[-1] = replace(recording.frames[-1], seconds=-1.0)
            view.show([Row("retry", "<Try>", 1, status)])
    recording.frames[-1] = replace(recording.frames[-1], seconds=-1.0)
    view.summary(Row("retry", "<Try>", 1, "FINISHED"), None, [Printed("stdout", "a & b")])
    shown = ["".join(segment.text for line in frame.lines for segment in line) for frame in recording.frames]
    assert ["RUNNING" in text for text in shown] == [False, True, False, False]
    assert shown[-1].startswith("$ make demo")
    assert shown[-1].endswith("a & b")
    picture = ElementTree.fromstring(recording.svg())  # noqa: S314 - our own
    assert len(picture.findall(f"{SVG}g")) == len(shown)
    assert "a & b" in "".join(picture.itertext())


def test_a_recording_of_nothing_is_no_picture() -> None:
    with pytest.raises(ValueError, match="Nothing"):
        Recording().svg()


def test_the_picture_in_the_readme_is_of_this_demo(tmp_path: Path) -> None:
    """What it says at the beginning, and each attempt with what it prints."""
    picture = ElementTree.parse(ROOT / "docs" / "images" / "demo.svg").getroot()  # noqa: S314 - our own
    shown = " ".join("".join(picture.itertext()).split())
    anew = "`python -m local demo --record docs/images/demo.svg` records it anew"
    assert " ".join(OPENING.split()) in shown, anew
    for sample in sample_pipelines(tmp_path):
        for expected in sample.expected:
            for text in (sample.name, expected.activity, expected.status, expected.prints):
                assert text in shown, f"{text}: {anew}"
