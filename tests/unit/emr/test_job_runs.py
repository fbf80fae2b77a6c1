"""The life of a task on EMR Serverless, with the local service in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emr import job_runs
from emr.naming import Names
from emr.where import Where
from runner import clients, versions
from runner.fields import FieldError
from runner.outcome import Canceled, Deferred, Finished, Outcome, TaskFailed
from tests.local.emr.serverless import ROLE, ServerlessService, serverless_service
from tests.unit.emr.tasks import task_of

APPLICATION = "00f1a2b3c4d5e6f7"
WHERE = Where(application_id=APPLICATION, execution_role_arn=ROLE, scripts="s3://scripts/hive/")
GOOD = {"type": "HiveActivity", "hiveScript": "good", "stage": "false"}
ENDLESS = {**GOOD, "hiveScript": "endless"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerlessService]:
    with serverless_service() as started:
        monkeypatch.setattr(clients, "emr_serverless", lambda: started.client)
        monkeypatch.setattr(clients, "s3", lambda: started.objects)
        yield started


def states(service: ServerlessService) -> list[str]:
    runs = service.client.list_job_runs(applicationId=APPLICATION)["jobRuns"]
    return [run["state"] for run in runs]


def to_the_end(
    fields: dict[str, Any], state: Any = None, *, canceled: bool = False, where: Where = WHERE
) -> Outcome:
    deadline = time.monotonic() + 30
    while True:
        outcome = job_runs.run(task_of(fields, state=state, canceled=canceled), where)
        if not isinstance(outcome, Deferred):
            return outcome
        assert time.monotonic() < deadline, outcome
        state = outcome.state
        time.sleep(0.01)


def test_a_run_that_no_answer_told_of_is_neither_started_twice_nor_left(service: ServerlessService) -> None:
    service.fault(operation="StartJobRun", kind="drop")
    lost = job_runs.run(task_of(ENDLESS), WHERE)
    assert isinstance(lost, Deferred)
    assert "s-" not in str(lost.state)
    assert len(states(service)) == 1
    job_runs.run(task_of(ENDLESS, state=lost.state), WHERE)
    assert len(states(service)) == 1
    assert to_the_end(ENDLESS, lost.state, canceled=True) == Canceled()
    assert states(service) == ["CANCELLED"]


def test_what_an_earlier_attempt_left_ends_before_anything_is_started(service: ServerlessService) -> None:
    job_runs.run(replace(task_of(ENDLESS), id="of-an-earlier-attempt"), WHERE)
    assert len(states(service)) == 1
    assert to_the_end(GOOD) == Finished()
    assert states(service) == ["SUCCESS", "CANCELLED"]


def test_a_state_of_the_first_release_and_one_of_a_later_release(service: ServerlessService) -> None:
    first = job_runs.run(task_of(GOOD), WHERE)
    assert isinstance(first, Deferred)
    of_0_1_0 = {name: value for name, value in first.state.items() if name != "version"}
    assert to_the_end(GOOD, {**of_0_1_0, "inTheFuture": 1}) == Finished()
    with pytest.raises(TaskFailed) as failed:
        to_the_end(GOOD, {**first.state, "version": versions.STATE + 1})
    assert failed.value.error_id == "LaterVersion"


def test_a_canceled_task_without_a_run_ends(service: ServerlessService) -> None:
    assert to_the_end(GOOD, canceled=True) == Canceled()
    assert to_the_end(GOOD) == Finished()
    assert to_the_end(GOOD, canceled=True) == Canceled()
    assert states(service) == ["SUCCESS"]


def test_a_run_that_fails_is_told(service: ServerlessService) -> None:
    with pytest.raises(TaskFailed, match="is FAILED: bad script") as failed:
        to_the_end({**GOOD, "hiveScript": "bad script"})
    assert failed.value.error_id == "StepFailed"


@pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
@pytest.mark.parametrize("operation", ["ListJobRuns", "StartJobRun", "GetJobRun"])
def test_what_passes_is_tried_again(service: ServerlessService, operation: str, kind: str) -> None:
    service.fault(operation=operation, kind=kind, count=4)
    assert to_the_end(GOOD) == Finished()
    assert states(service) == ["SUCCESS"]


def test_nothing_that_is_wrong_with_the_fields_ends_a_task_that_runs(
    service: ServerlessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = job_runs.run(task_of(ENDLESS), WHERE)
    assert isinstance(first, Deferred)

    def broken(_: Any) -> Any:
        raise FieldError("A", "input", "the object 'In' does not exist")

    monkeypatch.setattr(job_runs, "jobs_of", broken)
    assert isinstance(job_runs.run(task_of(ENDLESS, state=first.state), WHERE), Deferred)
    assert to_the_end(ENDLESS, first.state, canceled=True) == Canceled()


def test_a_script_is_an_object_of_its_own_for_each_attempt(service: ServerlessService) -> None:
    long = {**GOOD, "hiveScript": "good\n-- " + "x" * 20_000, "scriptVariable": 'A=it\'s "x"'}
    assert to_the_end(long) == Finished()
    names = Names.of(task_of(long))
    ((bucket, key),) = service.objects.objects
    assert (bucket, key) == ("scripts", f"hive/{names.instance}/{names.attempt}-1.q")
    (run,) = service.client.list_job_runs(applicationId=APPLICATION)["jobRuns"]
    described = service.client.get_job_run(applicationId=APPLICATION, jobRunId=run["id"])["jobRun"]
    assert described["jobDriver"] == {"hive": {"query": f"s3://scripts/{key}"}}
    assert service.hive.requests[0]["script"] == service.objects.text(bucket, key)
    job_runs.run(replace(task_of(long), id="of-a-later-attempt"), WHERE)
    assert len(service.objects.objects) == 2


def test_a_script_in_s3_gets_its_variables_as_parameters(service: ServerlessService) -> None:
    service.objects.put_object(Bucket="b", Key="x.q", Body=b"good")
    given: dict[str, Any] = {
        "type": "HiveActivity",
        "scriptUri": "s3://b/x.q",
        "stage": "false",
        "scriptVariable": ["DAY=2026-01-31", "IN=s3://b/in=x/"],
    }
    assert to_the_end(given, where=replace(WHERE, scripts="")) == Finished()
    (request,) = service.hive.requests
    assert request["variables"] == {"DAY": "2026-01-31", "IN": "s3://b/in=x/"}
    with pytest.raises(FieldError, match="put the script into hiveScript"):
        to_the_end({**given, "scriptVariable": "A=two words"})


def test_without_a_place_for_it_or_the_right_to_write_there_a_script_is_not_run(
    service: ServerlessService,
) -> None:
    with pytest.raises(TaskFailed, match=r"scripts='s3://bucket/prefix/' of emr_serverless") as missing:
        to_the_end(GOOD, where=replace(WHERE, scripts=""))
    assert missing.value.error_id == "NoPlaceForScripts"
    service.objects.denied.add("scripts")
    with pytest.raises(TaskFailed, match="could not be written to s3://scripts/hive/") as denied:
        to_the_end(GOOD)
    assert denied.value.error_id == "ScriptNotWritten"
    assert states(service) == []


def test_a_secret_is_not_put_into_a_script(service: ServerlessService) -> None:
    with pytest.raises(TaskFailed) as refused:
        to_the_end({**GOOD, "hiveScript": "good -- canary-81d2", "*myPassword": "canary-81d2"})
    assert refused.value.error_id == "SecretInStep"
    assert not service.objects.objects


def test_an_application_of_the_other_type_says_so(service: ServerlessService) -> None:
    assert to_the_end(GOOD) == Finished()
    spark = {"type": "EmrActivity", "step": "command-runner.jar,spark-submit,s3://b/x.py"}
    with pytest.raises(TaskFailed, match="is of type HIVE, and the job is of type SPARK") as refused:
        job_runs.run(replace(task_of(spark), id="another"), WHERE)
    assert refused.value.error_id == "EmrRefused"
    assert "according to its type" in str(refused.value)


def test_the_text_of_a_query_is_no_query(service: ServerlessService) -> None:
    with pytest.raises(ClientError, match="the place of a Hive query file"):
        service.client.start_job_run(
            applicationId=APPLICATION,
            clientToken="token",
            executionRoleArn=ROLE,
            jobDriver={"hive": {"query": "SELECT 1"}},
        )


def test_a_long_list_has_pages(service: ServerlessService) -> None:
    service.objects.put_object(Bucket="b", Key="endless.q", Body=b"endless")
    for number in range(60):
        service.client.start_job_run(
            applicationId=APPLICATION,
            clientToken=f"token-{number}",
            executionRoleArn=ROLE,
            name=f"run {number}",
            jobDriver={"hive": {"query": "s3://b/endless.q"}},
        )
    pages = service.client.get_paginator("list_job_runs").paginate(
        applicationId=APPLICATION, states=["SUBMITTED", "RUNNING"], createdAtAfter="2026-01-01T00:00:00Z"
    )
    assert [len(page["jobRuns"]) for page in pages] == [50, 10]
    assert Names.of(task_of(GOOD)).is_own("run 1") is False
