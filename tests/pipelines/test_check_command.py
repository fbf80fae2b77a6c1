"""The command line of check: what is printed where, and the exit code."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.launch import ROOT
from pipelines import report
from pipelines.check_command import main
from pipelines.checking.check import Facts, check
from pipelines.checking.verdict import PipelineVerdict
from pipelines.reading.source import Source
from tests.pipelines.definitions import checked, definition, shell

GOOD = definition(shell("true"))
CHANGES = definition(shell("cat /home/x/y"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {"good": GOOD, "changes": CHANGES, "broken": '{"objects": [', "none": "{}"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in [*texts, "missing"]}


@pytest.mark.parametrize(
    ("names", "code", "lines", "activities"),
    [
        (["good"], 0, 0, 1),
        (["changes", "good"], 1, 0, 2),
        (["broken", "good", "none", "missing"], 2, 3, 1),
        (["broken"], 2, 1, 0),
    ],
)
def test_json_and_exit_codes(
    files: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    names: list[str],
    code: int,
    lines: int,
    activities: int,
) -> None:
    assert main(["--json", *(files[name] for name in names)]) == code
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert set(found) == {"pipelines", "share"}
    assert sum(len(pipeline["activities"]) for pipeline in found["pipelines"]) == activities
    for pipeline in found["pipelines"]:
        assert set(pipeline) == {"source", "activities"}
        for activity in pipeline["activities"]:
            assert set(activity) == {"id", "type", "verdict", "reasons"}
            assert all(set(reason) == {"field", "message", "page"} for reason in activity["reasons"])
    assert len(printed.err.splitlines()) == lines


def test_share_is_the_part_that_runs(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["--json", files["good"], files["changes"], files["good"]])
    assert json.loads(capsys.readouterr().out)["share"] == pytest.approx(2 / 3, abs=1e-4)


def test_plain_text_has_each_reason_and_then_the_app(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([files["good"], files["changes"]]) == 1
    text = capsys.readouterr().out
    assert re.search(r"^  A \(ShellCommandActivity\): needs a change$", text, re.MULTILINE)
    assert "see docs/shell-commands.md#staging" in text
    assert "50% of 2 activities" in text
    assert "TaskRunnerStack(" in text.partition("The app.py that would run them:")[2]


def test_a_terminal_gets_a_table() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    report.print_pipeline(checked(CHANGES), out)
    assert "┃" in out.getvalue()
    assert "needs a" in out.getvalue()


def test_values_are_given_to_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text(definition(shell("#{myCommand}"), parameters=[{"id": "myCommand"}]))
    main(["--json", str(file)])
    assert "myCommand" in capsys.readouterr().out
    main(["--json", "--value", "myCommand=jq .", "--value", "myOther=x", str(file)])
    text = capsys.readouterr().out
    assert "'jq'" in text
    assert "has no value" not in text


def test_a_fault_in_one_definition_does_not_hide_the_others(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_changes(source: Source, facts: Facts) -> PipelineVerdict:
        if source.name == files["changes"]:
            raise ZeroDivisionError
        return check(source, facts)

    monkeypatch.setattr("pipelines.check_command.check", fails_for_changes)
    assert main(["--json", files["changes"], files["good"]]) == 2
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)["pipelines"]) == 1
    assert "not checked, please report this: ZeroDivisionError()" in printed.err


def test_what_cannot_be_read_is_not_in_the_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    activities = {
        "Known": "true",
        "Unknown": '${file("none.sh")}',
        "Inner": "bash -c '${file(\"none.sh\")} x'",
    }
    objects: list[object] = [
        {
            "id": "Default",
            "field": [
                {"key": "workerGroup", "string_value": "etl"},
                {"key": "scheduleType", "string_value": "ondemand"},
            ],
        }
    ]
    for name, command in activities.items():
        fields = {"type": "ShellCommandActivity", "command": command}
        objects.append({"id": name, "field": [{"key": k, "string_value": v} for k, v in fields.items()]})
    objects.append({"id": "Type", "field": [{"key": "type", "string_value": "${var.type}"}]})
    resource = {"aws_datapipeline_pipeline_definition": {"x": {"pipeline_object": objects}}}
    file = tmp_path / "x.tf.json"
    file.write_text(json.dumps({"resource": resource}))
    assert main(["--json", str(file)]) == 2
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert [each["id"] for each in found["pipelines"][0]["activities"]] == ["Known"]
    assert found["share"] == 1.0
    for name in ("Unknown", "Inner", "Type"):
        assert f"'{name}':" in printed.err
    assert "could not be read" not in printed.err
    file.write_text(
        json.dumps({"resource": {"aws_datapipeline_pipeline_definition": {"x": {"pipeline_object": "${x}"}}}})
    )
    assert main(["--json", str(file)]) == 2
    assert json.loads(capsys.readouterr().out)["share"] == 0.0


def test_both_branches_of_a_template_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("""
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      PipelineObjects:
        - Id: Default
          Name: Default
          Fields: [{Key: scheduleType, StringValue: ondemand}, {Key: workerGroup, StringValue: etl}]
        - Id: A
          Name: A
          Fields:
            - {Key: type, StringValue: ShellCommandActivity}
            - {Key: command, StringValue: !If [Test, jq ., cat /u01/x]}
""")
    assert main(["--json", str(file)]) == 1
    (found,) = json.loads(capsys.readouterr().out)["pipelines"][0]["activities"]
    assert found["verdict"] == "change"
    one, other = sorted(reason["message"] for reason in found["reasons"])
    assert one.startswith("if the condition 'Test' does not hold: it needs '/u01/x'")
    assert other.startswith("if the condition 'Test' holds: it calls 'jq'")


def test_standard_input_and_help() -> None:
    command = [sys.executable, "-m", "pipelines"]
    done = subprocess.run(
        [*command, "check", "--json", "-"], input=GOOD, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["pipelines"][0]["source"] == "standard input"
    for words in ([], ["check"], ["convert"], ["verify"]):
        shown = subprocess.run(
            [*command, *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0
        assert "usage: python -m pipelines" in shown.stdout
    for wrong in (["check"], ["nonsense"], ["verify"], ["check", "--value", "x", "f"]):
        refused = subprocess.run([*command, *wrong], cwd=ROOT, capture_output=True, text=True, check=False)
        assert refused.returncode == 2
        assert "usage:" in refused.stderr
