"""aws_datapipeline_pipeline_definition in Terraform's JSON: configuration, and `terraform show -json`.

Terraform registry, hashicorp/aws, aws_datapipeline_pipeline_definition; Terraform, JSON Configuration Syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError, stand_in
from pipelines.reading.text import read_text

TYPE = "aws_datapipeline_pipeline_definition"
_INTERPOLATION = re.compile(r"\$\$\{|\$\{((?:[^{}]|\{[^{}]*\})*)\}")
_FILE = re.compile(
    r"(?:(?P<around>trimspace|chomp)\()?(?P<function>file|templatefile)\(\s*\"(?P<path>[^\"]+)\"\s*"
    r"(?:,\s*\{(?P<values>[^}]*)\}\s*)?\)\)?"
)
_MODULE = re.compile(r"\$\{path\.(?:module|root|cwd)\}")
_ARGUMENT = re.compile(r"(\w+)\s*[=:]\s*(\"[^\"]*\")?([\w.]*)")
_DEPTH = 40
_PLAN = "check what terraform show -json prints of the plan"


def is_configuration(document: Mapping[str, Any]) -> bool:
    """Whether this is Terraform's configuration, plan or state."""
    return (
        "resource" in document or "planned_values" in document or "root_module" in _member(document, "values")
    )


def read_configuration(name: str, document: Mapping[str, Any]) -> Iterator[Source | UnreadableError]:
    """The pipelines of a configuration, or why one cannot be read. Raises UnreadableError if it has none."""
    found = list(_definitions(document))
    if not found:
        raise UnreadableError(f"Terraform's JSON without a resource of the type {TYPE}")
    for label, block, is_configuration in found:
        values = _Values(document, Path(name).parent)
        try:
            given = values.resolved(block) if is_configuration else _evaluated(block, values.unknown)
            yield _read(f"{name}#{label}", values.unknown, given)
        except UnreadableError as error:
            yield UnreadableError(f"the pipeline '{label}': {error}")


def _read(name: str, unknown: dict[str, str], given: Mapping[str, Any]) -> Source:
    for member, inner in (
        ("pipeline_object", "field"),
        ("parameter_object", "attribute"),
        ("parameter_value", ""),
    ):
        _refuse_expressions(given, member, unknown)
        for entry in _blocks(given, member) if inner else []:
            _refuse_expressions(entry, inner, unknown)
    source = DefinitionReader().api(
        name,
        {
            "pipelineObjects": [
                {**entry, "fields": _blocks(entry, "field")} for entry in _blocks(given, "pipeline_object")
            ],
            "parameterObjects": [
                {**entry, "attributes": _blocks(entry, "attribute")}
                for entry in _blocks(given, "parameter_object")
            ],
            "parameterValues": _blocks(given, "parameter_value"),
        },
    )
    return Source(source.name, source.definition, source.problems, unknown=unknown)


def _refuse_expressions(entry: Mapping[str, Any], member: str, unknown: Mapping[str, str]) -> None:
    """Raises UnreadableError if only Terraform can tell what the blocks of this name are."""
    found = entry.get(member)
    if isinstance(found, str):
        raise UnreadableError(f"its {member} is {unknown.get(found, 'a text')}: {_PLAN}")
    if member in _member(entry, "dynamic") or any(
        member in each for each in entry.get("dynamic") or [] if isinstance(each, Mapping)
    ):
        raise UnreadableError(f"it has a dynamic {member}: {_PLAN}")


def _evaluated(block: Mapping[str, Any], unknown: dict[str, str]) -> dict[str, Any]:
    """A resource of a plan or a state, whose texts Terraform has evaluated.

    A plan leaves out what it does not know before apply (Terraform, JSON Output Format, values).
    """
    given = dict(block)
    for member, inner, values in (
        ("pipeline_object", "field", ("string_value", "ref_value")),
        ("parameter_object", "attribute", ("string_value",)),
        ("parameter_value", "", ("string_value",)),
    ):
        entries = [dict(entry) for entry in _listed(given.get(member))]
        for entry in entries:
            if inner:
                entry[inner] = [_known(one, values, unknown) for one in _listed(entry.get(inner))]
        given[member] = entries if inner else [_known(entry, values, unknown) for entry in entries]
    return given


def _known(entry: Mapping[str, Any], values: Sequence[str], unknown: dict[str, str]) -> dict[str, Any]:
    if any(entry.get(name) is not None for name in values):
        return dict(entry)
    name = str(entry.get("key") or entry.get("id") or "")
    text = stand_in(name)
    unknown[text] = f"what Terraform knows after apply, '{name}',"
    return {**entry, "string_value": text}


