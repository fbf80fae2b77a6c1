"""The examples of docs/writing-handlers.md, deployed as their reader would: copied over the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from local.launch import ROOT
from tests.system.deployments import eventually
from tests.system.examples import Examples
from tests.system.executions import RUN_TASK, executions, states_entered
from tests.system.pipelines import Pipeline


def failure(pipeline: Pipeline, name: str) -> tuple[str, str]:
    pipeline.ended(name, "FAILED")
    fields = pipeline.attempts(name)[0].fields
    return fields["errorId"], fields["errorMessage"]


def test_the_examples_own_tests_pass(project: Path) -> None:
    names = sorted(file.name for file in (ROOT / "docs" / "examples" / "tests" / "unit").glob("test_*.py"))
    assert names
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(f"tests/unit/{name}" for name in names)],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_python_handler(examples: Examples) -> None:
    deployment = examples.deployment
    created = deployment.aws_json(
        "datapipeline", "create-pipeline", "--name", "count", "--unique-id", "count"
    )
    of = ("--pipeline-id", created["pipelineId"])
    definition = f"file://{ROOT / 'docs' / 'examples' / 'count_words.json'}"
    deployment.aws("datapipeline", "put-pipeline-definition", *of, "--pipeline-definition", definition)
    deployment.aws("datapipeline", "activate-pipeline", *of)
    Pipeline(deployment, created["pipelineId"]).ended("Count", "FINISHED")
    failed = examples.run("Nothing", "count-words", " ")
    assert failure(failed, "Nothing") == ("NoWords", "There are no words.")


def test_the_handler_in_node(examples: Examples) -> None:
    examples.run("Parse", "parse-json", '{"a": 1, "b": 2}').ended("Parse", "FINISHED")
    error_id, message = failure(examples.run("Broken", "parse-json", "{"), "Broken")
    assert error_id == "NotJson"
    assert "JSON" in message
    groups = examples.deployment.logs.describe_log_groups()["logGroups"]
    (group,) = [group["logGroupName"] for group in groups if "ParseJson" in group["logGroupName"]]
    events = examples.deployment.logs.filter_log_events(logGroupName=group)["events"]
    assert "Parsed 2 members" in [event["message"].strip() for event in events]


def test_deferred_work_is_looked_at_until_it_has_ended(examples: Examples) -> None:
    machine = examples.new_state_machine("nightly-sums", {"Type": "Wait", "Seconds": 35}, {"Type": "Pass"})
    pipeline = examples.run("Sums", "run-state-machine", '{"day": 1}', myStateMachine=machine)
    pipeline.ended("Sums", "FINISHED")
    execution = examples.execution_of(machine)
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["input"]) == {"day": 1}
    (run,) = executions(examples.deployment, RUN_TASK, of="Sums")
    states = states_entered(examples.deployment, run)
    assert states.count("run-state-machine") >= 2
    assert states.count("Wait") == states.count("run-state-machine") - 1


def test_deferred_work_that_fails(examples: Examples) -> None:
    fail = {"Type": "Fail", "Error": "Broken", "Cause": "as asked"}
    machine = examples.new_state_machine("nightly-broken", {"Type": "Wait", "Seconds": 1}, fail)
    pipeline = examples.run("Bad", "run-state-machine", "{}", myStateMachine=machine)
    error_id, message = failure(pipeline, "Bad")
    assert error_id == "ExecutionFailed"
    assert "FAILED" in message


def test_deferred_work_survives_throttled_progress_reports(examples: Examples) -> None:
    machine = examples.new_state_machine("nightly-throttled", {"Type": "Wait", "Seconds": 90})
    pipeline = examples.run("Throttled", "run-state-machine", "{}", myStateMachine=machine)
    examples.execution_of(machine)
    examples.deployment.faults.add({"operation": "ReportTaskProgress", "kind": "throttle", "count": 3})
    pipeline.ended("Throttled", "FINISHED")
    assert examples.deployment.faults.pending() == []
    assert examples.execution_of(machine)["status"] == "SUCCEEDED"


def test_canceling_stops_the_remote_work(examples: Examples) -> None:
    machine = examples.new_state_machine("nightly-endless", {"Type": "Wait", "Seconds": 1_000_000})
    pipeline = examples.run("Endless", "run-state-machine", "{}", myStateMachine=machine)
    assert examples.execution_of(machine)["status"] == "RUNNING"
    (instance,) = pipeline.runs("INSTANCE", "Endless")
    examples.deployment.datapipeline.set_status(
        pipelineId=pipeline.id, objectIds=[instance.id], status="TRY_CANCEL"
    )

    def stopped() -> bool | None:
        return examples.execution_of(machine)["status"] == "ABORTED" or None

    eventually(stopped, "the execution was not stopped")
    pipeline.ended("Endless", "CANCELED")
    (run,) = executions(examples.deployment, RUN_TASK, of="Endless")
    eventually(
        lambda: executions(examples.deployment, RUN_TASK, of="Endless")[run] == "SUCCEEDED" or None,
        "RunTask has not ended",
    )
    assert states_entered(examples.deployment, run)[-1] == "Canceled"
