"""The steps of a HadoopActivity. Developer guide, HadoopActivity."""

from __future__ import annotations

from emr.guarded import guard
from emr.steps import Step, program
from emr.task_config import around
from runner.task import Task


def steps_of(task: Task) -> list[Step]:
    """The job, and the scripts around it. Raises FieldError."""
    jar, arguments = task.string("jarUri").strip(), task.strings("argument")
    if "hadoopQueue" in task:
        # A generic option: Hadoop's ToolRunner reads it if it comes first (Hadoop commands manual).
        arguments = ["-D", f"mapreduce.job.queuename={task.string('hadoopQueue')}", *arguments]
    step = program(jar, arguments, task.string("mainClass", ""))
    return around(task, [guard(task, step)])
