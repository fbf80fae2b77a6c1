"""The selectors of QueryObjects, and paged answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from local.datapipeline.errors import InvalidRequestError
from local.datapipeline.objects import PipelineObject
from local.datapipeline.timestamps import parse_timestamp

MAXIMUM_SELECTORS = 10
_OPERATORS = ("EQ", "REF_EQ", "LE", "GE", "BETWEEN")

# API Reference, Operator: the fields that each operator takes.
_TIMES = frozenset({"@actualStartTime", "@actualEndTime", "@scheduledStartTime", "@scheduledEndTime"})
_EQUAL = frozenset({"name", "@sphere", "parent", "@componentParent", "@instanceParent", "@status"}) | _TIMES


def matches(query: Mapping[str, Any] | None, candidate: PipelineObject) -> bool:
    """Whether an object meets all selectors. Raises InvalidRequestError for an impossible selector."""
    selectors = (query or {}).get("selectors") or []
    if len(selectors) > MAXIMUM_SELECTORS:
        raise InvalidRequestError(f"A query has at most {MAXIMUM_SELECTORS} selectors")
    return sum(not _selects(selector, candidate) for selector in selectors) == 0


def may_be_wanted(query: Mapping[str, Any] | None) -> Callable[[datetime], bool]:
    """Whether an object with this @scheduledStartTime can meet all selectors; ``matches`` decides.

    It saves making the objects of thousands of instances for a query that wants the latest.
    """
    lower, upper = [], []
    for selector in (query or {}).get("selectors") or []:
        operator = selector.get("operator") or {}
        bounds = [parse_timestamp(value) for value in operator.get("values") or []]
        if selector.get("fieldName") == "@scheduledStartTime" and bounds:
            lower += bounds[:1] if operator.get("type") in ("GE", "BETWEEN") else []
            upper += bounds[-1:] if operator.get("type") in ("LE", "BETWEEN") else []
    # None is no DateTime, and refused by `matches`.
    after = [bound for bound in lower if bound is not None]
    before = [bound for bound in upper if bound is not None]

    def wanted(scheduled: datetime) -> bool:
        at = scheduled.replace(microsecond=0)
        return all(bound <= at for bound in after) and all(at <= bound for bound in before)

    return wanted


def _selects(selector: Mapping[str, Any], candidate: PipelineObject) -> bool:
    name = selector.get("fieldName") or ""
    operator = selector.get("operator") or {}
    kind, values = operator.get("type"), operator.get("values") or []
    if kind not in _OPERATORS:
        raise InvalidRequestError(f"The operator's type is one of {', '.join(_OPERATORS)}, not {kind!r}")
    allowed = _EQUAL if kind in ("EQ", "REF_EQ") else _TIMES
    if name not in allowed:
        raise InvalidRequestError(f"'{name}' cannot be queried by {kind}")
    needed = 2 if kind == "BETWEEN" else 1
    if len(values) < needed or (kind != "EQ" and kind != "REF_EQ" and len(values) > needed):
        raise InvalidRequestError(f"{kind} on '{name}' needs {needed} values, not {len(values)}")
    own = _values(candidate, name, references=kind == "REF_EQ")
    if kind in ("EQ", "REF_EQ"):
        return bool(own & set(values))
    bounds = [_moment(value) for value in values]
    compare: Callable[[Any], bool] = {
        "GE": lambda moment: moment >= bounds[0],
        "LE": lambda moment: moment <= bounds[0],
        "BETWEEN": lambda moment: bounds[0] <= moment <= bounds[-1],
    }[str(kind)]
    return any(compare(_moment(value)) for value in own)


def _values(candidate: PipelineObject, name: str, *, references: bool) -> set[str]:
    if name == "name":
        return {candidate.name}
    return set(candidate.references(name) if references else candidate.strings(name))


def _moment(text: str) -> Any:
    moment = parse_timestamp(text)
    if moment is None:
        raise InvalidRequestError(f"'{text}' is not a DateTime such as 2012-12-12T00:00:00")
    return moment


def page(items: Sequence[Any], marker: str | None, size: int) -> tuple[list[Any], dict[str, Any]]:
    """A page of ``items``, and the members that tell whether more follow."""
    if marker and not marker.isdecimal():
        raise InvalidRequestError(f"The marker '{marker}' is not one that was given out")
    start = int(marker or 0)
    end = start + size
    more = end < len(items)
    return list(items[start:end]), {"hasMoreResults": more, **({"marker": str(end)} if more else {})}
