"""The console's files, and who may read them. Its modules are tested in tests/local/console, by Node."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.console.files import CONTENT_TYPES, PATH, SETTINGS, answer, console
from local.http.guard import refusal
from local.launch import ROOT
from tests.local.commands import running

PAGE = ROOT / "local" / "console" / "page"
MODULES = sorted(PAGE.glob("*.mjs"))
TESTS = sorted((Path(__file__).parent / "console").glob("*.test.mjs"))

MAKES_MARKUP_OR_CODE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser"
    r"|createContextualFragment|setHTML|srcdoc|javascript:|setTimeout\(['\"]|import\("
)


@pytest.mark.parametrize("path", TESTS, ids=[path.name for path in TESTS])
def test_the_modules_do_what_their_tests_say(path: Path) -> None:
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    # Node counts a file without tests as a passed test.
    assert int(passed[1]) > 1


def test_the_page_and_all_that_it_refers_to_are_served() -> None:
    for path in PAGE.iterdir():
        given = answer("GET", PATH + path.name)
        assert given.status == 200
        assert given.headers["content-type"] == CONTENT_TYPES[path.suffix]
        assert given.body == path.read_bytes()
    assert answer("GET", PATH).body == (PAGE / "index.html").read_bytes()
    html = (PAGE / "index.html").read_text()
    references = re.findall(r"(?:src|href)=\"([^#\"]+)\"", html)
    assert set(references) == {"console.css", "icon.svg", *(path.name for path in MODULES)}
    references += [name for path in MODULES for name in re.findall(r"from \"\./([^\"]+)\"", path.read_text())]
    assert {answer("GET", PATH + name).status for name in references} == {200}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_local/console", 308),
        ("HEAD", "/_local/console/main.mjs", 200),
        ("POST", "/_local/console/", 405),
        ("GET", "/_local/console/nothing.mjs", 404),
        ("GET", "/_local/console/page/main.mjs", 404),
        ("GET", "/_local/console/../files.py", 404),
        ("GET", "/_local/console//etc/passwd", 404),
        ("GET", "/_local/console/..%2ffiles.py", 404),
        ("GET", "/_local/console/main.mjs\x00", 404),
    ],
)
def test_nothing_else_is_served(method: str, path: str, status: int) -> None:
    given = answer(method, path)
    assert given.status == status
    assert method == "GET" or given.body == b""


def test_nothing_but_the_page_s_own_files_may_run_in_it() -> None:
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    page = console(at=PATH, settings=lambda: {"name": "Local AWS"})
    for path in (PATH, f"{PATH}nothing", "/_local/console", f"{PATH}{SETTINGS}"):
        asyncio.run(page({"method": "GET", "path": path}, None, send))
        headers = {name.decode(): value.decode() for name, value in sent[-2]["headers"]}
        policy = headers["content-security-policy"].split("; ")
        assert "default-src 'self'" in policy
        assert not re.search(r"unsafe|\*|https?:|data:|blob:", headers["content-security-policy"])
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert headers["content-length"] == str(len(sent[-1]["body"]))


def test_the_policy_lets_all_of_the_page_run() -> None:
    """The HTML contains no script, style or handler, and loads nothing from elsewhere."""
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)|https?://", html)
    for path in [*MODULES, PAGE / "console.css"]:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import|url\((?!#)", text), path.name


@pytest.mark.parametrize("path", MODULES, ids=[path.name for path in MODULES])
def test_text_never_becomes_markup_or_code(path: Path) -> None:
    assert not MAKES_MARKUP_OR_CODE.findall(path.read_text())


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"Host": "127.0.0.1:4566"}, False),
        (
            {"Host": "localhost:4566", "Origin": "http://localhost:4566", "Sec-Fetch-Site": "same-origin"},
            False,
        ),
        ({"Host": "[::1]:4566"}, False),
        ({"Host": "bucket.s3.localhost:4566"}, False),
        ({"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "none"}, False),
        ({"Host": "attacker.example:4566"}, True),
        ({"Host": "attacker.example:4566", "Origin": "http://attacker.example:4566"}, True),
        ({"Host": "127.0.0.1.attacker.example"}, True),
        ({"Host": "localhost.attacker.example:4566"}, True),
        ({"Host": "127.0.0.1:4566@attacker.example"}, True),
        ({"Host": ""}, True),
        ({"Host": "127.0.0.1:4566", "Origin": "https://attacker.example"}, True),
        ({"Host": "127.0.0.1:4566", "Origin": "http://127.0.0.1:3000"}, True),
        ({"Host": "127.0.0.1:4566", "Origin": "null"}, True),
        ({"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Host": "127.0.0.1:4566", "Sec-Fetch-Site": "same-site"}, True),
    ],
)
def test_pages_of_other_sites_are_kept_out(headers: dict[str, str], is_refused: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert (refusal(raw, is_page=False) is not None) is is_refused


def test_a_link_of_another_site_may_lead_to_the_console() -> None:
    followed = [(b"host", b"127.0.0.1:4566"), (b"sec-fetch-site", b"cross-site")]
    assert refusal(followed, is_page=True) is None
    assert refusal([(b"host", b"attacker.example")], is_page=True) is not None


def test_up_serves_it_at_the_address_that_it_prints() -> None:
    with running("up", "--no-deploy", "--port", "0", "--time-scale", "60") as command:
        endpoint_url = command.ready()
        line = command.wait_for("console ")
        assert line == f"console {endpoint_url}{PATH}"
        assert line in command.err

        def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection(urlsplit(endpoint_url).netloc, timeout=30)
            connection.request(
                "GET", path, headers={name.replace("_", "-"): headers[name] for name in headers}
            )
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

        status, headers, body = get(PATH)
        assert (status, body) == (200, (PAGE / "index.html").read_bytes())
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert get("/_local/console")[1]["location"] == PATH
        assert get(f"{PATH}main.mjs")[1]["content-type"].startswith("text/javascript")
        settings = json.loads(get(f"{PATH}{SETTINGS}")[2])
        assert settings["timeScale"] == 60
        ahead = datetime.fromisoformat(settings["serviceTime"]) - datetime.now(UTC)
        assert ahead.total_seconds() > 0
        for path in ("../files.py", "%2e%2e/files.py", "..%2f..%2f..%2fetc/passwd", "//etc/passwd"):
            assert get(PATH + path)[0] == 404
        assert get(PATH, Host="attacker.example")[0] == 403
        assert get("/", Origin="http://attacker.example")[0] == 403
        assert get("/", Sec_Fetch_Site="cross-site")[0] == 403
        assert get("/")[0] == 200
