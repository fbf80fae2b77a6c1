"""Which handler a route has: what app.py gives, checked before anything is made of it."""

from __future__ import annotations

import sys
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from types import FrameType

from infra.configuration_error import ConfigurationError
from infra.handler import Handler
from infra.naming import function_name, group_name, slug
from infra.repeated_keys import repeated_keys
from infra.worker_group import WorkerGroup

Handlers = Mapping[str, Handler] | Sequence[tuple[str, Handler]]

_NOT_A_ROUTE = {"ReportProgress", "Route", "Outcome", "SetTaskStatus", "Wait", "Canceled", "NoLongerOurs"} | {
    "NotAcknowledged",
    "ReportRefusedStatus",
    "StatusNotReported",
}


EXECUTION_ENDED = "execution-ended"
"""The end of the name of the function that infra/monitoring/events.py makes."""

_BETWEEN = (__name__, "infra.stack", "jsii.")
"""The modules between this one and who makes a stack: jsii calls its constructor."""


def handlers_by_route(handlers: Handlers) -> dict[str, Handler]:
    """The handlers by route. Raises ConfigurationError for a route that has two, or cannot be one."""
    by_route: dict[str, Handler] = {}
    if not isinstance(handlers, Mapping) and not (
        isinstance(handlers, Sequence)
        and all(isinstance(one, tuple | list) and len(one) == 2 for one in handlers)
    ):
        raise ConfigurationError(
            f"handlers is {str(handlers)[:100]}: a dict is needed, such as {{'Exists': exists()}}, or a list "
            "of pairs."
        )
    for route, handler in handlers.items() if isinstance(handlers, Mapping) else handlers:
        if route in by_route:
            raise ConfigurationError(f"'{route}' has two handlers: remove one of them.")
        # A state's name: 80 characters at most, no control characters (States Language).
        if (
            not isinstance(route, str)
            or not 1 <= len(route) <= 80
            or not route.isprintable()
            or route in _NOT_A_ROUTE
        ):
            raise ConfigurationError(
                f"'{route}' cannot be a handler's name: it has 1 to 80 printable characters, and is none of "
                f"RunTask's own states ({', '.join(sorted(_NOT_A_ROUTE))})."
            )
        _refuse_what_is_no_handler(route, handler)
        by_route[route] = handler
    if not by_route:
        raise ConfigurationError("At least one handler is needed.")
    _refuse_repeated_keys()
    return by_route


def _refuse_what_is_no_handler(route: str, given: object) -> None:
    if not isinstance(given, type) and callable(getattr(given, "function", None)):
        return
    if callable(given):
        name = getattr(given, "__name__", type(given).__name__)
        raise ConfigurationError(f"The handler for '{route}' is not called: write {name}(...).")
    raise ConfigurationError(
        f"'{given}' is no handler for '{route}'. Handlers are shell_command(), exists(), sql(), "
        "PythonHandler(module=...) and so on. For a Lambda function, or its ARN: existing_function(...)."
    )


def refuse_equal_names(stack_name: str, worker_groups: Iterable[WorkerGroup], routes: Iterable[str]) -> None:
    """Raise ConfigurationError if two of them would have one name, on AWS or in the template."""
    names = [(function_name(stack_name, EXECUTION_ENDED), "the function that counts ended tasks")]
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


def _refuse_repeated_keys() -> None:
    """Look at the source, because of two equal keys of a dict display only the last gets here."""
    for file in {_caller(), getattr(sys.modules["__main__"], "__file__", None)} - {None}:
        try:
            with tokenize.open(str(file)) as source:
                text = source.read()
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue
        for repeated in repeated_keys(text, "handlers"):
            raise ConfigurationError(
                f"'{repeated.key}' has two handlers, in {file}, lines {repeated.first_line} and "
                f"{repeated.second_line}: remove one of them."
            )


def _caller() -> str | None:
    """The file that makes the stack, or the class derived from it."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_BETWEEN):
        frame = frame.f_back
    return frame.f_code.co_filename if frame else None
