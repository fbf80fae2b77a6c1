"""The time from a ready task to the call of its function: the stack, and two chains of the same calls."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import Any, Protocol

from bench.deployed import policy
from bench.figures import ratio, spread
from bench.stack import RUN_TASK, Deployed

TASKS = 30
WARM_UP = 2
"""The first runs start execution environments."""

ROLE = "bench"
FUNCTION = "bench-tells-when"


class Chain(Protocol):
    """One way from a ready task to the call of its function."""

    group: str

    def poll(self) -> None:
        """Make sure that a poll is held."""

    def called(self, began: float) -> tuple[float, float]:
        """When the function was called for the task that became ready at ``began``.

        Also returns how many seconds local AWS took of that to start the execution that makes the call.
        """


def measure(stack: Deployed) -> dict[str, Any]:
    """From ActivatePipeline to the call of the function, while a poll is held. The chains take turns."""
    chains: dict[str, Chain] = {
        "PollLoop and RunTask": TaskRunner(stack),
        "two state machines with the fewest states": FewestStates(stack),
        "a script": Script(stack),
    }
    whole: dict[str, list[float]] = {name: [] for name in chains}
    begun: dict[str, list[float]] = {name: [] for name in chains}
    names = list(chains)
    for number in range(TASKS + WARM_UP):
        for name in names if number % 2 else reversed(names):
            chain = chains[name]
            pipeline = stack.define(chain.group, "tells-when", 1)
            chain.poll()
            time.sleep(1.0)  # The poll is held by then.
            began = time.time()
            stack.activate(pipeline)
            time.sleep(0.5)  # Listing executions would slow down those that are measured.
            called, beginning = chain.called(began)
            if number >= WARM_UP:
                whole[name].append(1000 * (called - began))
                begun[name].append(1000 * beginning)
    without = {
        name: [all_ - beginning for all_, beginning in zip(whole[name], begun[name], strict=True)]
        for name in chains
    }
    runner, fewest, script = names
    return {
        "tasks of each": TASKS,
        "ActivatePipeline to the function's call, ms": {name: spread(whole[name]) for name in names},
        "of which local AWS takes to begin the execution that calls it": {
            name: spread(begun[name]) for name in (runner, fewest)
        },
        "without that": {name: spread(without[name]) for name in (runner, fewest)},
        "ratio of the medians": {
            f"to {script}": ratio(whole[runner], whole[script]),
            f"to {script}, without that": ratio(without[runner], without[script]),
            f"to {fewest}": ratio(whole[runner], whole[fewest]),
            f"to {fewest}, without that": ratio(without[runner], without[fewest]),
        },
    }


class TaskRunner:
    """The deployed stack."""

    group = "bench"

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack

    def poll(self) -> None:
        """PollLoop polls by itself."""

    def called(self, began: float) -> tuple[float, float]:
        """Taken from the history of RunTask."""
        return _called(self._stack, RUN_TASK, began)


class FewestStates:
    """Two state machines that make only the same calls: no choice, no retry, no outcome."""

    group = "fewest"

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        report = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:datapipeline:reportTaskProgress",
            "Arguments": {"TaskId": "{% $states.input.taskId %}"},
            "Output": "{% $states.context.Execution.Input %}",
            "Next": "Handle",
        }
        handle = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": FUNCTION, "Payload": {"task": "{% $states.input %}"}},
            "Next": "SetTaskStatus",
        }
        status = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:datapipeline:setTaskStatus",
            "Arguments": {
                "TaskId": "{% $states.context.Execution.Input.taskId %}",
                "TaskStatus": "FINISHED",
            },
            "End": True,
        }
        runs = _machine(
            stack, "FewestRuns", "Report", {"Report": report, "Handle": handle, "SetTaskStatus": status}
        )
        poll = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "bench-polls", "Payload": {"workerGroup": self.group}},
            "Output": "{% $states.result.Payload %}",
            "Next": "StartTask",
        }
        start = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution",
            "Arguments": {"StateMachineArn": runs, "Input": "{% $states.input %}"},
            "End": True,
        }
        self._polls = _machine(stack, "FewestPolls", "Poll", {"Poll": poll, "StartTask": start})

    def poll(self) -> None:
        """One execution per task. It ends by starting the other state machine."""
        self._stack.stepfunctions.start_execution(stateMachineArn=self._polls)

    def called(self, began: float) -> tuple[float, float]:
        """Taken from the history of the state machine that runs the task."""
        return _called(self._stack, "FewestRuns", began)


class Script:
    """The same calls in a script, which does not wait for the execution that it starts."""

    group = "script"

    def __init__(self, stack: Deployed) -> None:
        self._stack = stack
        self._thread: threading.Thread | None = None
        self._called: list[float] = []
        self._machine = _machine(stack, "Nothing", "Done", {"Done": {"Type": "Succeed"}})

    def poll(self) -> None:
        """Hold a poll, and handle its task."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def called(self, began: float) -> tuple[float, float]:  # noqa: ARG002 - one task at a time
        """When the function of that task was called."""
        assert self._thread is not None  # noqa: S101 - a poll is held
        self._thread.join()
        return self._called[-1], 0.0

    def _run(self) -> None:
        stack = self._stack
        task = stack.datapipeline.poll_for_task(workerGroup=self.group, hostname="bench")["taskObject"]
        stack.stepfunctions.start_execution(stateMachineArn=self._machine, input=json.dumps(task))
        stack.datapipeline.report_task_progress(taskId=task["taskId"])
        answer = stack.functions.invoke(FunctionName=FUNCTION, Payload=json.dumps({"task": task}).encode())
        self._called.append(json.loads(answer["Payload"].read())["calledAt"])
        stack.datapipeline.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")


def _role(stack: Deployed) -> str:
    """The ARN of the role with which the compared state machines make their calls."""
    iam = stack.aws.client("iam")
    trust = policy({"Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    calls = ["datapipeline:*", "lambda:InvokeFunction", "states:StartExecution"]
    allowed = policy({"Action": calls, "Resource": "*"})
    iam.put_role_policy(RoleName=ROLE, PolicyName="Calls", PolicyDocument=allowed)
    arn: str = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
    return arn


def _machine(stack: Deployed, name: str, start_at: str, definition: dict[str, Any]) -> str:
    arn: str = stack.stepfunctions.create_state_machine(
        name=name,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": start_at, "States": definition}),
        roleArn=_role(stack),
    )["stateMachineArn"]
    stack.machines[name] = arn
    return arn


def _called(stack: Deployed, machine: str, began: float) -> tuple[float, float]:
    """When the function says it was called, and the seconds from ExecutionStarted to the first state."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        newest = max(
            stack.executions(machine, "SUCCEEDED"), key=lambda execution: execution["startDate"], default=None
        )
        if newest is not None and newest["startDate"].timestamp() >= began:
            events = stack.history(newest["executionArn"])
            first = next(event for event in events if "stateEnteredEventDetails" in event)
            start = (first["timestamp"] - events[0]["timestamp"]).total_seconds()
            for event in events:
                output = json.loads(event.get("taskSucceededEventDetails", {}).get("output", "{}"))
                if "calledAt" in (output.get("Payload") or {}):
                    return float(output["Payload"]["calledAt"]), start
        time.sleep(0.1)
    raise RuntimeError("the task did not run")
