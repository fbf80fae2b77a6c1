"""The list of protections as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from tests.protections.protections import PROTECTIONS, UNPROVEN, Protection

_INTRODUCTION = """\
# Protections

A test proves something only if it fails without the code it tests. `make protections` removes each piece
of code below from a copy of the repository, one at a time, and runs the tests listed with it. Each of those
tests has to fail.

| protects from | removed | tests that fail |
|---|---|---|
"""

_UNPROVEN = """
## Covered by the service

No single line was found without which these tests fail: Data Pipeline itself makes up for it.

| test | why it passes |
|---|---|
"""

_NOT_TRIED = """
## Not shown

No line was found whose removal makes these tests fail. No poll brings a task that was canceled before it
was handed out, and objects are read one reference at a time.

"""


def page() -> str:
    """The page's text."""
    rows = "".join(
        f"| {protection.what} | {_removed(protection)} | {_code(protection.tests)} |\n"
        for protection in PROTECTIONS
    )
    covered = "".join(f"| `{case.test}` | {case.why} |\n" for case in UNPROVEN if case.why)
    not_tried = "".join(f"- `{case.test}`\n" for case in UNPROVEN if not case.why)
    return _INTRODUCTION + rows + _UNPROVEN + covered + _NOT_TRIED + not_tried


def _removed(protection: Protection) -> str:
    text = f"`{protection.path}`<br>" + "<br>".join(_lines(protection.removed))
    if protection.replaced_by:
        text += "<br>replaced by<br>" + "<br>".join(_lines(protection.replaced_by))
    return text


def _lines(text: str) -> Iterator[str]:
    """Each line as code. A bar ends a table's cell even in code."""
    return (f"`` {line.strip()} ``".replace("|", "\\|") for line in text.splitlines() if line.strip())


def _code(tests: tuple[str, ...]) -> str:
    return "<br>".join(f"`{test}`" for test in tests)
