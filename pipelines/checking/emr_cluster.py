"""An EmrCluster as arguments of EmrClusterSettings in app.py.

Developer guide, EmrCluster and EmrConfiguration. Its text swaps ``role`` and ``resourceRole``: the roles
that the console makes have the role of EMR itself in ``role``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from emr.step_field import parse_step
from local.datapipeline.definition import Definition
from local.datapipeline.objects import PipelineObject
from pipelines.reading.source import UNKNOWN
from runner.fields import FieldError

RELEASE = "emr-7.5.0"
"""A release for those that EMR cannot end by itself, and that infra/emr_cluster.py refuses."""
_RELEASE = re.compile(r"emr-(\d)\.(\d{1,2})\.\d{1,2}")
_PARAMETER = re.compile(r"#\{\s*(\*?my\w+)\s*\}")
_PLAIN = {
    "masterInstanceType": "master_instance_type",
    "coreInstanceType": "core_instance_type",
    "taskInstanceType": "task_instance_type",
    "role": "service_role",
    "resourceRole": "job_flow_role",
    "subnetId": "ec2_subnet_id",
    "keyPair": "ec2_key_name",
    "emrManagedMasterSecurityGroupId": "emr_managed_master_security_group",
    "emrManagedSlaveSecurityGroupId": "emr_managed_slave_security_group",
    "serviceAccessSecurityGroupId": "service_access_security_group",
}
_COUNTS = {"coreInstanceCount": "core_instance_count", "taskInstanceCount": "task_instance_count"}
_LISTS = {
    "additionalMasterSecurityGroupIds": "additional_master_security_groups",
    "additionalSlaveSecurityGroupIds": "additional_slave_security_groups",
}
_INSTANCE_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_OLD_TYPE = re.compile(r"(m1|m2|c1|cc2|cg1|cr1|hi1|hs1|t1)\.")
_LOGS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_WITHOUT_PLACE = (
    *("availabilityZone", "enableDebugging", "hadoopSchedulerType", "httpProxy", "supportedProducts"),
    *("masterEbsConfiguration", "coreEbsConfiguration", "taskEbsConfiguration"),
    *("masterGroupConfiguration", "coreGroupConfiguration", "taskGroupConfiguration"),
)
_NAMES = {name.lower(): name for name in ("Hadoop", "Hive", "HBase", "HCatalog", "Hue", "Pig", "Presto")} | {
    name.lower(): name for name in ("Spark", "Sqoop", "Tez", "Trino", "Zeppelin", "ZooKeeper", "Flink")
}


@dataclass
class ClusterNeeds:
    """``settings`` are keyword arguments of EmrClusterSettings."""

    settings: dict[str, Any] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    """Fields of the EmrCluster, and what became of them where that is not plain."""
    uses: int = 1
    """How many activities run on it."""


def cluster_needs(definition: Definition, cluster: PipelineObject) -> ClusterNeeds:
    """What the cluster, with all that it inherits, becomes."""
    found = ClusterNeeds()
    found.settings["release_label"] = _release(definition, cluster, found)
    names = [text.partition(",")[0].strip() for text in _texts(definition, cluster, "applications")]
    applications = [_NAMES.get(name.lower(), name) for name in names if name] or ["Hive", "Pig"]
    found.settings["applications"] = list(dict.fromkeys(["Hadoop", *applications]))
    for name, setting in _PLAIN.items():
        for text in _texts(definition, cluster, name)[:1]:
            _add(found, name, setting, text)
    for name, setting in _LISTS.items():
        if texts := _texts(definition, cluster, name):
            found.settings[setting] = texts
    for name, setting in _COUNTS.items():
        for text in _texts(definition, cluster, name)[:1]:
            if re.fullmatch(r"\d{1,4}", text):
                found.settings[setting] = int(text)
            else:
                found.remarks.append((name, f"write {setting} into app.py: it is {text!r} here"))
    _market(definition, cluster, found)
    if actions := list(_bootstrap_actions(definition, cluster, found)):
        found.settings["bootstrap_actions"] = actions
    if configurations := [
        _configuration(definition, each, 0) for each in cluster.references("configuration")
    ]:
        found.settings["configurations"] = configurations
    for text in _texts(definition, cluster, "pipelineLogUri")[:1]:
        if _LOGS.fullmatch(text) and "#{" not in text:
            found.settings["log_uri"] = f"{text.rstrip('/')}/emr/"
    for name in _WITHOUT_PLACE:
        if cluster.strings(name) or cluster.references(name):
            found.remarks.append((name, "nothing takes its place in EmrClusterSettings"))
    return found


def _release(definition: Definition, cluster: PipelineObject, found: ClusterNeeds) -> str:
    (label,) = _texts(definition, cluster, "releaseLabel")[:1] or [""]
    known = _RELEASE.fullmatch(label)
    if known and (int(known[1]), int(known[2])) >= (5, 30) and (int(known[1]), int(known[2])) != (6, 0):
        return label
    field_name = "releaseLabel" if label else "amiVersion"
    (given,) = [label] if label else _texts(definition, cluster, "amiVersion")[:1] or ["not given"]
    found.remarks.append(
        (
            field_name,
            f"it is {given}, and clusters are started here from emr-5.30.0 on: app.py has {RELEASE}, so "
            "try the scripts on the release that you choose",
        )
    )
    return RELEASE


def _add(found: ClusterNeeds, name: str, setting: str, text: str) -> None:
    if "#{" in text or (name.endswith("Type") and not _INSTANCE_TYPE.fullmatch(text)):
        found.remarks.append((name, f"write {setting} into app.py: it is {text!r} here"))
        return
    found.settings[setting] = text
    if name.endswith("Type") and _OLD_TYPE.match(text):
        found.remarks.append((name, f"later releases of EMR do not have {text}: write another into app.py"))


def _market(definition: Definition, cluster: PipelineObject, found: ClusterNeeds) -> None:
    for group in ("core", "task"):
        if _texts(definition, cluster, f"{group}InstanceBidPrice"):
            found.settings["market"] = "SPOT"
            found.remarks.append(
                (
                    f"{group}InstanceBidPrice",
                    "core and task instances are Spot Instances, without a bid price",
                )
            )
    if _texts(definition, cluster, "masterInstanceBidPrice"):
        found.remarks.append(("masterInstanceBidPrice", "the primary instance is on demand here"))


def _bootstrap_actions(
    definition: Definition, cluster: PipelineObject, found: ClusterNeeds
) -> Iterator[list[str]]:
    for text in _texts(definition, cluster, "bootstrapAction"):
        try:
            action = parse_step(cluster.id, text)
        except FieldError:
            continue
        if "configure-hadoop" in action.jar or "#{" in text:
            problem = "it is of AMI versions: write configurations into app.py"
            if "#{" in text:
                problem = f"write bootstrap_actions into app.py: it is {text!r} here"
            found.remarks.append(("bootstrapAction", problem))
            continue
        yield [action.jar, *action.arguments]


def _configuration(definition: Definition, object_id: str, depth: int) -> dict[str, Any]:
    """An EmrConfiguration in the form of EMR's API."""
    known = definition.by_id.get(object_id)
    configuration = definition.flattened(known) if known else PipelineObject(object_id, object_id)
    (classification,) = _texts(definition, configuration, "classification")[:1] or [
        UNKNOWN + "classification"
    ]
    made: dict[str, Any] = {"Classification": classification}
    properties = [
        definition.flattened(definition.by_id[each])
        for each in configuration.references("property")
        if each in definition.by_id
    ]
    if properties:
        made["Properties"] = {
            (_texts(definition, each, "key") or [""])[0]: (_texts(definition, each, "value") or [""])[0]
            for each in properties
        }
    if depth < 4 and (inner := configuration.references("configuration")):
        made["Configurations"] = [_configuration(definition, each, depth + 1) for each in inner]
    return made


def _texts(definition: Definition, of: PipelineObject, name: str) -> list[str]:
    """The values of a field, with parameters in the place of expressions that name one alone."""
    found = []
    for text in of.strings(name):
        parameter = _PARAMETER.fullmatch(text.strip())
        values = definition.parameter(parameter[1]) if parameter else []
        found += values or [text.strip()]
    return [text for text in found if text]
