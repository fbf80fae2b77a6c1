"""The life of objects: one test for each rule that users of a task runner rely on."""

from __future__ import annotations

from typing import Any

import pytest

from local.datapipeline.effects import CheckPrecondition, PublishAlarm
from local.datapipeline.errors import InvalidRequestError, PipelineDeletedError, TaskNotFoundError
from local.datapipeline.settings import Settings
from tests.local.datapipeline.account import GROUP, Account, pipeline_object, shell, values

DAILY = pipeline_object("S", type="Schedule", period="1 day", startAt="FIRST_ACTIVATION_DATE_TIME")


def scheduled(style: str = "cron", **more: str) -> dict[str, Any]:
    return pipeline_object("Default", scheduleType=style, schedule=("S",), workerGroup=GROUP, **more)


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_task_is_the_attempt_with_what_it_inherits(account: Account) -> None:
    pipeline = account.start(shell("Hello", command="echo #{myWord}", myWord="hi"))

    task = account.poll()

    assert task is not None
    assert task["pipelineId"] == pipeline
    assert task["attemptId"] == "@Hello_2024-01-31T12:00:00_Attempt=1"
    (only,) = task["objects"].values()
    assert only["id"] == only["name"] == task["attemptId"]
    assert values(only, "command") == ["echo hi"]
    assert values(only, "workerGroup") == [GROUP]
    assert values(only, "@componentParent") == ["Hello"]
    assert values(only, "@instanceParent") == ["@Hello_2024-01-31T12:00:00"]
    assert values(only, "@status") == ["WAITING_FOR_RUNNER"]


def test_statuses_follow_the_runner(account: Account) -> None:
    pipeline = account.start(shell("A"))
    assert account.status(pipeline, "A") == "WAITING_FOR_RUNNER"
    task = account.take()
    assert account.status(pipeline, "A") == "RUNNING"
    assert account.state(pipeline) == "SCHEDULED"
    account.end(task)
    assert account.status(pipeline, "A") == "FINISHED"
    assert account.state(pipeline) == "FINISHED"


def test_dependents_wait(account: Account) -> None:
    pipeline = account.start(shell("A"), shell("B", dependsOn=("A",)))
    task = account.take()
    assert account.status(pipeline, "B") == "WAITING_ON_DEPENDENCIES"
    assert account.poll() is None
    account.end(task)
    assert account.take()["attemptId"].startswith("@B_")


def test_a_data_node_orders_its_writer_and_its_reader(account: Account) -> None:
    node = pipeline_object("N", type="S3DataNode", filePath="s3://b/k")
    account.start(shell("Read", input=("N",)), node, shell("Write", output=("N",)))
    task = account.take()
    assert task["attemptId"].startswith("@Write_")
    account.end(task)
    assert account.take()["attemptId"].startswith("@Read_")


def test_a_failed_attempt_is_tried_again_after_the_delay(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="1", retryDelay="5 minutes"))
    account.end(account.take(), "FAILED", errorId="E", errorMessage="no")
    account.pass_time(minutes=4.9)
    assert account.poll() is None
    account.pass_time(minutes=0.1)
    account.end(account.take())
    assert account.attempts(pipeline, "A") == ["FAILED", "FINISHED"]
    assert account.status(pipeline, "A") == "FINISHED"


def test_the_last_failure_is_the_instances(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="0"))
    account.end(account.take(), "FAILED", errorId="E", errorMessage="no", errorStackTrace="trace")
    instance = account.objects(pipeline, "INSTANCE")[account.instance_id(pipeline, "A")]
    assert values(instance, "@status") == ["FAILED"]
    assert values(instance, "errorId") == ["E"]
    assert values(instance, "errorMessage") == ["no"]
    assert values(instance, "errorStackTrace") == ["trace"]


@pytest.mark.parametrize("mode", ["none", "cascade"])
def test_a_failure_cascades_where_the_mode_says_so(account: Account, mode: str) -> None:
    pipeline = account.start(
        shell("A", maximumRetries="0", failureAndRerunMode=mode), shell("B", dependsOn=("A",))
    )
    account.end(account.take(), "FAILED")
    expected = "CASCADE_FAILED" if mode == "cascade" else "WAITING_ON_DEPENDENCIES"
    assert account.status(pipeline, "B") == expected


