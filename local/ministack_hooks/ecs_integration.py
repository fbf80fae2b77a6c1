"""Step Functions' optimized integration of Amazon ECS: `ecs:runTask`, and `.sync`, which waits for the end.

Source: Step Functions developer guide, "Run Amazon ECS or Fargate tasks with Step Functions", which says what
becomes of a response with failures, and "Run a Job (.sync)". Names of other errors are those of the SDK for
Java, as for the other optimized integrations. If the execution is stopped, or the state is aborted or times
out, Step Functions stops the task.
"""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import Mapping
from typing import Any

from local.ecs.endpoint import CLOSED, AnswerLostError, EcsEndpoint
from local.json_service import ServiceError
from local.ministack_hooks.branches import Branches
from local.ministack_hooks.state_machine_roles import StateMachineRoles
from local.permissions.calls import Call
from local.sdk_errors import modelled_errors, sdk_error

RUN_TASK = "arn:aws:states:::ecs:runTask"
SYNC = ".sync"
LOOK_SECONDS = 0.05
STARTED_BY = "AWS Step Functions"
UNKNOWN = "AmazonECS.Unknown"
ABORTED = "The Step Functions execution or the state that started this task has ended."


class EcsIntegration:
    """Replaces ministack's integration, which fails no state for its container and never stops a task."""

    def __init__(
        self, step_functions: Any, endpoint: EcsEndpoint, roles: StateMachineRoles, branches: Branches
    ) -> None:
        self._step_functions = step_functions
        self._endpoint = endpoint
        self._roles = roles
        self._branches = branches
        self._modelled = modelled_errors("ecs")
        self._deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar(
            "deadline", default=None
        )
        step_functions._SERVICE_DISPATCH[RUN_TASK] = self._run
        self._time_out_in_the_thread_of_the_state()

    def _time_out_in_the_thread_of_the_state(self) -> None:
        """ministack leaves what has timed out to itself; a task has to be stopped."""
        original = self._step_functions._invoke_resource_with_timeout

        def invoke(resource: str, input_data: Any, timeout: float) -> Any:
            if not resource.startswith(RUN_TASK + SYNC):
                return original(resource, input_data, timeout)
            token = self._deadline.set(time.monotonic() + timeout)
            try:
                return self._step_functions._invoke_resource(resource, input_data)
            finally:
                self._deadline.reset(token)

        self._step_functions._invoke_resource_with_timeout = invoke

    def _run(self, resource: str, input_data: Any) -> Any:
        model = self._step_functions
        sync = resource.endswith(SYNC)
        given = {**input_data, **({"StartedBy": STARTED_BY} if sync else {})}
        request = model._sdk_json_params({}, "ecs", "RunTask", given)
        answer = self._called("RunTask", request)
        described = model._sdk_json_result("ecs", "RunTask", answer)
        if not sync:
            return described
        if answer["failures"]:
            raise model._ExecutionError(UNKNOWN, json.dumps(described["Failures"]))
        self._roles.note(
            "TaskSubmitted",
            {
                "taskSubmittedEventDetails": {
                    "output": json.dumps(described),
                    "resource": "runTask.sync",
                    "resourceType": "ecs",
                }
            },
        )
        arns = [task["taskArn"] for task in answer["tasks"]]
        return self._ended(arns, str(answer["tasks"][0]["clusterArn"]))

    def _ended(self, arns: list[str], cluster: str) -> Any:
        """The tasks once they have stopped. Raises the error of a task that has failed."""
        deadline = self._deadline.get()
        for arn in arns:
            task = self._endpoint.task(arn)
            while task is not None and not task.ended.wait(LOOK_SECONDS):
                late = deadline is not None and time.monotonic() > deadline
                if late or self._branches.aborted():
                    self._stop(arns, cluster)
                    self._branches.end_if_aborted()
                    raise self._step_functions._ExecutionError("States.Timeout", "")
        answer = self._called("DescribeTasks", {"cluster": cluster, "tasks": arns, "include": ["TAGS"]})
        described = self._step_functions._sdk_json_result("ecs", "DescribeTasks", answer)["Tasks"]
        for task in described:
            essential = self._essential(task["TaskArn"])
            codes = [each.get("ExitCode") for each in task["Containers"] if each["Name"] in essential]
            if any(code != 0 for code in codes):
                raise self._step_functions._ExecutionError("States.TaskFailed", json.dumps(task))
        return described[0] if len(described) == 1 else described

    def _essential(self, arn: str) -> set[str]:
        task = self._endpoint.task(arn)
        plans = () if task is None else task.plan.containers
        return {plan.name for plan in plans if plan.essential}

    def _stop(self, arns: list[str], cluster: str) -> None:
        """Stop what the state has started, as far as the role allows. Nobody learns of a failure."""
        for arn in arns:
            request = {"cluster": cluster, "task": arn, "reason": ABORTED}
            try:
                if all(self._roles.denied(call) is None for call in self._calls("StopTask", request)):
                    self._endpoint.call("StopTask", request)
            except (ServiceError, AnswerLostError):
                continue

    def _called(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        for call in self._calls(operation, request):
            denied = self._roles.denied(call)
            if denied is not None:
                raise self._error("AccessDeniedException", denied.message, "AccessDeniedException")
        try:
            return self._endpoint.call(operation, request)
        except AnswerLostError:
            raise self._step_functions._ExecutionError("ECS.SdkClientException", CLOSED) from None
        except ServiceError as error:
            name = sdk_error(error.type, service="AmazonECS", modelled=self._modelled)
            raise self._error(name, error.message, error.type, error.status) from error

    def _calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        return self._endpoint.calls(operation, request)

    def _error(self, name: str, message: str, code: str, status: int = 400) -> Exception:
        detail = f"Service: AmazonECS; Status Code: {status}; Error Code: {code}"
        error: Exception = self._step_functions._ExecutionError(f"ECS.{name}", f"{message} ({detail})")
        return error
