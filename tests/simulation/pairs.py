"""Few combinations of many choices, in which every two values of two choices come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations


def pairwise(choices: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Greedy: each row takes, choice by choice, the value with the most pairs that are still missing."""
    missing = {
        frozenset({(one, a), (other, b)})
        for one, other in combinations(choices, 2)
        for a in choices[one]
        for b in choices[other]
    }
    rows: list[dict[str, str]] = []
    while missing:
        first = sorted(min(missing, key=sorted))
        row = dict(first)
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
