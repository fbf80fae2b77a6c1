"""Builds EMR's answers from clusters and steps."""

from __future__ import annotations

from typing import Any

from local.account import ACCOUNT, REGION
from local.emr.clusters import Cluster, Step


def cluster_arn(cluster_id: str) -> str:
    """The ARN of a cluster."""
    return f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/{cluster_id}"


def cluster_summary(cluster: Cluster) -> dict[str, Any]:
    """A ClusterSummary."""
    return {
        "Id": cluster.id,
        "Name": cluster.request["Name"],
        "Status": _cluster_status(cluster),
        "NormalizedInstanceHours": 0,
        "ClusterArn": cluster_arn(cluster.id),
    }


def cluster_description(cluster: Cluster) -> dict[str, Any]:
    """A Cluster."""
    request = cluster.request
    copied = ("ReleaseLabel", "Applications", "Tags", "ServiceRole", "LogUri", "Configurations")
    return {
        **cluster_summary(cluster),
        **{name: request[name] for name in copied if name in request},
        "AutoTerminate": not request["Instances"].get("KeepJobFlowAliveWhenNoSteps", False),
        "TerminationProtected": False,
        "VisibleToAllUsers": True,
        "StepConcurrencyLevel": request.get("StepConcurrencyLevel", 1),
    }


def step_summary(step: Step) -> dict[str, Any]:
    """A StepSummary; a Step has the same members."""
    config = step.config["HadoopJarStep"]
    status: dict[str, Any] = {
        "State": step.state,
        "StateChangeReason": {"Message": step.reason} if step.reason else {},
        "Timeline": {
            "CreationDateTime": step.created,
            **({"StartDateTime": step.began} if step.began else {}),
            **({"EndDateTime": step.ended} if step.ended else {}),
        },
    }
    if step.state == "FAILED":
        status["FailureDetails"] = {"Reason": "Unknown Error."}
    return {
        "Id": step.id,
        "Name": step.config["Name"],
        "Config": {
            "Jar": config["Jar"],
            "Args": config.get("Args", []),
            "Properties": {pair["Key"]: pair["Value"] for pair in config.get("Properties", [])},
            **({"MainClass": config["MainClass"]} if "MainClass" in config else {}),
        },
        "ActionOnFailure": step.config.get("ActionOnFailure", "CONTINUE"),
        "Status": status,
    }


def _cluster_status(cluster: Cluster) -> dict[str, Any]:
    reason = {"Code": cluster.code, "Message": cluster.reason} if cluster.code else {}
    return {
        "State": cluster.state,
        "StateChangeReason": reason,
        "Timeline": {
            "CreationDateTime": cluster.created,
            **({"ReadyDateTime": cluster.ready} if cluster.ready else {}),
            **({"EndDateTime": cluster.ended} if cluster.ended else {}),
        },
    }
