"""The documentation of local AWS lists the settings as they are."""

from __future__ import annotations

from pathlib import Path

from local.datapipeline.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "local-aws.md"


def test_the_page_has_a_row_for_each_choice() -> None:
    rows = {
        cells[1].strip("` "): [value.strip("` ") for value in cells[2].split(",")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and len(cells := line.split("|")) == 5
    }
    choices = {name: values.split("|") for name, values, _ in Settings.listing()}
    assert {name: rows.get(name) for name, values in choices.items() if len(values) > 1} == {
        name: values for name, values in choices.items() if len(values) > 1
    }
    assert set(choices) <= set(rows)
