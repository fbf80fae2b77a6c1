"""Where the settings of a resource go when a definition no longer has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_IN_APP = "docs/configuration.md#handlers"

WENT_TO: Mapping[str, str] = {
    "resourceRole": "what this role allows the commands becomes `statements` of the handler in app.py",
    "role": "nothing takes its place: no instance has to be started",
    "imageId": "what the image brings becomes `layers` of the handler in app.py, or `packages` or `image` of "
    "its Container",
    "instanceType": "`memory_mb` of the handler in app.py, 10,240 at most, with CPU in proportion; or `cpu` "
    "and `memory_mb` of its Container, 16 processors and 120 GB at most",
    "instanceCount": "nothing takes its place: each task has an execution environment of its own",
    "minInstanceCount": "nothing takes its place: each task has an execution environment of its own",
    "terminateAfter": "`timeout_minutes` of the handler in app.py, 15 at most, and `attemptTimeout`; in a "
    "Container `attemptTimeout` alone, 7 days at most",
    "initTimeout": "nothing takes its place: there is nothing to start",
    "subnetId": "`vpc` and `subnets` of the handler in app.py, or of its Container",
    "securityGroupIds": "`security_groups` of the handler in app.py, or of its Container",
    "securityGroups": "`security_groups` of the handler in app.py, or of its Container",
    "associatePublicIpAddress": "for a function, a NAT gateway leads to the internet; a Container takes "
    "`assign_public_ip`",
    "availabilityZone": "`subnets` of the handler in app.py, or of its Container",
    "region": "the region to which the stack is deployed, which is that of the pipeline",
    "keyPair": "nothing takes its place: nobody can log in to a function",
    "runAsUser": "nothing takes its place: a function has one user, and in a Container commands are root",
    "spotBidPrice": "for a function, Lambda charges for the time that a task takes; a Container takes `spot`",
    "useOnDemandOnLastAttempt": "nothing takes its place: Lambda charges for the time that a task takes",
    "httpProxy": "`environment={'HTTPS_PROXY': …}` of the handler in app.py",
    "logUri": "`pipelineLogUri` of the activity, and CloudWatch Logs",
    "pipelineLogUri": "`pipelineLogUri` of the activity, and CloudWatch Logs",
    "actionOnTaskFailure": "nothing takes its place: a function ends with its task",
    "actionOnResourceFailure": "nothing takes its place: there is no resource that could fail",
    "maximumRetries": "`maximumRetries` of the activity",
    "retryDelay": "`retryDelay` of the activity",
    "lateAfterTimeout": "`lateAfterTimeout` of the activity",
    "attemptTimeout": "`attemptTimeout` of the activity",
    "maxActiveInstances": "`max_concurrent_tasks` of the worker group in app.py",
    "onFail": "`onFail` of the activity",
    "onSuccess": "`onSuccess` of the activity",
    "onLateAction": "`onLateAction` of the activity",
}
"""By field of an Ec2Resource."""

_SETTINGS = "of EmrClusterSettings in app.py"
_NOTHING = "nothing takes its place"

CLUSTER_WENT_TO: Mapping[str, str] = {
    "releaseLabel": f"`release_label` {_SETTINGS}, emr-5.30.0 or later",
    "amiVersion": f"`release_label` {_SETTINGS}: AMI versions cannot be started",
    "hadoopVersion": f"`release_label` {_SETTINGS}: a release has one version of Hadoop",
    "applications": f"`applications` {_SETTINGS}; without this field, Hive and Pig",
    "masterInstanceType": f"`master_instance_type` {_SETTINGS}",
    "coreInstanceType": f"`core_instance_type` {_SETTINGS}",
    "coreInstanceCount": f"`core_instance_count` {_SETTINGS}",
    "taskInstanceType": f"`task_instance_type` {_SETTINGS}",
    "taskInstanceCount": f"`task_instance_count` {_SETTINGS}",
    "coreInstanceBidPrice": f'`market="SPOT"` {_SETTINGS}, without a bid price',
    "taskInstanceBidPrice": f'`market="SPOT"` {_SETTINGS}, without a bid price',
    "masterInstanceBidPrice": f"{_NOTHING}: the primary instance is on demand",
    "useOnDemandOnLastAttempt": f"{_NOTHING}: the market is the same in all attempts",
    "bootstrapAction": f"`bootstrap_actions` {_SETTINGS}: the script, and each argument as a text of its own",
    "configuration": f"`configurations` {_SETTINGS}, in the form of EMR's API",
    "role": f"`service_role` {_SETTINGS}; the handler may pass on this role",
    "resourceRole": f"`job_flow_role` {_SETTINGS}, the instance profile: with it the steps read and write",
    "subnetId": f"`ec2_subnet_id` {_SETTINGS}",
    "keyPair": f"`ec2_key_name` {_SETTINGS}",
    "emrManagedMasterSecurityGroupId": f"`emr_managed_master_security_group` {_SETTINGS}",
    "emrManagedSlaveSecurityGroupId": f"`emr_managed_slave_security_group` {_SETTINGS}",
    "serviceAccessSecurityGroupId": f"`service_access_security_group` {_SETTINGS}",
    "additionalMasterSecurityGroupIds": f"`additional_master_security_groups` {_SETTINGS}",
    "additionalSlaveSecurityGroupIds": f"`additional_slave_security_groups` {_SETTINGS}",
    "pipelineLogUri": f"`log_uri` {_SETTINGS}: EMR copies the steps' logs there",
    "logUri": f"`log_uri` {_SETTINGS}: EMR copies the steps' logs there",
    "availabilityZone": f"`ec2_subnet_id` {_SETTINGS}, a subnet of this zone",
    "region": "the region to which the stack is deployed, which is that of the pipeline",
    "terminateAfter": "`attemptTimeout` of the activity: its cluster ends with it, or later (`idle_minutes`)",
    "initTimeout": "`attemptTimeout` of the activity, which includes the start of the cluster",
    "actionOnTaskFailure": "`myActionOnFailure` of the activity; a cluster for one task ends with it",
    "actionOnResourceFailure": "`maximumRetries` of the activity: an attempt whose cluster fails is FAILED",
    "maximumRetries": "`maximumRetries` of the activity",
    "retryDelay": "`retryDelay` of the activity",
    "lateAfterTimeout": "`lateAfterTimeout` of the activity",
    "attemptTimeout": "`attemptTimeout` of the activity",
    "maxActiveInstances": "`max_concurrent_tasks` of the worker group in app.py",
    "onFail": "`onFail` of the activity",
    "onSuccess": "`onSuccess` of the activity",
    "onLateAction": "`onLateAction` of the activity",
}
"""By field of an EmrCluster. What only shell commands used needs none of it: they run in a function."""

_OF_OTHERS = {"id", "name", "type", "schedule", "scheduleType", "parent", "dependsOn", "failureAndRerunMode"}


def where_it_went(fields: list[str], kind: str) -> Iterator[tuple[str, str]]:
    """For each of a resource's fields what takes its place."""
    known = CLUSTER_WENT_TO if kind == "EmrCluster" else WENT_TO
    for name in dict.fromkeys(fields):
        if name in known:
            yield name, known[name]
        elif name not in _OF_OTHERS and not name.startswith("my"):
            yield name, "nothing takes its place"
