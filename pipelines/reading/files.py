"""Reads a file, whichever form its definitions have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.reading import cloudformation, terraform
from pipelines.reading.json_text import parse_json
from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError
from pipelines.reading.yaml_text import parse_yaml

MAXIMUM_BYTES = 64 * 1024 * 1024
_FORMS = (
    "a definition has 'objects' (the AWS CLI, the console), 'pipelineObjects' (the API), 'Resources' "
    "(CloudFormation) or 'resource' (Terraform)"
)


def read_text(path: Path) -> str:
    """A file's text. Raises UnreadableError."""
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise UnreadableError(f"larger than {MAXIMUM_BYTES // 1024 // 1024} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise UnreadableError("not text in UTF-8") from None


def parse(text: str) -> Any:
    """The document in a file, JSON or YAML. Raises UnreadableError."""
    if not text.strip():
        raise UnreadableError("empty")
    # All JSON is YAML too, but its parser says better where JSON breaks.
    return parse_json(text) if text.lstrip()[:1] in {"{", "["} else parse_yaml(text)


def read_definitions(name: str, text: str) -> list[Source]:
    """The definitions in a file's text. Raises UnreadableError."""
    return list(_read(name, parse(text)))


def _read(name: str, document: Any) -> Iterator[Source]:
    if isinstance(document, list) and document:
        for number, each in enumerate(document, 1):
            yield from _read(f"{name}#{number}", each)
        return
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
