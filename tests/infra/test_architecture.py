"""The picture of the state machines: what is in it, and that the one in docs/ is of today's app."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aws_cdk.assertions import Template

from infra.handlers import exists, shell_command, shell_command_precondition
from local.architecture.command import main
from local.architecture.graph import Graph, definitions
from local.architecture.svg import draw
from tests.infra.conftest import synthesize

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "architecture.svg"


@pytest.fixture(scope="module")
def unedited() -> Template:
    """The stack with the handlers of app.py."""
    return synthesize(
        handlers=[
            ("ShellCommandActivity", shell_command()),
            ("ShellCommandPrecondition", shell_command_precondition()),
            ("Exists", exists()),
        ]
    )


def test_the_picture_in_the_documentation_is_of_this_app(unedited: Template) -> None:
    assert draw(definitions(unedited.to_json())) == PICTURE.read_text(), (
        "`make synth` and `python -m local architecture --output docs/images/architecture.svg` draw it anew"
    )


def test_states_stand_in_the_order_in_which_they_run(unedited: Template) -> None:
    graph = Graph.of(definitions(unedited.to_json())["TaskRunner-RunTask"])
    assert graph.columns[0] == ("ReportProgress",)
    assert graph.columns[1] == ("Route",)
    assert set(graph.columns[2]) == {"ShellCommandActivity", "ShellCommandPrecondition", "Exists"}
    assert graph.columns[3] == ("Outcome",)
    assert set(graph.columns[4]) == {"Wait", "Canceled", "SetTaskStatus"}


def test_the_decisions_of_the_loop_stand_on_its_ways(unedited: Template) -> None:
    graph = Graph.of(definitions(unedited.to_json())["TaskRunner-PollLoop-etl"])
    labels = {(edge.target, edge.label) for edge in graph.edges if edge.source == "Next"}
    assert labels == {("StartTask", "START"), ("Wait", "WAIT"), ("Poll", "POLL"), ("Done", "")}


def test_any_route_can_be_drawn() -> None:
    template = synthesize(handlers={'<a> & "b"': shell_command()}).to_json()
    ElementTree.fromstring(draw(definitions(template)))  # noqa: S314 - our own


def test_a_file_that_is_no_template_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in enumerate(["", "{}", json.dumps({"Resources": {}})]):
        template = tmp_path / f"{number}.json"
        template.write_text(text)
        assert main([str(template), "--output", str(tmp_path / "x.svg")]) == 1
        assert capsys.readouterr().err.startswith("error: ")
    assert main([str(tmp_path / "none.json"), "--output", str(tmp_path / "x.svg")]) == 1
    assert "make synth" in capsys.readouterr().err


def test_it_makes_the_folder(tmp_path: Path, unedited: Template) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(unedited.to_json()))
    assert main([str(template), "--output", str(tmp_path / "new" / "x.svg")]) == 0
    assert (tmp_path / "new" / "x.svg").exists()
