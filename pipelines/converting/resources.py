"""Where the settings of a resource go when a definition no longer has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_IN_APP = "docs/configuration.md#handlers"

WENT_TO: Mapping[str, str] = {
    "resourceRole": "what this role allows the commands becomes `statements` of the handler in app.py",
    "role": "nothing takes its place: no instance has to be started",
    "imageId": "what the image brings becomes `layers` of the handler in app.py",
    "instanceType": "`memory_mb` of the handler in app.py, 10,240 at most, with CPU in proportion",
    "instanceCount": "nothing takes its place: each task has an execution environment of its own",
    "minInstanceCount": "nothing takes its place: each task has an execution environment of its own",
    "terminateAfter": "`timeout_minutes` of the handler in app.py, 15 at most, or `attemptTimeout`",
    "initTimeout": "nothing takes its place: there is nothing to start",
    "subnetId": "`vpc` and `subnets` of the handler in app.py",
    "securityGroupIds": "`security_groups` of the handler in app.py",
    "securityGroups": "`security_groups` of the handler in app.py",
    "associatePublicIpAddress": "nothing takes its place: in a VPC, a NAT gateway leads to the internet",
    "availabilityZone": "`subnets` of the handler in app.py",
    "region": "the region to which the stack is deployed, which is that of the pipeline",
    "keyPair": "nothing takes its place: nobody can log in to a function",
    "runAsUser": "nothing takes its place: a function has one user",
    "spotBidPrice": "nothing takes its place: Lambda charges for the time that a task takes",
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
"""By field."""

_OF_OTHERS = {"id", "name", "type", "schedule", "scheduleType", "parent", "dependsOn", "failureAndRerunMode"}


def where_it_went(fields: list[str], kind: str) -> Iterator[tuple[str, str]]:
    """For each of a resource's fields what takes its place."""
    for name in dict.fromkeys(fields):
        if name in WENT_TO:
            yield name, WENT_TO[name]
        elif name not in _OF_OTHERS and not name.startswith("my"):
            cluster = kind == "EmrCluster"
            yield name, "nothing takes its place" + (": here is no cluster" if cluster else "")
