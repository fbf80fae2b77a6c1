"""docs/protections.md, made of the list."""

from __future__ import annotations

from collections.abc import Iterator

from tests.local.commands import ROOT
from tests.protections.protections import MADE_UP_FOR, NOT_TRIED, PROTECTIONS, Protection

PAGE = ROOT / "docs" / "protections.md"

_BEGINNING = """\
# Protections

A test proves something only if it fails where what it tests is missing. `make protections` takes each
protection below out of a copy of the repository, one at a time, and runs the tests beside it: each of them
has to fail. The last two are for tests of the whole stack for which no narrower line was found: that RunTask
reports the status which the handler gave. Written by `python -m tests.protections --docs` from
`tests/protections/protections.py`.

| it protects from | what was removed | the tests that failed |
|---|---|---|
"""

_END = """
## Made up for by the service

These pass because of what Data Pipeline does by itself: no line of the runner was found without which they
fail.

| case | why |
|---|---|
"""


_NOT_TRIED = """
## Not shown

For these tests no single line has been seen whose removal makes them fail: no poll brings a task that was
canceled before it was given out, and reading objects takes one reference at a time.

"""


def page() -> str:
    """The page's text."""
    rows = "".join(f"| {one.what} | {_removed(one)} | {_listed(one.tests)} |\n" for one in PROTECTIONS)
    made_up_for = "".join(f"| `{case}` | {why} |\n" for case, why in MADE_UP_FOR.items())
    not_tried = "".join(f"- `{case}`\n" for case in NOT_TRIED)
    return _BEGINNING + rows + _END + made_up_for + _NOT_TRIED + not_tried


def _removed(one: Protection) -> str:
    text = f"`{one.path}`<br>" + "<br>".join(_lines(one.removed))
    return text + (
        "<br>for which stood<br>" + "<br>".join(_lines(one.replaced_by)) if one.replaced_by else ""
    )


def _lines(text: str) -> Iterator[str]:
    """Each line as code; a table's cell ends at a bar, even in code."""
    return (f"`` {line.strip()} ``".replace("|", "\\|") for line in text.splitlines() if line.strip())


def _listed(tests: tuple[str, ...]) -> str:
    return "<br>".join(f"`{test}`" for test in tests)
