"""EmrActivity, HadoopActivity, HiveActivity, PigActivity and HiveCopyActivity."""

from __future__ import annotations

import re

from activities.emr_activity import steps_of
from emr.steps import COMMAND_RUNNER, checked
from pipelines.checking.subject import Subject
from pipelines.checking.verdict import Verdict

PAGE = "docs/emr.md"
_PLACE = re.compile(r"(s3[an]?|hdfs|https?|file)://|/|command-runner\.jar$|script-runner\.jar$")
_NODES = {"HiveActivity", "HiveCopyActivity", "PigActivity"}


def check(subject: Subject) -> None:
    """Its fields and nodes, as the handler makes steps of them; and what is different here."""
    task = subject.task
    with subject.noting("input, output" if task.type in _NODES else "step"):
        for step in checked(task, steps_of(task)):
            field = "jarUri" if task.type == "HadoopActivity" else "step"
            if not _PLACE.match(step.jar) or "," in step.jar:
                subject.say(
                    Verdict.CHANGE,
                    field,
                    f"'{step.jar}' is no JAR: name one in S3, one on the cluster by its path, or "
                    "command-runner.jar",
                )
            elif step.jar == COMMAND_RUNNER and not step.arguments:
                subject.say(
                    Verdict.CHANGE, field, "command-runner.jar needs a program to run as its argument"
                )
            elif step.jar.startswith(("/home/", "file:///home/")):
                subject.say(
                    Verdict.CHANGE,
                    field,
                    f"'{step.jar}' is on no cluster of a release (emr-5.30.0 or later): keep it in S3",
                )
            if task.type not in _NODES and step.jar.startswith("s3") and "elasticmapreduce" not in step.jar:
                subject.say(Verdict.RUNS, field, f"the cluster fetches '{step.jar}', with its own role")
    if "scriptUri" in task:
        subject.say(
            Verdict.RUNS,
            "scriptUri",
            "the cluster fetches the script, with its own role; expressions in it are not evaluated",
            f"{PAGE}#{task.type.lower()}",
        )
    with subject.noting("resizeClusterBeforeRunning"):
        if task.boolean("resizeClusterBeforeRunning", default=False):
            subject.say(
                Verdict.RUNS,
                "resizeClusterBeforeRunning",
                "the cluster is not resized: give it the instances that the copy needs",
                f"{PAGE}#emractivity",
            )
    if task.type == "PigActivity":
        subject.say(
            Verdict.RUNS,
            "type",
            "the statements that stage its nodes were never run on Apache Pig itself: try a copy first",
            f"{PAGE}#pigactivity",
        )
    if not subject.needs.clusters:
        subject.say(
            Verdict.SETTINGS,
            "workerGroup",
            "app.py has to name the cluster on which it runs: cluster_name='…', or a transient one",
            f"{PAGE}#where-the-steps-run",
        )
