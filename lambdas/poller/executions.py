"""What a worker group's RunTask executions say: how many are running, and whether the group has work.

ListExecutions is eventually consistent (Step Functions API Reference), and lists the executions of all of the
stack's worker groups, the ones that started last first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from poller.envelope import belongs_to
from poller.loop import Activity

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

NEWEST = 1_000
"""The largest page of ListExecutions (Step Functions API Reference)."""

_SAME_MOMENT = timedelta(seconds=1)
"""Two executions that started so close to each other do not wait for each other."""


def count_running(client: SFNClient, *, run_task_arn: str, worker_group: str, most: int) -> int:
    """How many executions of the worker group are running, or some number that is at least ``most``."""
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=run_task_arn, statusFilter="RUNNING", PaginationConfig={"PageSize": NEWEST}
    )
    running = 0
    for page in pages:
        running += sum(belongs_to(run["name"], worker_group) for run in page["executions"])
        if running >= most:
            break
    return running


def find_activity(client: SFNClient, *, run_task_arn: str, worker_group: str, now: datetime) -> Activity:
    """Whether an execution of the worker group is running, and when the last one ended.

    One request, and a second one if the stack has had more than ``NEWEST`` executions: a task that has been
    running for long may stand behind them. An execution behind them that has ended is not looked for, so the
    group may fall asleep early, for one tick.
    """
    newest = client.list_executions(stateMachineArn=run_task_arn, maxResults=NEWEST)
    ours = [run for run in newest["executions"] if belongs_to(run["name"], worker_group)]
    ended = [run["stopDate"] for run in ours if "stopDate" in run]
    running = len(ended) < len(ours)
    if not running and "nextToken" in newest:
        running = count_running(client, run_task_arn=run_task_arn, worker_group=worker_group, most=1) > 0
    # Below 0 if Step Functions' clock is ahead of ours.
    return Activity(running, (now - max(ended)).total_seconds() if ended else None)


def earlier_loop_runs(client: SFNClient, *, poll_loop_arn: str, started_at: datetime) -> bool:
    """Whether an execution of PollLoop runs that started before the one of ``started_at``."""
    running = client.list_executions(stateMachineArn=poll_loop_arn, statusFilter="RUNNING", maxResults=NEWEST)
    earliest = min((run["startDate"] for run in running["executions"]), default=started_at)
    return earliest < started_at - _SAME_MOMENT
