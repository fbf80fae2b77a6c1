"""`python -m local.simulation` simulates, and writes the documentation's pictures and tables."""

from __future__ import annotations

import sys
from pathlib import Path

from local.simulation.chart import draw, draw_panel, scenarios
from local.simulation.prices import Prices
from local.simulation.scenario import DEFAULT
from local.simulation.sweep import Results, sweep
from local.simulation.tables import smallest_linger, tables

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- simulation -->\n", "<!-- end of simulation -->"


def main() -> int:
    """Takes several minutes. Raises ValueError if the page lacks the markers for the tables."""
    needed = [*scenarios(), *(scenario for table in tables() for scenario in table.scenarios)]
    results = sweep(needed, Prices.load())
    write(results)
    print(f"{smallest_linger(results)} min of linger suffice; the default is {DEFAULT.linger_minutes}.")
    return 0


def write(results: Results, docs: Path = DOCS) -> None:
    """Write the pictures and the tables into ``docs``. Raises ValueError as ``main`` does."""
    images = docs / "images"
    images.mkdir(exist_ok=True)
    (images / "cost-and-latency.svg").write_text(draw(results))
    (images / "cost-and-latency-panel.svg").write_text(draw_panel(results))
    document = docs / "cost-and-latency.md"
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document} has no lines {BEGIN.strip()} and {END}")
    written = "\n\n".join(table.markdown(results) for table in tables())
    document.write_text(f"{before}{BEGIN}\n{written}\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
