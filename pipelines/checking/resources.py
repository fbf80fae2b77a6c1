"""What an activity ran on, and where the settings of that go."""

from __future__ import annotations

from local.datapipeline.definition import Definition
from local.datapipeline.object_types import Kind, kind_of
from local.datapipeline.objects import PipelineObject
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict

_PAGE = "docs/moving-from-task-runner.md"


def check_resource(
    subject: Subject, definition: Definition, flat: PipelineObject, resource: PipelineObject | None
) -> None:
    """Say what convert does, and take the network from the resource."""
    del definition
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
