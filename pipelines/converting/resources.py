"""What to do about the settings of a resource that a definition no longer has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

NOTHING = "it has no counterpart here: see whether the activity needs it"

_OF_EACH_RESOURCE: Mapping[str, str] = {
    "maximumRetries": "set `maximumRetries` of the activity",
    "retryDelay": "set `retryDelay` of the activity",
    "lateAfterTimeout": "set `lateAfterTimeout` of the activity",
    "attemptTimeout": "set `attemptTimeout` of the activity",
    "maxActiveInstances": "set `max_concurrent_tasks` of the worker group in app.py",
    "onFail": "set `onFail` of the activity",
    "onSuccess": "set `onSuccess` of the activity",
    "onLateAction": "set `onLateAction` of the activity",
}

WENT_TO: Mapping[str, str] = {
    "resourceRole": "write what this role allows the commands into `statements` of the handler in app.py",
    "role": "nothing to do: no instance has to be started",
    "imageId": "put what the image brings into `layers` of the handler in app.py, or into `packages` or "
    "`image` of its Container",
    "instanceType": "set `memory_mb` of the handler in app.py (10,240 at most, with CPU in proportion), or "
    "`cpu` and `memory_mb` of its Container (16 processors and 120 GB at most)",
    "instanceCount": "nothing to do: each task has an execution environment of its own",
    "minInstanceCount": "nothing to do: each task has an execution environment of its own",
    "terminateAfter": "set `attemptTimeout` of the activity, and `timeout_minutes` of the handler in app.py, "
    "15 at most; a Container needs `attemptTimeout` alone, 7 days at most",
    "initTimeout": "nothing to do: no instance has to be started",
    "subnetId": "set `vpc` and `subnets` of the handler in app.py, or of its Container",
    "securityGroupIds": "set `security_groups` of the handler in app.py, or of its Container",
    "securityGroups": "set `security_groups` of the handler in app.py, or of its Container",
    "associatePublicIpAddress": "give a function's subnets a NAT gateway, or a Container `assign_public_ip`",
    "availabilityZone": "choose `subnets` in this zone for the handler in app.py, or for its Container",
    "region": "deploy the stack to the pipeline's region: commands run there",
    "keyPair": "nothing to do: nobody can log in to a function",
    "runAsUser": "nothing to do: a function has one user, and in a Container commands are root",
    "spotBidPrice": "give a Container `spot`; a function costs only while a task runs",
    "useOnDemandOnLastAttempt": "nothing to do: a function costs only while a task runs",
    "httpProxy": "set `environment={'HTTPS_PROXY': …}` of the handler in app.py",
    "logUri": "set `pipelineLogUri` of the activity, if CloudWatch Logs are not enough",
    "pipelineLogUri": "set `pipelineLogUri` of the activity, if CloudWatch Logs are not enough",
    "actionOnTaskFailure": "nothing to do: a function ends with its task",
    "actionOnResourceFailure": "nothing to do: there is no resource that could fail",
    **_OF_EACH_RESOURCE,
}
"""By field of an Ec2Resource."""

_SETTINGS = "of EmrClusterSettings in app.py"

CLUSTER_WENT_TO: Mapping[str, str] = {
    "releaseLabel": f"set `release_label` {_SETTINGS}, to emr-5.30.0 or later",
    "amiVersion": f"set `release_label` {_SETTINGS}: AMI versions cannot be started",
    "hadoopVersion": f"set `release_label` {_SETTINGS}: a release has one version of Hadoop",
    "applications": f"set `applications` {_SETTINGS}",
    "masterInstanceType": f"set `master_instance_type` {_SETTINGS}",
    "coreInstanceType": f"set `core_instance_type` {_SETTINGS}",
    "coreInstanceCount": f"set `core_instance_count` {_SETTINGS}",
    "taskInstanceType": f"set `task_instance_type` {_SETTINGS}",
    "taskInstanceCount": f"set `task_instance_count` {_SETTINGS}",
    "coreInstanceBidPrice": f'set `market="SPOT"` {_SETTINGS}, without a bid price',
    "taskInstanceBidPrice": f'set `market="SPOT"` {_SETTINGS}, without a bid price',
    "masterInstanceBidPrice": "nothing to do: the primary instance is on demand",
    "useOnDemandOnLastAttempt": "nothing to do: the market is the same in all attempts",
    "bootstrapAction": f"set `bootstrap_actions` {_SETTINGS}: the script, and each argument as a text",
    "configuration": f"set `configurations` {_SETTINGS}, in the form of EMR's API",
    "role": f"set `service_role` {_SETTINGS}; the handler may pass on this role",
    "resourceRole": f"set `job_flow_role` {_SETTINGS}, the instance profile with which steps read and write",
    "subnetId": f"set `ec2_subnet_id` {_SETTINGS}",
    "keyPair": f"set `ec2_key_name` {_SETTINGS}",
    "emrManagedMasterSecurityGroupId": f"set `emr_managed_master_security_group` {_SETTINGS}",
    "emrManagedSlaveSecurityGroupId": f"set `emr_managed_slave_security_group` {_SETTINGS}",
    "serviceAccessSecurityGroupId": f"set `service_access_security_group` {_SETTINGS}",
    "additionalMasterSecurityGroupIds": f"set `additional_master_security_groups` {_SETTINGS}",
    "additionalSlaveSecurityGroupIds": f"set `additional_slave_security_groups` {_SETTINGS}",
    "pipelineLogUri": f"set `log_uri` {_SETTINGS}: EMR copies the steps' logs there",
    "logUri": f"set `log_uri` {_SETTINGS}: EMR copies the steps' logs there",
    "availabilityZone": f"set `ec2_subnet_id` {_SETTINGS}, to a subnet in this zone",
    "region": "deploy the stack to the pipeline's region: the cluster starts there",
    "terminateAfter": "set `attemptTimeout` of the activity: its cluster ends then, or after `idle_minutes`",
    "initTimeout": "set `attemptTimeout` of the activity, which includes the start of the cluster",
    "actionOnTaskFailure": "set `myActionOnFailure` of the activity; a cluster for one task ends with it",
    "actionOnResourceFailure": "set `maximumRetries` of the activity: attempts fail with their cluster",
    **_OF_EACH_RESOURCE,
}
"""By field of an EmrCluster. What only shell commands used needs none of it: they run in a function."""

_OF_OTHERS = {"id", "name", "type", "schedule", "scheduleType", "parent", "dependsOn", "failureAndRerunMode"}


def where_it_went(fields: Sequence[str], kind: str) -> Iterator[tuple[str, str]]:
    """For each of a resource's fields what to do now that it is gone.

    What only a resource used, such as an HttpProxy, has none: the resource's field says it.
    """
    known = {"Ec2Resource": WENT_TO, "EmrCluster": CLUSTER_WENT_TO}.get(kind)
    for name in dict.fromkeys(fields) if known is not None else ():
        if known is not None and name in known:
            yield name, known[name]
        elif name not in _OF_OTHERS and not name.startswith("my"):
            yield name, NOTHING
