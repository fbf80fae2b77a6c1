"""The steps of a HadoopActivity. Developer guide, HadoopActivity."""

from __future__ import annotations

from emr.steps import COMMAND_RUNNER, Step
from emr.task_config import around
from runner.task import Task

_STREAMING = "/home/hadoop/contrib/streaming/hadoop-streaming.jar"
"""Where EMR 3 and earlier have the JAR. Later releases run it by name (EMR release guide)."""


def steps_of(task: Task) -> list[Step]:
    """The job, and the scripts around it. Raises FieldError."""
    jar, arguments = task.string("jarUri").strip(), task.strings("argument")
    if "hadoopQueue" in task:
        # A generic option: Hadoop's ToolRunner reads it if it comes first (Hadoop commands manual).
        arguments = ["-D", f"mapreduce.job.queuename={task.string('hadoopQueue')}", *arguments]
    if jar == _STREAMING:
        step = Step(COMMAND_RUNNER, ("hadoop-streaming", *arguments), what="hadoop-streaming")
    else:
        step = Step(jar, tuple(arguments), task.string("mainClass", ""), what=jar.rpartition("/")[2])
    return around(task, [step])
