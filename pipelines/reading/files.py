"""Reads a file, whichever form its definitions have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.reading import cloudformation, terraform
from pipelines.reading.json_text import parse_json
from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError
from pipelines.reading.text import read_text
from pipelines.reading.yaml_text import parse_yaml

__all__ = ["parse", "read_definitions", "read_each", "read_text"]

_FORMS = (
    "a definition has 'objects' (the AWS CLI, the console), 'pipelineObjects' (the API), 'Resources' "
    "(CloudFormation) or 'resource' (Terraform)"
)


def parse(text: str) -> Any:
    """The document in a file, JSON or YAML. Raises UnreadableError."""
    if not text.strip():
        raise UnreadableError("empty")
    # All JSON is YAML too, but its parser says better where JSON breaks.
    return parse_json(text) if text.lstrip()[:1] in {"{", "["} else parse_yaml(text)


def read_definitions(name: str, text: str) -> list[Source]:
    """The definitions in a file's text. Raises UnreadableError if one of them cannot be read."""
    found = []
    for each in read_each(name, text):
        if isinstance(each, UnreadableError):
            raise each
        found.append(each)
    return found


def read_each(name: str, text: str) -> Iterator[Source | UnreadableError]:
    """The definitions in a file's text; in the place of one that cannot be read, the error."""
    try:
        document = parse(text)
    except UnreadableError as error:
        yield error
        return
    entries = enumerate(document, 1) if isinstance(document, list) and document else [(0, document)]
    for number, entry in entries:
        own = f"{name}#{number}" if number else name
        try:
            yield from _read(own, entry)
        except UnreadableError as error:
            yield UnreadableError(f"entry {number}: {error}") if number else error


def _read(name: str, document: Any) -> Iterator[Source | UnreadableError]:
    if not isinstance(document, Mapping):
        raise UnreadableError(f"no definition: {_FORMS}")
    if "objects" in document:
        yield DefinitionReader().cli(name, document)
    elif "pipelineObjects" in document:
        yield DefinitionReader().api(name, document)
    elif cloudformation.is_template(document):
        yield from cloudformation.read_template(name, document)
    elif terraform.is_configuration(document):
        yield from terraform.read_configuration(name, document)
    else:
        raise UnreadableError(f"no definition: {_FORMS}")
