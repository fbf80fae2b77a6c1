"""What an activity ran on, and where the settings of that go."""

from __future__ import annotations

from local.datapipeline.definition import Definition
from local.datapipeline.object_types import Kind, kind_of
from local.datapipeline.objects import PipelineObject
from pipelines.checking.emr_cluster import cluster_needs
from pipelines.checking.subject import Subject
from pipelines.checking.types import advice_for
from pipelines.checking.verdict import Verdict

_PAGE = "docs/moving-from-task-runner.md"


def check_resource(
    subject: Subject, definition: Definition, flat: PipelineObject, resource: PipelineObject | None
) -> None:
    """Say what convert does, and take the network from the resource."""
    if resource is None:
        if kind_of(flat.type) is not Kind.PRECONDITION and not flat.string("workerGroup"):
            subject.say(
                Verdict.CHANGE,
                "workerGroup",
                "it has neither workerGroup nor runsOn: give it the worker group",
                _PAGE,
            )
        return
    subject.say(
        Verdict.RUNS,
        "runsOn",
        f"convert puts a worker group in the place of '{resource.id}' ({resource.type})",
        f"{_PAGE}#2-convert",
    )
    if resource.type == "EmrCluster" and advice_for(subject.task.type).handler == "emr":
        _cluster(subject, definition, resource)
        return
    subnets, groups = resource.strings("subnetId"), resource.strings("securityGroupIds")
    if subnets or groups:
        subject.needs.subnets |= set(subnets)
        subject.needs.security_groups |= set(groups)
        subject.say(
            Verdict.SETTINGS,
            "runsOn → subnetId",
            f"'{resource.id}' is in {', '.join([*subnets, *groups])}: app.py gives the function that "
            f"network, which "
            "needs a NAT gateway",
            "docs/configuration.md#handlers",
        )
    if resource.references("httpProxy"):
        subject.say(
            Verdict.SETTINGS,
            "runsOn → httpProxy",
            "give the handler environment={'HTTPS_PROXY': …} in app.py",
            f"{_PAGE}#options",
        )
    if resource.string("region"):
        subject.say(
            Verdict.RUNS,
            "runsOn → region",
            f"'{resource.id}' is in {resource.string('region')}: here it runs in the stack's region, the "
            f"pipeline's",
            f"{_PAGE}#what-an-ec2resource-did",
        )
    if resource.string("imageId"):
        subject.say(
            Verdict.RUNS,
            "runsOn → imageId",
            f"'{resource.id}' has an image of its own: what the activity uses of it needs a layer",
            "docs/shell-commands.md#adding-programs",
        )
    if resource.type == "EmrCluster" and subject.task.type == "ShellCommandActivity":
        subject.say(
            Verdict.RUNS,
            "runsOn",
            f"it ran on the master node of '{resource.id}', and runs on no cluster here",
            "docs/shell-commands.md#the-environment-of-a-command",
        )


def _cluster(subject: Subject, definition: Definition, cluster: PipelineObject) -> None:
    """A cluster that app.py starts in its place."""
    found = cluster_needs(definition, cluster)
    subject.needs.clusters[cluster.id] = found
    page = "docs/emr.md#where-the-steps-run"
    subject.say(
        Verdict.SETTINGS,
        "runsOn",
        f"app.py has to start a cluster in the place of '{cluster.id}': emr(transient=EmrClusterSettings(…))",
        page,
    )
    for name, message in found.remarks:
        subject.say(Verdict.SETTINGS, f"runsOn → {name}", message, f"{_PAGE}#what-an-emrcluster-did")
    if cluster.string("region"):
        subject.say(
            Verdict.RUNS,
            "runsOn → region",
            f"'{cluster.id}' is in {cluster.string('region')}: here it runs in the stack's region, the "
            "pipeline's",
            f"{_PAGE}#what-an-emrcluster-did",
        )
