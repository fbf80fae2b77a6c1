"""Each block of the documentation is run, or read by the tool that it is for. One without a rule fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from local.environment import without_aws
from pipelines.cli import main as pipelines
from tests.docs.blocks import ROOT, Block, all_blocks, blocks_of, blocks_run_by
from tests.docs.parsers import (
    RefusedError,
    parse_aws,
    parse_cdk,
    parse_git,
    parse_make,
    parse_pip,
    parse_python,
)
from tests.docs.python_blocks import run, undefined_names
from tests.docs.shell import Call, calls
from tests.infra.rules.iam_data import faults, faults_of_resource

WITHOUT_PARSER = ("chmod", "curl", "du", "mv", "rm", "sleep", "unzip")
"""Of these only the names are checked."""

VARIABLES = {
    "PIPELINE": "df-0123456789ABCDEFGHIJ",
    "EXECUTION": "arn:aws:states:us-east-1:111122223333:execution:TaskRunner-RunTask:x",
}


def of(*languages: str) -> list[Block]:
    return [block for block in all_blocks() if block.language in languages]


def pages_with_commands() -> list[str]:
    return sorted({block.page for block in of("sh")})


def parse(call: Call, directory: Path) -> None:
    """Raises RefusedError for what its tool does not take."""
    words = call.arguments
    if call.program == "aws":
        parse_aws(words, directory)
    elif call.program == "npx" and words[0] == "cdk":
        (directory / "empty").mkdir(exist_ok=True)
        parse_cdk(words[1:], directory / "empty")
    elif call.program in ("python", "python3"):
        parse_python(words)
    elif call.program == "make":
        parse_make(words)
    elif call.program == "pip":
        parse_pip(words)
    elif call.program == "git":
        parse_git(words)
    elif call.program not in WITHOUT_PARSER:
        raise RefusedError(f"{call.program}: there is no rule for it")


@pytest.mark.parametrize("page", pages_with_commands())
def test_commands_are_run_by_a_test_or_read_by_their_tools(page: str, tmp_path: Path) -> None:
    blocks = [block for block in of("sh") if block.page == page]
    (tmp_path / "page").mkdir()
    found = calls(blocks, tmp_path / "page", VARIABLES)
    for block in blocks:
        own = [call for call in found if call.block == block]
        if any(call.program != "git" for call in own):  # Otherwise it is run just here.
            assert block.run_by or block.not_run, f"{block.name}: who runs it? See tests/docs/blocks.py"
        if not block.run_by:
            for call in own:
                parse(call, tmp_path)


@pytest.mark.parametrize("page", pages_with_commands())
def test_commands_are_pasted_into_zsh_too(page: str) -> None:
    """An interactive zsh takes a comment for arguments, and the quote in it for the begin of a text."""
    comments = [
        block.name for block in of("sh") if block.page == page and re.search(r"(?m)(^|\s)#", block.text)
    ]
    assert comments == []


def test_who_is_said_to_run_a_block_takes_it_from_the_page() -> None:
    tests = {block.run_by for block in all_blocks() if block.run_by}
    assert tests
    for test in tests:
        text = (ROOT / str(test)).read_text()
        assert re.search(r"blocks_run_by\(__file__\)|tests\.system\.runbook import", text), test


@pytest.mark.parametrize(
    "block",
    [block for blocks in blocks_run_by(__file__).values() for block in blocks],
    ids=lambda at: at.name,
)
def test_commands_that_need_no_aws_are_run(block: Block, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv" if (ROOT / ".venv").exists() else sys.prefix)
    ec2 = {"id": "Host", "type": "Ec2Resource", "terminateAfter": "1 hour"}
    load = {"id": "Load", "type": "ShellCommandActivity", "command": "true", "runsOn": {"ref": "Host"}}
    (tmp_path / "definition.json").write_text(json.dumps({"objects": [ec2, load]}))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=tmp_path,
        env=without_aws(os.environ) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + "".join(file.read_text() for file in tmp_path.glob("new.json"))


@pytest.mark.parametrize("block", of("python"), ids=lambda block: block.name)
def test_python_is_a_file_that_is_run_or_is_run_here(block: Block, tmp_path: Path) -> None:
    if block.file:
        assert block.file.read_text() == block.text
        return
    if block.page == "README.md":
        compile(block.text, block.name, "exec")  # tests/newcomer/test_newcomer.py runs it.
        return
    assert undefined_names(block) == ""
    run(block, tmp_path)


@pytest.mark.parametrize("block", of("json"), ids=lambda block: block.name)
def test_json_is_a_definition_or_a_policy(
    block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(block.text)
    policy = statements(document)
    if policy is not None:
        # How a service uses somebody's resource is its own affair: of such policies, only actions are known.
        found = [fault for statement in policy for fault in _faults(statement)]
        assert [fault for fault in found if "Principal" not in policy[0] or "no action" in fault] == []
        return
    definition = document if "objects" in document else {"objects": [document]}
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(definition))
    code = pipelines(["check", str(file)])
    said = capsys.readouterr().out
    assert code in (0, 1)
    assert "refused" not in said, said


def _faults(statement: Mapping[str, Any]) -> Iterator[str]:
    return faults_of_resource(statement) if "Principal" in statement else faults(statement)


def statements(document: Any) -> Sequence[Mapping[str, Any]] | None:
    """Those of a policy, or of a part of one."""
    found = document.get("Statement") if isinstance(document, dict) else document
    return found if isinstance(found, list) and "Effect" in found[0] else None


@pytest.mark.parametrize("block", of("sql", "javascript"), ids=lambda block: block.name)
def test_other_code_is_a_file_that_a_test_runs(block: Block) -> None:
    assert block.file is not None
    assert block.file.read_text() == block.text


@pytest.mark.parametrize("block", of("text"), ids=lambda block: block.name)
def test_text_is_no_command(block: Block, tmp_path: Path) -> None:
    """What follows `$` in a transcript is a command, and is read by its tool."""
    commands = re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
    assert not re.search(r"(?m)^\s*(aws|npx|make|curl|python\S*|\.venv/\S+) ", block.text)
    script = Block(block.page, block.line, "sh", "\n".join(commands) + "\n", "")
    (tmp_path / "page").mkdir()
    for call in calls([script], tmp_path / "page", VARIABLES):
        parse(call, tmp_path)


def test_every_language_has_a_rule() -> None:
    covered = {"sh", "python", "json", "sql", "javascript", "text"}
    assert [block.name for block in all_blocks() if block.language not in covered] == []


def test_blocks_are_found_wherever_they_stand() -> None:
    text = "```sh\na\n```\n- x\n\n  <!-- not run: so -->\n  ~~~~py\n  b\n  ```\n  ~~~~\n> ```\n> c\n> ```\n"
    found = list(blocks_of(text, "p.md"))
    assert [(block.line, block.language, block.text, block.not_run) for block in found] == [
        (1, "sh", "a\n", None),
        (7, "py", "b\n```\n", "so"),
        (11, "", "c\n", None),
    ]
    with pytest.raises(ValueError, match="does not end"):
        list(blocks_of("```\n", "p.md"))


def block(text: str) -> Block:
    return Block("p.md", 1, "sh", text, "")


def test_bash_itself_reads_the_commands(tmp_path: Path) -> None:
    script = 'f() { aws "$1 b" \'c d\'; }\nfor x in $(aws ls); do f "$x"; done\necho a | xargs make'
    found = calls([block(script)], tmp_path, {})
    assert [(call.program, call.arguments) for call in found] == [
        ("aws", ("ls",)),
        ("aws", ("x b", "c d")),
        ("make", ("a",)),
    ]


@pytest.mark.parametrize("script", ["nonsense x", "if", "cat nothing"])
def test_a_script_that_bash_refuses_is_found(script: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"p\.md"):
        calls([block(script)], tmp_path, {})


@pytest.mark.parametrize(
    ("program", "arguments", "says"),
    [
        ("aws", "sqs get-queue", "Invalid choice"),
        ("aws", "sqs get-queue-url", "--queue-name"),
        ("aws", "logs filter-log-events --log-group-name x --start-time noon", "--start-time"),
        ("aws", "datapipeline activate-pipeline --pipeline-id x --now", "Unknown options: --now"),
        ("aws", "lambda get-account-settings --query AccountLimits", "AccountLimits"),
        ("aws", "lambda get-account-settings --query [", "Bad value"),
        ("aws", "lambda invoke", "required"),
        ("npx", "cdk deploy --parameter x", "--parameter"),
        ("npx", "cdk deplo", "cdk deplo"),
        ("python", "-m local up --ports 1", "--ports"),
        ("python", "-m local frob", "frob"),
        ("python", "-m pipelines check --everything", "--everything"),
        ("python", "-m nothing", "nothing"),
        ("make", "nothing", "nothing"),
        ("pip", "install --fast x", "--fast"),
        ("terraform", "apply", "no rule"),
    ],
)
def test_what_a_tool_does_not_take_is_refused(
    program: str, arguments: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=re.escape(says)):
        parse(Call(block(""), program, tuple(arguments.split())), tmp_path)
