"""``python -m pipelines verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import quote

from pipelines.live.client import Connection, NotConnectedError
from pipelines.verifying.stack import Stack
from pipelines.verifying.verify import Result, verify

DESCRIPTION = """\
After `cdk deploy`, on AWS or local AWS: make an on-demand pipeline with one echo, show when it comes
through each hop (ready, polled, started, acknowledged, done), and delete it. If it does not come through,
say which of the runbook's causes it is (docs/runbook.md).

--probe finds out, without the stack, how AWS Data Pipeline behaves where its documentation leaves that open.
It makes pipelines of its own for a worker group of its own, is their task runner, and deletes them. It
prints --setting lines for local AWS, and a report. It takes about 10 minutes.

Exit code: 0 if the echo came through, 1 with the cause if not, 2 if AWS cannot be called.
"""
DEFAULT_MINUTES = 12.0
"""A period, a minute for its tick, 90 s for a poll that was given up, 2 minutes to be offered again."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.probe and not options.worker_group:
        parser.error("name the worker group (--worker-group), or --probe")
    connection = Connection(options.region, options.profile, options.endpoint_url)
    # Nothing below works without botocore, which takes a while to import.
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        if options.probe:
            from pipelines.verifying.probe import run_probe

            exit_code: int = run_probe(connection)
            return exit_code
        stack = Stack(connection, options.stack, options.worker_group)
        result = verify(stack, options.minutes, lambda line: print(line, flush=True))
    except (NotConnectedError, BotoCoreError, ClientError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    return _told(stack, result)


def _told(stack: Stack, result: Result) -> int:
    for name, link in _links(stack, result.execution):
        print(f"{name:<13}{link}")
    if result.cause is None:
        print(f"The worker group '{stack.group}' works.")
        return 0
    print(f"The echo did not come through: {result.cause.what}.\n{result.cause.do}: see {result.cause.page}")
    return 1


def _links(stack: Stack, execution: str) -> list[tuple[str, str]]:
    if not execution:
        return []
    meta = stack.client("stepfunctions").meta
    log = f"/aws/lambda/{stack.name}-ShellCommandActivity"
    if not meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        console = f"{meta.endpoint_url.rstrip('/')}/_local/console/#/executions/{quote(execution, safe='')}"
        return [("execution", console), ("log", f"aws logs tail {log}")]
    base = f"https://{meta.region_name}.console.aws.amazon.com"
    encoded = quote(quote(log, safe=""), safe="").replace("%", "$")
    return [
        ("execution", f"{base}/states/home?region={meta.region_name}#/v2/executions/details/{execution}"),
        ("log", f"{base}/cloudwatch/home?region={meta.region_name}#logsV2:log-groups/log-group/{encoded}"),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines verify",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--worker-group", metavar="NAME", help="the worker group to try")
    parser.add_argument("--stack", metavar="NAME", default="TaskRunner", help="the stack; default TaskRunner")
    parser.add_argument("--region", help="the region; else that of your AWS configuration")
    parser.add_argument("--profile", help="the profile of your AWS configuration")
    parser.add_argument(
        "--endpoint-url", help="the endpoint, such as that of local AWS; else AWS_ENDPOINT_URL"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=DEFAULT_MINUTES,
        help=f"how long to wait for the echo; default {DEFAULT_MINUTES:g}",
    )
    parser.add_argument("--probe", action="store_true", help="find out what AWS does not document")
    return parser
