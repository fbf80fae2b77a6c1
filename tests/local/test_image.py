"""Commands find the programs that they find on Lambda, and no others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.directories import open_directory
from local.lambda_runtime.image import IMAGE, can_hide, link_programs, programs
from local.lambda_runtime.sandbox import MORE, create_sandbox
from tests.local.environments import Environments, function

RUNS = """
import subprocess

def handler(event, context):
    done = subprocess.run(["bash", "-c", event], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [done.returncode, done.stdout.strip()]
"""
NOT_THERE = [
    "find",
    "xargs",
    "tar",
    "gzip",
    "gunzip",
    "zip",
    "unzip",
    "bzip2",
    "xz",
    "diff",
    "cmp",
    "file",
    "less",
    "more",
    "which",
    "ps",
    "top",
    "hostname",
    "openssl",
    "git",
    "jq",
    "perl",
    "make",
    "gcc",
    "vi",
    "wget",
    "ssh",
    "mysql",
    "psql",
    "java",
    "node",
    "setsid",
    "flock",
    "getopt",
    "script",
    "su",
]


@pytest.fixture(scope="module")
def can_mount() -> Iterator[bool]:
    with open_directory("view-") as directory:
        yield can_hide(directory / "dev")


def run(environments: Environments, command: str) -> tuple[int, str]:
    code, out = environments.invoke(function(RUNS), command).payload
    return code, out


@pytest.mark.parametrize("name", NOT_THERE)
def test_a_program_that_the_image_does_not_have_is_not_found(environments: Environments, name: str) -> None:
    code, out = run(environments, f"type -P {name}; {name} --version")
    assert (code, out) == (127, f"bash: line 1: {name}: command not found")


def test_the_images_programs_are_found_as_far_as_this_machine_has_them(environments: Environments) -> None:
    """Devices that every Linux has."""
    code, out = run(environments, "type -P bash cat ls sed grep awk seq sort sha256sum env timeout")
    assert code == 0
    assert len(out.splitlines()) == 11
    assert {Path(line).parent.name for line in out.splitlines()} == {"bin"}


def test_a_shell_is_bash_and_awk_is_gawk_where_there_is_one(tmp_path: Path) -> None:
    directory = link_programs(tmp_path / "bin")
    assert (directory / "sh").readlink().name == "bash"
    if shutil.which("gawk"):
        assert (directory / "awk").readlink().name == "gawk"
    assert not (directory / "find").exists()


def test_no_program_is_named_twice() -> None:
    assert len(set(programs())) == len(programs())
    assert {"bash", "curl", "sed"} <= set(programs())
    assert not set(programs()) & set(NOT_THERE)


def test_process_substitution_fails_as_on_lambda(environments: Environments, can_mount: bool) -> None:
    if not can_mount:
        pytest.skip("mounting is not allowed here")
    code, out = run(environments, "cat <(echo one)")
    assert code != 0
    assert "/dev/fd/63: No such file or directory" in out
    assert run(environments, "cat < <(echo one)")[0] != 0


def test_only_lambdas_devices_are_there(environments: Environments, can_mount: bool) -> None:
    if not can_mount:
        pytest.skip("mounting is not allowed here")
    expected = sorted([*IMAGE["devices"], "stderr", "stdin", "stdout"])
    code, out = run(environments, "cd /dev; echo *")
    assert (code, out.split()) == (0, expected)
    code, out = run(environments, "echo one > /dev/stdout; head -c 3 /dev/zero | wc -c; echo two > /dev/null")
    assert (code, out) == (0, "one\n3")


def test_who_finds_more_than_on_lambda_is_told(can_mount: bool) -> None:
    with open_directory("told-") as directory:
        assert create_sandbox(directory / "x").why_more == (None if can_mount else MORE)


def test_there_is_no_time_zone_data(environments: Environments, can_mount: bool) -> None:
    if not can_mount:
        pytest.skip("mounting is not allowed here")
    code, out = run(environments, "TZ=Europe/Berlin date -d @0 +%H; TZ=CET-1 date -d @0 +%H")
    assert (code, out) == (0, "00\n01")


def test_what_is_hidden_from_functions_is_there_for_all_others(
    environments: Environments, can_mount: bool
) -> None:
    assert Path("/dev/fd").exists()
    if can_mount and sys.platform == "linux":
        run(environments, "true")
        done = subprocess.run(["bash", "-c", "cat <(echo one)"], capture_output=True, text=True, check=True)
        assert done.stdout == "one\n"


def test_where_nothing_may_be_mounted_functions_run_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert not can_hide(tmp_path / "dev")
    with open_directory("no-view-") as directory:
        monkeypatch.undo()
        monkeypatch.setattr("local.lambda_runtime.sandbox.can_hide", lambda _: False)
        assert create_sandbox(directory / "other").why_more == MORE
        made = Environments(directory)
        try:
            assert run(made, "echo there; ls -d /dev/fd") == (0, "there\n/dev/fd")
        finally:
            made.close()
