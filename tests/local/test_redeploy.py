"""`python -m local deploy`: another deployment to a local AWS that runs, with the context of the last one."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.account import connection
from local.launch import ROOT
from local.redeploy import context_file, main, remember
from tests.local.commands import running

APP = """\
import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Told")
for key in {keys}:
    ssm.StringParameter(
        stack, key, parameter_name=f"/{{key}}", string_value=app.node.try_get_context(key) or "not given"
    )
app.synth()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A CDK app that writes its context into parameters."""
    shutil.copy(ROOT / "cdk.json", tmp_path)
    (tmp_path / "app.py").write_text(APP.format(keys=["first", "schedule"]))
    return tmp_path


@pytest.mark.long
def test_a_changed_app_is_deployed_with_the_context_that_it_had(project: Path) -> None:
    with running("up", "--port", "0", "--context", "first=kept", directory=project) as up:
        endpoint_url = up.ready()
        port = endpoint_url.rpartition(":")[2]
        client: Any = boto3.client("ssm", **connection(endpoint_url))

        def value(key: str) -> str:
            return str(client.get_parameter(Name=f"/{key}")["Parameter"]["Value"])

        (project / "app.py").write_text(APP.format(keys=["first", "schedule", "second"]))
        with running("deploy", "--port", port, "--context", "second=added", directory=project) as again:
            assert again.finish() == 0, again.err
        assert (value("first"), value("second"), value("schedule")) == ("kept", "added", "rate(1 minute)")
        with running("deploy", "--port", port, "--context", "first=changed", directory=project) as again:
            assert again.finish() == 0, again.err
        assert again.err[-1].startswith("deployed after ")
        assert (value("first"), value("second")) == ("changed", "added")

        (project / "app.py").write_text("import sys; sys.exit('app.py: no')")
        with running("deploy", "--port", port, "--context", "first=lost", directory=project) as failing:
            assert failing.finish() == 1
        assert any("app.py: no" in line for line in failing.err)
        assert json.loads(context_file(project, int(port)).read_text())["first"] == "changed"


def test_without_a_local_aws_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["--port", str(port)]) == 1
    assert f"no local AWS runs on http://127.0.0.1:{port}: start it with" in capsys.readouterr().err


def test_elsewhere_than_where_it_was_started_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        remember(tmp_path, port, {"a": "b"})
        remember(tmp_path, port, None)  # Nothing was deployed: `up --no-deploy`.
        assert main(["--port", str(port)]) == 1
    assert "run this where `python -m local up` was started" in capsys.readouterr().err
