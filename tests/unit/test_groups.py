"""Tests of one group run in one process."""

from __future__ import annotations

import re
import subprocess
import sys

from local.launch import ROOT

FILES = ("tests/unit/test_fields.py", "tests/unit/test_s3_data_node.py")


def test_a_group_is_not_torn_apart() -> None:
    """These files are a group each. Without groups pytest-xdist would hand their tests out in turn."""
    arguments = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "-v", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    ran = {(name, process) for process, name in re.findall(r"\[(gw\d)\].*PASSED (\S+?)::", done.stdout)}
    assert len(ran) == len({name for name, _ in ran}) == len(FILES), ran
