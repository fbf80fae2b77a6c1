"""Runs ministack in this process, with this package's changes."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.account import ACCOUNT, REGION
from local.datapipeline.faults import Faults
from local.ecs.endpoint import EcsEndpoint
from local.ecs.wire import OPERATIONS as ECS_OPERATIONS
from local.lambda_runtime.function import Function, Layer
from local.lambda_runtime.worker import Result
from local.ministack_hooks.branches import Branches
from local.ministack_hooks.cloudwatch_alarms import CloudWatchAlarms
from local.ministack_hooks.deliveries import Deliveries, Undelivered
from local.ministack_hooks.ecs_capacity_providers import add_capacity_provider_associations
from local.ministack_hooks.ecs_definitions import EcsDefinitions, run_tasks_of_state_machines
from local.ministack_hooks.ecs_integration import EcsIntegration
from local.ministack_hooks.encrypted_executions import EncryptedExecutions
from local.ministack_hooks.execution_timeout import ExecutionTimeout
from local.ministack_hooks.expressions import ParsedOnce, write_all_characters
from local.ministack_hooks.function_roles import FunctionRoles
from local.ministack_hooks.handler import Handler
from local.ministack_hooks.key_use import KeyUse
from local.ministack_hooks.log_delivery import LogDelivery
from local.ministack_hooks.log_pages import paged
from local.ministack_hooks.managed_rules import ManagedRules
from local.ministack_hooks.missing_objects import MissingObjects
from local.ministack_hooks.permissions import Permissions
from local.ministack_hooks.size_limits import SizeLimits
from local.ministack_hooks.state_machine_faults import StateMachineFaults
from local.ministack_hooks.state_machine_roles import StateMachineRoles
from local.ministack_hooks.stored_objects import StoredObjects
from local.permissions.calls import CallsOf, CannotAssumeError

Asgi = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
Invoke = Callable[[Function, str, bytes, str], Coroutine[Any, Any, Result]]
"""(function, request id, event, invoked ARN) -> result."""

LOG_SOURCE = "execution environment"
BEGINNING_SECONDS = 0.15


Note = Callable[..., None]
"""(decision, principal, members of it as keyword arguments): see local/permissions/decisions.py."""


class EmulatedServiceError(Exception):
    """A ministack service answered an in-process call with an error. The message is its answer."""


def environment(port: int, state: Path, *, time_scale: float) -> dict[str, str]:
    """The environment variables that ministack reads when it is imported."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AUTH": "true",
        # No Docker: otherwise, ministack would remove containers that it mistakes for its own.
        "DOCKER_HOST": f"unix://{state}/no-docker.sock",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_STRICT": "0",
        "LOG_LEVEL": "ERROR",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        "S3_DATA_DIR": str(state / "s3"),
        "S3_PERSIST": "0",
        "SFN_WAIT_SCALE": str(1 / time_scale),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state / "state"),
        "USE_SSL": "0",
    }


