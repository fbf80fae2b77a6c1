"""The examples of docs/writing-handlers.md, deployed as their reader would: copied over the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.local.commands import ROOT, running
from tests.system.deployments import Deployment, eventually
from tests.system.executions import RUN_TASK, executions, states_entered
from tests.system.pipelines import Pipeline, shell

TIME_SCALE = 10
ROLE = "arn:aws:iam::000000000000:role/nightly"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository with the examples in it."""
    directory = tmp_path_factory.mktemp("project")
    leave_out = shutil.ignore_patterns("__pycache__")
    for name in ("infra", "lambdas", "tests/unit"):
        shutil.copytree(ROOT / name, directory / name, ignore=leave_out)
    for name in ("cdk.json", "pyproject.toml"):
        shutil.copy(ROOT / name, directory)
    (ROOT / ".build").mkdir(exist_ok=True)
    (directory / ".build").symlink_to(ROOT / ".build")
    shutil.copytree(ROOT / "docs" / "examples", directory, dirs_exist_ok=True, ignore=leave_out)
    return directory


@dataclass(frozen=True)
class Examples:
    """The examples, up."""

    deployment: Deployment
    endpoint_url: str

    def run(self, name: str, route: str, command: str, **fields: str) -> Pipeline:
        """A pipeline of one activity, activated."""
        return Pipeline.activated(self.deployment, {name: shell(command, myHandler=route, **fields)})

    def new_state_machine(self, name: str, *states: Any) -> str:
        """The ARN of a state machine that goes through these states."""
        names = [f"State{number}" for number in range(len(states))]
        ends = [{"Next": following} for following in names[1:]] + [{"End": True}]
        definition = {
            "StartAt": names[0],
            "States": {
                own: {**state, **({} if state["Type"] == "Fail" else end)}
                for own, state, end in zip(names, states, ends, strict=True)
            },
        }
        created = self.deployment.stepfunctions.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE
        )
        return created["stateMachineArn"]

    def execution_of(self, state_machine: str) -> Any:
        """Its one execution, once there is one."""
        client = self.deployment.stepfunctions

        def started() -> Any:
            listed = client.list_executions(stateMachineArn=state_machine)["executions"]
            return listed[0] if listed else None

        arn = eventually(started, f"no execution of {state_machine}")["executionArn"]
        return client.describe_execution(executionArn=arn)

    def faults(self, *faults: dict[str, Any]) -> list[Any]:
        """Add faults of the local Data Pipeline; returns those that are still to happen."""
        request = urllib.request.Request(
            f"{self.endpoint_url}/_local/datapipeline/faults",
            data=json.dumps(faults).encode() if faults else None,
            headers={"X-Local-Control": "faults"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["faults"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def examples(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    arguments = ("--port", "0", "--time-scale", str(TIME_SCALE))
    with running("up", *arguments, directory=project) as command:
        endpoint_url = command.ready()
        yield Examples(Deployment(endpoint_url, tmp_path_factory.mktemp("home")), endpoint_url)


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
    (group,) = [one["logGroupName"] for one in groups if "ParseJson" in one["logGroupName"]]
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
    examples.faults({"operation": "ReportTaskProgress", "kind": "throttle", "count": 3})
    pipeline.ended("Throttled", "FINISHED")
    assert examples.faults() == []
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