@pytest.mark.parametrize("task_id", ["same", "new"])
@pytest.mark.parametrize("attempt", ["same", "next"])
def test_a_task_that_is_not_acknowledged_is_offered_again_after_2_minutes(attempt: str, task_id: str) -> None:
    account = Account(Settings(reoffer_attempt=attempt, reoffer_task_id=task_id))
    pipeline = account.start(shell("A", maximumRetries="0"))
    first = account.poll()
    account.pass_time(seconds=119)
    assert account.poll() is None
    account.pass_time(seconds=1)

    second = account.take()

    assert first is not None
    assert (first["taskId"] == second["taskId"]) is (attempt == "same" and task_id == "same")
    assert (first["attemptId"] == second["attemptId"]) is (attempt == "same")
    account.end(second)
    assert account.status(pipeline, "A") == "FINISHED"


def test_an_acknowledged_task_is_held_for_15_minutes_of_silence(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="0"))
    task = account.take()
    account.pass_time(minutes=14.9)
    assert account.progress(task) is False
    account.pass_time(minutes=14.9)
    assert account.status(pipeline, "A") == "RUNNING"
    account.pass_time(minutes=0.1)
    assert account.status(pipeline, "A") == "FAILED"
    assert account.progress(task) is True


def test_report_progress_timeout_of_the_object_wins(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="0", reportProgressTimeout="1 minute"))
    account.take()
    account.pass_time(minutes=1)
    assert account.status(pipeline, "A") == "FAILED"


def test_the_models_5_minutes_are_a_setting() -> None:
    account = Account(Settings.parse(["report_progress_timeout=5 minutes"]))
    pipeline = account.start(shell("A", maximumRetries="0"))
    account.take()
    account.pass_time(minutes=5)
    assert account.status(pipeline, "A") == "FAILED"


def test_no_retry_comes_sooner_than_after_2_minutes(account: Account) -> None:
    account.start(shell("A", retryDelay="10 seconds"))
    account.end(account.take(), "FAILED")
    account.pass_time(seconds=119)
    assert account.poll() is None
    account.pass_time(seconds=1)
    assert account.poll() is not None


def test_error_ids_of_the_service_are_refused_and_a_long_stack_too(account: Account) -> None:
    account.start(shell("A"))
    task = account.take()
    with pytest.raises(InvalidRequestError, match="Service_"):
        account.end(task, "FAILED", errorId="Service_Mine")
    with pytest.raises(InvalidRequestError, match="4095"):
        account.end(task, "FAILED", errorStackTrace="x" * 4096)
    account.end(task, "FAILED", errorId="Mine", errorStackTrace="x" * 4095)


def test_attempt_timeout_ends_the_attempt_and_tells_the_runner(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="1", attemptTimeout="10 minutes"))
    task = account.take()
    account.pass_time(minutes=9)
    assert account.progress(task) is False
    account.pass_time(minutes=1)
    assert account.progress(task) is True
    assert account.attempts(pipeline, "A") == ["FAILED"]
    assert account.status(pipeline, "A") == "WAITING_ON_DEPENDENCIES"


@pytest.mark.parametrize("late", ["refused", "accepted"])
def test_try_cancel_reaches_the_runner_with_its_next_report(late: str) -> None:
    account = Account(Settings(late_status=late))
    pipeline = account.start(shell("A"))
    task = account.take()
    ids = [account.instance_id(pipeline, "A")]
    account("SetStatus", pipelineId=pipeline, objectIds=ids, status="TRY_CANCEL")
    assert account.progress(task) is True
    if late == "refused":
        with pytest.raises(TaskNotFoundError):
            account.end(task)
    else:
        account.end(task)
    assert account.status(pipeline, "A") == "CANCELED"


