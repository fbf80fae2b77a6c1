"""After all system tests: checks that a test needed each permission, or that it has a reason.

With several processes, no test comes last. So the process that hands out the tests checks, and the run fails.

`make test-long` looks back at what `make test` has needed too.

``LOOK_BACK='Handler*TaskRole* ContainerEnded*' pytest tests/system/test_containers.py`` looks back at some
roles after some tests.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from local.permissions.decisions import DIRECTORY

SYSTEM_TESTS = "tests/system/"
LOOK_BACK = "LOOK_BACK"
"""The environment variable with patterns of roles to look back at, whatever tests were run."""


class LookingBack:
    """A pytest plugin. Each local AWS that a test starts records IAM's decisions in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: set[str] = set()
        self._found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._files.add(report.nodeid.partition("::")[0])

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        roles = os.environ.get(LOOK_BACK, "").split()
        if exitstatus == pytest.ExitCode.OK and (roles or self._were_all_run(session.config)):
            # Import late, because these imports start the CDK.
            from tests.system.least_privilege import shortcomings
            from tests.system.ledger import Ledger

            self._found = shortcomings(Ledger.of(self.directory), roles)
            if self._found:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._found:
            terminalreporter.section("permissions: see tests/system/least_privilege.py", red=True)
            for line in self._found:
                terminalreporter.line(line)

    def _were_all_run(self, config: pytest.Config) -> bool:
        options = config.option
        if options.keyword or options.markexpr or options.deselect:
            return False
        there = (config.rootpath / SYSTEM_TESTS).glob("test_*.py")
        return {file.relative_to(config.rootpath).as_posix() for file in there} <= self._files


def look_back(config: pytest.Config) -> None:
    """Make all processes record decisions, and the one that hands out the tests check them at the end."""
    if hasattr(config, "workerinput"):
        return
    asked = os.environ.get(DIRECTORY)
    if not asked:
        kept = tempfile.TemporaryDirectory(prefix="decisions-")
        os.environ[DIRECTORY] = kept.name

        def forget() -> None:
            kept.cleanup()
            del os.environ[DIRECTORY]

        config.add_cleanup(forget)
    config.pluginmanager.register(LookingBack(Path(os.environ[DIRECTORY])), "looking back")
