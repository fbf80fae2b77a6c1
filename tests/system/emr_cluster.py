"""A cluster of local EMR, and the steps on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.system.deployments import Deployment, eventually

LOGS = "emr-logs"
ACTIVE = {"PENDING", "RUNNING", "CANCEL_PENDING"}


@dataclass(frozen=True)
class EmrCluster:
    """A running cluster."""

    deployment: Deployment
    id: str

    def steps(self, component: str = "") -> list[Any]:
        """Its steps, the oldest first: of one component, or all."""
        pages = self.deployment.emr.get_paginator("list_steps").paginate(ClusterId=self.id)
        found = [step for page in pages for step in page["Steps"]]
        return [
            step for step in reversed(found) if step["Name"].startswith(f"{component} " if component else "")
        ]

    def states(self, component: str) -> list[str]:
        return [step["Status"]["State"] for step in self.steps(component)]

    def is_in(self, component: str, *states: str) -> None:
        """Wait until the component's steps are in these states."""
        eventually(
            lambda: self.states(component) == list(states) or None,
            lambda: f"{component} is in {self.states(component)}",
        )


@contextlib.contextmanager
def emr_cluster(deployment: Deployment, name: str = "etl") -> Iterator[EmrCluster]:
    """Start a cluster that runs as long as the block."""
    with contextlib.suppress(deployment.s3.exceptions.BucketAlreadyOwnedByYou):
        deployment.s3.create_bucket(Bucket=LOGS)
    started = deployment.emr.run_job_flow(
        Name=name,
        ReleaseLabel="emr-7.5.0",
        LogUri=f"s3n://{LOGS}/",
        Instances={"KeepJobFlowAliveWhenNoSteps": True},
        ServiceRole="EMR_DefaultRole",
        JobFlowRole="EMR_EC2_DefaultRole",
    )
    try:
        yield EmrCluster(deployment, started["JobFlowId"])
    finally:
        deployment.emr.terminate_job_flows(JobFlowIds=[started["JobFlowId"]])


def objects(deployment: Deployment, bucket: str, prefix: str) -> dict[str, str]:
    """The texts of the objects below a prefix, by the rest of their keys."""
    listed = deployment.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): deployment.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"]
        .read()
        .decode()
        for entry in listed
        if not entry["Key"].endswith("_SUCCESS")
    }
