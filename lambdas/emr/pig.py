"""The steps of a PigActivity. Developer guide, PigActivity."""

from __future__ import annotations

from data_nodes.s3_uri import S3Uri
from emr import pig_latin
from emr.given_script import in_one_file
from emr.guarded import guarded
from emr.naming import Names
from emr.steps import Step
from emr.task_config import around
from emr.variables import script_variables
from runner.fields import FieldError
from runner.task import Task

_BASH = (
    in_one_file("pig", quit_words=r"quit|\\q")
    + r"""if [ "$quits" != 0 ] && [ -n "$after" ]; then
  echo "The script has quit, after which the outputs would not be stored: leave it out." >&2
  exit 1
fi
pig "-Dmapreduce.job.tags=$tag" "-Dtez.application.tags=$tag" "$@" -f "$directory/all.pig"
"""
)
"""Pig reports success after ``quit``, whatever follows it."""


def steps_of(task: Task) -> list[Step]:
    """The script, and the scripts around it. Raises FieldError, and TaskFailed."""
    script = uri = ""
    if "script" in task or "scriptUri" not in task:
        script = task.string("script")
    else:
        uri = str(S3Uri.of_object(task.attempt, "scriptUri"))
    before: list[str] = []
    after: list[str] = []
    aliases: list[tuple[str, str]] = []
    if task.boolean("stage", default=False):
        for field, statements in (("input", before), ("output", after)):
            nodes = task.references(field)
            if field == "output":
                pig_latin.refuse_mixed_compression(task, nodes)
            for number, node in enumerate(nodes, 1):
                alias = f"dp_{Names.of(task).instance}_{field}{number}"
                aliases += [(f"{field}{number}", alias), (f"{field.upper()}{number}", alias)]
                make = pig_latin.load if field == "input" else pig_latin.store
                statements += make(task, node, alias)
    variables = [*aliases, *((name, _parameter(task, value)) for name, value in script_variables(task))]
    options = [word for name, value in variables for word in ("-param", f"{name}={value}")]
    words = ("\n".join(before), script, uri, "\n".join(after), *options)
    return around(task, [guarded(task, _BASH, words, what="pig")])


def _parameter(task: Task, value: str) -> str:
    if value.endswith("\\"):
        problem = f"Pig cannot have a value that ends in a backslash, such as {value!r}"
        raise FieldError(task.attempt_id, "scriptVariable", problem)
    return pig_latin.parameter(value)
