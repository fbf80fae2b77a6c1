"""A serverless task runner for AWS Data Pipeline, as part of a CDK app of one's own.

``TaskRunner`` is a construct for a stack of yours, ``TaskRunnerStack`` a stack of its own. ``shell_command``,
``PythonHandler`` and so on make handlers. ``task_handler`` and ``Task`` are for a handler's own code, which
imports them from here too: on Lambda, this name stands for the handler kit.

A name is imported when it is first used (PEP 562): a handler's tests need no CDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.configuration_error import ConfigurationError
    from infra.context import Context
    from infra.handlers import (
        Container,
        EmrClusterSettings,
        ExistingFunction,
        FunctionSettings,
        Handler,
        PythonHandler,
        ShellHandler,
        copy,
        emr,
        emr_serverless,
        existing_function,
        exists,
        redshift_copy,
        s3_access,
        shell_command,
        shell_command_precondition,
        sql,
    )
    from infra.stack import TaskRunner, TaskRunnerStack
    from infra.worker_group import WorkerGroup
    from runner import (
        Canceled,
        Deferred,
        Failed,
        FieldError,
        Finished,
        NotMet,
        Outcome,
        Task,
        TaskCanceled,
        TaskFailed,
        task_handler,
    )

__all__ = [
    "Canceled",
    "ConfigurationError",
    "Container",
    "Context",
    "Deferred",
    "EmrClusterSettings",
    "ExistingFunction",
    "Failed",
    "FieldError",
    "Finished",
    "FunctionSettings",
    "Handler",
    "NotMet",
    "Outcome",
    "PythonHandler",
    "ShellHandler",
    "Task",
    "TaskCanceled",
    "TaskFailed",
    "TaskRunner",
    "TaskRunnerStack",
    "WorkerGroup",
    "copy",
    "emr",
    "emr_serverless",
    "existing_function",
    "exists",
    "redshift_copy",
    "s3_access",
    "shell_command",
    "shell_command_precondition",
    "sql",
    "task_handler",
]

_KIT = {
    *("Canceled", "Deferred", "Failed", "FieldError", "Finished", "NotMet", "Outcome"),
    *("Task", "TaskCanceled", "TaskFailed", "task_handler"),
}
_OF_THE_STACK = {
    "ConfigurationError": "configuration_error",
    "Context": "context",
    "TaskRunner": "stack",
    "TaskRunnerStack": "stack",
    "WorkerGroup": "worker_group",
}
"""The modules of these names. All others of infra are in ``handlers``."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("datapipeline-runner")
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    module = "runner" if name in _KIT else f"infra.{_OF_THE_STACK.get(name, 'handlers')}"
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
