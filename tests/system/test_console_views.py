"""What a browser shows of the console: each view at three widths, light and dark, and what it must not show.

The screenshots are left in .build/screenshots/.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bench.chromium import Page
from local.console.files import PATH
from local.launch import ROOT
from tests.system.browser import browsing
from tests.system.deployments import TIME_SCALE, Deployment
from tests.system.executions import RUN_TASK, executions, state_machine
from tests.system.pipelines import Pipeline, Ref, shell

SCREENSHOTS = ROOT / ".build" / "screenshots"
WIDTHS = (1440, 900, 390)
CANARY = "canary-7d1e40"
RED = "getComputedStyle(document.documentElement).getPropertyValue('--bad')"
VIEWS = {
    "first-page": "document.querySelectorAll('#main table').length === 3",
    "pipeline": "document.querySelector('.runs .bad') && document.querySelector('.dependencies .bad')",
    "attempt": "document.querySelector('.log') && document.querySelector('.graph .ended')",
    "state-machine": "document.querySelector('#main td .pill.bad') && document.querySelector('.graph')",
    "execution": "document.querySelector('.graph .ended.bad')",
}
"""What each view shows once it has read everything."""


@pytest.fixture(scope="module")
def addresses(fast_deployment: Deployment) -> dict[str, str]:
    """The address of each view: of a chain whose second step fails, with a secret."""
    pipeline = Pipeline.activated(
        fast_deployment,
        {
            "ExtractOrders": shell("echo 1,200 orders; echo done >&2", output=Ref("Orders")),
            "Orders": {"type": "S3DataNode", "filePath": "s3://orders/today.csv"},
            "LoadOrders": shell(
                "echo loading; echo 'the disk of the warehouse is full' >&2; exit 3",
                dependsOn=Ref("ExtractOrders"),
                failureAndRerunMode="CASCADE",
                **{"*password": CANARY},
            ),
            "TellSales": shell("echo never", dependsOn=Ref("LoadOrders")),
        },
    )
    pipeline.ended("TellSales", "CASCADE_FAILED")
    Pipeline.activated(fast_deployment, {"Hourly": shell("echo fine")}).ended("Hourly", "FINISHED")
    (attempt,) = pipeline.attempts("LoadOrders")
    (execution,) = executions(fast_deployment, RUN_TASK, of="LoadOrders")
    machine = state_machine(fast_deployment, RUN_TASK)
    base = f"{fast_deployment.endpoint_url}{PATH}#/"
    return {
        "first-page": base,
        "pipeline": f"{base}pipelines/{pipeline.id}",
        "attempt": f"{base}pipelines/{pipeline.id}/{quote(attempt.id, safe='')}",
        "state-machine": f"{base}machines/{quote(machine, safe='')}",
        "execution": f"{base}executions/{quote(execution, safe='')}",
    }


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing() as shown:
        yield shown


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_each_width_in_light_and_dark(page: Page, addresses: dict[str, str], view: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.errors.clear()
    for width in WIDTHS:
        page.look(width=width)
        page.open(addresses[view])
        page.until(VIEWS[view])
        page.until("!document.querySelector('.loading')")
        for scheme in ("light", "dark"):
            page.look(width=width, dark=scheme == "dark")
            page.screenshot(SCREENSHOTS / f"{view}-{width}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert f"×{TIME_SCALE}" in page.evaluate("document.querySelector('#scale').innerText")
    assert page.errors == []


def test_a_failed_task_is_red_wherever_it_is_seen(page: Page, addresses: dict[str, str]) -> None:
    page.look(width=1440)
    page.open(addresses["execution"])
    page.until(VIEWS["execution"])
    red = page.evaluate(
        f"(() => {{ const p = document.createElement('p'); p.style.color = {RED}; "
        "document.body.append(p); return getComputedStyle(p).color; })()"
    )
    strokes = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.graph .ended')].map(node => "
        "[node.querySelector('text').textContent, getComputedStyle(node.querySelector('rect')).stroke]))"
    )
    assert strokes == {"ShellCommandActivity": red, "SetTaskStatus": red}
    assert _pill(page, "h1 .pill") == ["FAILED", red]
    page.open(addresses["state-machine"])
    page.until(VIEWS["state-machine"])
    assert ["FAILED", red] in page.evaluate(
        "[...document.querySelectorAll('#main td .pill')].map(p => [p.innerText, getComputedStyle(p).color])"
    )
    page.open(addresses["first-page"])
    page.until(VIEWS["first-page"])
    page.until("document.querySelector('#sidebar .pill')")
    assert _pill(page, "#sidebar li .pill") == ["ERROR", red]
    assert page.evaluate("document.querySelector('#main tbody td:nth-child(2)').innerText") == "ERROR"


def test_secrets_and_claims_are_shown_nowhere(page: Page, addresses: dict[str, str]) -> None:
    page.look(width=1440)
    for view in ("attempt", "execution"):
        page.open(addresses[view])
        page.until(VIEWS[view])
        count = page.evaluate("document.querySelectorAll('td button').length")
        assert count >= 4
        for number in range(count):
            page.evaluate(f"document.querySelectorAll('td button')[{number}].click()")
        page.until(f"document.querySelectorAll('.unfolded .data').length === {count}")
        shown = page.evaluate("document.documentElement.outerHTML")
        assert "ReportProgress" in shown
        assert "(claim)" in shown
        assert "claims/" not in shown
        assert "s3://taskrunner" not in shown.lower()
        assert CANARY not in shown


def test_pipelines_are_searched_and_filtered(page: Page, addresses: dict[str, str]) -> None:
    page.look(width=1440)
    page.open(addresses["first-page"])
    page.until(VIEWS["first-page"])
    names = "[...document.querySelectorAll('#table-Pipeline td.name')].map(cell => cell.innerText)"
    page.evaluate("search.value = 'hour'; search.dispatchEvent(new Event('input'))")
    assert page.evaluate(names) == ["Hourly"]
    page.evaluate("search.value = ''; search.dispatchEvent(new Event('input'))")
    page.evaluate(
        "const s = document.querySelector('select'); s.value = 'ERROR'; s.dispatchEvent(new Event('change'))"
    )
    assert page.evaluate(names)
    assert "Hourly" not in page.evaluate(names)
    assert page.evaluate("location.hash") == "#/?status=ERROR"


def test_it_says_that_it_reads_until_it_knows(page: Page, addresses: dict[str, str]) -> None:
    """With a service that does not answer."""
    hold = (
        "const real = window.fetch; window.fetch = (url, options) => "
        "options.method === 'POST' ? new Promise(() => {}) : real(url, options);"
    )
    script = page.do("Page.addScriptToEvaluateOnNewDocument", source=hold)
    try:
        for address in addresses.values():
            page.open(address)
            page.until(
                "document.querySelector('#main .loading') && document.querySelector('#sidebar .loading')"
            )
            assert "none yet" not in page.evaluate("document.body.innerText")
            assert "No pipelines" not in page.evaluate("document.body.innerText")
    finally:
        page.do("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_the_log_is_readable_on_a_phone(page: Page, addresses: dict[str, str]) -> None:
    page.look(width=390)
    page.open(addresses["attempt"])
    page.until(VIEWS["attempt"])
    assert page.evaluate("document.querySelector('.line .text').getBoundingClientRect().width") > 250


def _pill(page: Page, selector: str) -> list[str]:
    pill: list[str] = page.evaluate(
        f"(p => [p.innerText, getComputedStyle(p).color])(document.querySelector('{selector}'))"
    )
    return pill
