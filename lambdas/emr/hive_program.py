"""The step that runs a Hive script, with statements before and after it, and with variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emr.given_script import in_one_file
from emr.steps import Step, command

_BASH = (
    in_one_file("q")
    + r"""hive "$@" -f "$directory/all.q"
ended=$?
if [ "$ended" != 0 ] && [ -n "$after" ]; then
  hive -e "$after" > /dev/null 2>&1
fi
exit "$ended"
"""
)
"""A statement that fails ends the script, so that the tables made for it are then dropped separately."""


def statements(texts: Sequence[str]) -> str:
    """The statements as a script."""
    return "".join(f"{text};\n" for text in texts)


def hive_step(
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
    options += [word for key, value in variables for word in ("--hivevar", f"{key}={value}")]
    words = (statements(before), script, script_uri, statements(after), *options)
    return command("bash", "-c", _BASH, "hive-script", *words, what=what)


def queue(name: str) -> dict[str, str]:
    """The settings that choose a queue, for both of Hive's engines; none for an empty name."""
    return {"mapreduce.job.queuename": name, "tez.queue.name": name} if name else {}
