"""The tree without one protection, and what its tests say of that."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.launch import ROOT
from tests.protections.protections import Protection

_SET_UP = (".venv", "node_modules")
_LONGEST_RUN_SECONDS = 900


@dataclass(frozen=True)
class Trial:
    """What came of a run without a protection."""

    failed: Mapping[str, str]
    """Why, by each of the protection's tests that failed."""
    unmoved: Sequence[str]
    """Its tests that did not fail, or that could not even begin."""
    output: str


def without(text: str, protection: Protection) -> str:
    """The file's text without the protection. Raises ValueError unless it is there exactly once."""
    found = text.count(protection.removed)
    if found != 1:
        raise ValueError(f"{protection.path}: found {found} times: {protection.removed!r}")
    return text.replace(protection.removed, protection.replaced_by)


def attempt(protection: Protection) -> Trial:
    """Run the protection's tests in a copy of the tree that does not have it."""
    with tempfile.TemporaryDirectory(prefix="without-") as directory:
        tree = Path(directory) / "tree"
        _copy(tree)
        file = tree / protection.path
        file.write_text(without(file.read_text(), protection))
        report = Path(directory) / "report.xml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"),
                "--hypothesis-profile=any-example",
                *(f"--junitxml={report}", f"--basetemp={directory}/tests", *protection.tests),
            ],
            cwd=tree,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_RUN_SECONDS,
            check=False,
        )
        # 1: tests were run, and some failed. A tree that cannot be collected ends with 2 or more.
        reasons = failures(report.read_text()) if done.returncode == 1 else {}
    failed = {
        test: reason
        for test in protection.tests
        if (reason := next((why for name, why in reasons.items() if is_of(name, test)), None)) is not None
    }
    return Trial(failed, [test for test in protection.tests if test not in failed], done.stdout)


def failures(report: str) -> dict[str, str]:
    """Of a JUnit report: why each failed test failed, in a line. What failed in a fixture is not one."""
    found = {}
    for case in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        failure = case.find("failure")
        if failure is not None:
            path = case.get("classname", "").replace(".", "/") + ".py"
            lines = failure.get("message", "").splitlines() or [""]
            found[f"{path}::{case.get('name')}"] = lines[0][:160]
    return found


def is_of(name: str, test: str) -> bool:
    """Whether the test of this name is the one of the node id, or one of its cases."""
    return name == test or name.startswith(f"{test}[")


def _copy(tree: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        source = ROOT / name
        if source.is_file() and name not in _SET_UP:
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for name in _SET_UP:
        (tree / name).symlink_to((ROOT / name).resolve())
