"""`python -m local.simulation` simulates, and writes the documentation's picture and tables."""

from __future__ import annotations

import sys
from pathlib import Path

from local.simulation.bill import host_bill, total
from local.simulation.chart import draw
from local.simulation.prices import Prices
from local.simulation.sweep import sweep, table

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- simulation -->\n", "<!-- end of simulation -->"


def main() -> int:
    """Takes several minutes. Raises ValueError if the page lacks the markers for the tables."""
    prices = Prices.load()
    points = sweep(prices)
    picture = DOCS / "images" / "cost-and-latency.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(draw(points, host_usd=total(host_bill(prices))))
    document = DOCS / "cost-and-latency.md"
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document} has no lines {BEGIN.strip()} and {END}")
    document.write_text(f"{before}{BEGIN}\n{table(points)}\n\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