def _listed(found: object) -> list[Mapping[str, Any]]:
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def _definitions(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Label, block, and whether its texts are expressions."""
    resources = document.get("resource") or {}
    for group in resources if isinstance(resources, list) else [resources]:
        for label, blocks in _member(group, TYPE).items():
            for block in blocks if isinstance(blocks, list) else [blocks]:
                if isinstance(block, Mapping):
                    yield str(label), block, True
    for member in ("planned_values", "values"):
        for address, block in _of_module(_member(_member(document, member), "root_module"), 0):
            yield address, block, False


def _of_module(module: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources") or []:
        if isinstance(resource, Mapping) and resource.get("type") == TYPE:
            yield str(resource.get("address", resource.get("name", TYPE))), _member(resource, "values")
    for child in (module.get("child_modules") or []) if depth < _DEPTH else []:
        if isinstance(child, Mapping):
            yield from _of_module(child, depth + 1)


def _member(document: object, name: str) -> Mapping[str, Any]:
    found = document.get(name) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _blocks(entry: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Repeated blocks: a list, or one alone. Members are in the API's words, without those that are null."""
    found = entry.get(name) or []
    return [
        {_api_name(key): value for key, value in block.items() if value not in (None, "")}
        for block in (found if isinstance(found, list) else [found])
        if isinstance(block, Mapping)
    ]


def _api_name(name: str) -> str:
    return {"string_value": "stringValue", "ref_value": "refValue"}.get(name, name)


class _Values:
    """Evaluates ``${var.name}``, ``${local.name}``, and ``${file(…)}`` of a file that is there.

    ``unknown`` collects what only a deployment knows.
    """

    def __init__(self, document: Mapping[str, Any], directory: Path) -> None:
        self._directory = directory
        self._variables = document.get("variable") or {}
        self._locals = document.get("locals") or {}
        self.unknown: dict[str, str] = {}

    def resolved(self, value: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise UnreadableError("not a definition: it is nested too deeply")
        if isinstance(value, list):
            return [self.resolved(each, depth + 1) for each in value]
        if isinstance(value, Mapping):
            return {key: self.resolved(each, depth + 1) for key, each in value.items()}
        if isinstance(value, str):
            return _INTERPOLATION.sub(lambda match: self._value(match, depth), value)
        return (
            str(value).lower()
            if isinstance(value, bool)
            else str(value)
            if isinstance(value, int | float)
            else value
        )

    def _value(self, match: re.Match[str], depth: int) -> str:
        if match[1] is None:
            return "${"
        expression = match[1].strip()
        if (text := self._file(expression, depth)) is not None:
            return text
        kind, _, name = expression.partition(".")
        for group in self._locals if isinstance(self._locals, list) else [self._locals]:
            if kind == "local" and isinstance(group, Mapping) and isinstance(group.get(name), str):
                return str(self.resolved(group[name], depth + 1))
        for group in self._variables if isinstance(self._variables, list) else [self._variables]:
            default = _first(_member({"group": group}, "group").get(name)).get("default")
            if kind == "var" and isinstance(default, str | int | float):
                return str(default)
        text = stand_in(expression if "(" in expression else name or expression)
        self.unknown[text] = f"Terraform's {expression}"
        return text

    def _file(self, expression: str, depth: int) -> str | None:
        """What ``file`` or ``templatefile`` makes of a file, if it is there (Terraform, Functions)."""
        found = _FILE.fullmatch(expression)
        if found is None:
            return None
        path = _MODULE.sub(".", found["path"])
        try:
            text = read_text(self._directory / path)
        except UnreadableError:
            return None
        if found["function"] == "file":
            return text.strip() if found["around"] == "trimspace" else text
        if "%{" in text:
            return None  # Directives, which only Terraform runs.
        values = {
            name: quoted[1:-1] if quoted else f"${{{expression}}}"
            for name, quoted, expression in _ARGUMENT.findall(found["values"] or "")
        }

        def value(match: re.Match[str]) -> str:
            if match[1] is None:
                return "${"
            given = values.get(match[1].strip())
            return match[0] if given is None else str(self.resolved(given, depth + 1))

        return _INTERPOLATION.sub(value, text)


def _first(block: object) -> Mapping[str, Any]:
    found = block[0] if isinstance(block, list) and block else block
    return found if isinstance(found, Mapping) else {}
