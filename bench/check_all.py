"""`python -m pipelines check --all` with 300 pipelines of 20 objects, at an account's documented rates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from bench.deployed import up
from local.account import REGION
from local.environment import for_local_aws

PIPELINES = 300
ACTIVITIES = 13
LOCAL_AWS = ("--no-deploy", "--setting", "maximum_pipelines=400")


def measure() -> dict[str, Any]:
    """Seconds, and MB of memory. Takes about a quarter of an hour, all of it at the pace of the limits."""
    with up(*LOCAL_AWS) as aws:
        client = aws.client("datapipeline")
        for number in range(PIPELINES):
            _pipeline(client, number)
            time.sleep(1)  # Each of its operations may be called once a second.
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "check", "--all", "--json", "--region", REGION],
            env=for_local_aws(aws.url, os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout  # noqa: S101
        found = json.load(process.stdout)
        _, status, used = os.wait4(process.pid, 0)
        return {
            "pipelines": len(found["pipelines"]),
            "objects of each": len(_objects(0)),
            "activities": sum(len(pipeline["activities"]) for pipeline in found["pipelines"]),
            "share that runs": found["share"],
            "exit code": os.waitstatus_to_exitcode(status),
            "seconds": round(time.monotonic() - started, 1),
            "processor, seconds": round(used.ru_utime + used.ru_stime, 1),
            "peak memory, MB": round(used.ru_maxrss / 1024),
        }


def _pipeline(client: Any, number: int) -> None:
    created = client.create_pipeline(name=f"nightly {number}", uniqueId=f"p{number}")["pipelineId"]
    put = client.put_pipeline_definition(pipelineId=created, pipelineObjects=_objects(number))
    assert not put["errored"], put  # noqa: S101
    client.activate_pipeline(pipelineId=created)


def _objects(number: int) -> list[dict[str, Any]]:
    """A nightly load: steps of commands, with files before and after them, on an instance for each run."""
    found = [
        _object("Default", scheduleType="ondemand", role="Nightly", resourceRole="NightlyHost"),
        _object("Host", type="Ec2Resource", instanceType="t3.small", terminateAfter="2 Hours"),
        _object("Format", type="CSV"),
        _object("In", {"dataFormat": "Format"}, type="S3DataNode", directoryPath=f"s3://sales-{number}/in"),
        _object("Out", {"dataFormat": "Format"}, type="S3DataNode", directoryPath=f"s3://sales-{number}/out"),
        _object("Copy", {"input": "In", "output": "Out", "runsOn": "Host"}, type="CopyActivity"),
        _object("There", {"runsOn": "Host"}, type="S3KeyExists", s3Key=f"s3://sales-{number}/in/done"),
    ]
    before = "Copy"
    for step in range(ACTIVITIES):
        command = (
            f"aws s3 cp s3://sales-{number}/in/{step}.csv - | gzip > /tmp/{step}.gz && ls -l /tmp/{step}.gz"
        )
        links = {"runsOn": "Host", "dependsOn": before}
        found.append(_object(f"Step{step}", links, type="ShellCommandActivity", command=command))
        before = f"Step{step}"
    return found


def _object(id_: str, references: dict[str, str] | None = None, **fields: str) -> dict[str, Any]:
    return {
        "id": id_,
        "name": id_,
        "fields": [
            *({"key": key, "stringValue": value} for key, value in fields.items()),
            *({"key": key, "refValue": to} for key, to in (references or {}).items()),
        ],
    }
