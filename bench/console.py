"""The console with 300 pipelines and 10,000 attempts: from the request for the page to its content."""

from __future__ import annotations

import json
import statistics
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from botocore.config import Config

from bench.chromium import Page, installed, page
from bench.deployed import LocalAws, up
from local.console.files import PATH

PIPELINES = 300
ACTIVITIES = 34
INSTANCES = 1_000
LOADS = 5
LOCAL_AWS = ("--no-deploy", "--setting", "throttling=off", "--setting", "maximum_pipelines=400")

# When the content is first there, and when that has been painted.
WATCH = """
window.contentAfter = null;
const look = () => {
  if (window.contentAfter !== null || !document.querySelector(%s)) return;
  window.contentAfter = 0;
  requestAnimationFrame(() => setTimeout(() => { window.contentAfter = performance.now(); }));
};
new MutationObserver(look).observe(document, { subtree: true, childList: true });
"""


def measure() -> dict[str, Any]:
    """Milliseconds. Takes some minutes, most of them to make the pipelines."""
    chromium = installed()
    if chromium is None:
        raise SystemExit("There is no Chromium on PATH; on Debian: apt-get install chromium")
    with up(*LOCAL_AWS) as aws, page(chromium) as shown:
        client = aws.client("datapipeline", config=Config(read_timeout=300, max_pool_connections=4))
        with ThreadPoolExecutor(4) as pool:
            pipelines = list(pool.map(lambda number: _pipeline(client, number), range(PIPELINES)))
        long = _scheduled(client)
        attempt = client.query_objects(pipelineId=pipelines[0], sphere="ATTEMPT")["ids"][0]
        views = {
            "first page": ("#/", "#main tbody tr"),
            "a pipeline": (f"#/pipelines/{pipelines[0]}", "#main .runs tbody tr"),
            f"a pipeline with {INSTANCES} instances": (f"#/pipelines/{long}", "#main .runs tbody tr"),
            "an attempt": (f"#/pipelines/{pipelines[0]}/{quote(attempt, safe='')}", "#main .statuses li"),
        }
        shown.look(width=1440)
        return {
            "pipelines": PIPELINES + 1,
            "attempts": PIPELINES * ACTIVITIES,
            "instances of the long one": _count(client, long),
            "first paint of content, median and slowest of 5, ms": {
                name: _times(shown, f"{aws.url}{PATH}{address}", selector)
                for name, (address, selector) in views.items()
            },
            "all statuses on the first page, ms": _described(shown, aws),
        }


def _count(client: Any, pipeline: str) -> int:
    pages = client.get_paginator("query_objects").paginate(pipelineId=pipeline, sphere="INSTANCE")
    return sum(len(found["ids"]) for found in pages)


def _times(shown: Page, url: str, selector: str) -> list[int]:
    script = shown.do("Page.addScriptToEvaluateOnNewDocument", source=WATCH % json.dumps(selector))
    times = []
    for _ in range(LOADS):
        shown.open(url)
        times.append(shown.until("window.contentAfter", f"{url} shows nothing"))
    shown.do("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])
    return [round(statistics.median(times)), round(max(times))]


def _described(shown: Page, aws: LocalAws) -> int:
    shown.open(f"{aws.url}{PATH}")
    done = "document.querySelector('#main tbody tr') && !document.querySelector('.loading')"
    milliseconds: float = shown.until(f"{done} && performance.now()")
    return round(milliseconds)


def _pipeline(client: Any, number: int) -> str:
    created: str = client.create_pipeline(name=f"nightly {number}", uniqueId=f"p{number}")["pipelineId"]
    activity = {"type": "ShellCommandActivity", "command": "true"}
    objects = [("Default", {"scheduleType": "ondemand", "workerGroup": "nobody-polls"})]
    objects += [(f"Step{index}", activity) for index in range(ACTIVITIES)]
    _activate(client, created, objects)
    return created


def _scheduled(client: Any) -> str:
    """A pipeline with INSTANCES hourly instances, all of which begin at once because they are overdue."""
    created: str = client.create_pipeline(name="hourly", uniqueId="hourly")["pipelineId"]
    start = datetime.now(UTC) - timedelta(hours=INSTANCES)
    references = {"schedule": "Hourly"}
    schedule = {
        "type": "Schedule",
        "period": "1 hour",
        "startDateTime": start.strftime("%Y-%m-%dT%H:00:00"),
    }
    default = {"scheduleType": "cron", "workerGroup": "nobody-polls", "failureAndRerunMode": "CASCADE"}
    objects = [
        ("Default", default),
        ("Hourly", schedule),
        ("Step", {"type": "ShellCommandActivity", "command": "true", "maxActiveInstances": str(INSTANCES)}),
    ]
    _activate(client, created, objects, {"Step": references, "Default": references})
    return created


def _activate(
    client: Any,
    pipeline: str,
    objects: list[tuple[str, dict[str, str]]],
    references: dict[str, dict[str, str]] | None = None,
) -> None:
    client.put_pipeline_definition(
        pipelineId=pipeline,
        pipelineObjects=[
            {
                "id": id_,
                "name": id_,
                "fields": [
                    *({"key": key, "stringValue": value} for key, value in fields.items()),
                    *({"key": key, "refValue": to} for key, to in (references or {}).get(id_, {}).items()),
                ],
            }
            for id_, fields in objects
        ],
    )
    client.activate_pipeline(pipelineId=pipeline)
