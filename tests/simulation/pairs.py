"""Few combinations of many choices, in which every two values of two choices come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations


def pairwise(choices: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Greedy: each row takes, choice by choice, the value with the most pairs that are still missing."""
    missing = {
        frozenset({(first, a), (second, b)})
        for first, second in combinations(choices, 2)
        for a in choices[first]
        for b in choices[second]
    }
    rows: list[dict[str, str]] = []
    while missing:
        row = dict(sorted(min(missing, key=sorted)))
        for name in choices:
            if name not in row:
                row[name] = max(
                    choices[name],
                    key=lambda value, name=name, row=row: sum(  # type: ignore[misc]
                        frozenset({(name, value), pair}) in missing for pair in row.items()
                    ),
                )
        missing -= {frozenset(pair) for pair in combinations(row.items(), 2)}
        rows.append(row)
    return rows
