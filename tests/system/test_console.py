"""The console on the deployed stack: what its page reads, and what a browser makes of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.console.files import PATH
from local.launch import ROOT
from tests.system.browser import browsing
from tests.system.deployments import PATIENCE_SECONDS, STACK, Deployment, environment_without_aws, eventually
from tests.system.executions import RUN_TASK, executions, states_entered
from tests.system.pipelines import Pipeline, shell

REPLAY = Path(__file__).parent / "console_replay.mjs"
MARKUP = "<script>document.title='taken over'</script><img src=x onerror=alert(1)>"
READS = re.compile(r"\.(List|Describe|Get|Filter|Query)[A-Za-z]+$")


def read_by_the_page(url: str, pipeline_id: str, attempt_id: str, token: str = "") -> dict[str, Any]:
    done = subprocess.run(
        ["node", REPLAY, url, pipeline_id, attempt_id, token],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_page_reads_what_the_apis_tell(deployment: Deployment) -> None:
    command = "echo from the task; echo disk full >&2; exit 3"
    pipeline = Pipeline.activated(
        deployment, {"Watched": shell(command), "Other": shell("echo not this one")}
    )
    instance = pipeline.ended("Watched", "FAILED")
    pipeline.ended("Other", "FINISHED")
    (attempt,) = pipeline.attempts("Watched")
    (execution,) = executions(deployment, RUN_TASK, of="Watched")

    def with_its_log() -> dict[str, Any] | None:
        told = read_by_the_page(f"{deployment.endpoint_url}/", pipeline.id, attempt.id)
        return told if any(line["text"] == "Task handled" for line in told["lines"]) else None

    told = eventually(with_its_log, "the log has not come")
    listed = deployment.datapipeline.get_paginator("list_pipelines").paginate()
    assert sorted(pipeline["id"] for pipeline in told["pipelines"]) == sorted(
        pipeline["id"] for page in listed for pipeline in page["pipelineIdList"]
    )
    assert told["instances"][0] == {
        "id": instance.id,
        "status": "FAILED",
        "attempts": [[attempt.id, "FAILED"]],
    }
    assert len(told["instances"]) == 2
    assert told["attempt"] == {
        "status": "FAILED",
        "errorId": attempt.fields["errorId"],
        "errorMessage": attempt.fields["errorMessage"],
        "runner": f"{STACK}-default",
    }
    assert told["executions"] == [{"arn": execution, "status": "SUCCEEDED", "verdict": "FAILED"}]
    assert {each["id"]: each["verdict"] for each in told["pipelines"]}[pipeline.id] == "ERROR"
    assert told["activities"] == ["Watched", "Other"]
    assert told["input"]["attemptId"] == attempt.id
    assert told["output"]["status"] == "FAILED"
    assert told["states"] == states_entered(deployment, execution)
    lines = [(line["source"], line["level"], line["text"]) for line in told["lines"]]
    handler = f"/aws/lambda/{STACK}-ShellCommandActivity"
    assert (handler, "stdout", "from the task") in lines
    assert (handler, "stderr", "disk full") in lines
    assert any(text == "Task received" and "poll" in source for source, _, text in lines)
    assert not any("not this one" in text for _, _, text in lines)
    alarms = deployment.cloudwatch.describe_alarms()["MetricAlarms"]
    assert sorted(told["alarms"]) == sorted(alarm["AlarmName"] for alarm in alarms)
    assert [name for name in told["operations"] if not READS.search(name)] == []


def test_the_commands_of_the_empty_page_run_a_pipeline(deployment: Deployment, tmp_path: Path) -> None:
    module = ROOT / "local" / "console" / "page" / "view-home.mjs"
    load = f"import {{ firstCommands }} from {json.dumps(str(module))};"
    script = f"{load} console.log(firstCommands(process.argv[1]))"
    shown = subprocess.run(
        ["node", "--input-type=module", "--eval", script, deployment.endpoint_url],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    ).stdout
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", f"{shown}\necho; echo $id"],
        cwd=tmp_path,
        env={**environment_without_aws(tmp_path), "PATH": search},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    Pipeline(deployment, done.stdout.split()[-1]).ended("Hello", "FINISHED")


def test_a_browser_shows_markup_as_text(deployment: Deployment) -> None:
    """In headless Chromium: a pipeline's name, a log line and an error that contain markup."""
    with browsing() as page:
        client = deployment.datapipeline
        client.create_pipeline(name=MARKUP, uniqueId="markup")
        command = f"echo {_quoted(MARKUP)}; echo {_quoted(MARKUP)} >&2; exit 1"
        pipeline = Pipeline.activated(deployment, {"Hostile": shell(command)})
        pipeline.ended("Hostile", "FAILED")
        (attempt,) = pipeline.attempts("Hostile")
        page.open(f"{deployment.endpoint_url}{PATH}#/pipelines/{pipeline.id}/{quote(attempt.id, safe='')}")
        page.until("document.body?.innerText.includes('Task handled')", "the page does not show the log")
        document = page.evaluate("document.documentElement.outerHTML")
        assert "<title>Hostile FAILED</title>" in document
        assert len(re.findall(r"<script\b", document)) == 1
        assert not re.search(r"<img\b", document)
        # In the sidebar, in the error and in the log.
        assert document.count("&lt;script&gt;document.title=") >= 3
        for state in states_entered(deployment, *executions(deployment, RUN_TASK, of="Hostile")):
            assert f">{state}</text>" in document
        assert page.errors == []


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
