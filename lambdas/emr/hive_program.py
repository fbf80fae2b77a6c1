"""The step that runs a Hive script, with statements before and after it, and with variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emr.given_script import in_one_file
from emr.guarded import guarded
from emr.steps import Step
from runner.task import Task

_BASH = (
    in_one_file("q", quit_words="quit|exit")
    + r"""set -- -hiveconf "mapreduce.job.tags=$tag" -hiveconf "tez.application.tags=$tag" "$@"
hive "$@" -f "$directory/all.q"
ended=$?
if [ "$ended$quits" != 00 ] && [ -n "$after" ]; then
  hive -e "$after" > /dev/null 2>&1
fi
exit "$ended"
"""
)
"""A statement that fails or quits ends the script, so that the tables made for it are dropped separately."""
_END = "dp_end"
"""A variable without a value."""


def statements(texts: Sequence[str]) -> str:
    """The statements as a script."""
    return "".join(f"{text};\n" for text in texts)


def hive_step(
    task: Task,
    *,
    before: Sequence[str],
    script: str,
    script_uri: str = "",
    after: Sequence[str] = (),
    variables: Sequence[tuple[str, str]] = (),
    settings: Mapping[str, str] | None = None,
    what: str,
) -> Step:
    """One step: ``before``, the script (or the object at ``script_uri``), and ``after``, in one session."""
    options = [word for key, value in (settings or {}).items() for word in ("-hiveconf", f"{key}={value}")]
    options += _variables(variables)
    words = (statements(before), script, script_uri, statements(after), *options)
    return guarded(task, _BASH, words, what=what)


def _variables(variables: Sequence[tuple[str, str]]) -> list[str]:
    """The options of variables. Apache Commons CLI, which Hive uses, takes off a quote at a value's end."""
    quoted = any(value.endswith('"') for _, value in variables)
    pairs = [(_END, "")] if quoted else []
    pairs += [
        (name, f"{value}${{hivevar:{_END}}}" if value.endswith('"') else value) for name, value in variables
    ]
    return [word for name, value in pairs for word in ("--hivevar", f"{name}={value}")]


def queue(name: str) -> dict[str, str]:
    """The settings that choose a queue, for both of Hive's engines; none for an empty name."""
    return {"mapreduce.job.queuename": name, "tez.queue.name": name} if name else {}
