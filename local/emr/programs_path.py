"""The programs that steps find on their PATH, and the environment that they have."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.environment import for_local_aws

PROGRAMS = Path(__file__).with_name("programs")
"""hive, pig, hadoop-streaming, spark-submit and yarn, as a cluster's primary node has them."""
CLUSTER = "LOCAL_EMR_CLUSTER"
"""The variable of a step that has its cluster's id."""
_ROOT = Path(__file__).parents[2]


def step_environment(endpoint_url: str, home: Path, cluster: str) -> dict[str, str]:
    """The variables of a step's process, which reaches local AWS as the account's owner. It has no locale."""
    tools = Path(sys.executable).parent
    path = os.pathsep.join([str(PROGRAMS), str(tools), os.environ.get("PATH", os.defpath)])
    kept = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
    return for_local_aws(endpoint_url, kept) | {
        "PATH": path,
        "HOME": str(home),
        CLUSTER: cluster,
        "LOCAL_EMR_PYTHON": sys.executable,
        "PYTHONPATH": str(_ROOT),
    }
