"""Runs functions under their own role: their credentials, and their permission to write logs.

ministack gives the runtimes that it runs itself credentials of the role, but assumes the role unchecked and
writes their logs itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from local.lambda_runtime.function import PRINCIPAL
from local.ministack_hooks.permissions import Permissions
from local.permissions.calls import Call, Credentials

_LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


class FunctionRoles:
    """What Lambda does with the roles of functions, for all runtimes."""

    def __init__(self, lambda_service: Any, permissions: Permissions) -> None:
        self._permissions = permissions
        runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
        for module in (lambda_service, runtime):
            module.execution_credentials = self._execution_credentials

    def assume(self, *, role_arn: str, function_name: str) -> Credentials:
        """New temporary credentials of a function's role. Raises CannotAssumeError."""
        return self._permissions.assume(role_arn, function_name, service=PRINCIPAL)

    def may_write_log(self, *, role_arn: str, function_name: str, stream_arn: str) -> bool:
        """Whether the role allows it. Lambda writes logs with the function's role; denied lines are lost."""
        return all(
            self._permissions.role_denied(
                role_arn, Call(action, stream_arn), service=PRINCIPAL, session_name=function_name
            )
            is None
            for action in _LOG_ACTIONS
        )

    def keep_to_logs(self, write: Callable[..., None]) -> Callable[..., None]:
        """ministack's function that writes a log, limited to what the role may write."""

        def kept(record: Mapping[str, Any], *arguments: Any, **options: Any) -> None:
            configuration = record.get("config") or record
            name = configuration["FunctionName"]
            region, account = configuration["FunctionArn"].split(":")[3:5]
            group = (configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
            # ministack makes a new stream for each invocation.
            stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:invocation"
            role = configuration.get("Role") or ""
            if self.may_write_log(role_arn=role, function_name=name, stream_arn=stream):
                write(record, *arguments, **options)

        return kept

    def _execution_credentials(self, configuration: Mapping[str, Any]) -> dict[str, str]:
        made = self.assume(
            role_arn=configuration.get("Role") or "", function_name=configuration["FunctionName"]
        )
        return made.environment()
