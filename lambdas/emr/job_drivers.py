"""Job drivers of EMR Serverless: what of a task's work it can run.

EMR Serverless API reference, StartJobRun; EMR Serverless user guide, "Using Hive configurations". It runs
Hive scripts, of which it gets the places in S3, and Spark applications, and no other programs, since it has
no node to log in to.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emr import hive, hive_copy
from emr.hive_program import statements
from emr.step_field import parse_step
from emr.steps import COMMAND_RUNNER
from runner.fields import FieldError
from runner.outcome import TaskFailed
from runner.task import Task

_PLAIN = re.compile(r"[\w./:=@%+,-]+", re.ASCII)
"""What stays one word in ``parameters``, whose quoting is not documented."""
_VARIABLE = re.compile(r"\$\{(?:hivevar:)?([A-Za-z_]\w*)\}", re.ASCII)
_FLAGS = {"--verbose", "-v", "--supervise"}
_OF_CLUSTERS = {"--master", "--deploy-mode", "--queue"}
"""Options of spark-submit that say where on a cluster; EMR Serverless refuses or ignores them."""
_PROPERTIES = {"--executor-memory", "--driver-memory", "--executor-cores", "--driver-cores"} | {
    "--num-executors",
    "--class",
    "--conf",
    "--jars",
    "--files",
    "--py-files",
    "--name",
    "--packages",
    "--repositories",
    "--exclude-packages",
    "--properties-file",
    "--archives",
    "--driver-class-path",
    "--driver-java-options",
    "--driver-library-path",
    "--total-executor-cores",
    "--principal",
    "--keytab",
    "--proxy-user",
}


@dataclass(frozen=True)
class Job:
    """A job run: its driver, or a Hive script that has to be an object in S3, which the driver then names."""

    driver: Mapping[str, Any] = field(default_factory=dict)
    script: str = ""

    @property
    def texts(self) -> list[str]:
        """All its texts."""
        return [self.script, *_texts(self.driver)]


def jobs_of(task: Task) -> list[Job]:
    """The job runs, one after the other. Raises FieldError, and TaskFailed for what needs a cluster."""
    for name in ("preActivityTaskConfig", "postActivityTaskConfig", "preStepCommand", "postStepCommand"):
        if name in task:
            raise _needs_cluster(f"The field {name} runs a shell script")
    if task.type == "HiveActivity":
        return [_hive_script(task)]
    if task.type == "HiveCopyActivity":
        copy = hive_copy.work_of(task)
        return [_job(copy.before, copy.statement, copy.after)]
    if task.type == "EmrActivity":
        jobs = [Job(_spark(task, text)) for text in task.strings("step")]
        if jobs:
            return jobs
    raise _needs_cluster(f"A {task.type} is neither a Hive script nor a spark-submit step")


def _hive_script(task: Task) -> Job:
    work = hive.work_of(task)
    if work.queue:
        task.logger.info("Hadoop queue not used", queue=work.queue)
    if work.script_uri:
        if work.before:
            raise _needs_cluster(
                "A script in scriptUri with staging (put the script into hiveScript, or set stage to false)"
            )
        return Job({"hive": {"query": work.script_uri, **_parameters(task, work.variables)}})
    values = dict(work.variables)

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    return _job(work.before, _VARIABLE.sub(value, work.script), work.after)


def _job(before: Sequence[str], script: str, after: Sequence[str]) -> Job:
    return Job(script=f"{statements(before)}{script}\n;\n{statements(after)}")


def _parameters(task: Task, variables: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The variables of a script in S3, as the user guide passes them on. Raises FieldError."""
    for name, value in variables:
        if not _PLAIN.fullmatch(value):
            problem = (
                f"to a script in scriptUri, EMR Serverless passes only values of letters, digits and "
                f"_ . / : = @ % + , - (at least one), but {name} is {value!r}: put the script into hiveScript"
            )
            raise FieldError(task.attempt_id, "scriptVariable", problem)
    given = " ".join(f"--hivevar {name}={value}" for name, value in variables)
    return {"parameters": given} if given else {}


def _texts(driver: Any) -> Iterator[str]:
    """All texts of a driver."""
    if isinstance(driver, str):
        yield driver
    else:
        for value in driver.values() if isinstance(driver, Mapping) else driver:
            yield from _texts(value)


def _spark(task: Task, text: str) -> dict[str, Any]:
    step = parse_step(task.attempt_id, text)
    if step.jar != COMMAND_RUNNER or step.arguments[:1] != ("spark-submit",):
        raise _needs_cluster(f"The step {text[:100]!r} is not '{COMMAND_RUNNER},spark-submit,…'")
    words = list(step.arguments[1:])
    options: list[str] = []
    while words and words[0].startswith("-"):
        option = words.pop(0)
        name, equals, _ = option.partition("=")
        if name in _FLAGS:
            options.append(option)
            continue
        if name not in _PROPERTIES | _OF_CLUSTERS:
            raise _needs_cluster(f"The option {name} of spark-submit")
        value = [] if equals or not words else [words.pop(0)]
        if name not in _OF_CLUSTERS:
            options += [option, *value]
    if not words:
        raise TaskFailed(f"The step {text[:100]!r} names no application.", error_id="InvalidField")
    driver: dict[str, Any] = {"entryPoint": words[0]}
    if words[1:]:
        driver["entryPointArguments"] = words[1:]
    if options:
        driver["sparkSubmitParameters"] = shlex.join(options)
    return {"sparkSubmit": driver}


def _needs_cluster(what: str) -> TaskFailed:
    return TaskFailed(
        f"{what}: EMR Serverless runs Hive scripts, and steps of the form '{COMMAND_RUNNER},spark-submit,…'. "
        "Register the type with emr(cluster=…), emr(cluster_name=…) or emr(transient=…) in app.py.",
        error_id="NeedsCluster",
    )
