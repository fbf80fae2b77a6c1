"""How long a task was ready before it was received."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runner.fields import FieldError, PipelineObject


def seconds_ready(task_object: Mapping[str, Any], received_at: datetime) -> float | None:
    """Seconds from the attempt's ``@actualStartTime`` to ``received_at``. None if the task lacks that time.

    In the API Reference's sample answer (PollForTask), a WAITING_FOR_RUNNER attempt has this field. It is
    later than ``@scheduledStartTime``, since the attempt may wait long for its dependencies. The service's
    times are whole seconds of its own clock, so a negative difference counts as 0.
    """
    objects = task_object.get("objects")
    attempt_id = task_object.get("attemptId")
    attempt = PipelineObject.from_api(objects.get(attempt_id) if isinstance(objects, Mapping) else None)
    try:
        ready_at = attempt.timestamp("@actualStartTime")
    except FieldError:
        return None
    return max(0.0, (received_at - ready_at).total_seconds())
