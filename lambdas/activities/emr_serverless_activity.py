"""HiveActivity, HiveCopyActivity, and EmrActivity with spark-submit, as job runs of EMR Serverless."""

from __future__ import annotations

import os

from emr.job_runs import run
from emr.where import Where
from runner import Outcome, Task, task_handler


@task_handler
def handler(task: Task) -> Outcome | None:
    """Start the next job run, or look at the one that runs."""
    return run(task, Where.of(os.environ))
