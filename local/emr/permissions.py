"""The calls that IAM must allow for an operation of EMR.

Service authorization reference, Amazon EMR; EMR management guide, on tags, automatic termination and roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.account import ACCOUNT
from local.emr.clusters import Clusters
from local.emr.views import cluster_arn
from local.permissions.calls import Call


class NeededCalls:
    """Finds the tags of clusters by the clusters' ids."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that must be allowed."""
        action = f"elasticmapreduce:{operation}"
        if operation == "ListClusters":
            return [Call(action)]
        if operation == "RunJobFlow":
            return self._start(request)
        ids = request.get("JobFlowIds") or [request.get("JobFlowId") or request.get("ClusterId")]
        return [Call(action, cluster_arn(str(known)), self._tags(str(known))) for known in ids]

    def _start(self, request: Mapping[str, Any]) -> list[Call]:
        tags = request.get("Tags") or []
        context = {
            f"elasticmapreduce:requesttag/{tag.get('Key')}".lower(): str(tag.get("Value", "")) for tag in tags
        }
        new = cluster_arn("*")
        found = [Call("elasticmapreduce:RunJobFlow", context=context)]
        if tags:
            found.append(Call("elasticmapreduce:AddTags", new, context))
        if "AutoTerminationPolicy" in request:
            found.append(Call("elasticmapreduce:PutAutoTerminationPolicy", new))
        for member, service in (("ServiceRole", "elasticmapreduce"), ("JobFlowRole", "ec2")):
            role = str(request.get(member))
            if ":instance-profile/" in role:
                role = role.rpartition("/")[2]  # Here, a profile contains the role of its name.
            arn = role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{role}"
            found.append(Call("iam:PassRole", arn, {"iam:passedtoservice": f"{service}.amazonaws.com"}))
        return found

    def _tags(self, cluster_id: str) -> dict[str, str | list[str]]:
        cluster = self._clusters.known(cluster_id)
        tags = {} if cluster is None else cluster.tags
        return {f"elasticmapreduce:resourcetag/{key}".lower(): value for key, value in tags.items()}
