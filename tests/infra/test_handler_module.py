"""Synth refuses a handler that Lambda could not load, and suggests the name that was probably meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.bundling import SOURCE, asset_directory
from infra.configuration_error import ConfigurationError
from infra.handler_module import check_handler_module
from infra.handlers import PythonHandler
from local.launch import ROOT
from tests.infra.conftest import synthesize

MODULES = [file.stem for file in SOURCE.glob("activities/*.py") if file.stem != "__init__"]
EXAMPLES = ROOT / "docs" / "examples" / "lambdas" / "activities"


class Project:
    """A lambdas/ directory, and the deployed files of it."""

    def __init__(self, directory: Path) -> None:
        self.source, self.asset = directory / "lambdas", directory / "asset"
        (self.source / "activities").mkdir(parents=True)
        shutil.copytree(SOURCE / "runner", self.source / "runner")
        shutil.copytree(asset_directory(), self.asset)

    def write(self, module: str, text: str) -> None:
        for directory in (self.source, self.asset):
            (directory / "activities" / f"{module}.py").write_text(text)

    def check(self, module: str, *, layers: bool = False) -> None:
        check_handler_module(module, source=self.source, asset=self.asset, layers=layers)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("module", MODULES)
def test_the_handlers_that_come_with_it_can_be_loaded(module: str) -> None:
    check_handler_module(module, source=SOURCE, asset=asset_directory(), layers=False)


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.stem)
def test_so_can_those_of_the_documentation(project: Project, example: Path) -> None:
    project.write(example.stem, example.read_text())
    project.check(example.stem)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("shel_command", "Did you mean `shell_command`"),
        ("exists.py", "Did you mean `exists`?"),
        ("nothing_like_it", "there is no such module"),
        ("", "there is no such module"),
        ("../runner/task", "there is no such module"),
    ],
)
def test_a_module_that_is_not_there(module: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        synthesize(handlers={"It": PythonHandler(module=module)})
    assert said in str(refused.value)
    assert "activities" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def handle(event, context): ...",
            "has no function `handler`, which Lambda calls. Did you mean `handle`?",
        ),
        ("", "has no function `handler`"),
        ("async def handler(event, context): ...", "is async"),
        ("\n\ndef handler(:", "x.py, line 3: invalid syntax"),
        ("x = '\0'", "null bytes"),
        ("import pandas\nhandler = 1", "line 1: there is no module `pandas`"),
        ("import jsn\nhandler = 1", "Did you mean `json`"),
        ("import aws_lambda_powertool\nhandler = 1", "Did you mean `aws_lambda_powertools`"),
        (
            "from runner import tusk_handler\nhandler = 1",
            "`runner` has no `tusk_handler`. Did you mean `task_handler`?",
        ),
        (
            "from runner.tusk import Task\nhandler = 1",
            "no module `runner.tusk` on Lambda. Did you mean `runner.task`?",
        ),
        ("from runner.fields import PipelineObjct\nhandler = 1", "Did you mean `PipelineObject`?"),
        (
            "from .helpr import sums\nhandler = 1",
            "no module `activities.helpr` on Lambda. Did you mean `activities.helper`?",
        ),
        ("from .helper import total\nhandler = 1", "helper.py, line 1: there is no module `numpy`"),
        ("from activities import helper\nhandler = 1", "helper.py, line 1: there is no module `numpy`"),
        ("import cgi\nhandler = 1", "there is no module `cgi`"),
        (
            "from ..runner import Task\nhandler = 1",
            "x.py, line 1: `from ..runner import Task` begins above the packages of lambdas/, where Python "
            "imports nothing. Did you mean `from runner import Task`?",
        ),
        ("from .. import runner\nhandler = 1", "Did you mean `import runner`?"),
        # For tests only; it is not deployed.
        ("from runner.testing import run\nhandler = 1", "no module `runner.testing`"),
    ],
)
def test_a_module_that_lambda_could_not_load(project: Project, text: str, said: str) -> None:
    project.write("helper", "import numpy\n\ndef total(): ...")
    project.write("x", text)
    with pytest.raises(ConfigurationError) as refused:
        project.check("x")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "from runner import Task, clients, task_handler\n@task_handler\ndef handler(task: Task): ...",
        "import boto3, botocore.config, zoneinfo, xml.etree, pg8000, sqlglot.expressions\nhandler = print",
        "try:\n    import pandas\nexcept ImportError:\n    pandas = None\nhandler = print",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import mypy_boto3_s3\nhandler = print",
        "def work():\n    import pandas\nhandler = print",
        "from .helper import *",
        "from .helper import total as handler",
        "from . import helper\nhandler: object = helper.total",
        "handler, other = print, print",
        "if True:\n    def handler(event, context): ...\nelse:\n    handler = print",
        "def __getattr__(name): return print",
    ],
)
def test_what_lambda_can_load_is_taken(project: Project, text: str) -> None:
    project.write("helper", "def total(): ...")
    project.write("x", text)
    project.check("x")


def test_a_package_may_be_in_a_layer(project: Project) -> None:
    project.write("x", "import pandas\nhandler = print")
    project.check("x", layers=True)
    project.write("x", "from runner import tusk_handler\nhandler = print")
    with pytest.raises(ConfigurationError, match="tusk_handler"):
        project.check("x", layers=True)


def test_a_module_is_read_and_not_imported(project: Project, tmp_path: Path) -> None:
    project.write("x", f"open({str(tmp_path / 'ran')!r}, 'w')\nhandler = print")
    project.check("x")
    assert not (tmp_path / "ran").exists()
