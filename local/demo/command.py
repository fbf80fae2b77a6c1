"""`python -m local demo`: runs three pipelines on local AWS and shows how each attempt ended."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from local.console.files import PATH as CONSOLE_PATH
from local.demo.attempts import Attempt, Row, mismatches, read_attempts, table_rows, unfinished
from local.demo.pipelines import RefusedError, SamplePipeline, sample_pipelines
from local.demo.recording import Recording
from local.demo.traces import AttemptKey, Traces, read_traces
from local.demo.view import View
from local.directories import open_directory
from local.environment import forget_aws_settings
from local.launch import ROOT, LocalAwsProcess, SetUpError

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_stepfunctions import SFNClient

TIME_SCALE = 20
SET_UP_SECONDS = 240
RUN_SECONDS = 120
SETTLE_SECONDS = 10
# An account may call QueryObjects and DescribeObjects twice a second each, here as on AWS.
BETWEEN_READS_SECONDS = 0.5

OPENING = f"""\
Three pipelines on local AWS. Their worker group is polled as on AWS by default, only {TIME_SCALE} times as
fast: the schedule's 5 minutes last {300 // TIME_SCALE} s, a retryDelay of 2 minutes {120 // TIME_SCALE} s.
The first task waits for the schedule's next tick. That wakes the group, and what follows starts at once.
"""


@dataclass
class Started:
    """An activated pipeline and its attempts as last read."""

    sample: SamplePipeline
    id: str
    attempts: list[Attempt] = field(default_factory=list)

    def rows(self) -> list[Row]:
        return table_rows(self.sample, self.attempts)

    def key(self, activity: str, number: int) -> AttemptKey | None:
        """The key under which an attempt's runs and logs are found; None if there is no such attempt."""
        ids = (
            attempt.id
            for attempt in self.attempts
            if (attempt.activity, attempt.number) == (activity, number)
        )
        attempt_id = next(ids, None)
        return None if attempt_id is None else (self.id, attempt_id)


class Clients:
    """boto3 clients for local AWS."""

    def __init__(self, endpoint_url: str) -> None:
        retries = Config(retries={"mode": "standard", "total_max_attempts": 5})
        options = {**connection(endpoint_url), "config": retries}
        self.data_pipeline: DataPipelineClient = boto3.client("datapipeline", **options)
        self.step_functions: SFNClient = boto3.client("stepfunctions", **options)
        self.logs: CloudWatchLogsClient = boto3.client("logs", **options)


def main(arguments: Sequence[str]) -> int:
    """Run the demo. Returns 0 if every attempt ended as expected."""
    parser = argparse.ArgumentParser(prog="python -m local demo", description=OPENING)
    parser.add_argument(
        "--keep", action="store_true", help="afterwards stay up until Ctrl-C, to look around in the console"
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what is shown as an animated SVG picture"
    )
    options = parser.parse_args(arguments)
    recording = Recording() if options.record else None
    if recording:
        recording.say(0, "$ make demo")
    view = View(recording=recording)
    forget_aws_settings()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        view.say(OPENING)
        with (
            open_directory("local-demo-") as directory,
            LocalAwsProcess(
                *("--port", "0", "--time-scale", str(TIME_SCALE), *_as_on_aws()), directory=_app(directory)
            ) as aws,
        ):
            with view.busy("setting up"):
                url = aws.wait_until_ready(SET_UP_SECONDS, lambda line: view.say(line, "dim"))
            problems = _run(Clients(url), sample_pipelines(directory), view)
            _show_problems(problems, view)
            if recording and not problems:
                options.record.parent.mkdir(parents=True, exist_ok=True)
                options.record.write_text(recording.svg(), encoding="utf-8")
            if options.keep:
                keep(aws, url, view)
            else:
                view.say(
                    "The console ends with the demo; `.venv/bin/python -m local demo --keep` stays up.", "dim"
                )
    except KeyboardInterrupt:
        view.say("interrupted")
        return 130
    except (SetUpError, RefusedError, BotoCoreError, ClientError) as error:
        problems = [str(error)]
        _show_problems(problems, view)
    return 1 if problems else 0


