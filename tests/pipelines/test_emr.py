"""Activities of Amazon EMR: verdicts, their cluster in app.py, and where an EmrCluster's settings went."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.datapipeline.object_types import object_types
from pipelines.app_file import app_file
from pipelines.checking.verdict import Verdict
from pipelines.converting.resources import CLUSTER_WENT_TO, NOTHING, where_it_went
from pipelines.summary import Summary
from tests.pipelines.definitions import checked, definition, fields_of, messages, ref, verdict_on

ON_DEMAND = {"id": "Default", "scheduleType": "ondemand"}
CSV = {"id": "Csv", "type": "CSV", "column": ["id INT", "name STRING"]}
IN = {"id": "In", "type": "S3DataNode", "directoryPath": "s3://b/in", "dataFormat": ref("Csv")}
OUT = {"id": "Out", "type": "S3DataNode", "directoryPath": "s3://b/out", "dataFormat": ref("Csv")}
TABLE = {
    "id": "Rows",
    "type": "MySqlDataNode",
    "table": "t",
    "selectQuery": "SELECT 1",
    "database": ref("Db"),
}
DB = {
    "id": "Db",
    "type": "JdbcDatabase",
    "connectionString": "jdbc:mysql://h/d",
    "jdbcDriverClass": "x",
    "username": "u",
    "*password": "sesame-open",
}
ITEMS = {"id": "Items", "type": "DynamoDBDataNode", "tableName": "t", "dataFormat": ref("Export")}
EXPORT = {"id": "Export", "type": "DynamoDBExportDataFormat", "column": "size BIGINT"}
CLUSTER: dict[str, Any] = {
    "id": "MyEmrCluster",
    "type": "EmrCluster",
    "releaseLabel": "emr-6.15.0",
    "applications": ["spark", "hive, with, arguments"],
    "masterInstanceType": "m5.2xlarge",
    "coreInstanceType": "r5.xlarge",
    "coreInstanceCount": "#{myCount}",
    "taskInstanceCount": "2",
    "taskInstanceBidPrice": "0.10",
    "bootstrapAction": ["s3://b/install.sh,a,it's \\\\, one", "s3://b/second.sh"],
    "configuration": ref("Site"),
    "role": "EmrRole",
    "resourceRole": "Ec2Profile",
    "subnetId": "subnet-1",
    "keyPair": "keys",
    "emrManagedMasterSecurityGroupId": "sg-1",
    "additionalSlaveSecurityGroupIds": ["sg-2", "sg-3"],
    "pipelineLogUri": "s3://logs/etl",
    "terminateAfter": "2 Hours",
}
SITE: list[dict[str, Any]] = [
    {
        "id": "Site",
        "type": "EmrConfiguration",
        "classification": "core-site",
        "property": [ref("Buffer")],
        "configuration": ref("Export2"),
    },
    {"id": "Buffer", "type": "Property", "key": "io.file.buffer.size", "value": "65536"},
    {"id": "Export2", "type": "EmrConfiguration", "classification": "export"},
]
COUNT: Any = {"parameters": [{"id": "myCount", "type": "Integer", "default": "3"}]}


def hive(script: str = "SELECT 1;", **fields: Any) -> dict[str, Any]:
    return {"id": "A", "type": "HiveActivity", "hiveScript": script, **fields}


@pytest.mark.parametrize(
    ("activity", "objects", "verdict", "word"),
    [
        ({"type": "EmrActivity", "step": "s3://x/y.jar,a"}, [], Verdict.SETTINGS, "cluster_name"),
        ({"type": "EmrActivity", "step": ",a"}, [], Verdict.CHANGE, "a JAR is expected"),
        ({"type": "EmrActivity"}, [], Verdict.CHANGE, "step"),
        ({"type": "EmrActivity", "step": "x" * 10_400}, [], Verdict.CHANGE, "characters"),
        (
            {
                "type": "EmrActivity",
                "step": "command-runner.jar,echo,#{*mySecret}",
                "*mySecret": "sesame-open",
            },
            [],
            Verdict.CHANGE,
            "",
        ),
        ({"type": "HadoopActivity", "jarUri": "s3://x/y.jar"}, [], Verdict.SETTINGS, "emr(...)"),
        (
            {"type": "HadoopActivity", "jarUri": "s3://x/y.jar", "preActivityTaskConfig": ref("Pre")},
            [{"id": "Pre", "type": "ShellScriptConfig", "scriptUri": "b/x.sh"}],
            Verdict.CHANGE,
            "scriptUri",
        ),
        (hive(input=ref("In"), output=ref("Out")), [IN, OUT, CSV], Verdict.SETTINGS, "emr(...)"),
        (hive(scriptVariable="no value"), [], Verdict.CHANGE, "NAME=value"),
        (
            {"type": "HiveActivity", "scriptUri": "s3://b/x.q"},
            [],
            Verdict.SETTINGS,
            "expressions in it are not evaluated",
        ),
        (hive(input=ref("Rows")), [TABLE, DB], Verdict.IMPOSSIBLE, "CopyActivity"),
        (
            hive(input=ref("In")),
            [{"id": "In", "type": "S3DataNode", "filePath": "s3://b/f"}],
            Verdict.IMPOSSIBLE,
            "a directoryPath",
        ),
        (
            hive(input=ref("In")),
            [IN, {**CSV, "column": ["a UUID"]}],
            Verdict.CHANGE,
            "Hive has no type UUID",
        ),
        (
            {"type": "PigActivity", "script": "A = LIMIT ${input1} 1;", "input": ref("In"), "stage": "true"},
            [IN, CSV],
            Verdict.SETTINGS,
            "never run on Apache Pig",
        ),
        (
            {"type": "PigActivity", "script": "x", "input": ref("Rows"), "stage": "true"},
            [TABLE, DB],
            Verdict.IMPOSSIBLE,
            "CopyActivity",
        ),
        (
            {
                "type": "HiveCopyActivity",
                "input": ref("Items"),
                "output": ref("Out"),
                "filterSql": "size > 5",
                "resizeClusterBeforeRunning": "true",
            },
            [ITEMS, EXPORT, {**OUT, "dataFormat": ref("Export")}],
            Verdict.SETTINGS,
            "the cluster is not resized",
        ),
        (
            {"type": "HiveCopyActivity", "input": ref("Items"), "output": ref("Out"), "filterSql": "a; DROP"},
            [ITEMS, EXPORT, {**OUT, "dataFormat": ref("Export")}],
            Verdict.CHANGE,
            "one condition",
        ),
        (
            {"type": "HiveCopyActivity", "input": ref("In"), "output": ref("Out")},
            [IN, OUT, CSV],
            Verdict.IMPOSSIBLE,
            "From a S3DataNode to a S3DataNode",
        ),
    ],
)
def test_each_type(
    activity: dict[str, Any], objects: list[dict[str, Any]], verdict: Verdict, word: str
) -> None:
    found = verdict_on({"id": "A", **activity}, *objects)
    assert found.verdict is verdict, messages(found)
    assert word in messages(found)
    assert "sesame" not in json.dumps(found.as_json())
    assert all(reason.page.startswith(("docs/emr.md", "docs/moving")) for reason in found.reasons)


def test_a_cluster_becomes_one_that_app_py_starts() -> None:
    found = verdict_on(hive(runsOn=ref("MyEmrCluster")), CLUSTER, *SITE, default=ON_DEMAND, **COUNT)
    assert found.verdict is Verdict.SETTINGS
    assert "cluster_name" not in messages(found)
    assert not found.needs.subnets, "the subnet is the cluster's, not the function's"
    (needed,) = found.needs.clusters.values()
    assert needed.settings == {
        "release_label": "emr-6.15.0",
        "applications": ["Hadoop", "Spark", "Hive"],
        "master_instance_type": "m5.2xlarge",
        "core_instance_type": "r5.xlarge",
        "core_instance_count": 3,
        "task_instance_count": 2,
        "market": "SPOT",
        "bootstrap_actions": [["s3://b/install.sh", "a", "it's , one"], ["s3://b/second.sh"]],
        "configurations": [
            {
                "Classification": "core-site",
                "Properties": {"io.file.buffer.size": "65536"},
                "Configurations": [{"Classification": "export"}],
            }
        ],
        "service_role": "EmrRole",
        "job_flow_role": "Ec2Profile",
        "ec2_subnet_id": "subnet-1",
        "ec2_key_name": "keys",
        "emr_managed_master_security_group": "sg-1",
        "additional_slave_security_groups": ["sg-2", "sg-3"],
        "log_uri": "s3://logs/etl/emr/",
    }


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [
        ({"amiVersion": "3.7.0"}, "runsOn → amiVersion", "it is 3.7.0"),
        ({}, "runsOn → amiVersion", "it is not given"),
        ({"releaseLabel": "emr-5.23.0"}, "runsOn → releaseLabel", "it is emr-5.23.0"),
        ({"releaseLabel": "emr-6.0.1"}, "runsOn → releaseLabel", "it is emr-6.0.1"),
        ({"masterInstanceType": "m1.small"}, "runsOn → masterInstanceType", "m1.small"),
        ({"coreInstanceCount": "many"}, "runsOn → coreInstanceCount", "core_instance_count"),
        ({"masterInstanceBidPrice": "1"}, "runsOn → masterInstanceBidPrice", "on demand"),
        ({"hadoopSchedulerType": "DEFAULT_SCHEDULER"}, "runsOn → hadoopSchedulerType", "nothing takes"),
        (
            {"bootstrapAction": "s3://r.elasticmapreduce/bootstrap-actions/configure-hadoop,-z,a=b"},
            "runsOn → bootstrapAction",
            "configurations",
        ),
        ({"region": "eu-west-1"}, "runsOn → region", "eu-west-1"),
    ],
)
def test_what_a_cluster_cannot_keep_is_told(fields: dict[str, str], field: str, word: str) -> None:
    cluster = {"id": "C", "type": "EmrCluster", **fields}
    found = verdict_on(hive(runsOn=ref("C")), cluster, default=ON_DEMAND)
    assert found.verdict is Verdict.SETTINGS
    assert field in fields_of(found)
    assert word in messages(found)


def app_of(text: str) -> str:
    summary = Summary()
    summary.add(checked(text))
    return app_file(summary)


def test_the_app_starts_a_cluster_once_for_several_activities() -> None:
    one = app_of(definition(hive(runsOn=ref("MyEmrCluster")), CLUSTER, *SITE, default=ON_DEMAND, **COUNT))
    assert "my_emr_cluster = EmrClusterSettings(" in one
    assert "transient=my_emr_cluster," in one
    assert "idle_minutes" not in one
    pig = {"id": "P", "type": "PigActivity", "script": "x", "runsOn": ref("MyEmrCluster")}
    both = app_of(
        definition(hive(runsOn=ref("MyEmrCluster")), pig, CLUSTER, *SITE, default=ON_DEMAND, **COUNT)
    )
    assert both.count("EmrClusterSettings(") == 1
    assert both.count("transient=my_emr_cluster,") == 2
    assert both.count("idle_minutes=10,") == 2
    on_group = app_of(definition(hive(), {**pig, "runsOn": None} | {"workerGroup": "etl"}))
    assert on_group.count('cluster_name="value-of-cluster-name",') == 2


def test_activities_of_a_type_on_different_clusters_are_told() -> None:
    other = {"id": "Other", "type": "EmrCluster", "releaseLabel": "emr-7.5.0"}
    app = app_of(
        definition(
            hive(runsOn=ref("MyEmrCluster")),
            {**hive(runsOn=ref("Other")), "id": "B"},
            CLUSTER,
            other,
            *SITE,
            default=ON_DEMAND,
            **COUNT,
        )
    )
    assert "'HiveActivity' ran on several clusters; Other differ from MyEmrCluster" in app
    assert "transient=my_emr_cluster," in app


def test_convert_says_where_each_setting_of_a_cluster_went() -> None:
    told = dict(where_it_went([key for key in CLUSTER if key not in {"id", "type"}], "EmrCluster"))
    assert "`release_label` of EmrClusterSettings" in told["releaseLabel"]
    assert "`bootstrap_actions` of EmrClusterSettings" in told["bootstrapAction"]
    assert NOTHING not in str({name: what for name, what in told.items() if name != "masterInstanceBidPrice"})
    assert set(CLUSTER_WENT_TO) <= object_types()["EmrCluster"].known | {"logUri"}
