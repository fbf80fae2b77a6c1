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
from tests.infra.state_machines import definitions

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
MONITORING = (ROOT / "docs" / "monitoring.md").read_text()
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
def shown() -> Template:
    """The stack with the dashboard."""
    return synthesize(dashboard=True)


@pytest.fixture(scope="module")
def large() -> Template:
    """Twenty worker groups, one of them with a long period, twelve types, and a handler in a container."""
    groups = [WorkerGroup(f"group {number}", idle_alarm_hours=24) for number in range(19)]
    groups.append(WorkerGroup("group 19", schedule="rate(1 hour)", idle_alarm_hours=24))
    functions = {f"Type{number}": shell_command() for number in range(12)}
    return synthesize(
        groups,
        {**functions, "nightly": shell_command(compute=Container(vpc=a_vpc()))},
        failed_tasks_alarm=10,
        dashboard=True,
    )


def test_an_alarm_says_what_it_means_what_to_do_and_where_to_read_on(large: Template) -> None:
    for name, alarm in alarms(large).items():
        meaning, _, page = alarm["AlarmDescription"].partition(" Then: ")
        assert re.search(r"\. First \w+", meaning), name
        file, _, anchor = page.partition("#")
        assert file == "docs/runbook.md"
        assert anchor in {heading.lower() for heading in HEADINGS}, name
        assert name.partition("-")[0].lower() == anchor
        assert len(alarm["AlarmDescription"]) <= 1024  # API Reference, PutMetricAlarm


def test_an_alarm_tells_the_topic_when_it_goes_off_and_when_it_ends(large: Template) -> None:
    (topic,) = large.find_resources("AWS::SNS::Topic")
    for alarm in alarms(large).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_each_alarm_has_a_section_and_a_row_on_both_pages_and_no_other_has(large: Template) -> None:
    there = {name.partition("-")[0] for name in alarms(large)}
    before, _, sections = RUNBOOK.partition("## Symptoms")[0].partition("## Alarms")
    assert there == set(re.findall(r"^### (\w+)$", sections, re.MULTILINE))
    links = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \|", before, re.MULTILINE)
    assert there == {name for name, _ in links}
    assert [anchor for name, anchor in links if anchor != name.lower()] == []
    rows = re.findall(r"^\| (\[.*?) \|", MONITORING, re.MULTILINE)
    assert there == {name for row in rows for name in re.findall(r"\[(\w+)\]\(runbook", row)}


def test_each_metric_of_an_alarm_or_the_dashboard_is_on_the_page(large: Template) -> None:
    """And each of the stack's own that is on the page is read."""
    namespaces = "AWS/States|AWS/Lambda|AWS/SQS|DataPipelineTaskRunner"
    read = {alarm["MetricName"] for alarm in alarms(large).values()}
    for widget in widgets(large):
        text = json.dumps(widget["properties"].get("metrics", []))
        read |= set(re.findall(rf'"(?:{namespaces})", "(\w+)"', text))
        read |= set(re.findall(r'MetricName=\\+"(\w+)', text))
    documented = set(re.findall(r"`(\w+)`", MONITORING.partition("## Metrics")[2].partition("## Logs")[0]))
    assert read - documented == set()
    own = MONITORING.partition("The stack's own metrics")[2].partition("### The dashboard")[0]
    cells = re.findall(r"^\| (`.*?) \|", own, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} - read == set()


def test_no_poll_for_three_periods_alarms_and_missing_data_is_breaching(template: Template) -> None:
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "TaskRunner-NoPoll-etl",
            "MetricName": "ExecutionsSucceeded",
            "Namespace": "AWS/States",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 3,
            "TreatMissingData": "breaching",
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
        },
    )


