"""A newcomer's first hour: README's own blocks, in order, from a clone to a handler of one's own that runs.

The clone's .venv and node_modules are this repository's: installing them takes minutes, and
tests/local/test_make.py has `make setup`. AWS is a local one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.environment import for_local_aws, without_aws
from local.launch import ROOT
from tests.docs.blocks import all_blocks, blocks_run_by
from tests.local.commands import running
from tests.system.deployments import Deployment, eventually
from tests.system.pipelines import Pipeline, shell

PAGE = "docs/writing-handlers.md"
UP, ACTIVATE, LOOK = [block.text for block in blocks_run_by(__file__)[PAGE]]
TRY_IT, CHECK_IT, DEPLOY_IT, VERIFY_IT = [block.text for block in blocks_run_by(__file__)["README.md"]]
HANDLER, REGISTRATION = [
    block.text for block in all_blocks() if block.page == "README.md" and block.language == "python"
]
GROUP = "etl-test"
MINUTES = 15


class Newcomer:
    """Somebody who pastes commands into a terminal in the clone."""

    def __init__(self, clone: Path, home: Path) -> None:
        self.clone = clone
        self.home = home
        self.seconds: dict[str, float] = {}

    def runs(self, commands: str, endpoint_url: str | None = None) -> str:
        """Run them. Returns what they print; fails if they fail."""
        inherited = (
            without_aws(os.environ) if endpoint_url is None else for_local_aws(endpoint_url, os.environ)
        )
        began = time.monotonic()
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.clone,
            env={**inherited, "HOME": str(self.home), "CDK_DISABLE_VERSION_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60 * MINUTES,
            check=False,
        )
        self.seconds[commands.strip()] = time.monotonic() - began
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """With a clone of this repository, changes that are not committed included."""
    directory = tmp_path_factory.mktemp("newcomer")
    clone = directory / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
    changed = subprocess.run(
        ["git", "ls-files", "-z", "--modified", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, changed.stdout.split("\0")):
        if (ROOT / name).is_file() and name not in (".venv", "node_modules"):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    for name in (".venv", "node_modules", ".build"):
        (ROOT / ".build").mkdir(exist_ok=True)
        (clone / name).symlink_to((ROOT / name).resolve())
    for name in ("requirements-dev.lock", "package.json", "package-lock.json"):
        # Otherwise make would install again, as these are newer than what is installed.
        os.utime(clone / name, (0, 0))
    (directory / "home").mkdir()
    found = Newcomer(clone, directory / "home")
    yield found
    for commands, seconds in found.seconds.items():
        print(f"{seconds:6.1f} s  {commands.splitlines()[0]}")
    assert sum(found.seconds.values()) < 60 * MINUTES


def test_try_it(newcomer: Newcomer) -> None:
    assert "FINISHED" in newcomer.runs(TRY_IT)


def test_check_deploy_and_verify_it(newcomer: Newcomer) -> None:
    """On a local AWS that is as empty as a new account. Its clock is fast, which cdk.json tells the app."""
    settings = newcomer.clone / "cdk.json"
    written = settings.read_text()
    context = json.loads(written)
    # A newcomer confirms the permissions that the CDK CLI lists.
    context |= {"context": {**context["context"], "timeScale": 20}, "requireApproval": "never"}
    settings.write_text(json.dumps(context))
    with running("up", "--no-deploy", "--port", "0", "--time-scale", "20", directory=newcomer.clone) as aws:
        url = aws.ready()
        deployment = Deployment(url, newcomer.home, aws.process.pid)
        Pipeline.put(deployment, {"Hello": shell("echo hello")}, worker_group="etl")
        assert "100% of 1 activities and preconditions in 1 pipelines run here" in newcomer.runs(
            CHECK_IT, url
        )
        newcomer.runs(DEPLOY_IT, url)
        assert f"The worker group '{GROUP}' works." in newcomer.runs(VERIFY_IT, url)
    settings.write_text(written)


def test_add_a_handler(newcomer: Newcomer) -> None:
    """To its first task on local AWS, by the commands to which the page leads."""
    (newcomer.clone / "lambdas" / "activities" / "count_words.py").write_text(HANDLER)
    app = newcomer.clone / "app.py"
    shown = [line.strip() for line in REGISTRATION.splitlines()[1:-1]]
    own = re.search(r"handlers=\[(.*?)\n +\],", app.read_text(), re.DOTALL)
    assert own
    assert [line.strip() for line in own[1].strip().splitlines()] == shown[:-1], "README shows other handlers"
    text = app.read_text().replace(own[1], f"\n{own[1].strip()} {shown[-1]}")
    app.write_text(text.replace("from infra.handlers import ", "from infra.handlers import PythonHandler, "))
    assert f"({PAGE}#trying-it)" in (newcomer.clone / "README.md").read_text()
    module = re.fullmatch(r"\.venv/bin/python -m local (\w+)", UP.strip())
    assert module
    began = time.monotonic()
    with running(module[1], "--port", "0", directory=newcomer.clone) as aws:
        url = aws.ready()
        newcomer.seconds[UP.strip()] = time.monotonic() - began
        # The page's port is free in the page's world alone.
        activate = ACTIVATE.replace("http://127.0.0.1:4566", url)
        assert activate != ACTIVATE
        newcomer.runs(activate, url)
        variables, _, _ = activate.partition("id=$(")

        def counted() -> str | None:
            return newcomer.runs(variables + LOOK, url).strip().removeprefix("None") or None

        assert json.loads(eventually(counted, "the handler did not run", every=2))["words"] == 3
