"""The answers of yum, dnf and amazon-linux-extras, which cannot install packages."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

BIN = Path(__file__).parents[3] / "lambdas" / "shell" / "bin"
THERE = ("bash", "env", "sh", "python3", "python3.11", "java", "psql", "aws", "find")


def run(command: str, directory: Path, **variables: str) -> tuple[int, str, str]:
    """Run the command with only the programs in THERE."""
    for name in THERE:
        if not (directory / name).exists():
            (directory / name).symlink_to(shutil.which(name, path="/usr/bin:/bin") or "/bin/sh")
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        [BIN / program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(directory), "name": "another", **variables},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "package",
    [
        "bash", "bash.x86_64", "findutils", "aws-cli", "python3", "python311", "python3.11",
        "java-17-amazon-corretto", "java-1.8.0-openjdk", "postgresql", "postgresql96", "postgresql15.aarch64",
    ],
)  # fmt: skip
def test_what_is_there_is_there(package: str, tmp_path: Path) -> None:
    for command in (f"yum -y install {package}", f"dnf list installed {package}", f"yum info {package}"):
        code, out, err = run(command, tmp_path)
        assert (code, err) == (0, "")
        assert out.startswith(f"{command[:3]}: {package} is there already: {tmp_path}/")


@pytest.mark.parametrize(
    "package",
    [
        "nosuch", "python36", "python3.8", "python38", "python3-pip", "python3-psycopg2", "python3-devel",
        "python", "java-17-amazon-corretto-devel", "postgresql-devel", "postgresql-server",
        "postgresql15-server", "mysql", "mysql-devel", "mysql-server",
        "mariadb-server", "time", "test", "cd", "if", "python3*",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_failure_that_names_it(package: str, tmp_path: Path) -> None:
    """This includes words that are builtins of the shell."""
    code, _, err = run(f"yum install -y bash {package}", tmp_path)
    assert code == 1
    assert f"cannot install packages: {package}. Bring them in a Lambda layer" in err
    for action in ("list installed", "list", "info"):
        code, out, err = run(f"yum {action} {package}", tmp_path)
        assert (code, out, err) == (1, "", f"Error: No matching Packages to list: {package}\n")


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("yum list installed bash nosuch", 0, "yum: bash is there already"),
        ("yum list installed", 0, ""),
        ("yum -y update", 0, ""),
        ("yum clean all", 0, ""),
        ("yum install -y", 1, "needs the names"),
        ("yum remove bash", 1, "yum: a function cannot do 'remove'"),
        ("dnf install nosuch", 1, "dnf: not in this function"),
        (
            "amazon-linux-extras install -y postgresql15 java-openjdk11=latest",
            0,
            "extras: postgresql15 is there",
        ),
        ("amazon-linux-extras install docker", 1, "amazon-linux-extras: not in this function"),
        ("amazon-linux-extras enable docker", 0, "nothing was enabled"),
        ("amazon-linux-extras", 1, "Lambda layer"),
        ("amazon-linux-extras list", 1, "Lambda layer"),
    ],
)
def test_how_it_ends(command: str, code: int, says: str, tmp_path: Path) -> None:
    ended, out, err = run(command, tmp_path)
    assert (ended, says in out + err) == (code, True)


@pytest.mark.parametrize(
    ("command", "installed"),
    [
        ("yum -y update aws-cli", ""),  # AWS's own templates begin so; the AWS CLI is there.
        ("yum install -y bash mysql", "install -y mariadb105"),
        (
            "yum install -y java-1.8.0-openjdk-devel postgresql-devel",
            "install -y java-1.8.0-amazon-corretto-devel postgresql-devel",
        ),
        ("dnf -y install nosuch.x86_64 other", "install -y nosuch.x86_64 other"),
        ("yum -y update", "-y update"),
        ("yum remove -y bash", "remove -y bash"),
        ("yum list installed nosuch", "list installed nosuch"),
        ("amazon-linux-extras install -y docker", "install -y docker"),
        ("yum clean all", ""),
    ],
)
def test_in_a_container_what_is_not_there_is_installed(command: str, installed: str, tmp_path: Path) -> None:
    """By the image's own package manager, under the names of Amazon Linux 2023."""
    manager = tmp_path / "microdnf"
    manager.write_text('#!/bin/bash\necho "CALLED $*"\n')
    manager.chmod(0o755)
    code, out, err = run(command, tmp_path, _PACKAGE_MANAGER=str(manager))
    called = [line.removeprefix("CALLED ") for line in out.splitlines() if line.startswith("CALLED ")]
    assert (code, err) == (0, "")
    assert called == ([installed] if installed else [])
