"""What ListExecutions says about a worker group, in answers of the service's own shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from poller.envelope import execution_name
from poller.executions import NEWEST, count_running, earlier_loop_runs, find_activity
from poller.loop import Activity

RUN_TASK = "arn:aws:states:us-east-1:111122223333:stateMachine:TaskRunner-RunTask"
POLL_LOOP = "arn:aws:states:us-east-1:111122223333:stateMachine:TaskRunner-PollLoop-etl"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def run(task: str, *, group: str = "etl", started: float = 60, ended: float | None = None) -> dict[str, Any]:
    """An execution that started, and ended, so many seconds ago. One that is running has not ended."""
    name = execution_name({"attemptId": "@Load", "taskId": task, "workerGroup": group}, poll_id="p")
    times: dict[str, Any] = {"startDate": NOW - timedelta(seconds=started), "status": "RUNNING"}
    if ended is not None:
        times |= {"stopDate": NOW - timedelta(seconds=ended), "status": "SUCCEEDED"}
    return {"executionArn": f"{RUN_TASK}:{name}", "stateMachineArn": RUN_TASK, "name": name, **times}


class Service:
    """Step Functions, with answers that are given in order."""

    def __init__(self) -> None:
        session = botocore.session.Session()
        session.set_credentials("test", "test")
        self.client: Any = session.create_client("stepfunctions", region_name="us-east-1")
        self.stub = Stubber(self.client)

    def lists(self, *runs: dict[str, Any], more: str | None = None, **asked: str) -> None:
        """The next request has to ask for this, and is answered with these executions."""
        answer = {"executions": list(runs), **({"nextToken": more} if more else {})}
        asking = {"stateMachineArn": RUN_TASK, "maxResults": NEWEST, **asked}
        self.stub.add_response("list_executions", answer, asking)

    def activity(self) -> Activity:
        return find_activity(self.client, run_task_arn=RUN_TASK, worker_group="etl", now=NOW)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with service.stub:
        yield service
    service.stub.assert_no_pending_responses()


def test_a_stack_without_executions_has_no_work(service: Service) -> None:
    service.lists()
    assert service.activity() == Activity(running=False)


def test_a_running_task_is_found(service: Service) -> None:
    service.lists(run("ended", ended=10), run("running"))
    assert service.activity().running


def test_the_last_end_counts_whichever_task_started_last(service: Service) -> None:
    service.lists(run("short", started=300, ended=290), run("long", started=3_000, ended=100))
    assert service.activity() == Activity(running=False, seconds_since_end=100)


def test_executions_of_other_groups_say_nothing(service: Service) -> None:
    service.lists(run("T", group="other"), run("T", group="ETL"), run("T", group="etl2", ended=5))
    assert service.activity() == Activity(running=False)


def test_an_end_that_lies_ahead_of_our_clock_is_one_of_just_now(service: Service) -> None:
    service.lists(run("T", ended=-2))
    assert service.activity() == Activity(running=False, seconds_since_end=-2)


def test_a_task_that_runs_behind_the_newest_executions_of_other_groups_is_found(service: Service) -> None:
    others = [run("T", group="other", ended=1), run("U", group="other")]
    service.lists(*others, more="older")
    service.lists(*others, more="2", statusFilter="RUNNING")
    service.lists(run("deferred", started=40_000), more="3", statusFilter="RUNNING", nextToken="2")
    assert service.activity().running


def test_a_task_that_was_redriven_is_running_though_it_started_long_ago(service: Service) -> None:
    service.lists(run("T", ended=3_600), more="older")
    service.lists(run("redriven", started=80_000), statusFilter="RUNNING")
    assert service.activity() == Activity(running=True, seconds_since_end=3_600)


def test_running_tasks_of_the_group_are_counted_over_all_pages(service: Service) -> None:
    service.lists(run("A"), run("B", group="other"), more="2", statusFilter="RUNNING")
    service.lists(run("C"), statusFilter="RUNNING", nextToken="2")
    assert count_running(service.client, run_task_arn=RUN_TASK, worker_group="etl", most=5) == 2


def test_no_more_pages_are_read_than_the_limit_needs(service: Service) -> None:
    service.lists(run("A"), run("B"), more="2", statusFilter="RUNNING")
    assert count_running(service.client, run_task_arn=RUN_TASK, worker_group="etl", most=2) == 2


def loop(seconds_ago: float) -> dict[str, Any]:
    """A running execution of PollLoop that started so many seconds ago."""
    started = NOW - timedelta(seconds=seconds_ago)
    arn = f"{POLL_LOOP}:{seconds_ago}"
    return {
        "executionArn": arn,
        "stateMachineArn": POLL_LOOP,
        "name": str(seconds_ago),
        "startDate": started,
        "status": "RUNNING",
    }


@pytest.mark.parametrize(
    ("loops", "runs"),
    [
        pytest.param([loop(0), loop(300)], True, id="earlier"),
        pytest.param([loop(0), loop(2)], True, id="a-moment-earlier"),
        pytest.param([loop(0)], False, id="itself"),
        pytest.param([loop(0), loop(0.5)], False, id="same-second"),
        pytest.param([loop(-40), loop(0)], False, id="later"),
        pytest.param([loop(-40), loop(0), loop(300)], True, id="earlier-and-later"),
        pytest.param([], False, id="none-listed-yet"),
    ],
)
def test_a_loop_that_started_earlier_is_found(
    service: Service, loops: list[dict[str, Any]], runs: bool
) -> None:
    service.lists(*loops, stateMachineArn=POLL_LOOP, statusFilter="RUNNING")
    assert earlier_loop_runs(service.client, poll_loop_arn=POLL_LOOP, started_at=NOW) is runs