def test_rerun_runs_again_and_mark_finished_lets_others_go_on(account: Account) -> None:
    pipeline = account.start(shell("A", maximumRetries="0"), shell("B", dependsOn=("A",)))
    account.end(account.take(), "FAILED")
    ids = [account.instance_id(pipeline, "A")]
    account("SetStatus", pipelineId=pipeline, objectIds=ids, status="RERUN")
    account.end(account.take(), "FAILED")
    assert account.attempts(pipeline, "A") == ["FAILED", "FAILED"]
    account("SetStatus", pipelineId=pipeline, objectIds=ids, status="MARK_FINISHED")
    assert account.take()["attemptId"].startswith("@B_")


def test_a_paused_component_starts_nothing(account: Account) -> None:
    pipeline = account.start(shell("A"), shell("B", dependsOn=("A",)))
    account("SetStatus", pipelineId=pipeline, objectIds=["B"], status="PAUSE")
    account.end(account.take())
    assert account.poll() is None
    account("SetStatus", pipelineId=pipeline, objectIds=["B"], status="RESUME")
    assert account.take()["attemptId"].startswith("@B_")


@pytest.mark.parametrize("cancel", [True, False])
def test_deactivation_cancels_or_waits(account: Account, cancel: bool) -> None:
    pipeline = account.start(shell("A"), DAILY, default=scheduled())
    task = account.take()
    account("DeactivatePipeline", pipelineId=pipeline, cancelActive=cancel)
    assert account.progress(task) is cancel
    if not cancel:
        assert account.state(pipeline) == "DEACTIVATING"
        account.end(task)
    assert account.state(pipeline) == "INACTIVE"
    account.pass_time(days=2)
    assert account.poll() is None


def test_a_deleted_pipelines_tasks_are_no_longer_known(account: Account) -> None:
    pipeline = account.start(shell("A"))
    task = account.take()
    account("DeletePipeline", pipelineId=pipeline)
    with pytest.raises(PipelineDeletedError):
        account.progress(task)
    with pytest.raises(PipelineDeletedError):
        account("DescribeObjects", pipelineId=pipeline, objectIds=["A"])


@pytest.mark.parametrize(("style", "days"), [("cron", 0), ("timeseries", 1)])
def test_cron_runs_at_the_beginning_of_its_interval_and_timeseries_at_its_end(
    account: Account, style: str, days: int
) -> None:
    account.start(shell("A"), DAILY, default=scheduled(style))
    account.pass_time(days=days, seconds=-1 if days else 0)
    assert (account.poll() is None) is bool(days)
    account.pass_time(seconds=1)
    if days:
        task = account.take()
        assert values(task["objects"][task["attemptId"]], "@scheduledStartTime") == ["2024-01-31T12:00:00"]


def test_a_start_in_the_past_is_caught_up_with_few_at_a_time(account: Account) -> None:
    schedule = pipeline_object(
        "S", type="Schedule", period="1 day", startDateTime="2024-01-01T00:00:00", occurrences="7"
    )
    pipeline = account.start(shell("A", maxActiveInstances="2"), schedule, default=scheduled())
    first, second = account.take(), account.take()
    assert account.poll() is None
    account.end(first)
    account.end(second)
    for _ in range(5):
        account.end(account.take())
    assert account.poll() is None
    assert account.state(pipeline) == "FINISHED"


def test_an_object_with_runs_on_is_never_offered(account: Account) -> None:
    host = pipeline_object("R", type="Ec2Resource", role="r", resourceRole="rr")
    account.start(shell("A", runsOn=("R",)), host)
    assert account.poll() is None


def test_a_shell_precondition_is_a_task_whose_false_means_not_yet(account: Account) -> None:
    ready = pipeline_object(
        "Ready", type="ShellCommandPrecondition", command="test -e x", retryDelay="3 minutes"
    )
    pipeline = account.start(shell("A", precondition=("Ready",)), ready)
    check = account.take()
    assert check["attemptId"].startswith("@Ready_")
    account.end(check, "FALSE")
    assert account.poll() is None
    account.pass_time(minutes=3)
    account.end(account.take())
    assert account.take()["attemptId"].startswith("@A_")
    assert account.status(pipeline, "Ready") == "FINISHED"


