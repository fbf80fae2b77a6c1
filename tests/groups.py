"""Which tests have to run one after the other in one process, when there are several (pytest-xdist).

A group shares what is slow to set up: a deployment, a database server, a synthesized template. The longest
groups come first, so that the processes end together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

ALONE = "tests/system/test_hostile_commands.py"
"""The longest test. All others fit beside it."""
_DEPLOYMENTS = ("faulty_deployment", "fast_deployment", "container_deployment", "examples", "deployment")
_FIRST = (
    *("hostile", "faulty_deployment", "container_deployment", "deployment-as-assumed"),
    *("deployment-otherwise", "examples"),
)


def group_of(path: str, fixtures: Sequence[str], parameter: str) -> str:
    """The group of a test in the file ``path``, by its fixtures and the first one's parameter."""
    if path == ALONE:
        return "hostile"
    if path.startswith("tests/system/"):
        deployment = next((name for name in _DEPLOYMENTS if name in fixtures), "")
        if deployment == "deployment":
            return f"deployment-{parameter}"
        if deployment == "examples" and parameter == "in-containers":
            return "examples-in-containers"
        return deployment or path
    directory = PurePath(path).parts[1]
    return "databases" if directory == "databases" else path


def rank(group: str) -> int:
    """The place of a group. Lower ones come first."""
    return _FIRST.index(group) if group in _FIRST else len(_FIRST)