@pytest.mark.parametrize(
    ("schedule", "periods"),
    [("rate(1 minute)", 7), ("rate(2 minutes)", 4), ("rate(3 minutes)", 3), ("rate(1 day)", 3)],
)
def test_no_poll_does_not_alarm_while_a_loop_may_still_be_held(schedule: str, periods: int) -> None:
    """The ends of two loops are at most a period, a late tick, a wait for the one before and a poll apart."""
    group = WorkerGroup("etl", schedule=schedule, poll_timeout=95, max_concurrent_tasks=2)
    alarm = alarms(synthesize([group]))["NoPoll-etl"]
    assert alarm["EvaluationPeriods"] == periods
    assert (periods - 1) * group.period_seconds < 900 or periods == 3
    assert periods * group.period_seconds > group.period_seconds + 60 + 155 + 95


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("rate(5 minutes)", False), ("rate(20 minutes)", False), ("rate(30 minutes)", True)],
)
def test_a_lost_tick_is_an_alarm_where_no_poll_would_take_long(schedule: str, expected: bool) -> None:
    groups = [WorkerGroup("often"), WorkerGroup("seldom", schedule=schedule)]
    assert ("TicksNotDelivered" in alarms(synthesize(groups))) is expected


@pytest.mark.parametrize(("tasks", "expected"), [(1, False), (2, True), (None, True)])
def test_handlers_that_are_missing_or_crash_are_alarms_unless_any_failed_task_is_one(
    tasks: int | None, expected: bool
) -> None:
    names = set(alarms(synthesize(failed_tasks_alarm=tasks)))
    assert ({"NoHandler", "HandlerCrashed"} <= names) is expected
    assert ("TasksFailed" in names) is (tasks is not None)


def test_no_alarm_reads_a_metric_that_costs_something_while_all_is_well(template: Template) -> None:
    """AWS's own are free, and these are written only when something fails."""
    own = {
        alarm["MetricName"]
        for alarm in alarms(template).values()
        if not alarm["Namespace"].startswith("AWS/")
    }
    assert own == {"PollLoopsFailed", "HandlersWithoutCapacity", "TasksFailed"}


def test_a_task_that_waits_for_capacity_is_counted_and_waits_though_it_could_not_be() -> None:
    states = definitions(synthesize())["TaskRunner-RunTask"]["States"]
    capacity, other = [
        catch for catch in states["ShellCommandActivity"]["Catch"] if catch["Next"] in ("NoCapacity", "Wait")
    ]
    assert (capacity["Next"], other["Next"]) == ("NoCapacity", "Wait")
    assert "Lambda.TooManyRequestsException" in capacity["ErrorEquals"]
    assert "Lambda.ResourceConflictException" in other["ErrorEquals"]
    assert capacity["Output"] == other["Output"]
    assert not set(capacity["ErrorEquals"]) & set(other["ErrorEquals"])
    counting = states["NoCapacity"]
    (catch,) = counting["Catch"]
    assert (counting["Next"], catch["Next"], catch["ErrorEquals"]) == ("Wait", "Wait", ["States.ALL"])
    assert counting["Output"] == catch["Output"] == "{% $states.input %}"


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
            assert ("COUNT_TASKS" in poller["Properties"]["Environment"]["Variables"]) is counts


@pytest.mark.parametrize("tasks", [1, 25])
def test_so_many_failed_tasks_are_an_alarm(tasks: int) -> None:
    assert alarms(synthesize(failed_tasks_alarm=tasks))["TasksFailed"]["Threshold"] == tasks


def test_failed_tasks_need_be_no_alarm() -> None:
    assert "TasksFailed" not in alarms(synthesize(failed_tasks_alarm=None))
    with pytest.raises(ConfigurationError, match="None switches"):
        synthesize(failed_tasks_alarm=0)


def test_handlers_share_an_alarm_on_capacity_however_many_there_are(large: Template) -> None:
    throttled = [alarm for name, alarm in alarms(large).items() if name.startswith("HandlerThrottled")]
    assert [alarm["MetricName"] for alarm in throttled] == ["HandlersWithoutCapacity"]


