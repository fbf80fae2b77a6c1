"""``preActivityTaskConfig`` and ``postActivityTaskConfig``: scripts in S3 before and after the work.

Developer guide, ShellScriptConfig.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_nodes.s3_uri import S3Uri
from emr.guarded import guarded
from emr.steps import Step
from runner.task import Task

_BASH = r"""
script=$directory/${1##*/}
aws s3 cp --only-show-errors "$1" "$script" && chmod +x "$script" || exit
shift
"$script" "$@"
"""


def around(task: Task, steps: Sequence[Step]) -> list[Step]:
    """``steps`` with the scripts before and after them. Raises FieldError."""
    return [*_script(task, "preActivityTaskConfig"), *steps, *_script(task, "postActivityTaskConfig")]


def _script(task: Task, field: str) -> list[Step]:
    if field not in task:
        return []
    config = task.reference(field)
    uri = S3Uri.of_object(config, "scriptUri")
    return [guarded(task, _BASH, [str(uri), *config.strings("scriptArgument")], what=field)]
