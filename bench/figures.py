"""How figures are summarized."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median and quartiles."""
    first, median, third = statistics.quantiles(values, n=4)
    return {
        "median": round(median, digits),
        "1st quartile": round(first, digits),
        "3rd quartile": round(third, digits),
    }


def ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """The ratio of the medians."""
    return round(statistics.median(values) / statistics.median(base), 3)
