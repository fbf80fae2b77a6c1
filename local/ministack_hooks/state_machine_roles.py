"""State machines call under their own role.

ministack calls under the account's own keys. The names of the errors are those of Step Functions (developer
guide, "Handling errors" and the service integrations): a denied call is, mostly, an exception that the SDK's
model of the service does not list, so it has the service's own name.
"""

from __future__ import annotations

import contextvars
import importlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from local.json_service import json_object
from local.ministack_hooks.integrations import optimized
from local.ministack_hooks.permissions import Permissions
from local.permissions.calls import Call, Denied
from local.sdk_errors import sdk_error

PRINCIPAL = "states.amazonaws.com"

CallsOfSome = Callable[[str, Mapping[str, Any]], list[Call] | None]
"""As CallsOf, but not for every operation."""


class StateMachineRoles:
    """Wraps what ministack's Step Functions calls, in the thread of each execution."""

    def __init__(self, step_functions: Any, permissions: Permissions) -> None:
        self._step_functions = step_functions
        self._permissions = permissions
        self._app: Any = importlib.import_module("ministack.app")
        self._actions: Any = importlib.import_module("ministack.core.iam_actions")
        self._calls_of: dict[str, CallsOfSome] = {}
        self._execution: contextvars.ContextVar[str | None] = contextvars.ContextVar(
            "execution", default=None
        )
        self._session_name = secrets.token_hex(16)
        self._know_the_execution()
        self._check_optimized_integrations()
        self._check_sdk_integrations()

    def add_service(self, service: str, calls_of: CallsOfSome) -> None:
        """Register the function that returns the calls an added service's operations make.

        It returns None for operations that are ministack's.
        """
        self._calls_of[service] = calls_of

    def denied(self, call: Call) -> Denied | None:
        """The denial if the state machine that this thread runs may not make a call."""
        return self._denied(call)

    def running(self) -> bool:
        """Whether the execution that this thread runs has not ended; true if it runs none."""
        found = self._found()
        return found is None or found["status"] == "RUNNING"

    def note(self, event_type: str, details: Mapping[str, Any]) -> None:
        """Add an event to the history of the execution that this thread runs."""
        found = self._found()
        if found is not None:
            self._step_functions._add_event(found, event_type, details)

    def _found(self) -> Any:
        execution = self._execution.get()
        return self._step_functions._executions.get(execution) if execution else None

    def _know_the_execution(self) -> None:
        original = self._step_functions._run_execution

        def run(exec_arn: str) -> None:
            # `.sync` runs a nested execution in the thread of the outer one, which outlives it.
            outer = self._execution.get()
            token = self._execution.set(exec_arn)
            try:
                original(exec_arn)
            except SystemExit:  # It has been stopped.
                if outer is None:
                    raise
            finally:
                self._execution.reset(token)

        self._step_functions._run_execution = run

    def _check_optimized_integrations(self) -> None:
        module = self._step_functions
        invoke, invoke_with_callback = module._invoke_resource, module._invoke_with_callback

        def check(resource: str, arguments: Any) -> None:
            needed = optimized(resource, arguments, execution_arn=self._execution.get() or "")
            denied = None if needed is None else self._denied(needed.call)
            if needed is not None and denied is not None:
                raise module._ExecutionError(needed.error, f"{denied.message} ({needed.detail})")

        def checked(resource: str, input_data: Any, *more: Any, **options: Any) -> Any:
            check(resource, input_data)
            return invoke(resource, input_data, *more, **options)

        def checked_with_callback(resource: str, input_data: Any, *more: Any, **options: Any) -> Any:
            check(resource, input_data)
            return invoke_with_callback(resource, input_data, *more, **options)

        module._invoke_resource = checked
        module._invoke_with_callback = checked_with_callback

    def _check_sdk_integrations(self) -> None:
        original = self._app.call_service_handler_sync

        def checked(
            handler: Any,
            method: str,
            path: str,
            headers: dict[str, str],
            body: str | bytes,
            query_params: Any,
            timeout: float | None = None,
        ) -> Any:
            if self._execution.get() is not None:
                service = headers["host"].partition(".")[0]
                encoded = body.encode() if isinstance(body, str) else body
                for call in self._calls(service, method, path, headers, encoded, query_params):
                    denied = self._denied(call)
                    if denied is not None:
                        raise self._step_functions._ExecutionError(*self._sdk_error(service, denied))
            return original(handler, method, path, headers, body, query_params, timeout)

        self._app.call_service_handler_sync = checked

    def _calls(
        self, service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> list[Call]:
        if service in self._calls_of:
            operation = headers["x-amz-target"].rpartition(".")[2]
            calls = self._calls_of[service](operation, json_object(body))
            if calls is not None:
                return calls
        parameters = self._app._routing_params(method, path, headers, body, query)
        request = (service, method, path, headers, body, parameters)
        action = self._actions.extract_iam_action(*request)
        _, _, _, region, account, *_ = str(self._execution.get()).split(":")
        resource = self._actions.extract_resource_arn(*request, region, account)
        if action == "cloudwatch:PutMetricData":
            # No resource, but a condition key (Service Authorization Reference).
            return [Call(action, context={"cloudwatch:namespace": parse_qs(body.decode())["Namespace"][0]})]
        return [Call(action or f"{service}:UnknownOperation", resource)]

    def _sdk_error(self, service: str, denied: Denied) -> tuple[str, str]:
        module = self._step_functions
        names = {info.get("service_key", name): name for name, info in module._AWS_SDK_SERVICE_MAP.items()}
        prefix = module._AWS_SDK_ERROR_PREFIX[names[service]]
        modelled = {shape.name for shape in module._service_model(service).error_shapes}
        error = sdk_error("AccessDeniedException", service=prefix, modelled=modelled)
        return f"{prefix}.{error}", f"{denied.message} (Service: {prefix}, Status Code: 400)"

    def _denied(self, call: Call) -> Denied | None:
        found = self._found()
        machine = self._step_functions._state_machines.get(found["stateMachineArn"]) if found else None
        if machine is None:
            return None  # It was deleted while it ran. ministack notices that itself.
        return self._permissions.role_denied(
            machine["roleArn"],
            call,
            service=PRINCIPAL,
            session_name=self._session_name,
            context={"aws:sourcearn": machine["stateMachineArn"]},
        )
