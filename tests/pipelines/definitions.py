"""Definitions for tests: objects from plain dicts, and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.checking.check import NO_FACTS, Facts, check
from pipelines.checking.verdict import ActivityVerdict, PipelineVerdict
from pipelines.reading.files import read_definitions

DEFAULT = {"id": "Default", "scheduleType": "ondemand", "workerGroup": "etl"}


def ref(object_id: str) -> dict[str, str]:
    return {"ref": object_id}


def definition(*objects: Mapping[str, Any], default: Mapping[str, Any] = DEFAULT, **more: Any) -> str:
    """The text of a definition in the AWS CLI's form."""
    return json.dumps({"objects": [default, *objects], **more})


def checked(text: str, facts: Facts = NO_FACTS) -> PipelineVerdict:
    (source,) = read_definitions("test", text)
    return check(source, facts)


def verdict_on(*objects: Mapping[str, Any], facts: Facts = NO_FACTS, **more: Any) -> ActivityVerdict:
    """The verdict on the first of the objects."""
    found = {each.id: each for each in checked(definition(*objects, **more), facts).activities}
    return found[str(objects[0]["id"])]


def shell(command: str, **fields: Any) -> dict[str, Any]:
    return {"id": "A", "type": "ShellCommandActivity", "command": command, **fields}


def messages(found: ActivityVerdict) -> str:
    """All reasons, for a test that looks for a word."""
    return "\n".join(f"{reason.field}: {reason.message}" for reason in found.reasons)


def fields_of(found: ActivityVerdict) -> Sequence[str]:
    return [reason.field for reason in found.reasons]
