"""`python -m local logs`: tells a task's story from the logs of a deployed stack, local or on AWS."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from local.arguments import whole
from local.http.listener import HOST
from local.logs.sources import Sources
from local.logs.story import NoTaskError, NotFoundError, Story, read_story

FOLLOW_SECONDS = 2.0
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

ABOUT = """\
Print what happened to one task, in the order of time: what the poller, RunTask's states, the handler and its
container say about it, and what its command printed. Give the attempt's id, the task's id, or the name or ARN
of the RunTask execution.

It reads the local AWS on --port, or, with --profile or --region, a stack on AWS. There it needs the
permissions logs:DescribeLogGroups, logs:FilterLogEvents, states:ListStateMachines and
states:GetExecutionHistory. Times are UTC.
"""


def main(arguments: Sequence[str]) -> int:
    """Print the story. Returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        sources = _sources(options)
        return tell(
            lambda: read_story(
                sources, options.id, datetime.now(UTC) - options.since, pipeline=options.pipeline
            ),
            follow=options.follow,
            say=lambda line: print(line, flush=True),
            sleep=time.sleep,
        )
    except (NotFoundError, ClientError, BotoCoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # Whoever reads the lines, such as head, has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def tell(
    read: Callable[[], Story], *, follow: bool, say: Callable[[str], None], sleep: Callable[[float], None]
) -> int:
    """Say the heading and the lines; with ``follow``, what comes later too, until the task has ended.

    Raises NotFoundError for a task that is not in the logs, unless it may still come.
    """
    told: set[tuple[datetime, str, str]] = set()
    headed: list[str] = []
    over = False
    while True:
        try:
            story = read()
        except NoTaskError:
            if not follow:
                raise
            sleep(FOLLOW_SECONDS)
            continue
        for heading in story.heading():
            if heading not in headed:
                headed.append(heading)
                say(heading)
        for line in story.lines:
            key = line.at, line.source, line.text
            if key not in told:
                told.add(key)
                say(line.shown())
        # Lines of other functions may still be on their way when the end is told.
        if not follow or over:
            return 0
        over = story.over
        sleep(FOLLOW_SECONDS)


def _sources(options: argparse.Namespace) -> Sources:
    if options.profile or options.region:
        session = boto3.Session(profile_name=options.profile, region_name=options.region)
        clients: Any = session.client
        return Sources(clients("logs"), clients("stepfunctions"), options.stack)
    local = connection(f"http://{HOST}:{options.port}")
    return Sources(boto3.client("logs", **local), boto3.client("stepfunctions", **local), options.stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local logs",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", metavar="ATTEMPT|TASK|EXECUTION")
    parser.add_argument("--follow", action="store_true", help="wait for what comes, until the task has ended")
    parser.add_argument("--pipeline", metavar="ID", help="if several pipelines have an attempt of this id")
    parser.add_argument(
        "--since",
        type=_age,
        default=timedelta(days=1),
        metavar="AGE",
        help="how far to look back, such as 30m, 12h or 7d: default 1d",
    )
    parser.add_argument("--stack", default="TaskRunner", help="the stack's name (default TaskRunner)")
    parser.add_argument(
        "--port", type=whole(1, 65_535), default=4566, help="where local AWS runs (default 4566)"
    )
    parser.add_argument("--profile", help="a profile of the AWS configuration: read from AWS")
    parser.add_argument("--region", help="a region: read from AWS")
    return parser


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    if match is None or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no age: 30m, 12h and 7d are")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
