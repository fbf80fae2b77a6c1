"""`python -m local.simulation` simulates, and writes the documentation's picture and tables."""

from __future__ import annotations

import sys
from pathlib import Path

from local.simulation.chart import draw, scenarios
from local.simulation.prices import Prices
from local.simulation.scenario import DEFAULT
from local.simulation.sweep import sweep
from local.simulation.tables import smallest_linger, tables

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- simulation -->\n", "<!-- end of simulation -->"


def main() -> int:
    """Takes several minutes. Raises ValueError if the page lacks the markers for the tables."""
    shown = tables()
    results = sweep([*scenarios(), *(each for table in shown for each in table.scenarios)], Prices.load())
    picture = DOCS / "images" / "cost-and-latency.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(draw(results))
    document = DOCS / "cost-and-latency.md"
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document} has no lines {BEGIN.strip()} and {END}")
    written = "\n\n".join(table.markdown(results) for table in shown)
    document.write_text(f"{before}{BEGIN}\n{written}\n\n{END}{after}")
    print(
        f"By the rule, the linger is {smallest_linger(results)} min; the default is {DEFAULT.linger_minutes}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