def test_alarms_keep_to_cloudwatchs_longest_evaluation(large: Template) -> None:
    for alarm in alarms(large).values():
        periods = [part["MetricStat"]["Period"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        period = periods[0] if periods else alarm["Period"]
        assert period * alarm["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400)


def test_what_alarms_cost_is_what_the_page_says(template: Template) -> None:
    row = next(line for line in MONITORING.splitlines() if line.startswith("| alarms, $0.10"))
    twenty = synthesize([WorkerGroup(f"group {number}") for number in range(20)])
    # Each alarm has one metric.
    assert all("MetricName" in alarm for alarm in alarms(twenty).values())
    costs = [f"${len(alarms(given)) * 0.10:.2f}" for given in (template, twenty)]
    assert [cell.strip() for cell in row.split("|")[2:4]] == costs


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


def test_the_dashboard_answers_from_top_to_bottom(shown: Template) -> None:
    texts = [widget["properties"]["markdown"] for widget in widgets(shown) if widget["type"] == "text"]
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
    shown: Template, large: Template
) -> None:
    one, twenty = widgets(shown), widgets(large)
    assert len(one) == len(twenty)
    # Except for the links, ten in a row, and the alarms, six in a row.
    height = max(widget["y"] + widget["height"] for widget in one)
    more = max(widget["y"] + widget["height"] for widget in twenty) - height
    assert more <= 2 + (len(alarms(large)) - len(alarms(shown))) // 6 + 1
    polls = next(widget["properties"] for widget in twenty if "ExecutionsSucceeded" in json.dumps(widget))
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


def test_the_dashboard_and_the_metrics_that_only_it_shows_are_a_setting(
    template: Template, shown: Template
) -> None:
    for given, dashboards in ((template, 0), (shown, 1)):
        given.resource_count_is("AWS::CloudWatch::Dashboard", dashboards)
        counting = {
            function["Properties"]["Handler"]
            for function in given.find_resources("AWS::Lambda::Function").values()
            if "DASHBOARD" in function["Properties"]["Environment"]["Variables"]
        }
        assert counting == ({"poll_for_task.handler", "execution_ended.handler"} if dashboards else set())
    with pytest.raises(ConfigurationError, match="True or False"):
        synthesize(dashboard="yes")


def test_outputs_lead_to_the_console(template: Template, shown: Template) -> None:
    def addresses(of: Template) -> dict[str, str]:
        outputs = of.to_json()["Outputs"]
        return {
            name: json.dumps(output["Value"])
            for name, output in outputs.items()
            if name.endswith("Url") or "Url" in name
        }

    machines = addresses(template)
    assert len(machines) == 2
    for address in machines.values():
        assert ".console.aws.amazon.com/states/home?region=" in address
        assert "#/statemachines/view/" in address
    assert "#dashboards/dashboard/TaskRunner" in addresses(shown)["DashboardUrl"]


def test_an_alarm_leads_to_where_the_runbook_can_be_read() -> None:
    url = "https://git.example.com/runner/blob/main/docs/runbook.md"
    template = synthesize(runbook_url=url, dashboard=True)
    for name, alarm in alarms(template).items():
        assert alarm["AlarmDescription"].endswith(f" Then: {url}#{name.partition('-')[0].lower()}")
    assert f"[the runbook]({url})" in widgets(template)[0]["properties"]["markdown"]


@pytest.mark.parametrize(
    "url", ["docs/runbook.md", "https://x.example/#a", "ftp://x.example/a", "https://a b", "", 3]
)
def test_a_runbook_url_that_no_page_has_is_refused(url: object) -> None:
    with pytest.raises(ConfigurationError, match="runbook_url"):
        synthesize(runbook_url=url)


def test_the_longest_runbook_url_fits_into_an_alarm() -> None:
    url = f"https://x.example/{'a' * 490}"
    group = WorkerGroup("g" * 250, idle_alarm_hours=24)
    for alarm in alarms(synthesize([group], runbook_url=url, failed_tasks_alarm=2)).values():
        assert len(alarm["AlarmDescription"]) <= 1024  # API Reference, PutMetricAlarm
