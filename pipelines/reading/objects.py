"""A definition's members, in the API's words and in the AWS CLI's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.datapipeline.definition import Definition, Parameter
from local.datapipeline.objects import Field, PipelineObject
from pipelines.reading.source import Problem, Source, UnreadableError

# All but the characters that the service model allows in texts.
_REFUSED_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DefinitionReader:
    """Reads one definition, and collects what AWS would refuse in it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def api(self, name: str, document: Mapping[str, Any]) -> Source:
        """``pipelineObjects`` and so on (API Reference, GetPipelineDefinition). Raises UnreadableError."""
        objects = [self._api_object(entry) for entry in self._listed(document, "pipelineObjects")]
        parameters = [self._api_parameter(entry) for entry in self._listed(document, "parameterObjects")]
        values = [
            (
                str(entry.get("id", "")),
                self._text(str(entry.get("id", "")), "stringValue", entry.get("stringValue", "")),
            )
            for entry in self._listed(document, "parameterValues")
        ]
        return self._source(name, objects, parameters, values)

    def cli(self, name: str, document: Mapping[str, Any]) -> Source:
        """``objects``, ``parameters`` and ``values``, as the AWS CLI and the console have them.

        AWS CLI reference, datapipeline put-pipeline-definition. Raises UnreadableError.
        """
        objects = [self._cli_object(entry) for entry in self._listed(document, "objects")]
        parameters = [self._cli_parameter(entry) for entry in self._listed(document, "parameters")]
        given = document.get("values") or {}
        if not isinstance(given, Mapping):
            raise UnreadableError(f"'values' is {_kind(given)}, and an object is expected")
        values = [
            (str(key), self._text(str(key), "values", one))
            for key, value in given.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        return self._source(name, objects, parameters, values)

    def _source(
        self,
        name: str,
        objects: Sequence[PipelineObject],
        parameters: Sequence[Parameter],
        values: Sequence[tuple[str, str]],
    ) -> Source:
        return Source(
            name, Definition(tuple(objects), tuple(parameters), tuple(values)), tuple(self.problems)
        )

    def _listed(self, document: Mapping[str, Any], member: str) -> Iterator[Mapping[str, Any]]:
        found = document.get(member) or []
        if not isinstance(found, list):
            raise UnreadableError(f"'{member}' is {_kind(found)}, and a list is expected")
        for number, entry in enumerate(found, 1):
            if isinstance(entry, Mapping):
                yield entry
            else:
                self._problem(
                    f"{member}[{number}]", member, f"it is {_kind(entry)}, and an object is expected"
                )

    def _api_object(self, entry: Mapping[str, Any]) -> PipelineObject:
        object_id = self._id(entry)
        fields = []
        for field in self._listed(entry, "fields"):
            key = str(field.get("key", ""))
            if "refValue" in field:
                fields.append(Field(key, self._text(object_id, key, field["refValue"]), is_reference=True))
            else:
                fields.append(Field(key, self._text(object_id, key, field.get("stringValue", ""))))
        return PipelineObject(object_id, str(entry.get("name") or object_id), tuple(fields))

    def _api_parameter(self, entry: Mapping[str, Any]) -> Parameter:
        parameter_id = self._id(entry)
        attributes = [
            (
                str(one.get("key", "")),
                self._text(parameter_id, str(one.get("key", "")), one.get("stringValue", "")),
            )
            for one in self._listed(entry, "attributes")
        ]
        return Parameter(parameter_id, tuple(attributes))

    def _cli_object(self, entry: Mapping[str, Any]) -> PipelineObject:
        object_id = self._id(entry)
        fields = []
        for key, value in entry.items():
            if key in {"id", "name"}:
                continue
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Mapping) and "ref" in one:
                    fields.append(Field(key, self._text(object_id, key, one["ref"]), is_reference=True))
                else:
                    fields.append(Field(key, self._text(object_id, key, one)))
        return PipelineObject(object_id, str(entry.get("name") or object_id), tuple(fields))

    def _cli_parameter(self, entry: Mapping[str, Any]) -> Parameter:
        parameter_id = self._id(entry)
        attributes = [
            (key, self._text(parameter_id, key, one))
            for key, value in entry.items()
            if key != "id"
            for one in (value if isinstance(value, list) else [value])
        ]
        return Parameter(parameter_id, tuple(attributes))

    def _id(self, entry: Mapping[str, Any]) -> str:
        if not isinstance(entry.get("id"), str) or not entry["id"]:
            name = str(entry.get("name") or "an object without an id")
            self._problem(name, "id", "it is missing")
            return name
        return self._text(str(entry["id"]), "id", entry["id"])

    def _text(self, owner: str, key: str, value: object) -> str:
        """A field's text. The AWS CLI refuses numbers and the like: all fields are strings."""
        if isinstance(value, str):
            if refused := _REFUSED_CHARACTER.search(value):
                self._problem(owner, key, f"it holds the character {refused[0]!a}, which the service refuses")
            return _REFUSED_CHARACTER.sub("\ufffd", value)
        self._problem(owner, key, f"it is {_kind(value)}, and all fields are strings: write it in quotes")
        return "" if isinstance(value, Mapping | list) or value is None else str(value).lower()

    def _problem(self, owner: str, key: str, message: str) -> None:
        self.problems.append(Problem(owner, key, message))


def _kind(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    if isinstance(value, int | float):
        return f"the number {value}"
    return {"dict": "an object", "list": "a list", "str": "a text"}.get(
        type(value).__name__, type(value).__name__
    )
