"""Job drivers of EMR Serverless: what of a task's work it can run.

EMR Serverless API reference, StartJobRun; EMR Serverless user guide, "Running jobs". It runs Hive scripts and
Spark applications, and no other programs, since it has no node to log in to.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from emr import hive, hive_copy
from emr.hive_program import statements
from emr.step_field import parse_step
from emr.steps import COMMAND_RUNNER
from runner.outcome import TaskFailed
from runner.task import Task

MAX_QUERY = 10_280
"""Characters of a query (service model)."""
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


def drivers_of(task: Task) -> list[dict[str, Any]]:
    """The job runs, one after the other. Raises FieldError, and TaskFailed for what needs a cluster."""
    for field in ("preActivityTaskConfig", "postActivityTaskConfig", "preStepCommand", "postStepCommand"):
        if field in task:
            raise _needs_cluster(f"The field {field} runs a shell script")
    if task.type == "HiveActivity":
        return [_hive_script(task)]
    if task.type == "HiveCopyActivity":
        copy = hive_copy.work_of(task)
        return [_query([*copy.before], copy.statement, copy.after)]
    if task.type == "EmrActivity":
        drivers = [_spark(task, text) for text in task.strings("step")]
        if drivers:
            return drivers
    raise _needs_cluster(f"A {task.type} is neither a Hive script nor a spark-submit step")


def _hive_script(task: Task) -> dict[str, Any]:
    work = hive.work_of(task)
    if work.queue:
        task.logger.info("Hadoop queue not used", queue=work.queue)
    if work.script_uri:
        if work.before or work.variables:
            raise _needs_cluster(
                "A script in scriptUri with staging or scriptVariable (put the script into hiveScript, or "
                "set stage to false and write the values into the script)"
            )
        return {"hive": {"query": work.script_uri}}
    values = dict(work.variables)

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    return _query(work.before, _VARIABLE.sub(value, work.script), work.after)


def _query(before: Sequence[str], script: str, after: Sequence[str]) -> dict[str, Any]:
    query = f"{statements(before)}{script}\n;\n{statements(after)}"
    if len(query) > MAX_QUERY:
        raise TaskFailed(
            f"The script has {len(query):,} characters, with those for its tables, and EMR Serverless takes "
            f"{MAX_QUERY:,}. Put it into S3 with tables of its own, name it in scriptUri, and set stage "
            "to false; or run it on a cluster, with emr(...).",
            error_id="StepTooLong",
        )
    return {"hive": {"query": query}}


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