def _context() -> Mapping[str, str]:
    """The context with which the stack is deployed to AWS."""
    context: dict[str, str] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return context


def _app(directory: Path) -> Path:
    """Where the app is: in the repository, or in a copy, as an installed package may be read-only."""
    if (ROOT / "pyproject.toml").exists():
        return ROOT
    app = directory / "app"
    app.mkdir()
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, app)
    return app


def _as_on_aws() -> list[str]:
    """Options of `up`, which would poll all the time."""
    context = _context()
    return [word for name in ("schedule", "pollTimeout") for word in ("--context", f"{name}={context[name]}")]


def keep(aws: LocalAwsProcess, url: str, view: View) -> None:
    """Stay up until Ctrl-C, which is the regular end here, or until local AWS ends by itself."""
    view.say(f"\nThe console is at {url}{CONSOLE_PATH} until Ctrl-C.")
    with contextlib.suppress(KeyboardInterrupt):
        aws.wait()


def _show_problems(problems: Sequence[str], view: View) -> None:
    for problem in problems:
        first, *more = problem.splitlines()
        view.say(f"error: {first}", "red")
        for line in more:
            view.say(line)


def _run(clients: Clients, samples: Sequence[SamplePipeline], view: View) -> list[str]:
    context = _context()
    stack = context.get("stackName") or "TaskRunner"
    group = context["workerGroup"]
    pipelines = [Started(sample, sample.put_in(clients.data_pipeline, group)) for sample in samples]
    view.say(f"put in {', '.join(pipeline.sample.name for pipeline in pipelines)} for worker group '{group}'")
    with view.table():
        problems = _watch(clients.data_pipeline, pipelines, view)
    # For attempts that went wrong, show whatever exists: the problem is known already.
    traces, lacking = _wait_for_traces(clients, stack, pipelines, 0 if problems else SETTLE_SECONDS)
    view.say("")
    for pipeline in pipelines:
        for row in pipeline.rows():
            key = pipeline.key(row.activity, row.number)
            view.summary(row, traces.run(key), traces.printed(key))
    view.say(f"\nThe stack's schedule has started its poll loop {_times(traces.loops)}.")
    if not problems and not lacking:
        view.say("All attempts ended as expected; the one failure is meant, and so is its retry.", "green")
    return problems or lacking


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _watch(client: DataPipelineClient, pipelines: Sequence[Started], view: View) -> list[str]:
    """Follow the attempts until all have ended or one goes wrong. Returns what is wrong."""
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        going = [pipeline for pipeline in pipelines if unfinished(pipeline.sample, pipeline.attempts)]
        for pipeline in going:
            pipeline.attempts = read_attempts(client, pipeline.id)
            view.show([row for each in pipelines for row in each.rows()])
            wrong = mismatches(pipeline.sample, pipeline.attempts)
            if wrong:
                return wrong
            time.sleep(BETWEEN_READS_SECONDS)
        if not going:
            return []
    return [
        f"not over after {RUN_SECONDS} s: {problem}"
        for pipeline in pipelines
        for problem in unfinished(pipeline.sample, pipeline.attempts)
    ]


def _wait_for_traces(
    clients: Clients, stack: str, pipelines: Sequence[Started], seconds: float
) -> tuple[Traces, list[str]]:
    """The traces of the attempts, and what is missing. Logs and executions appear later than a status."""
    deadline = time.monotonic() + seconds
    while True:
        traces = read_traces(clients.step_functions, clients.logs, stack)
        lacking = [
            f"{pipeline.sample.name}: {text}"
            for pipeline in pipelines
            for expected in pipeline.sample.expected
            for text in traces.shortcomings(expected, pipeline.key(expected.activity, expected.number))
        ]
        if not lacking or time.monotonic() >= deadline:
            return traces, lacking
        time.sleep(BETWEEN_READS_SECONDS)
