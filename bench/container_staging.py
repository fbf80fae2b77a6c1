"""Gigabytes staged into and out of a container that has far less memory."""

from __future__ import annotations

import json
from typing import Any

from bench.containers import APP, history_of
from bench.deployed import STACK, LocalAws, up

GIGABYTES = 2
BUCKET = "bench-staging"
"""containers_app grants it to the route "small", whose containers have 512 MB."""
_LOG = f"/ecs/{STACK}-small"
_BYTES = GIGABYTES * 1_000_000_000

_MAKE = f"head -c {_BYTES} /dev/urandom > $OUTPUT1_STAGING_DIR/x"
_MOVE = """
date +%s.%N
grep VmHWM /proc/$PPID/status
mv $INPUT1_STAGING_DIR/x $OUTPUT1_STAGING_DIR/x
date +%s.%N
"""


def measure() -> dict[str, Any]:
    """One object, written by one container and read and written by another. Takes a minute or two."""
    with up(app=APP) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        _run(aws, "Make", _MAKE, output="made")
        _run(aws, "Move", _MOVE, input="made", output="moved")
        size = aws.client("s3").head_object(Bucket=BUCKET, Key="moved/x")["ContentLength"]
        lines = _lines(aws, "Move")
    said = [line for line in lines if line.get("stream") == "stdout"]
    began, peak, ended = (line["message"] for line in said)
    started, handled = (_time(lines, name) for name in ("Task started", "Task handled"))
    return {
        "size, bytes": size,
        "staged in, s": round(float(began) - started, 1),
        "staged out, s": round(handled - float(ended), 1),
        "peak memory of the runner, staged in, MB": round(int(peak.split()[1]) / 1000),
        "memory of the container, MB": 512,
    }


def _run(aws: LocalAws, name: str, command: str, **nodes: str) -> None:
    """Run one ShellCommandActivity with staging to its end. Raises RuntimeError if it is not FINISHED."""
    client = aws.client("datapipeline")
    pipeline = client.create_pipeline(name=name, uniqueId=name)["pipelineId"]
    activity = {"type": "ShellCommandActivity", "command": command, "myHandler": "small", "stage": "true"}
    objects: dict[str, dict[str, str]] = {
        "Default": {"scheduleType": "ondemand", "workerGroup": "default", "maximumRetries": "0"},
        name: activity,
        **{
            node: {"type": "S3DataNode", "directoryPath": f"s3://{BUCKET}/{place}"}
            for node, place in nodes.items()
        },
    }
    definition = [
        {"id": key, "name": key, "fields": [{"key": k, "stringValue": v} for k, v in fields.items()]}
        for key, fields in objects.items()
    ]
    definition[1]["fields"] += [{"key": node, "refValue": node} for node in nodes]  # type: ignore[operator]
    answer = client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=definition)
    assert not answer["errored"], answer  # noqa: S101
    client.activate_pipeline(pipelineId=pipeline)
    ended = history_of(aws.client("stepfunctions"), name, patience=600)[-1]
    output = json.loads(ended["executionSucceededEventDetails"]["output"])
    if output["status"] != "FINISHED":
        raise RuntimeError(f"{name}: {output}")


def _lines(aws: LocalAws, name: str) -> list[dict[str, Any]]:
    events = aws.client("logs").filter_log_events(logGroupName=_LOG, filterPattern=f'"@{name}_"')["events"]
    return [{**json.loads(event["message"]), "at": event["timestamp"] / 1000} for event in events]


def _time(lines: list[dict[str, Any]], message: str) -> float:
    return next(float(line["at"]) for line in lines if line.get("message") == message)
