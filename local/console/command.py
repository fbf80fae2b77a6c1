"""``python -m local console``: looks at a stack on AWS, in a browser."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Sequence
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.arguments import whole
from local.console.bridge import bridge
from local.console.operations import NotConnectedError, ReadOnly
from local.http.listener import HOST, PortInUseError, listen

DESCRIPTION = """\
Serve the console for a stack on AWS: pipelines, attempts, executions, logs and alarms, live. It only reads,
with the credentials of your AWS configuration, and listens on 127.0.0.1 until Ctrl-C. The one line on stdout:

  console http://127.0.0.1:PORT/#token=TOKEN

Open that address as it is: without its token the port tells nothing. `python -m local up` serves the console
of local AWS by itself. What it calls, and the IAM policy for that, are in docs/local-console.md.
"""
DEFAULT_STACK = "TaskRunner"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str]) -> int:
    """Run the command until a signal and return its exit code: 0, or 1 if it cannot start."""
    options = _parser().parse_args(arguments)
    try:
        aws = ReadOnly(region=options.region, profile=options.profile, endpoint_url=options.endpoint_url)
        listener = listen(options.port)
    except (NotConnectedError, PortInUseError, PermissionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    token = secrets.token_urlsafe(32)
    place = f"AWS {aws.region}" if options.profile is None else f"AWS {aws.region}, {options.profile}"
    settings = {"name": place, "isLocal": False, "stack": options.stack, "timeScale": 1}
    application = bridge(token=token, call=aws.call, settings=settings)
    print(f"console http://{HOST}:{listener.getsockname()[1]}/#token={token}", flush=True)
    asyncio.run(_serve(application, listener.detach()))
    return 0


async def _serve(application: Any, listener: int) -> None:
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5  # Seconds. A browser keeps its connections open.
    await serve(application, config, shutdown_trigger=stop.wait)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local console",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--profile", help="the profile of your AWS configuration")
    parser.add_argument("--region", help="the region; else that of your AWS configuration")
    parser.add_argument(
        "--stack",
        default=DEFAULT_STACK,
        help=f"the stack whose state machines and alarms are shown; default {DEFAULT_STACK}",
    )
    parser.add_argument(
        "--endpoint-url", metavar="URL", help="an endpoint for all services, such as that of local AWS"
    )
    parser.add_argument("--port", type=whole(0, 65_535), default=0, help="the port; by default a free one")
    return parser