def test_a_precondition_that_is_never_met_fails_what_waits_for_it(account: Account) -> None:
    ready = pipeline_object("Ready", type="Exists", preconditionTimeout="10 minutes", retryDelay="2 minutes")
    pipeline = account.start(shell("A", precondition=("Ready",)), ready)
    for _ in range(5):
        account.end(account.take(), "FALSE")
        account.pass_time(minutes=2)
    assert account.status(pipeline, "Ready") == "FAILED"
    assert account.status(pipeline, "A") == "FAILED"


def test_a_system_precondition_is_evaluated_by_the_service(account: Account) -> None:
    there = pipeline_object("There", type="S3KeyExists", s3Key="s3://b/#{node.myKey}", role="r")
    pipeline = account.start(shell("A", precondition=("There",), myKey="k"), there)
    (effect,) = account.service.take_effects()
    assert isinstance(effect, CheckPrecondition)
    assert effect.precondition.string("s3Key") == "s3://b/k"
    account.service.precondition_answered(pipeline, effect.attempt_id, False, account.now)
    assert account.poll() is None
    account.service.precondition_answered(pipeline, effect.attempt_id, True, account.now)
    assert account.take()["attemptId"].startswith("@A_")


def test_alarms_are_sent_with_their_expressions_evaluated(account: Account) -> None:
    alarm = pipeline_object(
        "Alarm", type="SnsAlarm", topicArn="arn:t", subject="s", message="#{node.@status}", role="r"
    )
    account.start(shell("A", maximumRetries="0", onFail=("Alarm",)), alarm)
    account.end(account.take(), "FAILED")
    (effect,) = account.service.take_effects()
    assert isinstance(effect, PublishAlarm)
    assert effect.alarm.string("message") == "FAILED"


def test_a_lateness_alarm_is_sent_once(account: Account) -> None:
    alarm = pipeline_object("Alarm", type="SnsAlarm", topicArn="t", subject="s", message="late", role="r")
    account.start(
        shell("A"),
        shell("B", dependsOn=("A",), lateAfterTimeout="1 hour", onLateAction=("Alarm",)),
        alarm,
        DAILY,
        default=scheduled(),
    )
    account.pass_time(hours=2)
    assert [type(effect) for effect in account.service.take_effects()] == [PublishAlarm]


def test_an_expression_that_cannot_be_evaluated_fails_the_attempt(account: Account) -> None:
    pipeline = account.start(shell("A", command="echo #{myAbsent}", maximumRetries="0"))
    assert account.status(pipeline, "A") == "FAILED"
    instance = account.objects(pipeline, "INSTANCE")[account.instance_id(pipeline, "A")]
    assert "myAbsent" in values(instance, "errorMessage")[0]


def test_secret_fields_are_masked_where_the_setting_says_so() -> None:
    for masked, expected in (("plain", "hunter2"), ("masked", "********")):
        account = Account(Settings(secret_fields=masked, task_objects="referenced"))
        database = pipeline_object(
            "Db",
            type="JdbcDatabase",
            connectionString="c",
            jdbcDriverClass="d",
            username="u",
            _password="hunter2",
        )
        query = pipeline_object("Q", type="SqlActivity", database=("Db",), script="select 1")
        account.start(query, database)
        task = account.take()
        assert values(task["objects"]["Db"], "*password") == [expected]


@pytest.mark.parametrize("activate", ["restarts", "refused"])
def test_activating_a_running_on_demand_pipeline(activate: str) -> None:
    account = Account(Settings(activate_running=activate))
    pipeline = account.start(shell("A"))
    task = account.take()
    account.pass_time(seconds=5)
    if activate == "refused":
        with pytest.raises(InvalidRequestError, match="running"):
            account("ActivatePipeline", pipelineId=pipeline)
        return
    account("ActivatePipeline", pipelineId=pipeline)
    assert account.progress(task) is True
    account.end(account.take())
    assert account.state(pipeline) == "FINISHED"


def test_tasks_of_a_group_come_in_the_order_in_which_they_became_ready(account: Account) -> None:
    account.start(*(shell(f"A{number}") for number in range(5)))
    taken = [account.take()["attemptId"].partition("_")[0] for _ in range(5)]
    assert taken == [f"@A{number}" for number in range(5)]
    assert account.poll("ETL") is None
