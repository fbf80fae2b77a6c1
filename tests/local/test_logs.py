"""`python -m local logs`: one task's story from log lines and histories that are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cli import main
from local.logs import command
from local.logs.command import tell
from local.logs.lines import entry_of, state_text, text_of
from local.logs.sources import Sources
from local.logs.story import NotFoundError, Story, read_story

BEGAN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SINCE = BEGAN - timedelta(days=1)
ATTEMPT = "@Load_2026-11-01T00:00:00_Attempt=1"
EXECUTION = "Load-0123abcd-x"
TASK = {
    "pipelineId": "df-1",
    "attemptId": ATTEMPT,
    "taskId": "T1/+=",
    "type": "ShellCommandActivity",
    "route": "ShellCommandActivity",
}


def logged(message: str, *, after: float = 0, **fields: Any) -> dict[str, Any]:
    line = {
        "level": "INFO",
        "location": "handler:1",
        "message": message,
        "timestamp": "t",
        "service": "Stack",
        **TASK,
        "workerGroup": "etl",
        **fields,
    }
    return {"timestamp": int(BEGAN.timestamp() * 1000 + 1000 * after), "message": json.dumps(line)}


LINES = {
    "/aws/lambda/Stack-poll-etl": [
        logged("Task received", execution=EXECUTION, secondsReady=0.4),
        logged("Polled", result="TASK", pipelineId=None, attemptId=None, taskId=None),
    ],
    "/aws/lambda/Stack-ShellCommandActivity": [
        {"timestamp": 0, "message": json.dumps({"type": "platform.start"})},
        logged("Task started", after=1, resumed=False),
        logged("hello\nworld", after=1.5, stream="stdout"),
        logged("Progress report failed", after=1.6, level="WARNING", error="it's gone"),
        logged("Task handled", after=2, outcome="FINISHED", seconds=1.0, errorId=None),
        logged("not mine", after=2, attemptId="@Other_Attempt=1", taskId="T2"),
    ],
    "/aws/lambda/Stack-execution-ended": [
        logged("Task ended", after=3, execution=EXECUTION, outcome="FINISHED", seconds=3.0),
    ],
    "/ecs/Stack-nightly": [logged("Packages installed", after=1.7, packages=["x"])],
}
HISTORY: list[tuple[float, dict[str, Any]]] = [
    (0.1, {"type": "ExecutionStarted"}),
    (
        0.2,
        {
            "type": "TaskStateEntered",
            "stateEnteredEventDetails": {"name": "ReportProgress", "input": "s3cret"},
        },
    ),
    (0.3, {"type": "ChoiceStateEntered", "stateEnteredEventDetails": {"name": "Route"}}),
    (
        0.5,
        {
            "type": "TaskFailed",
            "taskFailedEventDetails": {"error": "Lambda.TooManyRequestsException", "cause": "full\n up"},
        },
    ),
    (2.5, {"type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "s3cret"}}),
    (2.9, {"type": "ExecutionSucceeded", "executionSucceededEventDetails": {"output": "s3cret"}}),
]


class Paged:
    def __init__(self, page: Any) -> None:
        self._page = page

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield self._page(request)


class Aws:
    """The clients of CloudWatch Logs and Step Functions."""

    def __init__(self, lines: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.lines = {group: list(events) for group, events in (LINES if lines is None else lines).items()}
        self.forgotten = False
        self.asked: list[str] = []

    def get_paginator(self, operation: str) -> Paged:
        return Paged(getattr(self, f"_{operation}"))

    def _describe_log_groups(self, request: dict[str, Any]) -> Any:
        prefix = request["logGroupNamePrefix"]
        return {"logGroups": [{"logGroupName": name} for name in self.lines if name.startswith(prefix)]}

    def _filter_log_events(self, request: dict[str, Any]) -> Any:
        needle = request["filterPattern"].strip('"')
        self.asked.append(needle)
        events = self.lines[request["logGroupName"]]
        return {"events": [event for event in events if needle in event["message"]]}

    def _list_state_machines(self, _: dict[str, Any]) -> Any:
        arn = "arn:aws:states:us-east-1:1:stateMachine:Stack-RunTask"
        return {"stateMachines": [{"name": "Stack-RunTask", "stateMachineArn": arn}]}

    def _get_execution_history(self, request: dict[str, Any]) -> Any:
        if self.forgotten:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "GetExecutionHistory")
        assert request["executionArn"] == f"arn:aws:states:us-east-1:1:execution:Stack-RunTask:{EXECUTION}"
        assert request["includeExecutionData"] is False
        return {
            "events": [{**event, "timestamp": BEGAN + timedelta(seconds=after)} for after, event in HISTORY]
        }


def sources(aws: Aws) -> Sources:
    clients: Any = aws
    return Sources(clients, clients, "Stack")


def shown(aws: Aws, wanted: str = ATTEMPT, **options: Any) -> list[str]:
    said: list[str] = []
    tell(
        lambda: read_story(sources(aws), wanted, SINCE, **options),
        follow=False,
        say=said.append,
        sleep=lambda _: None,
    )
    return [line for text in said for line in text.splitlines()]


STORY = [
    "attempt    @Load_2026-11-01T00:00:00_Attempt=1",
    "pipeline   df-1",
    "type       ShellCommandActivity, of worker group etl",
    "execution  Load-0123abcd-x",
    "2026-11-01 12:00:00.000  poller etl                Task received  execution=Load-0123abcd-x  "
    "secondsReady=0.4",
    "2026-11-01 12:00:00.100  RunTask                   starts",
    "2026-11-01 12:00:00.200  RunTask                   -> ReportProgress",
    "2026-11-01 12:00:00.500  RunTask                   TaskFailed  Lambda.TooManyRequestsException: full up",
    "2026-11-01 12:00:01.000  ShellCommandActivity      Task started  resumed=false",
    "2026-11-01 12:00:01.500  ShellCommandActivity      stdout | hello",
    "2026-11-01 12:00:01.500  ShellCommandActivity      world",
    "2026-11-01 12:00:01.600  ShellCommandActivity      WARNING: Progress report failed  error=it's gone",
    '2026-11-01 12:00:01.700  nightly (container)       Packages installed  packages=["x"]',
    "2026-11-01 12:00:02.000  ShellCommandActivity      Task handled  outcome=FINISHED  seconds=1.0",
    "2026-11-01 12:00:02.900  RunTask                   SUCCEEDED",
    "2026-11-01 12:00:03.000  RunTask                   Task ended  execution=Load-0123abcd-x  "
    "outcome=FINISHED  seconds=3.0",
]


@pytest.mark.parametrize(
    "wanted",
    [ATTEMPT, "T1/+=", EXECUTION, f"arn:aws:states:us-east-1:1:execution:Stack-RunTask:{EXECUTION}"],
)
def test_a_story_is_told_in_the_order_of_time_whatever_id_is_given(wanted: str) -> None:
    assert shown(Aws(), wanted) == STORY


def test_inputs_and_outputs_of_states_are_not_shown() -> None:
    assert "s3cret" not in "\n".join(shown(Aws()))


def test_an_execution_that_step_functions_has_forgotten_is_told_by_the_logs() -> None:
    aws = Aws()
    aws.forgotten = True
    assert shown(aws) == [line for line in STORY if " RunTask   " not in line or "Task ended" in line]


def test_an_attempt_of_several_pipelines_needs_the_pipelines_id() -> None:
    lines = {
        "/aws/lambda/Stack-poll-etl": [logged("Task received"), logged("Task received", pipelineId="df-2")]
    }
    with pytest.raises(NotFoundError, match="add --pipeline and one of df-1, df-2"):
        shown(Aws(lines))
    assert shown(Aws(lines), pipeline="df-2")[1] == "pipeline   df-2"


@pytest.mark.parametrize(
    ("lines", "wanted", "says"),
    [
        ({}, ATTEMPT, "check --stack"),
        (LINES, "@Load", "give an attemptId"),
        (LINES, "nothing", "or an earlier --since"),
    ],
)
def test_an_unknown_id_says_what_to_do(lines: Any, wanted: str, says: str) -> None:
    with pytest.raises(NotFoundError, match=says):
        shown(Aws(lines), wanted)


def test_an_id_that_json_escapes_is_found_by_the_rest_of_it() -> None:
    attempt = '@Lädé "x"_2026-11-01T00:00:00_Attempt=1'
    aws = Aws({"/aws/lambda/Stack-poll-etl": [logged("Task received", attemptId=attempt)]})
    assert shown(aws, attempt)[0] == f"attempt    {attempt}"
    assert set(aws.asked) == {"_2026-11-01T00:00:00_Attempt=1"}


def test_following_waits_for_the_task_and_tells_each_line_once_until_its_end() -> None:
    aws = Aws({"/aws/lambda/Stack-poll-etl": [], "/aws/lambda/Stack-execution-ended": []})
    waits = iter(
        [
            {},
            {"/aws/lambda/Stack-poll-etl": LINES["/aws/lambda/Stack-poll-etl"]},
            {"/aws/lambda/Stack-execution-ended": LINES["/aws/lambda/Stack-execution-ended"]},
            # What arrives late is told as well.
            {"/aws/lambda/Stack-ShellCommandActivity": LINES["/aws/lambda/Stack-ShellCommandActivity"]},
        ]
    )
    said: list[str] = []

    def sleep(_: float) -> None:
        aws.lines |= next(waits)

    read = lambda: read_story(sources(aws), ATTEMPT, SINCE)  # noqa: E731
    assert tell(read, follow=True, say=said.append, sleep=sleep) == 0
    text = "\n".join(said)
    assert [
        text.count(words)
        for words in ("attempt  ", "Task received", "starts", "Task ended", "stdout | hello")
    ] == [1] * 5
    assert list(waits) == []


def test_a_story_with_an_execution_that_runs_is_not_over() -> None:
    ended = read_story(sources(Aws()), ATTEMPT, SINCE)
    assert ended.over
    again = Aws()
    again.lines["/aws/lambda/Stack-poll-etl"].append(logged("Task received", after=9, execution="second"))
    again.forgotten = True
    assert not read_story(sources(again), ATTEMPT, SINCE).over
    assert not Story(ended.task, ended.lines[:3]).over


@pytest.mark.parametrize(
    "message", ["plain", "[1]", '{"type": "platform.start"}', '{"_aws": {}, "service": "S"}']
)
def test_other_lines_are_not_told(message: str) -> None:
    assert entry_of(message) == {}


def test_a_long_field_is_cut() -> None:
    assert len(text_of({"message": "m", "error": "x" * 10_000})) < 2_100


def test_an_aborted_execution_says_so() -> None:
    assert state_text({"type": "ExecutionAborted"}) == "ABORTED"
    failed = {"type": "ExecutionFailed", "executionFailedEventDetails": {"error": "StatusNotReported"}}
    assert state_text(failed) == "FAILED StatusNotReported"
    assert state_text({"type": "LambdaFunctionScheduled"}) is None


@pytest.mark.parametrize("age", ["", "0d", "5", "d", "1w", "-1h", "1.5h"])
def test_a_wrong_age_is_told(age: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["logs", "x", f"--since={age}"])
    assert "is no age: 30m, 12h and 7d are" in capsys.readouterr().err


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Sources", lambda *_: sources(Aws({})))
    assert main(["logs", "x"]) == 1
    assert capsys.readouterr().err.startswith("error: there are no logs of such a stack")
    monkeypatch.undo()
    assert main(["logs", "x", "--profile", "no such profile"]) == 1
    assert "no such profile" in capsys.readouterr().err
