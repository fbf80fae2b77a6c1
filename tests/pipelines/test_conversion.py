"""convert changes only what has to change, and undoes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.launch import ROOT
from pipelines.convert_command import main
from tests.pipelines.definitions import ref
from tests.pipelines.test_reading import TEMPLATE, TERRAFORM

TO_MOVE = sorted((ROOT / "tests" / "system" / "to_move").iterdir())
DOCUMENT: Any = {
    "myUnknownMember": {"kept": [1, 2.5, None, "ü"]},
    "objects": [
        {"name": "Default", "id": "Default", "scheduleType": "ondemand", "myField": "x"},
        {"type": "HttpProxy", "id": "Proxy", "hostname": "p", "*password": "sesame-proxy"},
        {"id": "Box", "type": "Ec2Resource", "subnetId": "s", "httpProxy": ref("Proxy"), "keyPair": "k"},
        {"id": "Shared", "type": "Ec2Resource"},
        {
            "id": "A",
            "command": "true",
            "runsOn": ref("Box"),
            "name": "A",
            "type": "ShellCommandActivity",
            "z": "1",
        },
        {"id": "B", "workerGroup": "old", "type": "ShellCommandActivity", "runsOn": ref("Box")},
        {"id": "Odd", "type": "NoSuchActivity", "runsOn": ref("Shared")},
        {
            "id": "Db",
            "type": "JdbcDatabase",
            "username": "u",
            "*password": "sesame-db",
            "jdbcProperties": ["a=b"],
        },
    ],
    "values": {"myX": "1"},
}

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Convert a text. Returns what was printed on stdout and stderr."""

    def convert(text: str, *options: str, code: int = 0) -> tuple[str, str]:
        file = tmp_path / "file"
        file.write_text(text, encoding="utf-8")
        assert main([str(file), *options]) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return convert


def test_only_what_runs_them_changes(run: Run) -> None:
    out, told = run(json.dumps(DOCUMENT, indent=4), "--worker-group", "new")
    found = json.loads(out)
    record = found.pop("convertedFrom")
    expected = json.loads(json.dumps(DOCUMENT))
    expected["objects"] = [
        each for each in expected["objects"] if each["id"] not in {"Box", "Proxy", "Shared"}
    ]
    by_id = {each["id"]: each for each in expected["objects"]}
    by_id["A"] = {
        "id": "A",
        "command": "true",
        "workerGroup": "new",
        "name": "A",
        "type": "ShellCommandActivity",
        "z": "1",
    }
    by_id["B"] = {"id": "B", "type": "ShellCommandActivity", "workerGroup": "new"}
    by_id["Odd"] = {"id": "Odd", "type": "NoSuchActivity", "workerGroup": "new"}
    expected["objects"] = list(by_id.values())
    assert json.dumps(found) == json.dumps(expected), "order included"
    assert "sesame" not in json.dumps(record)
    assert "\n    " in out, "its own indentation"
    assert "subnetId: set `vpc` and `subnets`" in told
    assert "Proxy (HttpProxy) is gone\n" in told
    assert "A is now for the worker group 'new'" in told
    assert "Odd: no handler here runs its type" in told
    assert "sesame" not in told


def test_what_has_no_handler_may_stay(run: Run) -> None:
    objects = {
        each["id"]: each for each in json.loads(run(json.dumps(DOCUMENT), "--only-supported")[0])["objects"]
    }
    assert objects["Odd"]["runsOn"] == ref("Shared")
    assert "Shared" in objects
    assert "Box" not in objects


def test_an_expression_that_reads_the_resource_is_told_of(run: Run) -> None:
    objects = [
        {
            "id": "A",
            "type": "ShellCommandActivity",
            "command": "echo #{runsOn.instanceType}",
            "runsOn": {"ref": "E"},
        },
        {"id": "E", "type": "Ec2Resource", "instanceType": "t3.small"},
    ]
    _, told = run(json.dumps({"objects": objects}))
    assert "A: command has an expression with runsOn, which is gone: write the value itself" in told


