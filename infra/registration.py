"""Checks the handlers that app.py registers, before any of them is created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from infra.configuration_error import ConfigurationError
from infra.handler import Handler
from infra.naming import CONTAINER_ENDED, EXECUTION_ENDED, function_name, group_name, slug
from infra.worker_group import WorkerGroup

Handlers = Mapping[str, Handler] | Sequence[tuple[str, Handler]]

RUN_TASK_STATES = frozenset(
    {
        "ReportProgress",
        "Route",
        "Outcome",
        "SetTaskStatus",
        "Wait",
        "Canceled",
        "NoLongerOurs",
        "NotAcknowledged",
        "NoCapacity",
        "ReportRefusedStatus",
        "StatusNotReported",
    }
)
"""RunTask's own states. Each route is the name of a state besides these."""


STATES_OF_A_CONTAINER = (
    "PutEvent",
    "RunContainer",
    "ContainerStopped",
    "Wait",
    "ReportProgress",
    "Canceled?",
    "TaskCanceled",
    "ContainerEnded",
)
"""RunTask's states for a route in a container, besides the route's own: ``<route>-<one of these>``."""


def handlers_by_route(handlers: Handlers) -> dict[str, Handler]:
    """The handlers by route. Raises ConfigurationError for an impossible route, or one with two handlers."""
    by_route: dict[str, Handler] = {}
    if not isinstance(handlers, Mapping) and not (
        isinstance(handlers, Sequence)
        and all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in handlers)
    ):
        raise ConfigurationError(
            f"handlers is {str(handlers)[:100]}: a dict is needed, such as {{'Exists': exists()}}, or a list "
            "of pairs."
        )
    for route, handler in handlers.items() if isinstance(handlers, Mapping) else handlers:
        if route in by_route:
            raise ConfigurationError(f"'{route}' has two handlers: remove one of them.")
        # A state's name has at most 80 characters and no control characters (States Language).
        if (
            not isinstance(route, str)
            or not 1 <= len(route) <= 80
            or not route.isprintable()
            or route in RUN_TASK_STATES
        ):
            raise ConfigurationError(
                f"'{route}' cannot be a handler's name: it has 1 to 80 printable characters, and is none of "
                f"RunTask's own states ({', '.join(sorted(RUN_TASK_STATES))})."
            )
        _refuse_non_handler(route, handler)
        by_route[route] = handler
    if not by_route:
        raise ConfigurationError("At least one handler is needed.")
    return by_route


def _refuse_non_handler(route: str, value: object) -> None:
    if not isinstance(value, type) and callable(getattr(value, "target", None)):
        return
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        raise ConfigurationError(f"The handler for '{route}' is not called: write {name}(...).")
    raise ConfigurationError(
        f"'{value}' is no handler for '{route}'. Handlers are shell_command(), exists(), sql(), "
        "PythonHandler(module=...) and so on. For a Lambda function, or its ARN: existing_function(...)."
    )


def refuse_equal_names(stack_name: str, worker_groups: Iterable[WorkerGroup], routes: Iterable[str]) -> None:
    """Raise ConfigurationError if two of them would share a name on AWS or in the template."""
    names = [
        (function_name(stack_name, EXECUTION_ENDED), "the function that counts ended tasks"),
        (function_name(stack_name, CONTAINER_ENDED), "the function that ends containers"),
    ]
    for route in routes:
        what = f"the handler '{route}'"
        names += [(function_name(stack_name, route), what), (f"Handler-{slug(route, 60)}", what)]
    for group in worker_groups:
        what = f"the worker group '{group.name}'"
        poller = f"poll-{group_name(stack_name, group.name)}"
        names += [(function_name(stack_name, poller), what), (f"PollLoop-{slug(group.name, 60)}", what)]
    taken: dict[str, str] = {}
    for name, what in names:
        other = taken.setdefault(name, what)
        if other != what:
            raise ConfigurationError(f"Both {other} and {what} would be named '{name}': rename one of them.")


def refuse_equal_states(routes: Iterable[str], in_containers: Iterable[str]) -> None:
    """Raise ConfigurationError if a route has the name of a state that a route in a container brings."""
    states = {
        f"{slug(route, 60)}-{state}": route for route in in_containers for state in STATES_OF_A_CONTAINER
    }
    for route in routes:
        if route in states:
            raise ConfigurationError(
                f"'{route}' cannot be a handler's name: RunTask has a state of that name for "
                f"'{states[route]}', which runs in a container. Rename one of them."
            )
