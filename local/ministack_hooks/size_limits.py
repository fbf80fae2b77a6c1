"""Limits the size of a state's data, which ministack does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LIMIT_BYTES = 256 * 1024
"""Step Functions Developer Guide, quotas: input and output of a task, a state or an execution, as UTF-8."""

EXCEEDED = "States.DataLimitExceeded"
NOT_CAUGHT_BY_WILDCARD = (EXCEEDED, "States.Runtime")
"""Step Functions Developer Guide, error names: States.ALL does not catch them."""

_SIZED = {
    "stateEnteredEventDetails": "input",
    "taskSucceededEventDetails": "output",
    "stateExitedEventDetails": "output",
}
"""Events that are written before a state, after its call, and after it, and where their data is."""


class SizeLimits:
    """Wraps what ministack's Step Functions runs in each state."""

    def __init__(self, step_functions: Any) -> None:
        self._error: Callable[[str, str], Exception] = step_functions._ExecutionError
        add_event = step_functions._add_event
        invoke_resource = step_functions._invoke_resource
        error_matches = step_functions._error_matches

        def add(execution: Any, event_type: str, details: Mapping[str, Any] | None = None) -> Any:
            for member, data in _SIZED.items():
                if details is not None and member in details:
                    self._check(details[member][data])
            return add_event(execution, event_type, details)

        def invoke(resource: str, input_data: Any, *more: Any, **options: Any) -> Any:
            self._check(json.dumps(input_data))
            return invoke_resource(resource, input_data, *more, **options)

        def matches(error_equals: Sequence[str], error: str) -> bool:
            if error in NOT_CAUGHT_BY_WILDCARD:
                return error in error_equals
            return bool(error_matches(error_equals, error))

        step_functions._add_event = add
        step_functions._invoke_resource = invoke
        step_functions._error_matches = matches

    def _check(self, text: str) -> None:
        # ministack escapes non-ASCII characters, so the text is never shorter than its UTF-8.
        if len(text) <= LIMIT_BYTES:
            return
        if len(json.dumps(json.loads(text), ensure_ascii=False).encode(errors="surrogatepass")) > LIMIT_BYTES:
            raise self._error(
                EXCEEDED, f"The data is larger than the {LIMIT_BYTES} bytes that a state or task may have."
            )
