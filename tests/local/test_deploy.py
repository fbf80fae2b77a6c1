"""Which CDK CLI deploys an app, and what is said if there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import deploy
from local.deploy import CDK_CLI, DeployError, find_cdk
from local.launch import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").touch()
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_the_projects_own_comes_first_then_the_repositorys_then_the_paths(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    repository = tmp_path_factory.mktemp("repository")
    path = tmp_path_factory.mktemp("path")
    program(path / "bin" / "node")
    monkeypatch.setattr(deploy, "ROOT", repository)
    monkeypatch.setenv("PATH", str(path / "bin"))
    with pytest.raises(DeployError, match=f"npm install {CDK_CLI}"):
        find_cdk(project)
    on_path = path / "bin" / "cdk"
    on_path.touch(mode=0o755)
    assert find_cdk(project) == on_path
    of_repository = program(repository / "node_modules" / ".bin" / "cdk")
    assert find_cdk(project) == of_repository
    assert find_cdk(project) != program(project / "node_modules" / ".bin" / "cdk")
    assert find_cdk(project) == project / "node_modules" / ".bin" / "cdk"


def test_without_node_nothing_runs(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match=r"Node\.js is not on PATH"):
        find_cdk(project)


def test_the_release_that_is_recommended_is_the_pinned_one() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]["aws-cdk"]
    assert f"aws-cdk@{pinned}" == CDK_CLI
    assert CDK_CLI in (ROOT / "docs" / "your-own-app.md").read_text()
