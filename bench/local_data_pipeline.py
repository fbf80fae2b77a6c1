"""The local Data Pipeline with 1,000 objects and 200 open polls: how long other requests take."""

from __future__ import annotations

import contextlib
import os
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError

from bench.deployed import LocalAws, up

PIPELINES = 20
OBJECTS = 50
POLLS = 200
REQUESTS = 200
IDLE_SECONDS = 10.0
CONFIG = Config(retries={"total_max_attempts": 1}, read_timeout=120)


def measure() -> dict[str, Any]:
    """Milliseconds and CPU seconds. Takes about half a minute."""
    with up("--no-deploy", "--setting", "throttling=off") as aws:
        pid = aws.pid
        idle = _cpu_percent(pid)
        client = aws.client("datapipeline", config=CONFIG)
        pipelines = [_pipeline(client, number) for number in range(PIPELINES)]
        objects = sum(len(_instances(client, pipeline)) for pipeline in pipelines)
        polls = _hold_polls(aws)
        time.sleep(2)
        held = _cpu_percent(pid)
        pipeline = pipelines[0]
        ids = _instances(client, pipeline)[:25]
        calls: dict[str, Callable[[], Any]] = {
            "DescribePipelines": lambda: client.describe_pipelines(pipelineIds=[pipeline]),
            "DescribeObjects, 25": lambda: client.describe_objects(pipelineId=pipeline, objectIds=ids),
            "QueryObjects": lambda: client.query_objects(pipelineId=pipeline, sphere="INSTANCE"),
            "ReportTaskRunnerHeartbeat": lambda: client.report_task_runner_heartbeat(taskrunnerId="r"),
        }
        times = {name: _times(call) for name, call in calls.items()}
        return {
            "objects": objects,
            "open polls": sum(poll.is_alive() for poll in polls),
            "request, median and 95th percentile, ms": times,
            "CPU of the idle server, %": idle,
            "CPU with the polls held, %": held,
        }


def _pipeline(client: Any, number: int) -> str:
    created: str = client.create_pipeline(name=f"bench{number}", uniqueId=f"bench{number}")["pipelineId"]
    default = {"scheduleType": "ondemand", "workerGroup": "nobody-polls"}
    activity = {"type": "ShellCommandActivity", "command": "true"}
    objects = [("Default", default), *((f"A{index}", activity) for index in range(OBJECTS))]
    client.put_pipeline_definition(
        pipelineId=created,
        pipelineObjects=[
            {"id": id_, "name": id_, "fields": [{"key": k, "stringValue": v} for k, v in fields.items()]}
            for id_, fields in objects
        ],
    )
    client.activate_pipeline(pipelineId=created)
    return created


def _instances(client: Any, pipeline: str) -> list[str]:
    ids: list[str] = client.query_objects(pipelineId=pipeline, sphere="INSTANCE")["ids"]
    return ids


def _hold_polls(aws: LocalAws) -> list[threading.Thread]:
    def hold(number: int) -> None:
        with contextlib.suppress(BotoCoreError):
            aws.client("datapipeline", config=CONFIG).poll_for_task(workerGroup=f"held{number}")

    clients = [threading.Thread(target=hold, args=(number,), daemon=True) for number in range(POLLS)]
    for client in clients:
        client.start()
    time.sleep(10)
    return clients


def _times(call: Callable[[], Any]) -> list[float]:
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return [round(statistics.median(taken), 2), round(statistics.quantiles(taken, n=20)[-1], 2)]


def _cpu_percent(pid: int) -> float:
    before = _cpu_seconds(pid)
    time.sleep(IDLE_SECONDS)
    return round((_cpu_seconds(pid) - before) / IDLE_SECONDS * 100, 2)


def _cpu_seconds(pid: int) -> float:
    """The user and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
