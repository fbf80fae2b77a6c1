"""The commands of several pages, as they are there, on one local AWS: that of the page about local AWS."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.launch import ROOT
from tests.docs.blocks import Block, blocks_run_by
from tests.local.commands import Command, running
from tests.system.deployments import Deployment, eventually
from tests.system.ledger import keep_roles
from tests.system.pipelines import Pipeline, shell

pytestmark = pytest.mark.long

PAGES = blocks_run_by(__file__)
LOCAL_AWS = "docs/local-aws.md"
EXAMPLES = ("docs/sql-activity.md", "docs/copy-activity.md", "docs/redshift-copy-activity.md")
UPS = [block for block in PAGES[LOCAL_AWS] if "-m local up" in block.text]

APP = """
import aws_cdk as cdk
from aws_cdk import aws_datapipeline as datapipeline

app = cdk.App()
field = datapipeline.CfnPipeline.FieldProperty(key="scheduleType", string_value="ondemand")
default = datapipeline.CfnPipeline.PipelineObjectProperty(id="Default", name="Default", fields=[field])
stack = cdk.Stack(app, "Own")
datapipeline.CfnPipeline(stack, "Pipeline", name="own", pipeline_objects=[default], activate=False)
app.synth()
"""


class Terminal:
    """Somebody who pastes blocks. Local AWS has another port than on the pages."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self.deployment = deployment
        self.directory = directory
        self.pasted: set[str] = {UPS[0].name}
        (directory / ".venv").symlink_to(ROOT / ".venv")
        (directory / "docs").symlink_to(ROOT / "docs")

    def paste(
        self,
        page: str,
        words: str,
        variables: Mapping[str, str] | None = None,
        *,
        directory: Path | None = None,
    ) -> str:
        """Run the block of a page that has these words, in the terminal of the blocks before on that page."""
        (block,) = [block for block in PAGES[page] if words in block.text]
        self.pasted.add(block.name)
        port = self.deployment.endpoint_url.rpartition(":")[2]
        text = block.text.replace("4566", port)
        text = re.sub(r"(-m local (?:deploy|logs|dashboard))", rf"\1 --port {port}", text)
        return self.deployment.shell(
            text, {"PYTHONPATH": str(ROOT), **(variables or {})}, directory=directory or self.directory
        )


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """With what the first block of the page starts, and the dashboard, which a later one draws."""
    with running(*_arguments(UPS[0]), "--port", "0", "--context", "dashboard=true", directory=ROOT) as up:
        home = tmp_path_factory.mktemp("home")
        deployment = Deployment(up.ready(), home, up.process.pid)
        keep_roles(deployment)
        yield Terminal(deployment, tmp_path_factory.mktemp("terminal"))


def _arguments(block: Block) -> list[str]:
    """Those of `python -m local`."""
    return shlex.split(block.text)[3:]


@pytest.mark.parametrize("block", UPS[1:], ids=lambda block: block.name)
def test_local_aws_starts_with_other_options(block: Block, terminal: Terminal) -> None:
    with running(*_arguments(block), "--port", "0", "--no-deploy", directory=ROOT) as up:
        assert isinstance(up, Command)
        assert up.ready().startswith("http://127.0.0.1:")
    terminal.pasted.add(block.name)


def test_a_first_pipeline_and_its_story(terminal: Terminal) -> None:
    page = (ROOT / LOCAL_AWS).read_text()
    (definition,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (terminal.directory / "pipeline.json").write_text(definition)
    terminal.paste(LOCAL_AWS, "export AWS_ENDPOINT_URL")
    terminal.paste(LOCAL_AWS, "--name hello")
    client = terminal.deployment.datapipeline
    (pipeline,) = client.list_pipelines()["pipelineIdList"]
    Pipeline(terminal.deployment, pipeline["id"]).ended("Hello", "FINISHED")
    variables = {"id": pipeline["id"]}
    assert "FINISHED" in terminal.paste(LOCAL_AWS, "--start-interval", variables)
    eventually(
        lambda: "hello from task runner" in terminal.paste(LOCAL_AWS, "attempt=", variables) or None,
        "its story does not have what it printed",
    )


def test_the_dashboard_is_drawn(terminal: Terminal) -> None:
    terminal.paste(LOCAL_AWS, "local dashboard")
    assert "Is it alive?" in (terminal.directory / "dashboard.svg").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's command is curl's")
def test_a_fault_is_set(terminal: Terminal) -> None:
    terminal.paste(LOCAL_AWS, "_local/datapipeline/faults")
    terminal.deployment.faults.clear()


def test_a_waking_group(terminal: Terminal) -> None:
    pipeline = Pipeline.put(terminal.deployment, {"Woken": shell("true")})
    terminal.paste("docs/configuration.md", "start-execution", {"PIPELINE": pipeline.id})
    pipeline.ended("Woken", "FINISHED")


@pytest.mark.parametrize("page", EXAMPLES)
def test_the_example_of_a_type_is_accepted(terminal: Terminal, page: str) -> None:
    """tests/system/test_sql.py and the like run it, with a database."""
    if page == "docs/sql-activity.md":
        terminal.deployment.s3.create_bucket(Bucket="sales")
    said = terminal.paste(page, "create-pipeline")
    assert '"errored": false' in said


def test_a_pipeline_of_a_cdk_app(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text(f'{{"app": "{ROOT}/.venv/bin/python app.py"}}')
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    variables = {"CDK_DISABLE_VERSION_CHECK": "1"}
    terminal.paste(LOCAL_AWS, "npx cdk", variables, directory=tmp_path)
    names = [found["name"] for found in terminal.deployment.datapipeline.list_pipelines()["pipelineIdList"]]
    assert "own" in names


def test_the_app_is_deployed_again(terminal: Terminal) -> None:
    terminal.paste(LOCAL_AWS, "local deploy", directory=ROOT)


def test_every_block_was_pasted(terminal: Terminal) -> None:
    """By the tests above."""
    assert {block.name for blocks in PAGES.values() for block in blocks} - terminal.pasted == set()
