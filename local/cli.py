"""The command line: `python -m local up`, `deploy`, `demo`, `logs`, `console`, `dashboard` and `estimate`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from local.arguments import add_context, number, whole
from local.datapipeline.settings import Settings

DEFAULT_PORT = 4566
CONTINUOUS_POLLING = {"schedule": "rate(1 minute)", "pollTimeout": "95"}

UP = """\
Start local AWS on 127.0.0.1, deploy the CDK app of this directory to it with the CDK CLI, and stay until
Ctrl-C. Progress and the console's address go to stderr; once everything is up, the one line on stdout is

  ready http://127.0.0.1:PORT

The app is deployed with continuous polling (context schedule="rate(1 minute)", pollTimeout=95), so that a
task starts at once; --context replaces either. After a change, `python -m local deploy` deploys again. To
look around, point the usual tools at it:

  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
"""

TIME_SCALE = """\
run Data Pipeline's clock, rate schedules, Step Functions' waits and retries, and alarms' periods N times as
fast (default 1), and pass context timeScale=N to the app; cron schedules, and timeouts, stay as they are
"""

_PROGRAMS = {
    "architecture": "architecture.command",
    "demo": "demo.command",
    "logs": "logs.command",
    "deploy": "redeploy",
    "console": "console.command",
    "dashboard": "dashboard.command",
    "estimate": "simulation.estimate",
}
"""Commands that parse their own arguments, by their module in this package."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    words = list(arguments)
    if words[:1] and words[0] in _PROGRAMS:
        exit_code: int = importlib.import_module(f"{__package__}.{_PROGRAMS[words[0]]}").main(words[1:])
        return exit_code
    options = _parser().parse_args(words)
    # Import late, so that --help and argument errors do not wait for the server's imports.
    from local.up import up

    return up(
        port=options.port,
        project=Path.cwd(),
        context=None if options.no_deploy else CONTINUOUS_POLLING | dict(options.context),
        settings=options.setting,
        time_scale=options.time_scale,
        redshift=options.redshift,
        end_with_stdin=options.end_with_stdin,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description="AWS on this machine, for development: no account, no Docker."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="run sample pipelines on local AWS and watch them", add_help=False)
    commands.add_parser("console", help="look at a stack on AWS, read only, in a browser", add_help=False)
    commands.add_parser("deploy", help="deploy the app again, with the same context", add_help=False)
    commands.add_parser("logs", help="what happened to one task, locally or on AWS", add_help=False)
    commands.add_parser("estimate", help="what a month of your tasks costs on AWS", add_help=False)
    commands.add_parser("dashboard", help="draw a dashboard of a running local AWS", add_help=False)
    commands.add_parser("architecture", help="draw a synthesized app's state machines", add_help=False)
    up = commands.add_parser(
        "up",
        help="start local AWS with the app deployed, until Ctrl-C",
        description=UP,
        epilog=f"settings, the default first:\n{Settings.describe()}\n\n"
        "Faults can be set while it runs: see docs/local-aws.md.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    up.add_argument(
        "--port",
        type=whole(0, 65_535),
        default=DEFAULT_PORT,
        help=f"default {DEFAULT_PORT}; 0 takes a free one",
    )
    add_context(up)
    up.add_argument("--no-deploy", action="store_true", help="start local AWS only")
    up.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="how Data Pipeline behaves where AWS does not document it; repeatable; see below",
    )
    up.add_argument("--time-scale", type=_time_scale, default=1.0, metavar="N", help=TIME_SCALE)
    up.add_argument(
        "--redshift",
        metavar="URL",
        help="have the Redshift Data API, and run its statements on a PostgreSQL server that is up, "
        "postgresql://user:password@host:port",
    )
    up.add_argument("--end-with-stdin", action="store_true", help=argparse.SUPPRESS)
    return parser


def _time_scale(text: str) -> float:
    scale = number(text)
    if not 0 < scale <= 10_000:
        raise argparse.ArgumentTypeError("the time scale is a number above 0, at most 10000")
    return scale