def test_secrets_take_the_place_of_passwords(run: Run, tmp_path: Path) -> None:
    text = json.dumps(DOCUMENT)
    out, told = run(text, "--secrets", "--region", "eu-west-1")
    assert "sesame" not in out + told
    database = next(each for each in json.loads(out)["objects"] if each["id"] == "Db")
    assert list(database) == ["id", "type", "username", "*password", "myPasswordSecretArn", "jdbcProperties"]
    assert database["myPasswordSecretArn"].startswith("arn:aws:secretsmanager:eu-west-1:")
    back, told = run(out, "--back")
    assert "********" in back
    assert "Db: write its *password" in told
    original = tmp_path / "original"
    original.write_text(text)
    whole = json.loads(run(out, "--back", "--original", str(original))[0])
    assert next(each for each in whole["objects"] if each["id"] == "Db") == DOCUMENT["objects"][-1]


@pytest.mark.parametrize("file", TO_MOVE, ids=lambda file: file.name)
def test_and_back_again(run: Run, file: Path) -> None:
    text = file.read_text()
    there, _ = run(text, "--worker-group", "new")
    assert "runsOn" not in "".join(line for line in there.splitlines() if "convertedFrom" not in line)
    assert run(there, "--back")[0] == text


@pytest.mark.parametrize("document", [TEMPLATE, TERRAFORM], ids=["cfn", "tf"])
def test_the_record_is_where_others_ignore_it(run: Run, document: Any) -> None:
    text = json.dumps(document)
    out, _ = run(text)
    found = json.loads(out)
    if "Resources" in document:
        assert list(found["Resources"]["Pipe"]["Metadata"]) == ["convertedFrom"]
    else:
        assert list(found["resource"]["aws_datapipeline_pipeline_definition"]["x"]["//"]) == ["convertedFrom"]
    assert run(out, "--back")[0] == text


@pytest.mark.parametrize("file", TO_MOVE, ids=lambda file: file.name)
def test_the_difference_shows_how_long_a_record_is_and_not_what_is_in_it(run: Run, file: Path) -> None:
    there, _ = run(file.read_text(), "--worker-group", "new")
    again, told_again = run(there, "--worker-group", "newer")
    for told in (told_again, run(again, "--back")[1], run(there, "--back")[1]):
        assert '"version":' not in told
    assert (" characters}" in told) == ("convertedFrom" in there)


def test_a_record_in_the_only_line_hides_nothing_else(run: Run) -> None:
    out, _ = run(json.dumps(DOCUMENT), "--worker-group", "new")
    told = run(out, "--back")[1]
    removed = next(line for line in told.splitlines() if line.startswith('-{"'))
    assert removed.startswith('-{"myUnknownMember":')
    assert re.search(r'"values": {"myX": "1"}, "convertedFrom": {… \d+ characters}}$', removed)


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("{", [], "not valid JSON"),
        ("[]", [], "no definition"),
        ('{"objects": [], "objects": []}', [], "stands twice"),
        ("a: [", [], "YAML"),
    ],
)
def test_what_cannot_be_converted(run: Run, text: str, options: list[str], told: str) -> None:
    out, error = run(text, *options, code=2)
    assert out == ""
    assert told in error
    assert len(error.splitlines()) == 1


def test_the_output_goes_into_a_folder_that_is_made_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "definition.json"
    file.write_text('{"objects": [{"id": "Default", "name": "Default"}]}')
    output = tmp_path / "no" / "such" / "folder.json"
    assert main([str(file), "--worker-group", "etl", "--output", str(output)]) == 0
    assert json.loads(output.read_text())["objects"]
    assert main([str(file), "--worker-group", "etl", "--output", str(file / "x.json")]) == 2
    assert "x.json cannot be written: " in capsys.readouterr().err


def test_a_resource_that_a_function_may_refer_to_stays(run: Run) -> None:
    fields = "Fields: [{Key: type, StringValue: ShellCommandActivity}, {Key: runsOn, RefValue: Ec2}]"
    objects = [
        "{Id: Ec2, Name: Ec2, Fields: [{Key: type, StringValue: Ec2Resource}]}",
        "Fn::Transform: {Name: More, Parameters: {On: Ec2}}",
        f"{{Id: B, Name: B, {fields}}}",
    ]
    lines = [
        "Resources:",
        "  P:",
        "    Type: AWS::DataPipeline::Pipeline",
        "    Properties:",
        "      Name: p",
    ]
    lines += ["      PipelineObjects:", *(f"        - {each}" for each in objects), ""]
    written, _ = run("\n".join(lines), "--worker-group", "etl", "--no-record")
    assert "Id: Ec2" in written
    assert "workerGroup" in written
