"""Makes docs/local-console.png, an attempt while it runs: ``python -m bench.console_picture``."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

from bench.chromium import installed, page
from bench.deployed import up
from local.console.files import PATH
from local.launch import ROOT

PICTURE = ROOT / "docs" / "local-console.png"
WIDTH = 1280
COMMAND = "echo copying orders; for part in 1 2 3 4 5 6; do sleep 2; echo part $part of 6; done; sleep 60"


def main(path: Path) -> int:
    """Start local AWS with the app, run a pipeline, and write the picture. Returns the exit code."""
    chromium = installed()
    if chromium is None:
        print("There is no Chromium on PATH; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    with up() as aws, page(chromium) as shown:
        client = aws.client("datapipeline")
        pipeline = client.create_pipeline(name="nightly-orders", uniqueId="orders")["pipelineId"]
        objects = {
            "Default": {"scheduleType": "ondemand", "workerGroup": "default"},
            "CopyOrders": {"type": "ShellCommandActivity", "command": COMMAND},
        }
        client.put_pipeline_definition(
            pipelineId=pipeline,
            pipelineObjects=[
                {
                    "id": name,
                    "name": name,
                    "fields": [{"key": key, "stringValue": value} for key, value in fields.items()],
                }
                for name, fields in objects.items()
            ],
        )
        client.activate_pipeline(pipelineId=pipeline)
        shown.look(width=WIDTH)
        shown.open(f"{aws.url}{PATH}#/pipelines/{pipeline}")
        shown.until("document.querySelector('.runs a')")
        (attempt,) = client.query_objects(pipelineId=pipeline, sphere="ATTEMPT")["ids"]
        shown.open(f"{aws.url}{PATH}#/pipelines/{pipeline}/{quote(attempt, safe='')}")
        shown.until("document.body?.innerText.includes('part 4 of 6')")
        shown.screenshot(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(PICTURE))