class Ministack:
    """The emulator in this process. One per process, because ministack keeps its state in modules.

    With a `time_scale` of N, waits and retries of Step Functions, rate schedules, and alarm periods run N
    times as fast. Cron and one-time schedules, TimeoutSeconds of a state, and function timeouts are not
    scaled. `note` is called with each decision of IAM.
    """

    def __init__(self, port: int, state: Path, *, time_scale: float, note: Note) -> None:
        os.environ.update(environment(port, state, time_scale=time_scale))
        tempfile.tempdir = str(state)
        self._app: Any = importlib.import_module("ministack.app")
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._lambda: Any = importlib.import_module("ministack.services.lambda_svc")
        self._step_functions: Any = importlib.import_module("ministack.services.stepfunctions")
        self._scheduler: Any = importlib.import_module("ministack.services.scheduler")
        self._event_bridge: Any = importlib.import_module("ministack.services.eventbridge")
        self._sqs: Any = importlib.import_module("ministack.services.sqs")
        self._logs: Any = importlib.import_module("ministack.services.cloudwatch_logs")
        logging.getLogger("hypercorn.error").setLevel(logging.ERROR)
        self.alarms = CloudWatchAlarms(time_scale)
        self._scale_schedules(time_scale)
        self._start_rate_schedules_at_once()
        self._name_throttled_invocations()
        self._begin_executions_at_once()
        self._end_aborted_executions()
        self._give_succeed_its_output()
        SizeLimits(self._step_functions)
        StoredObjects(self._step_functions)
        EncryptedExecutions(self._step_functions)
        ParsedOnce(self._step_functions.jsonata)
        write_all_characters()
        self.permissions = Permissions(account=ACCOUNT, region=REGION, note=note)
        self.function_roles = FunctionRoles(self._lambda, self.permissions)
        self._roles = StateMachineRoles(self._step_functions, self.permissions)
        ExecutionTimeout(self._step_functions)
        self._branches = Branches(self._step_functions, self._roles.running)
        self.ecs_definitions = EcsDefinitions(account=ACCOUNT, region=REGION)
        add_capacity_provider_associations()
        self._deliveries = Deliveries(self.permissions)
        LogDelivery(self._step_functions, self.permissions)
        ManagedRules(self._step_functions, self.permissions)
        KeyUse(self._step_functions, self.permissions)
        MissingObjects(self.permissions)
        self._match_phrases()
        self._page_log_events()

    @property
    def asgi(self) -> Asgi:
        """The ASGI application that serves all of ministack's services."""
        application: Asgi = self._app.app
        return application

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        """Call an operation of a JSON service in this process, on the event loop.

        Raises EmulatedServiceError with the service's answer.
        """
        # The task gets a copy of the context, so that account and region apply to this call only.
        return await asyncio.create_task(self._call(service, operation, parameters, account, region))

    async def _call(
        self, service: str, operation: str, parameters: Mapping[str, Any], account: str, region: str
    ) -> dict[str, Any]:
        self._responses.set_request_account_id(account)
        self._responses.set_request_region(region)
        handler: Handler = self._app.SERVICE_HANDLERS[service]
        # SQS is the only service that looks at what precedes the operation.
        prefix = "AmazonSQS" if service == "sqs" else "local"
        headers = {"x-amz-target": f"{prefix}.{operation}", "content-type": "application/x-amz-json-1.1"}
        status, _, answer = await handler("POST", "/", headers, json.dumps(parameters).encode(), {})
        if status >= 400:
            raise EmulatedServiceError(answer.decode())
        return json.loads(answer or b"{}")  # type: ignore[no-any-return]

    def add_sdk_integration(
        self, service: str, target_prefix: str, error_prefix: str, handler: Handler, calls_of: CallsOf
    ) -> None:
        """Make `aws-sdk:<service>:*` of Step Functions call `handler`, which speaks the service's JSON.

        `calls_of` returns the calls that an operation must be allowed to make.
        """

        async def with_bytes(
            method: str, path: str, headers: dict[str, str], body: str | bytes, query: dict[str, list[str]]
        ) -> tuple[int, dict[str, str], bytes]:
            encoded = body.encode() if isinstance(body, str) else body
            return await handler(method, path, headers, encoded, query)

        self._app.SERVICE_HANDLERS[service] = with_bytes
        self._step_functions._AWS_SDK_SERVICE_MAP[service] = {
            "target_prefix": target_prefix,
            "protocol": "json",
        }
        self._step_functions._AWS_SDK_ERROR_PREFIX[service] = error_prefix
        self._roles.add_service(service, calls_of)

    def credentials_of(self, function: Function) -> dict[str, str]:
        """Environment variables with temporary credentials of a function's role.

        Raises CannotAssumeError.
        """
        made = self.function_roles.assume(role_arn=function.role, function_name=function.name)
        return made.environment()

    def run_python_functions(self, invoke: Invoke, loop: asyncio.AbstractEventLoop) -> None:
        """Run deployed Python functions with `invoke` on `loop`. It also writes their logs and metrics.

        Other runtimes stay with ministack's own executors.
        """
        module = self._lambda
        original_execute = module._execute_function_warm
        original_logs = self.function_roles.keep_to_logs(module._emit_lambda_logs)
        original_metrics = module._emit_lambda_metrics

        def execute(record: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
            configuration = record.get("config") or record
            code = record.get("code_zip")
            if not code or not _is_python(configuration):
                try:
                    result: dict[str, Any] = original_execute(record, event, request_id)
                except CannotAssumeError as error:
                    return _cannot_assume(error)
                return result
            layers = tuple(
                Layer(layer["Arn"], module._resolve_layer_zip(layer) or b"")
                for layer in configuration.get("Layers") or ()
            )
            function = Function.from_configuration(configuration, code=code, layers=layers)
            work = invoke(function, request_id, json.dumps(event).encode(), configuration["FunctionArn"])
            try:
                outcome = asyncio.run_coroutine_threadsafe(work, loop).result()
            except CannotAssumeError as error:
                return _cannot_assume(error)
            answer = {"body": outcome.payload, "log": "\n".join(outcome.log), "log_source": LOG_SOURCE}
            return answer | ({"error": True} if outcome.is_error else {})

        def logs(*arguments: Any, log_source: str | None = None) -> None:
            if log_source != LOG_SOURCE:
                original_logs(*arguments, log_source=log_source)

        def metrics(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
            # ministack counts only what comes through Invoke. Whoever runs the function counts it all.
            record = module._functions.get(function_name) or {}
            if throttle or not _is_python(record.get("config") or {}):
                original_metrics(function_name, duration_ms, error, throttle)

        module._execute_function_warm = execute
        module._emit_lambda_logs = logs
        module._emit_lambda_metrics = metrics

    def run_tasks(self, endpoint: EcsEndpoint) -> None:
        """Let ``endpoint`` serve what state machines do with tasks of Amazon ECS."""
        run_tasks_of_state_machines(self._app, self._step_functions, endpoint)
        EcsIntegration(self._step_functions, endpoint, self._roles, self._branches)
        self._roles.add_service(
            "ecs",
            lambda operation, request: (
                endpoint.calls(operation, request) if operation in ECS_OPERATIONS else None
            ),
        )

    def make_state_machines_calls_fail(self, faults: Faults) -> None:
        """Apply the faults that are set to the calls of state machines."""
        StateMachineFaults(self._step_functions, faults)

    def observe_executions(self, observe: Callable[[dict[str, Any]], None]) -> None:
        """Call `observe` with the members of DescribeExecution whenever an execution's status changes."""
        original = self._step_functions._emit_execution_status_event

        def emit(execution: dict[str, Any]) -> None:
            original(execution)
            observe(execution)

        self._step_functions._emit_execution_status_event = emit

    def observe_undelivered(self, observe: Undelivered) -> None:
        """Call `observe(schedule, target, error code, message)` for each tick that cannot be delivered."""
        self._deliveries.observe_undelivered(observe)

    def messages_visible(self) -> Iterator[tuple[str, int]]:
        """The name of each queue, and how many of its messages wait to be received."""
        for queue in list(self._sqs._queues._data.values()):
            self._sqs._refresh_counts(queue)
            attributes = queue["attributes"]
            yield attributes["QueueArn"].split(":")[-1], int(attributes["ApproximateNumberOfMessages"])

    def _scale_schedules(self, time_scale: float) -> None:
        parse_rate = self._event_bridge._parse_rate_seconds

        def scaled(expression: str) -> float | None:
            seconds = parse_rate(expression)
            return None if seconds is None else seconds / time_scale

        self._event_bridge._parse_rate_seconds = scaled
        # How often ministack checks whether a schedule is due: a new schedule must not delay its first task.
        for module, name in (
            (self._scheduler, "_SCHEDULE_TICK_INTERVAL"),
            (self._event_bridge, "_SCHEDULER_TICK_INTERVAL"),
        ):
            setattr(module, name, max(min(getattr(module, name) / time_scale, 0.5), 0.05))

    def _start_rate_schedules_at_once(self) -> None:
        """Rate schedules fire at once.

        EventBridge Scheduler User Guide, "Schedule types": a rate-based schedule without a StartDate invokes
        its target at once, and then at its rate.
        """
        scheduler = self._scheduler
        original_tick = scheduler._tick_schedules

        def tick() -> None:
            for key, schedule in list(scheduler._schedules._data.items()):
                seconds = self._event_bridge._parse_rate_seconds(schedule.get("ScheduleExpression", ""))
                if seconds is not None and key not in scheduler._schedule_last_fired:
                    scheduler._schedule_last_fired[key] = schedule["CreationDate"] - seconds
            original_tick()

        scheduler._tick_schedules = tick

    def _begin_executions_at_once(self) -> None:
        """ministack sleeps before the first state of each execution, equally long at any time scale."""
        run: Any = self._step_functions._run_execution
        constants = run.__code__.co_consts
        if BEGINNING_SECONDS not in constants:
            raise RuntimeError("this version of ministack begins executions in another way")
        at_once = tuple(0 if each == BEGINNING_SECONDS else each for each in constants)
        run.__code__ = run.__code__.replace(co_consts=at_once)

    def _end_aborted_executions(self) -> None:
        """A stopped execution makes no more calls, not even in a state that is being retried."""
        original = self._step_functions._add_event

        def add(execution: dict[str, Any], event_type: str, details: Any = None) -> Any:
            if event_type == "TaskScheduled" and execution["status"] != "RUNNING":
                raise SystemExit  # Ends this execution's thread.
            return original(execution, event_type, details)

        self._step_functions._add_event = add

    def _page_log_events(self) -> None:
        self._logs._filter_log_events = paged(self._logs._filter_log_events)

    def _name_throttled_invocations(self) -> None:
        """Step Functions calls the error of a throttled function Lambda.TooManyRequestsException."""
        original = self._lambda._throttle_response

        def throttle(*arguments: Any, **options: Any) -> dict[str, Any]:
            response: dict[str, Any] = original(*arguments, **options)
            body = response["body"]
            body |= {"errorType": "Lambda.TooManyRequestsException", "errorMessage": body["message"]}
            return response

        self._lambda._throttle_response = throttle

    def _give_succeed_its_output(self) -> None:
        """Step Functions Developer Guide, "Succeed workflow state": with JSONata it may have an Output."""
        original = self._step_functions._apply_output_path
        evaluate = self._step_functions._apply_jsonata_output

        def output(state: dict[str, Any], data: Any, context: Any = None) -> Any:
            if state.get("Type") == "Succeed" and "Output" in state:
                return evaluate(state, data, context)
            return original(state, data, context)

        self._step_functions._apply_output_path = output

    def _match_phrases(self) -> None:
        """CloudWatch Logs User Guide, "Filter pattern syntax": words in quotes are one exact phrase."""
        original = self._logs._compile_filter_pattern

        def compiled(pattern: str) -> Callable[[str], bool]:
            phrase = re.fullmatch(r'\s*"([^"]+)"\s*', pattern or "")
            matcher: Callable[[str], bool] = original(pattern)
            return matcher if phrase is None else lambda message: phrase[1] in message

        self._logs._compile_filter_pattern = compiled


def _cannot_assume(error: CannotAssumeError) -> dict[str, Any]:
    failure = {"errorType": "AccessDeniedException", "errorMessage": str(error)}
    return {"body": failure, "log": "", "log_source": LOG_SOURCE, "error": True}


def _is_python(configuration: Mapping[str, Any]) -> bool:
    return str(configuration.get("Runtime") or "").startswith("python")
