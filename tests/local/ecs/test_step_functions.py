"""Step Functions' `ecs:runTask`, and `.sync`, which waits for the end of the task."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.account import ACCOUNT, REGION
from tests.local.ecs.account import NETWORK, TASKS, EcsAccount, eventually
from tests.local.iam_account import Statement, allow

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForECSTaskRule"
MANAGED_RULE = [allow(f"events:{name}", RULE) for name in ("PutTargets", "PutRule", "DescribeRule")]
ALL = [
    *MANAGED_RULE,
    allow("ecs:RunTask"),
    allow("ecs:StopTask"),
    allow("ecs:DescribeTasks"),
    allow("iam:PassRole"),
]
SYNC = "arn:aws:states:::ecs:runTask.sync"
FOR_EVER = ("sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done")


def without(*actions: str) -> list[Statement]:
    return [statement for statement in ALL if statement["Action"] not in actions]


def arguments(definition: str, **more: Any) -> dict[str, Any]:
    network = {"AwsvpcConfiguration": {"Subnets": NETWORK["awsvpcConfiguration"]["subnets"]}}
    return {
        "Cluster": "cluster",
        "TaskDefinition": definition,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": network,
        **more,
    }


def run_task(definition: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": SYNC, "Arguments": arguments(definition), "End": True, **more}


def role(aws: EcsAccount, *statements: Statement) -> str:
    return aws.role(*(statements or ALL), service="states.amazonaws.com")


def start(aws: EcsAccount, machine: str) -> str:
    return str(aws.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"])


def over(aws: EcsAccount, execution: str) -> dict[str, Any]:
    def holds() -> dict[str, Any] | None:
        found: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return eventually(holds, f"{execution} does not end")


def ran(aws: EcsAccount, states: dict[str, Any], *statements: Statement, **top: Any) -> dict[str, Any]:
    """An execution of a state machine, once it is over."""
    return over(aws, start(aws, aws.machine(states, role(aws, *statements), **top)))


def task_of(aws: EcsAccount, definition: str, status: str = "RUNNING") -> str:
    """The ARN of the task with this definition, once there is one."""
    family = definition.rpartition("/")[2].partition(":")[0]

    def holds() -> str | None:
        arns = aws.ecs.list_tasks(cluster="cluster", family=family, desiredStatus=status)["taskArns"]
        return arns[0] if arns else None

    return eventually(holds, f"no task of {family}")


def test_sync_returns_the_task_that_has_ended_well(aws: EcsAccount) -> None:
    definition = aws.definition("true")
    execution = ran(aws, {"Run": run_task(definition)})
    assert execution["status"] == "SUCCEEDED", execution
    task = json.loads(execution["output"])
    assert task["TaskDefinitionArn"] == definition
    assert (task["LastStatus"], task["StopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert task["Containers"][0]["ExitCode"] == 0
    assert task["StartedBy"] == "AWS Step Functions"
    assert task["StartedAt"].endswith("Z")


def test_sync_fails_with_the_task_whose_container_has_failed(aws: EcsAccount) -> None:
    execution = ran(aws, {"Run": run_task(aws.definition("sh", "-c", "exit 6"))})
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(execution["cause"])["Containers"][0]["ExitCode"] == 6


def test_only_essential_containers_count(aws: EcsAccount) -> None:
    registered = aws.ecs.describe_task_definition(taskDefinition=aws.definition("sleep", "0.5"))
    main = registered["taskDefinition"]["containerDefinitions"][0]
    aside = {**main, "name": "aside", "essential": False, "command": ["false"]}
    made = aws.ecs.register_task_definition(
        family="one-essential",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=aws.execution_role,
        containerDefinitions=[main, aside],
    )
    execution = ran(aws, {"Run": run_task(made["taskDefinition"]["taskDefinitionArn"])})
    assert execution["status"] == "SUCCEEDED", execution
    codes = {each["Name"]: each["ExitCode"] for each in json.loads(execution["output"])["Containers"]}
    assert codes == {"main": 0, "aside": 1}


def test_sync_fails_with_the_task_that_could_not_start(aws: EcsAccount) -> None:
    execution = ran(aws, {"Run": run_task(aws.definition("no-such-program"))})
    assert execution["error"] == "States.TaskFailed"
    cause = json.loads(execution["cause"])
    assert cause["StopCode"] == "TaskFailedToStart"
    assert cause["StoppedReason"].startswith("CannotStartContainerError: ")


def test_the_history_names_the_task_while_it_runs(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    execution = start(aws, aws.machine({"Run": run_task(definition)}, role(aws)))
    arn = task_of(aws, definition)
    history = aws.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    (submitted,) = (event for event in history if event["type"] == "TaskSubmitted")
    output = json.loads(submitted["taskSubmittedEventDetails"]["output"])
    assert [task["TaskArn"] for task in output["Tasks"]] == [arn]
    aws.client("stepfunctions").stop_execution(executionArn=execution)


def test_without_sync_the_state_ends_once_the_task_is_accepted(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    state = run_task(definition) | {"Resource": "arn:aws:states:::ecs:runTask"}
    execution = ran(aws, {"Run": state})
    (task,) = json.loads(execution["output"])["Tasks"]
    assert aws.task(task["TaskArn"])["desiredStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster="cluster", task=task["TaskArn"])


def test_stopping_the_execution_stops_the_task(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    execution = start(aws, aws.machine({"Run": run_task(definition)}, role(aws)))
    arn = task_of(aws, definition)
    aws.first_line(arn)
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    assert aws.ended(arn)[:2] == (9, "UserInitiated")
    assert over(aws, execution)["status"] == "ABORTED"


def test_a_task_outlives_its_execution_if_the_role_may_not_stop_it(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    execution = start(aws, aws.machine({"Run": run_task(definition)}, role(aws, *without("ecs:StopTask"))))
    arn = task_of(aws, definition)
    aws.in_status(arn, "RUNNING")
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    time.sleep(0.5)
    assert aws.task(arn)["desiredStatus"] == "RUNNING"
    aws.ecs.stop_task(cluster="cluster", task=arn)


def test_a_state_that_times_out_stops_its_task(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    execution = ran(aws, {"Run": run_task(definition, TimeoutSeconds=1)})
    assert execution["error"] == "States.Timeout"
    assert aws.ended(task_of(aws, definition, "STOPPED"))[1] == "UserInitiated"


def test_an_execution_that_times_out_stops_its_task(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    execution = ran(aws, {"Run": run_task(definition)}, TimeoutSeconds=1)
    assert execution["status"] == "TIMED_OUT"
    assert aws.ended(task_of(aws, definition, "STOPPED"))[1] == "UserInitiated"


def parallel(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Type": "Parallel",
        "Branches": [{"StartAt": next(iter(each)), "States": each} for each in (first, second)],
        "End": True,
        **more,
    }


LOOP: dict[str, dict[str, Any]] = {
    "Wait": {"Type": "Wait", "Seconds": 36000, "Next": "Again"},
    "Again": {"Type": "Pass", "Next": "Wait"},
}
FAIL: dict[str, Any] = {"Type": "Fail", "Error": "Ended", "Cause": "{% 'it ended' %}"}


def test_a_failing_branch_ends_the_parallel_state_at_once_and_its_waits(aws: EcsAccount) -> None:
    task = run_task(aws.definition("sleep", "0.3"), Next="Fail")
    del task["End"]
    caught = {"ErrorEquals": ["Ended"], "Next": "Done", "Output": "{% $states.errorOutput.Cause %}"}
    both = parallel({"Run": task, "Fail": FAIL}, LOOP, Catch=[caught])
    began = time.monotonic()
    execution = ran(aws, {"Both": both, "Done": {"Type": "Succeed"}})
    assert (execution["status"], json.loads(execution["output"])) == ("SUCCEEDED", "it ended")
    assert time.monotonic() - began < 10


def test_a_failing_branch_stops_the_task_of_the_other(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    soon = {"Wait": {"Type": "Wait", "Seconds": 20, "Next": "Fail"}, "Fail": FAIL}
    execution = ran(aws, {"Both": parallel({"Run": run_task(definition)}, soon)})
    assert (execution["error"], execution["cause"]) == ("Ended", "it ended")
    assert aws.ended(task_of(aws, definition, "STOPPED"))[:2] == (9, "UserInitiated")


def test_stopping_the_execution_stops_the_task_of_a_branch(aws: EcsAccount) -> None:
    definition = aws.definition(*FOR_EVER)
    inner = {"Inner": parallel({"Run": run_task(definition)}, LOOP)}
    machine = aws.machine({"Both": parallel(inner, LOOP)}, role(aws))
    execution = start(aws, machine)
    arn = task_of(aws, definition)
    aws.first_line(arn)
    aws.client("stepfunctions").stop_execution(executionArn=execution)
    assert aws.ended(arn)[:2] == (9, "UserInitiated")


def test_branches_have_their_own_variables_and_results_in_order(aws: EcsAccount) -> None:
    def branch(name: str) -> dict[str, Any]:
        return {
            "Assign": {"Type": "Pass", "Assign": {"mine": name}, "Next": "Say"},
            "Say": {"Type": "Pass", "Output": "{% $mine & $outer & $states.input %}", "End": True},
        }

    both = parallel(
        branch("a"),
        branch("b"),
        Arguments="{% 'in' %}",
        Assign={"both": "{% $states.result %}"},
        Output="{% $states.result[1] %}",
        Next="Done",
    )
    del both["End"]
    states = {
        "First": {"Type": "Pass", "Assign": {"outer": "-"}, "Next": "Both"},
        "Both": both,
        "Done": {
            "Type": "Pass",
            "Output": "{% {'input': $states.input, 'both': $both, 'mine': $exists($mine)} %}",
            "End": True,
        },
    }
    execution = ran(aws, states)
    assert json.loads(execution["output"]) == {
        "input": "b-in",
        "both": ["a-in", "b-in"],
        "mine": False,
    }


def test_the_history_has_the_states_of_branches_until_they_are_aborted(aws: EcsAccount) -> None:
    task = run_task(aws.definition("sleep", "0.3"), Next="Fail")
    del task["End"]
    both = parallel(
        {"Run": task, "Fail": FAIL}, LOOP, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    )
    execution = ran(aws, {"Both": both, "Done": {"Type": "Succeed"}})
    answer = aws.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])
    found = [
        (event["type"], (event.get("stateEnteredEventDetails") or {}).get("name"))
        for event in answer["events"]
    ]
    assert found[:3] == [
        ("ExecutionStarted", None),
        ("ParallelStateEntered", "Both"),
        ("ParallelStateStarted", None),
    ]
    assert {("TaskStateEntered", "Run"), ("WaitStateEntered", "Wait")} <= set(found[3:-7])
    assert [event["id"] for event in answer["events"]] == list(range(1, len(found) + 1))
    assert found[-7:] == [
        ("TaskStateExited", None),
        ("FailStateEntered", "Fail"),
        ("ParallelStateFailed", None),
        ("ParallelStateExited", None),
        ("SucceedStateEntered", "Done"),
        ("SucceedStateExited", None),
        ("ExecutionSucceeded", None),
    ]


def test_a_nested_execution_that_is_stopped_fails_its_state_and_no_more(aws: EcsAccount) -> None:
    inner = aws.machine({"Wait": LOOP["Wait"] | {"Next": "Wait"}}, role(aws))
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": inner, "Name": "nested"},
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Done"}],
        "Next": "Done",
    }
    machine = aws.machine({"Nested": nested, "Done": {"Type": "Succeed"}}, role(aws, allow("states:*")))
    execution = start(aws, machine)
    states = aws.client("stepfunctions")
    running = inner.replace(":stateMachine:", ":execution:") + ":nested"

    def stopped() -> bool | None:
        try:
            states.stop_execution(executionArn=running)
        except ClientError:
            return None
        return True

    eventually(stopped)
    assert over(aws, execution)["status"] == "SUCCEEDED"


DENIED = [("ecs:RunTask", "RunTask"), ("iam:PassRole", "PassRole"), ("ecs:DescribeTasks", "DescribeTasks")]


@pytest.mark.parametrize(("action", "named"), DENIED)
def test_the_role_needs_each_permission(aws: EcsAccount, action: str, named: str) -> None:
    execution = ran(aws, {"Run": run_task(aws.definition("true"))}, *without(action))
    assert execution["error"] == "ECS.AccessDeniedException"
    assert named in execution["cause"]
    assert "Service: AmazonECS; Status Code: 400" in execution["cause"]


@pytest.mark.parametrize("action", ["events:PutTargets", "events:PutRule", "events:DescribeRule"])
def test_a_state_machine_needs_the_managed_rule(aws: EcsAccount, action: str) -> None:
    states = {"Run": run_task(aws.definition("true"))}
    with pytest.raises(ClientError, match="is not authorized to create managed-rule") as caught:
        aws.machine(states, role(aws, *without(action)))
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    asynchronous = {"Run": states["Run"] | {"Resource": "arn:aws:states:::ecs:runTask"}}
    aws.machine(asynchronous, role(aws, *without(action)))


def test_errors_have_the_names_of_the_integration(aws: EcsAccount) -> None:
    state = run_task("none")
    assert ran(aws, {"Run": state})["error"] == "ECS.ClientException"
    state = run_task("none")
    state["Arguments"] = arguments("none", Cluster="none")
    assert ran(aws, {"Run": state})["error"] == "ECS.ClusterNotFoundException"


def test_sdk_integrations_stop_and_describe_tasks(aws: EcsAccount) -> None:
    arn = aws.run(aws.definition(*FOR_EVER))
    aws.in_status(arn, "RUNNING")
    sdk = "arn:aws:states:::aws-sdk:ecs:"
    states = {
        "Stop": {
            "Type": "Task",
            "Resource": f"{sdk}stopTask",
            "Arguments": {"Cluster": "cluster", "Task": arn, "Reason": "by the state machine"},
            "Next": "Look",
        },
        "Look": {
            "Type": "Task",
            "Resource": f"{sdk}describeTasks",
            "Arguments": {"Cluster": "cluster", "Tasks": [arn]},
            "End": True,
        },
    }
    execution = ran(aws, states)
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"])["Tasks"][0]["StoppedReason"] == "by the state machine"
    denied = ran(aws, states, *without("ecs:StopTask"))
    assert denied["error"] == "Ecs.AccessDeniedException"


def test_a_repeated_state_with_the_same_token_starts_one_task(aws: EcsAccount) -> None:
    definition = aws.definition("sleep", "0.5")
    token = uuid.uuid4().hex
    state = run_task(definition)
    state["Arguments"] = arguments(definition, ClientToken=token)
    both = parallel({"One": state}, {"Two": state})
    execution = ran(aws, {"Both": both})
    first, second = json.loads(execution["output"])
    assert first["TaskArn"] == second["TaskArn"]


def test_a_task_role_can_be_overridden(aws: EcsAccount) -> None:
    other = aws.role(service=TASKS)
    definition = aws.definition("true", task_role=aws.role(service=TASKS))
    state = run_task(definition)
    state["Arguments"] = arguments(definition, Overrides={"TaskRoleArn": other})
    execution = ran(aws, {"Run": state}, *without("iam:PassRole"), allow("iam:PassRole", aws.execution_role))
    assert execution["error"] == "ECS.AccessDeniedException"
    assert other in execution["cause"]
