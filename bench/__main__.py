"""`make bench`: measures every figure in the documentation on this machine, and prints them as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from bench import (
    console,
    container_staging,
    containers,
    copies,
    flow,
    handlers,
    local_data_pipeline,
    pace,
    poller,
    transfers,
)

MEASURED: dict[str, Callable[[], Any]] = {
    "local Data Pipeline": local_data_pipeline.measure,
    "handlers": handlers.measure,
    "poller": poller.measure,
    "flow": flow.measure,
    "pace": pace.measure,
    "copies": copies.measure,
    "console": console.measure,
    "containers": containers.measure,
    "container staging": container_staging.measure,
    "transfers": transfers.measure,
}


def main(arguments: list[str]) -> int:
    """Measure all figures, or those named. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("figures", nargs="*", help=f"all, or some of: {', '.join(MEASURED)}")
    parser.add_argument("--megabytes", type=int, default=copies.MEGABYTES, help="size of the copies")
    parser.add_argument("--rounds", type=int, default=copies.ROUNDS, help="rounds of the copies")
    options = parser.parse_args(arguments)
    chosen = options.figures
    measured: dict[str, Callable[[], Any]] = {
        **MEASURED,
        "copies": lambda: copies.measure(options.megabytes, options.rounds),
    }
    unknown = [name for name in chosen if name not in MEASURED]
    if unknown:
        print(f"There is no figure {unknown[0]!r}; there are: {', '.join(MEASURED)}", file=sys.stderr)
        return 2
    results: dict[str, Any] = {"machine": machine()}
    try:
        for name in chosen or MEASURED:
            print(f"measuring: {name} ...", file=sys.stderr, flush=True)
            results[name] = measured[name]()
    finally:
        # If one measurement fails, print what was measured before.
        json.dump(results, sys.stdout, indent=2)
        print()
    return 0


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
