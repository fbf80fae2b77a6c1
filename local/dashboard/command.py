"""`python -m local dashboard`: draws a dashboard of local AWS as it is now."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from local.arguments import whole
from local.dashboard.svg import default_span, draw
from local.dashboard.widgets import UnsupportedWidgetError, read_dashboard
from local.http.listener import HOST


def main(arguments: Sequence[str]) -> int:
    """Write the picture and return the exit code."""
    options = _parser().parse_args(arguments)
    client = boto3.client("cloudwatch", **connection(f"http://{HOST}:{options.port}"))
    span = default_span(options.minutes, options.period, datetime.now(UTC))
    try:
        picture = draw(read_dashboard(client, options.name, span), span)
    except client.exceptions.ResourceNotFound:
        print(
            f"error: there is no dashboard '{options.name}' on port {options.port}: deploy the app with "
            "--context dashboard=true",
            file=sys.stderr,
        )
        return 1
    except (ClientError, BotoCoreError, UnsupportedWidgetError) as error:
        print(f"error: dashboard '{options.name}': {error}", file=sys.stderr)
        return 1
    try:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(picture, encoding="utf-8")
    except OSError as error:
        print(f"error: {options.output} cannot be written: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local dashboard",
        description="Draw a CloudWatch dashboard of a running local AWS as an SVG picture.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the SVG file to write")
    parser.add_argument("--name", default="TaskRunner", help="the dashboard's name (default TaskRunner)")
    parser.add_argument(
        "--port", type=whole(1, 65_535), default=4566, help="where local AWS runs (default 4566)"
    )
    parser.add_argument("--minutes", type=whole(1, 1_000_000), default=60, help="how far back (default 60)")
    parser.add_argument(
        "--period",
        type=whole(1, 1_000_000),
        default=60,
        metavar="SECONDS",
        help="of one point (default 60); with a time scale of N, 300/N is what the dashboard's 5 minutes are",
    )
    return parser
