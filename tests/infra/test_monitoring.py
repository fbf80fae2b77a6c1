"""Alarms, dead letters, dashboard and tracing in the template."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from infra.configuration_error import ConfigurationError
from infra.handlers import Container, shell_command
from infra.worker_group import WorkerGroup
from local.launch import ROOT
from tests.infra.conftest import a_vpc, synthesize

RUNBOOK = (ROOT / "docs" / "operations.md").read_text()
HEADINGS = {line.lstrip("# ") for line in RUNBOOK.splitlines() if line.startswith("#")}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    found = template.find_resources("AWS::CloudWatch::Alarm").values()
    return {
        alarm["Properties"]["AlarmName"].removeprefix("TaskRunner-"): alarm["Properties"] for alarm in found
    }


def widgets(template: Template) -> list[dict[str, Any]]:
    (dashboard,) = template.find_resources("AWS::CloudWatch::Dashboard").values()
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(part if isinstance(part, str) else "reference" for part in parts))
    found: list[dict[str, Any]] = body["widgets"]
    return found


@pytest.fixture(scope="module")
def large() -> Template:
    """Twenty worker groups, twelve types, and a handler in a container."""
    groups = [WorkerGroup(f"group {number}", idle_alarm_hours=24) for number in range(20)]
    functions = {f"Type{number}": shell_command() for number in range(12)}
    return synthesize(groups, {**functions, "nightly": shell_command(compute=Container(vpc=a_vpc()))})


def test_an_alarm_says_what_it_means_what_to_do_and_where_to_read_on(large: Template) -> None:
    for name, alarm in alarms(large).items():
        meaning, _, page = alarm["AlarmDescription"].partition(" Then: ")
        assert re.search(r"\. First \w+", meaning), name
        file, _, anchor = page.partition("#")
        assert file == "docs/operations.md"
        assert anchor in {heading.lower() for heading in HEADINGS}, name
        assert name.partition("-")[0].lower() == anchor
        assert len(alarm["AlarmDescription"]) <= 1024  # API Reference, PutMetricAlarm


def test_an_alarm_tells_the_topic_when_it_goes_off_and_when_it_ends(large: Template) -> None:
    (topic,) = large.find_resources("AWS::SNS::Topic")
    for alarm in alarms(large).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_each_alarm_of_the_page_is_there_and_no_other(large: Template) -> None:
    documented = re.findall(r"^### (\w+)$", RUNBOOK.partition("## Symptoms")[0], re.MULTILINE)
    assert {name.partition("-")[0] for name in alarms(large)} == set(documented)


def test_no_poll_for_three_periods_alarms_and_missing_data_is_breaching(template: Template) -> None:
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "TaskRunner-NoPoll-etl",
            "MetricName": "Polls",
            "Namespace": "DataPipelineTaskRunner",
            "Period": 300,
            "EvaluationPeriods": 3,
            "TreatMissingData": "breaching",
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
        },
    )


def test_a_loop_that_waits_at_its_limit_is_alive() -> None:
    alarm = alarms(synthesize([WorkerGroup("etl", max_concurrent_tasks=2)]))["NoPoll-etl"]
    (expression,) = [part["Expression"] for part in alarm["Metrics"] if "Expression" in part]
    assert expression == "SUM([polls, full])"
    assert {
        part["MetricStat"]["Metric"]["MetricName"] for part in alarm["Metrics"] if "MetricStat" in part
    } == {
        "Polls",
        "LoopFull",
    }


def test_an_idle_group_is_an_alarm_only_where_asked_for(template: Template, large: Template) -> None:
    assert not [name for name in alarms(template) if name.startswith("Idle")]
    idle = [alarm for name, alarm in alarms(large).items() if name.startswith("Idle")]
    assert len(idle) == 20
    assert all(alarm["Period"] * alarm["EvaluationPeriods"] == 86_400 for alarm in idle)
    # A new stack without data is not idle: the poller counts its empty polls as 0.
    assert {alarm["TreatMissingData"] for alarm in idle} == {"missing"}
    for given, counts in ((template, False), (large, True)):
        pollers = given.find_resources(
            "AWS::Lambda::Function", {"Properties": {"Handler": "poll_for_task.handler"}}
        )
        assert pollers
        for poller in pollers.values():
            assert ("COUNT_EMPTY_POLLS" in poller["Properties"]["Environment"]["Variables"]) is counts


def test_errors_of_the_slowest_group_are_seen() -> None:
    groups = [WorkerGroup("fast"), WorkerGroup("slow", schedule="rate(2 hours)")]
    alarm = alarms(synthesize(groups))["PollsFailing"]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (7200, 3, 2)


@pytest.mark.parametrize("tasks", [1, 25])
def test_so_many_failed_tasks_are_an_alarm(tasks: int) -> None:
    assert alarms(synthesize(failed_tasks_alarm=tasks))["TasksFailed"]["Threshold"] == tasks


def test_failed_tasks_need_be_no_alarm() -> None:
    assert "TasksFailed" not in alarms(synthesize(failed_tasks_alarm=None))
    with pytest.raises(ConfigurationError, match="None switches"):
        synthesize(failed_tasks_alarm=0)


def test_many_handlers_fit_the_alarms_limit_of_ten_metrics(large: Template) -> None:
    throttled = [alarm for name, alarm in alarms(large).items() if name.startswith("HandlerThrottled")]
    assert sorted(len(alarm["Metrics"]) for alarm in throttled) == [4, 10]


def test_alarms_keep_to_cloudwatchs_longest_evaluation(large: Template) -> None:
    for alarm in alarms(large).values():
        periods = [part["MetricStat"]["Period"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        period = periods[0] if periods else alarm["Period"]
        assert period * alarm["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400)


def test_what_an_alarm_costs_is_what_the_page_says(template: Template, large: Template) -> None:
    def metrics(of: Template) -> int:
        return sum(
            len([part for part in alarm.get("Metrics", [{"MetricStat": 1}]) if "MetricStat" in part])
            for alarm in alarms(of).values()
        )

    row = next(line for line in RUNBOOK.splitlines() if line.startswith("| alarms, $0.10"))
    assert f"${metrics(template) * 0.10:.2f}" in row
    # Seven more types than on the page, an Idle alarm for each group, and one for containers.
    assert f"${(metrics(large) - 7 - 20 - 1) * 0.10:.2f}" in row


def test_dead_letters_are_encrypted_tls_only_and_kept_for_two_weeks(template: Template) -> None:
    template.resource_count_is("AWS::SQS::Queue", 2)
    template.all_resources_properties(
        "AWS::SQS::Queue", {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1_209_600}
    )
    for policy in template.find_resources("AWS::SQS::QueuePolicy").values():
        first = policy["Properties"]["PolicyDocument"]["Statement"][0]
        assert (first["Effect"], first["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    template.has_resource_properties(
        "AWS::Scheduler::Schedule", {"Target": {"DeadLetterConfig": {"Arn": Match.any_value()}}}
    )


def test_every_end_of_run_task_is_counted_and_every_bad_one_kept(template: Template) -> None:
    rules = [rule["Properties"] for rule in template.find_resources("AWS::Events::Rule").values()]
    statuses = sorted(rule["EventPattern"]["detail"]["status"] for rule in rules)
    bad = ["FAILED", "TIMED_OUT", "ABORTED"]
    assert statuses == sorted([bad, ["FAILED", "TIMED_OUT"], ["SUCCEEDED", *bad]])
    for rule in rules:
        assert rule["EventPattern"]["source"] == ["aws.states"]


def test_the_dashboard_answers_from_top_to_bottom(template: Template) -> None:
    texts = [widget["properties"]["markdown"] for widget in widgets(template) if widget["type"] == "text"]
    assert [text.removeprefix("## ") for text in texts[1:]] == [
        "Is it alive?",
        "Is it keeping up?",
        "What ends?",
        "What fails?",
        "What does it cost?",
    ]
    assert "statemachines/view" in texts[0]
    assert "logs-insights" in texts[0]


def test_the_dashboard_of_twenty_groups_is_no_longer_than_that_of_one(
    template: Template, large: Template
) -> None:
    one, twenty = widgets(template), widgets(large)
    assert len(one) == len(twenty)
    # Except for the links, ten in a row, and the alarms, six in a row.
    height = max(widget["y"] + widget["height"] for widget in one)
    more = max(widget["y"] + widget["height"] for widget in twenty) - height
    assert more <= 2 + (len(alarms(large)) - len(alarms(template))) // 6 + 1
    polls = next(widget["properties"] for widget in twenty if "Polls" in json.dumps(widget))
    labels = [row[-1]["label"] for row in polls["metrics"]]
    assert labels == [f"group {number}" for number in range(20)]
    assert polls["legend"] == {"position": "right"}


@pytest.mark.parametrize(("tracing", "mode"), [(True, "Active"), (False, None)])
def test_tracing_is_one_switch_for_all(tracing: bool, mode: str | None) -> None:
    template = synthesize(tracing=tracing)
    for function in template.find_resources("AWS::Lambda::Function").values():
        assert function["Properties"].get("TracingConfig", {}).get("Mode") == mode
    for machine in template.find_resources("AWS::StepFunctions::StateMachine").values():
        enabled = machine["Properties"].get("TracingConfiguration", {}).get("Enabled", False)
        assert enabled is tracing


def test_a_handler_cannot_take_the_counting_functions_name() -> None:
    with pytest.raises(ConfigurationError, match="counts ended tasks"):
        synthesize(handlers={"execution-ended": shell_command()})


@pytest.mark.parametrize("hours", [0, 169])
def test_an_idle_alarm_of_impossible_hours_is_refused(hours: int) -> None:
    with pytest.raises(ConfigurationError, match="1 to 168"):
        WorkerGroup("etl", idle_alarm_hours=hours)
