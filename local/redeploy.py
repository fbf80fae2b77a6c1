"""`python -m local deploy`: deploys the app again to a running local AWS, with the context that it had."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.arguments import add_context, whole
from local.deploy import CdkApp, DeployError
from local.environment import forget_aws_settings
from local.http.listener import HOST
from local.processes.orphans import ORPHANS

ABOUT = """\
Deploy the CDK app of this directory again to the local AWS that runs on --port, with the context of its last
deployment there. --context changes a value, or adds one, from now on.
"""


def context_file(project: Path, port: int) -> Path:
    """Where the context of the last deployment of this app to this port is kept."""
    return project / ".build" / "local" / f"context-{port}.json"


def remember(project: Path, port: int, context: Mapping[str, str] | None) -> None:
    """Keep the context of a deployment for the next one; None if nothing was deployed."""
    file = context_file(project, port)
    if context is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(context, indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Deploy, and return the exit code."""
    options = _parser().parse_args(arguments)
    project, began = Path.cwd(), time.monotonic()
    try:
        context = _last_context(project, options.port) | dict(options.context)
        asyncio.run(_deploy(project, options.port, context))
    except DeployError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    remember(project, options.port, context)
    print(f"deployed after {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def _last_context(project: Path, port: int) -> dict[str, str]:
    """Raises DeployError if there is nothing to deploy to, or nothing has been deployed from here."""
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        raise DeployError(
            f"no local AWS runs on http://{HOST}:{port}: start it with `python -m local up`"
        ) from None
    try:
        context: dict[str, str] = json.loads(context_file(project, port).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeployError(
            f"the local AWS on http://{HOST}:{port} did not deploy the app of {project}: run this where "
            "`python -m local up` was started"
        ) from None
    return context


async def _deploy(project: Path, port: int, context: Mapping[str, str]) -> None:
    forget_aws_settings()
    ORPHANS.adopt()
    log = project / ".build" / "local" / f"deploy-{port}.log"
    with tempfile.TemporaryDirectory(prefix="local-deploy-") as scratch:
        app = CdkApp(project, endpoint_url=f"http://{HOST}:{port}", scratch=Path(scratch), log=log)
        print("deploying with the CDK CLI ...", file=sys.stderr, flush=True)
        await app.deploy(context)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local deploy", description=ABOUT)
    parser.add_argument(
        "--port", type=whole(1, 65_535), default=4566, help="where local AWS runs (default 4566)"
    )
    add_context(parser)
    return parser
