"""``preActivityTaskConfig`` and ``postActivityTaskConfig``: scripts in S3 before and after the work.

Developer guide, ShellScriptConfig.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from data_nodes.s3_uri import S3Uri
from emr.steps import Step, script
from runner.task import Task


def around(task: Task, steps: Sequence[Step]) -> list[Step]:
    """``steps`` with the scripts before and after them. Raises FieldError."""
    return [*_script(task, "preActivityTaskConfig"), *steps, *_script(task, "postActivityTaskConfig")]


def _script(task: Task, field: str) -> list[Step]:
    if field not in task:
        return []
    config = task.reference(field)
    uri = S3Uri.of_object(config, "scriptUri")
    region = os.environ.get("AWS_REGION", "us-east-1")
    return [script(str(uri), config.strings("scriptArgument"), region=region, what=field)]
