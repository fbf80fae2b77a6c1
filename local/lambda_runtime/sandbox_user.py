"""The user that functions and their commands run as.

Lambda runs them as an unprivileged user that owns nothing but /tmp. If local AWS runs as root, it does so
too. Anybody else can run them only as themselves.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.lambda_runtime.managed_runtime import ManagedRuntime, create_managed_runtime
from local.processes.tree import User

SANDBOX_USER = User(60993, 60990)
"""Lambda's is 993, with the group 990. Here those may be somebody's; 60706 to 61183 are nobody's by
convention (systemd, "Users, Groups, UIDs and GIDs"), and containers often end at 65535."""

_PROBE_SECONDS = 20.0
_PROBE = """
import ctypes, importlib.util, os, ssl, sys
for name in sys.argv[1:]:
    open(importlib.util.find_spec(name).origin).close()
"""
_MODULES = ("awslambdaric", "boto3", "botocore", "jmespath", "urllib3")


@dataclass(frozen=True)
class RunsAs:
    """A managed runtime, and the user that runs it; None is the user that runs local AWS."""

    runtime: ManagedRuntime
    user: User | None
    why_root: str | None = None
    """Why functions run as root, if they do."""


def choose(directory: Path, wanted: User = SANDBOX_USER) -> RunsAs:
    """Lay out a managed runtime under `directory` that an unprivileged user can run, if possible."""
    with _readable_by_all():
        return _choose(directory, wanted)


def _choose(directory: Path, wanted: User) -> RunsAs:
    runtime = create_managed_runtime(directory / "lang")
    if sys.platform != "linux" or os.geteuid() != 0:
        return RunsAs(runtime, None)
    if _can_run(runtime, wanted):
        return RunsAs(runtime, wanted)
    # Python, or the checkout, is where only root can go, such as below /root.
    complete = create_managed_runtime(directory / "var" / "lang", for_all=True)
    if _can_run(complete, wanted):
        return RunsAs(complete, wanted)
    why = f"functions and their commands run as root: user {wanted.uid} cannot run {complete.python}"
    return RunsAs(runtime, None, why)


@contextlib.contextmanager
def _readable_by_all() -> Iterator[None]:
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _can_run(runtime: ManagedRuntime, user: User) -> bool:
    try:
        done = subprocess.run(
            [runtime.python, "-P", "-c", _PROBE, *_MODULES],
            cwd=runtime.language,
            env={"LD_LIBRARY_PATH": str(runtime.language / "lib")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
