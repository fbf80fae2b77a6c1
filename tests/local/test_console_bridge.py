"""The console for AWS itself: who may use the port, and that nothing but reading goes through it."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.account import OWNER, REGION
from local.console import operations
from local.console.bridge import bridge
from local.console.operations import READS, ReadOnly, Refused
from local.launch import ROOT
from tests.local.commands import Command

TOKEN = "the-token"
PAGE = ROOT / "local" / "console" / "page"
ALLOWED = {f"{prefix}.{name}" for prefix, (_, names) in READS.items() for name in names}


class Aws:
    """Records the calls that reach it."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self.answer = answer
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, target: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls.append((target, request))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def ask(
    aws: Aws,
    method: str = "POST",
    path: str = "/",
    *,
    body: bytes = b"{}",
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    given = {"host": "127.0.0.1:5000", "x-amz-target": "DataPipeline.ListPipelines", **(headers or {})}
    if token is not None:
        given["x-console-token"] = token
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    settings = {"name": "AWS us-east-1, secret-profile", "stack": "TaskRunner"}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    asyncio.run(bridge(token=TOKEN, call=aws.call, settings=settings)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_an_operation_is_carried_out_for_whoever_has_the_token() -> None:
    aws = Aws({"executions": [{"startDate": datetime(2026, 11, 24, 10, tzinfo=UTC)}]})
    status, body = ask(aws, body=b'{"marker": "m"}')
    assert (status, aws.calls) == (200, [("DataPipeline.ListPipelines", {"marker": "m"})])
    assert json.loads(body) == {"executions": [{"startDate": 1795514400.0}]}


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "ä"])
def test_without_the_token_the_port_tells_nothing(token: str | None) -> None:
    aws = Aws({})
    for method, path in (("POST", "/"), ("GET", "/settings.json"), ("POST", "/settings.json")):
        status, body = ask(aws, method, path, token=token)
        assert status == 403
        assert b"secret-profile" not in body
    assert aws.calls == []


def test_the_token_is_taken_from_its_header_alone() -> None:
    aws = Aws({})
    elsewhere = {"cookie": f"x-console-token={TOKEN}", "authorization": TOKEN}
    assert ask(aws, "POST", f"/?token={TOKEN}", token=None, headers=elsewhere)[0] == 403
    assert aws.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example:5000"},
        {"origin": "https://attacker.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_is_kept_out_even_with_the_token(headers: dict[str, str]) -> None:
    aws = Aws({})
    assert ask(aws, headers=headers)[0] == 403
    assert aws.calls == []


def test_the_page_itself_is_served_at_the_root() -> None:
    aws = Aws({})
    assert ask(aws, "GET", "/", token=None) == (200, (PAGE / "index.html").read_bytes())
    assert ask(aws, "GET", "/main.mjs", token=None)[0] == 200
    assert ask(aws, "GET", "/../operations.py", token=None)[0] == 404
    assert json.loads(ask(aws, "GET", "/settings.json")[1])["stack"] == "TaskRunner"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"no JSON", b"\xff"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    aws = Aws({})
    assert ask(aws, body=body)[0] == 400
    assert aws.calls == []


def test_an_error_of_a_service_reaches_the_page_with_its_name() -> None:
    status, body = ask(Aws(Refused(400, "ThrottlingException", "Rate exceeded")))
    assert (status, json.loads(body)) == (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})


@pytest.fixture
def aws_without_network(monkeypatch: pytest.MonkeyPatch) -> ReadOnly:
    """Clients that would call a port on which nobody listens."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWNER["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWNER["aws_secret_access_key"])
    return ReadOnly(region=REGION, profile=None, endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "target",
    [
        "DataPipeline.DeletePipeline",
        "DataPipeline.ActivatePipeline",
        "DataPipeline.PollForTask",
        "AWSStepFunctions.StartExecution",
        "AWSStepFunctions.StopExecution",
        "Logs_20140328.DeleteLogGroup",
        "SecretsManager.GetSecretValue",
        "secretsmanager.GetSecretValue",
        "DataPipeline.__class__",
        "DataPipeline.",
        "ListPipelines",
        "",
    ],
)
def test_nothing_but_reading_is_ever_sent(aws_without_network: ReadOnly, target: str) -> None:
    with pytest.raises(Refused) as refused:
        aws_without_network.call(target, {})
    assert (refused.value.status, refused.value.code) == (403, "NotAllowed")


def test_all_that_may_be_called_only_reads() -> None:
    assert len(ALLOWED) == 13
    assert {
        name for name in ALLOWED if not re.search(r"\.(List|Describe|Get|Filter|Query)[A-Z]", name)
    } == set()


def test_the_page_calls_all_that_may_be_called_and_nothing_else() -> None:
    text = "".join(path.read_text() for path in PAGE.glob("*.mjs"))
    prefixes = dict(re.findall(r'(\w+): \{ prefix: "(\w+)"', text))
    assert set(prefixes.values()) == set(READS)
    called = set(re.findall(r'"(dataPipeline|stepFunctions|logs|cloudWatch)",\s*"([A-Z]\w+)"', text))
    assert {f"{prefixes[service]}.{operation}" for service, operation in called} == ALLOWED


def test_the_documented_policy_grants_what_is_called() -> None:
    text = (ROOT / "docs" / "local-console.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (statement,) = json.loads(block)["Statement"]
    prefixes = {"stepfunctions": "states"}
    needed = {
        f"{prefixes.get(service, service)}:{name}" for service, names in READS.values() for name in names
    }
    assert set(statement["Action"]) == needed
    assert statement["Effect"] == "Allow"


def test_no_connection_and_a_wrong_request_are_told(aws_without_network: ReadOnly) -> None:
    with pytest.raises(Refused) as refused:
        aws_without_network.call("DataPipeline.ListPipelines", {})
    assert (refused.value.status, refused.value.code) == (502, "EndpointConnectionError")
    with pytest.raises(Refused) as refused:
        aws_without_network.call("DataPipeline.ListPipelines", {"marker": 7})
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


def test_times_become_seconds_and_nothing_else_is_guessed() -> None:
    assert operations.as_json(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1.0
    with pytest.raises(TypeError):
        operations.as_json(b"")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--profile", "nobody", "--region", "us-east-1"], "error: The config profile (nobody)"),
        (["--region", "us-east-1"], "error: no credentials: give --profile"),
        ([], "error: no region: give --region"),
        (["--port", "x"], "argument --port: 'x' is not a whole number"),
    ],
)
def test_what_is_missing_is_said(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    settings = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    command = Command("console", *arguments, environment=settings)
    assert command.finish() != 0
    assert told in command.err[-1]
    assert command.out == []
