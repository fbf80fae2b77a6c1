"""`python -m local console`: the console for a stack that is reached as AWS is, with a profile's keys."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.account import REGION
from local.launch import ROOT
from tests.local.commands import Command
from tests.local.iam_account import IamAccount
from tests.system.browser import browsing
from tests.system.deployments import STACK, Deployment, environment_without_aws, eventually
from tests.system.pipelines import Pipeline, shell
from tests.system.test_console import read_by_the_page

PROFILE = "watcher"


@pytest.fixture
def command(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command with a profile whose role may do what the documentation says, and nothing else.

    No variable names an endpoint, a region or a key.
    """
    text = (ROOT / "docs" / "local-console.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    keys = IamAccount(deployment.endpoint_url).session(*json.loads(block)["Statement"])
    folder = tmp_path / ".aws"
    folder.mkdir()
    lines = [f"[{PROFILE}]", *(f"{name} = {value}" for name, value in keys.items())]
    (folder / "credentials").write_text("\n".join(lines))
    (folder / "config").write_text(f"[profile {PROFILE}]\nregion = {REGION}\n")
    for name in os.environ.keys() - environment_without_aws(tmp_path).keys():
        monkeypatch.delenv(name)
    started = Command(
        "console",
        *("--profile", PROFILE, "--endpoint-url", deployment.endpoint_url),
        environment=environment_without_aws(tmp_path),
    )
    yield started
    if started.process.poll() is None:
        assert started.stop() == 0


def test_it_shows_what_local_aws_s_own_console_shows(deployment: Deployment, command: Command) -> None:
    pipeline = Pipeline.activated(deployment, {"Seen": shell("echo seen; exit 3")})
    pipeline.ended("Seen", "FAILED")
    (attempt,) = pipeline.attempts("Seen")
    url, token = _address(command)

    def with_its_log() -> bool | None:
        told = read_by_the_page(url, pipeline.id, attempt.id, token)
        return True if any(line["text"] == "Task handled" for line in told["lines"]) else None

    eventually(with_its_log, "the log has not come")
    there = read_by_the_page(url, pipeline.id, attempt.id, token)
    assert there == read_by_the_page(f"{deployment.endpoint_url}/", pipeline.id, attempt.id)
    assert there["executions"][0]["verdict"] == "FAILED"


def test_the_port_needs_the_token_and_changes_nothing(deployment: Deployment, command: Command) -> None:
    url, token = _address(command)
    assert url.startswith("http://127.0.0.1:")
    assert len(token) >= 32
    listed = {"X-Amz-Target": "DataPipeline.ListPipelines"}
    assert _post(url, listed) == 403
    assert _post(url, {**listed, "X-Console-Token": token}) == 200
    created = {"X-Amz-Target": "DataPipeline.CreatePipeline", "X-Console-Token": token}
    assert _post(url, created, {"name": "made", "uniqueId": "made"}) == 403
    assert "made" not in str(deployment.datapipeline.list_pipelines())


def test_a_browser_shows_it_at_the_printed_address_alone(command: Command) -> None:
    url, token = _address(command)
    with browsing() as page:
        page.open(url)
        page.until("document.body?.innerText.includes('its end is the token')")
        page.errors.clear()
        page.open(f"{url}#token={token}")
        page.until(f"document.querySelector('#sidebar')?.innerText.includes('{STACK}-RunTask')")
        page.until(f"document.querySelector('#main')?.innerText.includes('{STACK}-PollLoopFailed')")
        assert token not in page.evaluate("location.href")
        assert page.evaluate("document.querySelector('#name').textContent") == f"AWS {REGION}, {PROFILE}"
        # A reload keeps the token, which the tab has.
        page.do("Page.reload")
        page.until(f"document.querySelector('#sidebar')?.innerText.includes('{STACK}-RunTask')")
        assert page.errors == []


def _address(command: Command) -> tuple[str, str]:
    url, _, token = command.wait_for("console http").split()[1].partition("#token=")
    return url, token


def _post(url: str, headers: dict[str, str], request: object = None) -> int:
    body = json.dumps(request or {}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
            status: int = response.status
    except urllib.error.HTTPError as error:
        return error.code
    return status
