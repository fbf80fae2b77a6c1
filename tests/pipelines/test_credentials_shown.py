"""No command of pipelines shows a credential that a definition holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines import check_command, convert_command

KEY = "AKIAIOSFODNN7EXAMPLE"
DEFINITION: dict[str, list[dict[str, Any]]] = {
    "objects": [
        {"id": "Default", "name": "Default", "scheduleType": "ondemand"},
        {
            "id": "Cluster",
            "name": "Cluster",
            "type": "EmrCluster",
            "releaseLabel": "emr-6.15.0",
            "bootstrapAction": "s3://b/setup.sh,--password,Hunter2Boot",
            "configuration": {"ref": "Site"},
        },
        {
            "id": "Site",
            "name": "Site",
            "type": "EmrConfiguration",
            "classification": "hive-site",
            "property": {"ref": "Password"},
        },
        {
            "id": "Password",
            "name": "Password",
            "type": "Property",
            "key": "javax.jdo.option.ConnectionPassword",
            "value": "Hunter2Site",
        },
        {
            "id": "Steps",
            "name": "Steps",
            "type": "EmrActivity",
            "runsOn": {"ref": "Cluster"},
            "step": "command-runner.jar,true",
        },
        {
            "id": "Shell",
            "name": "Shell",
            "type": "ShellCommandActivity",
            "runsOn": {"ref": "Host"},
            "command": f"export AWS_ACCESS_KEY_ID={KEY}; true",
        },
        {"id": "Host", "name": "Host", "type": "Ec2Resource", "instanceType": "t3.micro"},
        {
            "id": "Db",
            "name": "Db",
            "type": "JdbcDatabase",
            "connectionString": "jdbc:postgresql://h/d",
            "username": "u",
            "*password": "hunter2pw",
        },
    ]
}
SECRETS = (KEY, "Hunter2Boot", "Hunter2Site", "hunter2pw")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "definition.json"
    found.write_text(json.dumps(DEFINITION, indent=2))
    return found


@pytest.mark.parametrize("options", [[], ["--app"], ["--json"]])
def test_check_shows_none(options: list[str], file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_command.main([*options, str(file)])
    shown = "".join(capsys.readouterr())
    assert "Steps" in shown or "emr" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_convert_tells_none_of_them_beside_the_definition(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.json"
    to = ["--worker-group", "etl", "--secrets", "--output", str(new), str(file)]
    assert convert_command.main(to) == 0
    assert convert_command.main(["--back", "--original", str(file), str(new)]) == 0
    told = capsys.readouterr().err
    assert "Shell" in told or "command" in told
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize(
    "text",
    [
        '{"objects": [{"id": ' + "1" * 5000 + "}]}",
        '{"objects": [5]}',
        '{"planned_values": {"root_module": {"resources": 5}}}',
    ],
)
def test_a_file_in_no_known_form_is_told_and_the_others_are_read(
    text: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text(text)
    check_command.main(["--json", str(odd), str(file)])
    found = json.loads(capsys.readouterr().out)
    assert str(file) in [pipeline["source"] for pipeline in found["pipelines"]]
    assert convert_command.main(["--worker-group", "etl", str(odd)]) == 2


def test_carriage_returns_are_a_change(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {**DEFINITION, "objects": [dict(found) for found in DEFINITION["objects"]]}
    (shell,) = [found for found in changed["objects"] if found["id"] == "Shell"]
    shell["command"] = "cd /tmp\r\nexit 0\r\n"
    file.write_text(json.dumps(changed))
    check_command.main(["--json", str(file)])
    (pipeline,) = json.loads(capsys.readouterr().out)["pipelines"]
    verdicts = {found["id"]: found["verdict"] for found in pipeline["activities"]}
    assert verdicts["Shell"] == "change"
