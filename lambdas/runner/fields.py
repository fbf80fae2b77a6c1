"""A pipeline object, with typed access to its fields.

A field is a key with a ``stringValue`` or a ``refValue``; a repeated key is a list (API Reference, Field).
Any problem with a field raises FieldError, whose message names the object and the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_DURATION = re.compile(r"\s*(\d{1,18})\s*(second|minute|hour|day|week)s?\s*", re.IGNORECASE)
_UNIT = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


class FieldError(Exception):
    """A field is missing, or its value does not have the expected form."""

    def __init__(self, object_id: str, field: str, problem: str) -> None:
        super().__init__(f"Object '{object_id}', field '{field}': {problem}")
        self.object_id = object_id
        self.field = field


@dataclass(frozen=True)
class PipelineObject:
    """A pipeline object: ``id``, ``name``, and its fields, separated into strings and references."""

    id: str
    name: str
    string_fields: Mapping[str, tuple[str, ...]]
    reference_fields: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_api(cls, data: Any) -> PipelineObject:
        """Read the API's ``{id, name, fields: [{key, stringValue | refValue}]}``.

        It skips fields without a usable key or value. A handler that needs one of them gets a FieldError when
        it reads it.
        """
        source = data if isinstance(data, Mapping) else {}
        strings: dict[str, tuple[str, ...]] = {}
        references: dict[str, tuple[str, ...]] = {}
        fields = source.get("fields")
        for field in fields if isinstance(fields, list) else []:
            if not isinstance(field, Mapping) or not isinstance(field.get("key"), str):
                continue
            key = field["key"]
            if isinstance(field.get("stringValue"), str):
                strings[key] = (*strings.get(key, ()), field["stringValue"])
            if isinstance(field.get("refValue"), str):
                references[key] = (*references.get(key, ()), field["refValue"])
        object_id = str(source.get("id") or "")
        return cls(object_id, str(source.get("name") or object_id), strings, references)

    def __contains__(self, field: str) -> bool:
        return field in self.string_fields or field in self.reference_fields

    @property
    def type(self) -> str:
        """The object's ``type``; empty if it has none."""
        return next(iter(self.string_fields.get("type", ())), "")

    def strings(self, field: str) -> list[str]:
        """All values of a list field; empty if the field is missing."""
        return list(self.string_fields.get(field, ()))

    def string(self, field: str, default: str | None = None) -> str:
        """The single value of ``field``.

        Raises FieldError if it is missing and there is no default, or if it has several values.
        """
        values = self.string_fields.get(field, ())
        if len(values) > 1:
            raise FieldError(self.id, field, f"one value is expected, but it has {len(values)}")
        if values:
            return values[0]
        if default is not None:
            return default
        if field in self.reference_fields:
            raise FieldError(self.id, field, "a string is expected, but it is a reference")
        raise FieldError(self.id, field, "it is missing")

    def boolean(self, field: str, default: bool | None = None) -> bool:
        """``true`` or ``false``, in any case."""
        if field not in self.string_fields and default is not None:
            return default
        text = self.string(field)
        if text.strip().lower() not in {"true", "false"}:
            raise FieldError(self.id, field, f"'true' or 'false' is expected, but it is {text!r}")
        return text.strip().lower() == "true"

    def integer(self, field: str, default: int | None = None) -> int:
        """A whole number."""
        if field not in self.string_fields and default is not None:
            return default
        text = self.string(field)
        if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text):
            raise FieldError(self.id, field, f"a whole number is expected, but it is {text!r}")
        return int(text)

    def duration(self, field: str, default: timedelta | None = None) -> timedelta:
        """A period such as ``2 Hours`` or ``15 minutes`` (developer guide, field type Period)."""
        if field not in self.string_fields and default is not None:
            return default
        text = self.string(field)
        match = _DURATION.fullmatch(text)
        if not match:
            raise FieldError(self.id, field, f"a period such as '2 Hours' is expected, but it is {text!r}")
        try:
            return int(match[1]) * _UNIT[match[2].lower()]
        except OverflowError:
            raise FieldError(self.id, field, f"the period {text!r} is too long") from None

    def timestamp(self, field: str, default: datetime | None = None) -> datetime:
        """An aware UTC datetime from ``YYYY-MM-DDTHH:MM:SS``, the service's form (times there are UTC)."""
        if field not in self.string_fields and default is not None:
            return default
        text = self.string(field)
        try:
            value = datetime.fromisoformat(text.strip())
        except ValueError:
            raise FieldError(
                self.id, field, f"a time such as '2024-01-31T12:00:00' is expected, but it is {text!r}"
            ) from None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def reference_ids(self, field: str) -> list[str]:
        """The ids of the objects that ``field`` refers to; empty if the field is missing."""
        return list(self.reference_fields.get(field, ()))

    def secrets(self) -> list[str]:
        """The values of all fields whose key starts with ``*``."""
        return [
            value for key, values in self.string_fields.items() if key.startswith("*") for value in values
        ]
