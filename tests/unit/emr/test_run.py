"""The life of a task on a cluster, with local EMR in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from emr import emr_steps, run
from emr.naming import Names
from emr.where import Where
from runner import clients, telemetry, versions
from runner.fields import FieldError
from runner.outcome import Canceled, Deferred, Finished, Outcome, TaskFailed
from runner.task import Task
from tests.local.emr.service import CLUSTER, EmrService, emr_service
from tests.unit.emr.tasks import task_of

SLEEP = "command-runner.jar,sleep,7320"
TRUE = "command-runner.jar,true"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmrService]:
    with emr_service() as started:
        monkeypatch.setattr(clients, "emr", lambda **_: started.client)
        monkeypatch.setattr(clients, "s3", lambda: started.objects)
        yield started


@pytest.fixture
def cluster(service: EmrService) -> str:
    return str(service.client.run_job_flow(**CLUSTER)["JobFlowId"])


def go_on(task: Task, where: Where) -> Outcome:
    return run.run(task, where, emr_steps.steps_of)


def to_the_end(fields: dict[str, Any], where: Where, state: Any = None, *, canceled: bool = False) -> Outcome:
    """Invoke the handler until it does not defer."""
    deadline = time.monotonic() + 30
    while True:
        outcome = go_on(task_of(fields, state=state, canceled=canceled), where)
        if not isinstance(outcome, Deferred):
            return outcome
        assert time.monotonic() < deadline, outcome
        state = outcome.state
        time.sleep(0.05)


def steps(service: EmrService, cluster: str) -> list[tuple[str, str]]:
    listed = service.client.list_steps(ClusterId=cluster)["Steps"]
    return [(step["Name"], step["Status"]["State"]) for step in reversed(listed)]


def test_a_step_that_was_added_and_not_recorded_is_found(service: EmrService, cluster: str) -> None:
    where = Where(cluster=cluster)
    fields = {"step": [TRUE, TRUE]}
    go_on(task_of(fields), where)  # Its answer is lost with the function that gave it.
    assert to_the_end(fields, where) == Finished()
    names = Names.of(task_of(fields))
    assert steps(service, cluster) == [(names.step(1, 2), "COMPLETED"), (names.step(2, 2), "COMPLETED")]


@pytest.mark.parametrize("kind", ["throttle", "error", "drop", "full"])
@pytest.mark.parametrize("operation", ["ListSteps", "AddJobFlowSteps", "DescribeStep"])
def test_what_passes_at_emr_is_tried_again(
    service: EmrService, cluster: str, operation: str, kind: str
) -> None:
    service.fault(operation=operation, kind=kind, count=6)
    assert to_the_end({"step": TRUE}, Where(cluster=cluster)) == Finished()
    assert [state for _, state in steps(service, cluster)] == ["COMPLETED"]


def test_what_an_earlier_attempt_left_ends_before_anything_is_added(
    service: EmrService, cluster: str
) -> None:
    names = Names.of(task_of({}))
    left = Names(names.component, names.instance, "of-an-earlier-attempt").step(1, 1)
    other = Names(names.component, "another-instance", names.attempt).step(1, 1)
    for name in (left, other):
        jar = {"Jar": "command-runner.jar", "Args": ["sleep", "7321" if name == left else "0"]}
        service.client.add_job_flow_steps(JobFlowId=cluster, Steps=[{"Name": name, "HadoopJarStep": jar}])
    assert to_the_end({"step": TRUE}, Where(cluster=cluster)) == Finished()
    assert steps(service, cluster) == [
        (left, "CANCELLED"),
        (other, "COMPLETED"),
        (names.step(1, 1), "COMPLETED"),
    ]


def test_a_canceled_task_ends_its_step_even_one_that_it_never_recorded(
    service: EmrService, cluster: str
) -> None:
    where = Where(cluster=cluster)
    go_on(task_of({"step": SLEEP}), where)
    assert to_the_end({"step": SLEEP}, where, canceled=True) == Canceled()
    assert [state for _, state in steps(service, cluster)] == ["CANCELLED"]


def test_a_canceled_task_ends_once_the_guards_of_its_steps_are_done(
    service: EmrService, cluster: str
) -> None:
    where = Where(cluster=cluster)
    go_on(task_of({"step": SLEEP}), where)
    state, waits = None, []
    while True:
        outcome = go_on(task_of({"step": SLEEP}, state=state, canceled=True), where)
        if not isinstance(outcome, Deferred):
            break
        state = outcome.state
        waits.append(outcome.wait_seconds)
        time.sleep(0.05)
    assert outcome == Canceled()
    assert waits[0] == 10
    assert waits[-1] == 20
    assert waits.count(20) == 1
    nothing = go_on(task_of({"step": TRUE}, canceled=True), Where(cluster=cluster))
    assert nothing == Canceled()


def test_a_task_that_is_canceled_twice_or_too_late_ends(service: EmrService, cluster: str) -> None:
    where = Where(cluster=cluster)
    assert to_the_end({"step": TRUE}, where) == Finished()
    assert to_the_end({"step": TRUE}, where, canceled=True) == Canceled()
    assert to_the_end({"step": TRUE}, Where(cluster="j-GONE"), canceled=True) == Canceled()


def test_no_such_cluster_and_one_that_has_ended_are_told(service: EmrService, cluster: str) -> None:
    with pytest.raises(TaskFailed, match="is not valid") as refused:
        to_the_end({"step": TRUE}, Where(cluster="j-GONE"))
    assert refused.value.error_id == "EmrRefused"
    service.client.terminate_job_flows(JobFlowIds=[cluster])
    with pytest.raises(TaskFailed, match=r"takes no more steps.*USER_REQUEST: Terminated by user") as ended:
        to_the_end({"step": TRUE}, Where(cluster=cluster))
    assert ended.value.error_id == "ClusterTerminated"
    with pytest.raises(TaskFailed, match="none runs"):
        to_the_end({"step": TRUE}, Where(cluster_name="etl"))


def test_a_shared_cluster_that_never_comes_up_is_started_a_few_times_and_told(service: EmrService) -> None:
    service.fault(operation="StartCluster", kind="fail", count=100)
    request = {key: value for key, value in CLUSTER.items() if key != "Name"}
    where = Where(transient=request, idle_minutes=60, shared_name="stack")
    state: Any = None

    def one_after_the_other() -> None:
        nonlocal state
        for _ in range(50):
            outcome = go_on(task_of({"step": TRUE}, state=state), where)
            assert isinstance(outcome, Deferred)
            state = outcome.state
            while service.client.list_clusters(ClusterStates=["STARTING", "BOOTSTRAPPING"])["Clusters"]:
                time.sleep(0.01)

    with pytest.raises(TaskFailed, match="BOOTSTRAP_FAILURE: On the master instance") as failed:
        one_after_the_other()
    assert failed.value.error_id == "ClusterTerminated"
    assert len(service.client.list_clusters()["Clusters"]) == 3


def test_logs_that_come_late_are_waited_for_and_missing_ones_are_not_forever(
    service: EmrService, cluster: str
) -> None:
    service.fault(operation="Step", kind="no-logs")
    bad = {"step": "command-runner.jar,bash,-c,exit 1"}
    with pytest.raises(TaskFailed, match=r"stderr\.gz yet: EMR copies logs every 5 minutes"):
        to_the_end(bad, Where(cluster=cluster))


def test_a_log_that_was_copied_before_the_step_ended_is_waited_for_and_told(
    service: EmrService, cluster: str
) -> None:
    bad = {"step": "command-runner.jar,bash,-c,echo early >&2; exit 1"}
    service.objects.modified = datetime(2026, 1, 31, 10, 5, tzinfo=UTC)
    with pytest.raises(TaskFailed) as failed:
        to_the_end(bad, Where(cluster=cluster))
    assert str(failed.value).endswith(
        "Its stderr, as copied at 10:05:00 UTC before the step ended, ends with:\nearly"
    )
    names = Names.of(task_of({}))
    assert steps(service, cluster) == [(names.step(1, 1), "FAILED")]
    service.objects.modified = None
    with pytest.raises(TaskFailed, match="Its stderr ends with:\nearly"):
        to_the_end(bad, Where(cluster=cluster))


def test_the_wait_grows_and_days_fit_into_an_executions_history(service: EmrService, cluster: str) -> None:
    where = Where(cluster=cluster)
    state, waits = None, []
    for _ in range(30):
        outcome = go_on(task_of({"step": SLEEP}, state=state), where)
        assert isinstance(outcome, Deferred)
        state = outcome.state
        waits.append(outcome.wait_seconds)
    assert waits[0] == 10
    assert waits == sorted(waits)
    assert waits[-1] == 120
    service.client.terminate_job_flows(JobFlowIds=[cluster])


def test_states_of_other_releases(service: EmrService, cluster: str) -> None:
    where = Where(cluster=cluster)
    first = go_on(task_of({"step": SLEEP}), where)
    assert isinstance(first, Deferred)
    assert first.state["version"] == versions.STATE
    of_0_1_0 = {name: value for name, value in first.state.items() if name != "version"}
    of_one_with_a_member_more = {**first.state, "inTheFuture": 1}
    for state in (of_0_1_0, of_one_with_a_member_more):
        again = go_on(task_of({"step": SLEEP}, state=state), where)
        assert isinstance(again, Deferred)
        assert again.state["step"] == first.state["step"]
    later = {**first.state, "version": versions.STATE + 1}
    with pytest.raises(TaskFailed, match=first.state["step"]) as failed:
        go_on(task_of({"step": SLEEP}, state=later), where)
    assert failed.value.error_id == "LaterVersion"
    assert to_the_end({"step": SLEEP}, where, first.state, canceled=True) == Canceled()


def test_a_handler_that_was_not_made_by_a_factory_says_so() -> None:
    for environment in ({}, {"EMR_WHERE": "{"}, {"EMR_WHERE": '{"x": 1}'}):
        with pytest.raises(TaskFailed, match="EMR_WHERE is not set"):
            Where.of(environment)


def test_a_secret_is_not_put_into_a_step(service: EmrService, cluster: str) -> None:
    fields = {"step": "command-runner.jar,echo,canary-81d2", "*myPassword": "canary-81d2"}
    with pytest.raises(TaskFailed, match=r"secret \(\*\) field") as refused:
        to_the_end(fields, Where(cluster=cluster))
    assert refused.value.error_id == "SecretInStep"
    assert steps(service, cluster) == []


@pytest.mark.parametrize("secret", ["pa,ss-word1", "pa\\\\ss-word1", "pa'ss\\word1"])
def test_a_secret_that_is_split_or_unescaped_on_its_way_is_not_put_into_a_step_either(
    secret: str, service: EmrService, cluster: str
) -> None:
    fields = {"step": f"command-runner.jar,echo,{secret}", "*myPassword": secret}
    with pytest.raises(TaskFailed) as refused:
        to_the_end(fields, Where(cluster=cluster))
    assert refused.value.error_id == "SecretInStep"
    assert steps(service, cluster) == []


def test_a_secret_of_an_earlier_task_is_an_ordinary_word_in_this_one(
    service: EmrService, cluster: str
) -> None:
    """The process that ran it still hides it in logs."""
    task_of({"*myPassword": "production-7d1"})
    telemetry.end_task()
    fields = {"step": "command-runner.jar,echo,production-7d1"}
    assert to_the_end(fields, Where(cluster=cluster)) == Finished()


def test_nothing_that_is_wrong_with_the_fields_ends_a_task_whose_step_runs(
    service: EmrService, cluster: str
) -> None:
    """Such as a data node that was deleted in the meantime."""
    where = Where(cluster=cluster)
    first = go_on(task_of({"step": [SLEEP, TRUE]}), where)
    assert isinstance(first, Deferred)

    def broken(task: Task) -> Any:
        raise FieldError(task.attempt_id, "input", "the object 'In' does not exist")

    task = task_of({"step": [SLEEP, TRUE], "myActionOnFailure": "?"}, state=first.state)
    assert isinstance(run.run(task, where, broken), Deferred)
    assert [state for _, state in steps(service, cluster)] in (["PENDING"], ["RUNNING"])
    assert to_the_end({"step": SLEEP}, where, first.state, canceled=True) == Canceled()


def test_what_emr_does_on_failure_is_as_the_task_says(service: EmrService, cluster: str) -> None:
    where = Where(cluster=cluster)
    bad = {"step": "command-runner.jar,bash,-c,exit 1", "myActionOnFailure": "TERMINATE_CLUSTER"}
    with pytest.raises(TaskFailed, match="is FAILED"):
        to_the_end(bad, where)
    described = service.client.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]
    assert described["StateChangeReason"]["Code"] == "STEP_FAILURE"
    with pytest.raises(FieldError, match="CONTINUE, CANCEL_AND_WAIT, TERMINATE_CLUSTER are possible"):
        go_on(task_of({"step": TRUE, "myActionOnFailure": "continue"}), where)
