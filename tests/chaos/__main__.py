"""`make chaos`: 2,000 tasks. Prints its seed and its figures; ends with 1 if any task was wronged."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import asdict

from local.arguments import whole
from local.directories import open_directory
from tests.chaos.run import Run
from tests.system.deployments import FAULTY_APP, FAULTY_TIME_SCALE, deployed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--seed", type=whole(0, 10**9), help="repeats the faults of an earlier run; else a new one"
    )
    parser.add_argument("--tasks", type=whole(1, 100_000), default=2_000)
    given = parser.parse_args()
    seed = random.randrange(1_000_000) if given.seed is None else given.seed  # noqa: S311
    print(f"SEED={seed}", flush=True)
    began = time.monotonic()
    with open_directory("chaos-") as home:
        options = ["--time-scale", str(FAULTY_TIME_SCALE), "--context", "maxConcurrentTasks=20"]
        # A group with the defaults: it wakes when a tick finds work, and falls asleep without ticks.
        options += ["--context", "schedule=rate(5 minutes)", "--context", "pollTimeout=10"]
        options += ["--setting", "maximum_pipelines=1000"]
        with deployed(home, *options, app=FAULTY_APP) as up:
            run = Run(up, home, seed=seed, time_scale=FAULTY_TIME_SCALE)
            figures = run.carry_out(given.tasks, outages=True)
    print(file=sys.stderr)
    print(
        json.dumps(
            {"seed": seed, "minutes": round((time.monotonic() - began) / 60, 1), **asdict(figures)}, indent=2
        )
    )
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
