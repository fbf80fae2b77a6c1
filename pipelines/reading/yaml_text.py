"""YAML as CloudFormation has it: scalars are text, and ``!Ref`` and its like are functions."""

from __future__ import annotations

from typing import Any

import yaml

from pipelines.reading.source import UnreadableError

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Makes text of every scalar, as the pipeline's fields are: a date stays what is written."""


def _function(loader: Any, suffix: str, node: Any) -> Any:
    """``!Sub text`` as ``{"Fn::Sub": text}`` (CloudFormation user guide, Intrinsic function reference)."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def parse_yaml(text: str) -> Any:
    """The value of the first document in ``text``. Raises UnreadableError."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - it makes text, lists and mappings only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UnreadableError(
            f"neither valid JSON nor YAML: {error.problem or error.context}{where}"
        ) from None
    except yaml.YAMLError as error:
        raise UnreadableError(f"neither valid JSON nor YAML: {' '.join(str(error).split())[:200]}") from None
    except (RecursionError, TypeError):
        # A key that is a list or mapping cannot be one in a dict.
        raise UnreadableError(
            "not a definition: its YAML is nested too deeply, or has keys that are no text"
        ) from None
