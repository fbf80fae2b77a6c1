"""`make bench`: measures every figure in the documentation on this machine, and prints them as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from local.arguments import whole

MEASURED: Mapping[str, tuple[str, str]] = {
    "local Data Pipeline": (
        "local_data_pipeline",
        "its other requests, beside 1,000 objects and 200 open polls",
    ),
    "handlers": ("handlers", "memory and cold start of the shell handler"),
    "poller": ("poller", "the time to its first poll, and what 128 MB allow"),
    "flow": ("flow", "a deployed stack: transitions and billed time of a task, drain rate, latency"),
    "pace": ("pace", "how loops share the account's rate, in virtual time"),
    "copies": ("copies", "CopyActivity beside psql and the client of MariaDB"),
    "console": ("console", "the console's first view of 300 pipelines with 10,000 attempts, in Chromium"),
    "check": ("check_all", "check --all with 300 pipelines, at the pace of the account's limits"),
    "container staging": ("container_staging", "2 GB staged in and out of a container"),
    "containers": ("containers", "a task in a container, beside a bare container"),
    "transfers": ("transfers", "S3 objects over several connections"),
}
"""The module that measures each part, and what it measures."""


def main(arguments: list[str]) -> int:
    """Measure all figures, or those named. Returns the exit code."""
    options = _options(arguments)
    results: dict[str, Any] = {"machine": machine()}
    try:
        for name in options.figures or MEASURED:
            print(f"measuring: {name} ...", file=sys.stderr, flush=True)
            # Import late: most parts synthesize a stack, and so start Node.js.
            measure = importlib.import_module(f"bench.{MEASURED[name][0]}").measure
            results[name] = measure(*_sizes(name, options))
    finally:
        # If one measurement fails, print what was measured before.
        json.dump(results, sys.stdout, indent=2)
        print()
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parts = "\n".join(f"  {name:20}  {what}" for name, (_, what) in MEASURED.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=f"figures:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="default all; see below")
    parser.add_argument(
        "--megabytes", type=whole(1, 100_000), metavar="MB", help="size of the copies, instead of their own"
    )
    parser.add_argument("--rounds", type=whole(1, 1_000), metavar="N", help="rounds of the copies")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.figures if name not in MEASURED]
    if unknown:
        parser.error(f"there is no figure '{unknown[0]}'; there are: {', '.join(MEASURED)}")
    return options


def _sizes(name: str, options: argparse.Namespace) -> list[int]:
    """What the copies are measured with; the other parts take no sizes."""
    if name != "copies":
        return []
    from bench.copies import MEGABYTES, ROUNDS

    return [options.megabytes or MEGABYTES, options.rounds or ROUNDS]


def machine() -> dict[str, Any]:
    """The properties of the machine that the figures depend on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{name: version(name) for name in ("boto3", "aws-lambda-powertools", "ministack")},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
