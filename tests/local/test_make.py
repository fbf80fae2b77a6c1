"""`make setup`: what it checks first, and how it shows its progress. The tools are stand-ins on the PATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.launch import ROOT

TOOLS = ("bash", "env", "touch", "grep", "mkdir", "chmod", "printf", "cat", "head", "make", "awk", "rm")

PYTHON = """\
#!/bin/bash
echo "python $*" >> {log}
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp {me} "$3/bin/python"; fi
if [ "$1 $2 $3" = "-m pip install" ]; then
  echo "Looking in indexes: https://pypi.org/simple"
  for number in $(seq 1 45); do echo "Collecting package$number==1.0 (from -r requirements-dev.lock)"; done
  echo "Installing collected packages: package1, package2"
  exit {pip_exit}
fi
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory with the Makefile, 45 packages to install, and a PATH on which only TOOLS are."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "package-lock.json").write_text("{}")
    lock = "".join(f"package{number}==1.0 \\\n    --hash=sha256:0\n" for number in range(1, 46))
    (tmp_path / "requirements-dev.lock").write_text(lock)
    for tool in (*TOOLS, "cp", "seq"):
        found = shutil.which(tool)
        if found:
            (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def stand_in(clone: Path, tool: str, text: str) -> None:
    file = clone / "bin" / tool
    file.write_text(text)
    file.chmod(0o755)


def with_python(clone: Path, *, pip_exit: int = 0) -> None:
    me = clone / "bin" / "python3"
    stand_in(clone, "python3", PYTHON.format(log=clone / "log", me=me, pip_exit=pip_exit))


def with_node(clone: Path, *, old: bool = False) -> None:
    answer = 'if [ "$1" = --version ]; then echo v18.0.0; else exit 1; fi' if old else "exit 0"
    stand_in(clone, "node", f"#!/bin/bash\n{answer}\n")
    stand_in(clone, "npm", f'#!/bin/bash\necho "npm $*" >> {clone}/log\nmkdir -p node_modules\n')


def make(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(clone / "bin" / "make"), *arguments],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "HOME": str(clone)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def done(clone: Path) -> list[str]:
    log = clone / "log"
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(
    ("old", "says"),
    [(None, "Node.js 22 or newer is needed for the CDK CLI, with npm"), (True, "this is v18.0.0")],
)
def test_node_is_looked_for_before_a_minute_is_spent_on_python(
    clone: Path, old: bool | None, says: str
) -> None:
    with_python(clone)
    if old is not None:
        with_node(clone, old=old)
    made = make(clone, "setup")
    assert made.returncode != 0
    assert says in made.stderr
    assert not [line for line in done(clone) if "venv" in line or "pip" in line]


def test_an_old_python_is_told_first_of_all(clone: Path) -> None:
    stand_in(
        clone, "python3", '#!/bin/bash\nif [ "$1" = --version ]; then echo Python 3.9.0; else exit 1; fi\n'
    )
    made = make(clone, "setup")
    assert made.returncode != 0
    assert "Python 3.11 or newer is needed; 'python3' is Python 3.9.0" in made.stderr


def test_setup_shows_its_progress_and_is_done_once(clone: Path) -> None:
    with_python(clone)
    with_node(clone)
    made = make(clone, "setup")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines() == [
        "Setting up .venv (once, about a minute) ...",
        "  collecting 20 of 45",
        "  collecting 40 of 45",
        "  installing 45 packages ...",
        "Setting up node_modules (once, some seconds) ...",
    ]
    before = done(clone)
    assert any("npm ci" in line for line in before)
    again = make(clone, "setup")
    assert (again.returncode, done(clone)) == (0, before)


def test_a_setup_that_failed_is_not_taken_for_done(clone: Path) -> None:
    with_python(clone, pip_exit=1)
    with_node(clone)
    assert make(clone, "setup").returncode != 0
    assert not (clone / ".venv" / ".installed").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="script(1) has other options on macOS")
@pytest.mark.skipif(shutil.which("script") is None, reason="script(1) makes the terminal")
def test_on_a_terminal_one_line_counts_the_packages(clone: Path) -> None:
    with_python(clone)
    with_node(clone)
    script = shutil.which("script")
    assert script is not None
    made = subprocess.run(
        [script, "--quiet", "--return", "--command", f"{clone}/bin/make setup", "/dev/null"],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "HOME": str(clone), "SHELL": f"{clone}/bin/bash"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stdout
    assert b"\r  collecting 7 of 45: package7 " in made.stdout
    assert b"installing 45 packages" in made.stdout
