"""Guarded steps, run by bash on this machine as EMR's launcher runs them: a process between, and signals."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from emr.guarded import guarded, tag
from emr.hive_program import hive_step
from emr.pig import steps_of
from emr.steps import Step
from local.processes.descendants import descendants
from runner.testing import FieldValue, Ref
from tests.processes import naming
from tests.unit.emr.tasks import task_of

HOSTILE = ["", " ", "it's", '"', "a\nb\n", "ünï 日本\n", "@x", "=", "$(echo x)`x`\\", "-n", "*"]
_LAUNCHER = '"$@"; exit $?'
"""As command-runner.jar: it waits for its child, and passes no signal on."""
_YARN = """#!/bin/bash
if [ "$2" = -list ]; then echo "$@" >> "$LOG"; echo "application_17_0001 x y RUNNING"
else echo killed "$3" >> "$LOG"; fi
"""
_PRINT = "import sys; print(ascii(sys.argv[1:]))"


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """The environment of a step: a PATH with programs of a cluster, no locale, and no patience."""
    place = tmp_path / "bin"
    place.mkdir()
    add(place, "yarn", _YARN)
    add(place, "sleep", "#!/bin/bash\nexec /bin/sleep 0.05\n")
    (tmp_path / "scratch").mkdir()
    return {
        "PATH": f"{place}:{os.environ['PATH']}",
        "LOG": str(tmp_path / "log"),
        "TMPDIR": str(tmp_path / "scratch"),
    }


def add(place: Path, name: str, text: str) -> None:
    (place / name).write_text(text)
    (place / name).chmod(0o755)


def run(step: Step, programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = ["bash", "-c", _LAUNCHER, "launcher", *step.arguments]
    return subprocess.run(words, env=programs, capture_output=True, text=True, timeout=60, check=False)


def wait_until(holds: object, seconds: float = 20.0) -> None:
    assert callable(holds)
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def scratch(programs: dict[str, str]) -> list[Path]:
    return list(Path(programs["TMPDIR"]).iterdir())


def test_words_come_as_they_are_and_so_do_output_and_status(programs: dict[str, str]) -> None:
    work = f'{sys.executable} -c \'{_PRINT}\' "$@"; echo problem >&2; touch "$directory/x"; return 3'
    step = guarded(task_of({}), work, HOSTILE, what="x")
    assert all(word and word.isascii() for word in step.arguments)
    done = run(step, programs | {"LC_ALL": "POSIX"})
    assert done.stdout == f"{HOSTILE!a}\n"
    assert (done.stderr, done.returncode) == ("problem\n", 3)
    wait_until(lambda: not scratch(programs))
    assert not Path(programs["LOG"]).exists(), "nothing is killed after an end"


@pytest.fixture
def seconds() -> Iterator[str]:
    """How long a process sleeps that no other test has started; those that do are ended after the test."""
    chosen = f"7330.{secrets.randbelow(10**12):012}"
    yield chosen
    for pid in naming(chosen):
        with_signal(pid, signal.SIGKILL)


@pytest.fixture
def endless(programs: dict[str, str], seconds: str) -> Iterator[subprocess.Popen[bytes]]:
    work = f"trap '' TERM; /bin/sleep {seconds} & \"$@\""  # Neither ends when it is asked to.
    step = guarded(task_of({}), work, ["/bin/sleep", seconds], what="x")
    words = ["bash", "-c", _LAUNCHER, "launcher", *step.arguments]
    process = subprocess.Popen(words, env=programs)
    try:
        wait_until(lambda: len(naming(f"sleep\0{seconds}")) == 2 and scratch(programs))
        time.sleep(0.2)  # The watcher has left the tree.
        yield process
    finally:
        process.kill()
        process.wait(10)


def with_signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@pytest.mark.parametrize("way", ["launcher", "program", "killed"])
def test_what_is_canceled_leaves_no_process_and_no_application(
    endless: subprocess.Popen[bytes], programs: dict[str, str], seconds: str, way: str
) -> None:
    below = descendants(endless.pid)
    if way == "killed":
        for pid in [endless.pid, *below]:
            with_signal(pid, signal.SIGKILL)
    else:
        with_signal(endless.pid if way == "launcher" else below[0], signal.SIGTERM)
    endless.wait(10)
    wait_until(lambda: not naming(f"sleep\0{seconds}") and not scratch(programs))
    listed, killed = Path(programs["LOG"]).read_text().splitlines()
    assert f"-appTags {tag(task_of({}))} -appStates NEW" in listed
    assert killed == "killed application_17_0001"


def script(extension: str) -> str:
    """A program that runs a file by printing it, as far as there is no quit; in the locale's encoding."""
    return f"""#!/bin/bash
[ "$1" = -e ] && echo "also: $2" >> "$LOG" && exit
charmap=$(locale charmap)
echo "$charmap" >> "$LOG"
printf '%s\\n' "$@" | grep -v all.{extension} >> "$LOG"
sed '/^quit/q' "${{@: -1}}"
"""


def test_a_hive_script_that_quits_leaves_no_table(programs: dict[str, str]) -> None:
    add(Path(programs["PATH"].partition(":")[0]), "hive", script("q"))
    task = task_of({})
    step = hive_step(task, before=["CREATE t"], script="SELECT 'ü';\nQuit ;", after=["DROP t"], what="x")
    done = run(step, programs)
    assert done.stdout.startswith("CREATE t;\n\nSELECT 'ü';")
    assert done.returncode == 0
    log = Path(programs["LOG"]).read_text().splitlines()
    assert log[0] == "UTF-8"
    assert f"mapreduce.job.tags={tag(task)}" in log
    assert "also: DROP t;" in log


@pytest.mark.parametrize("statement", ["quit;", "A = LOAD 'x'; QUIT", "\\q", "quit -- for now"])
def test_a_pig_script_that_quits_before_its_outputs_are_stored_fails(
    programs: dict[str, str], statement: str
) -> None:
    add(Path(programs["PATH"].partition(":")[0]), "pig", script("pig"))
    objects = {"Out": {"type": "S3DataNode", "directoryPath": "s3://b/d"}}
    staged: dict[str, FieldValue] = {"stage": "true", "output": Ref("Out")}
    fields: dict[str, FieldValue] = {"script": f"B = LOAD 'y';\n{statement}\n"}
    done = run(only(steps_of(task_of({**fields, **staged}, objects))), programs)
    assert done.returncode == 1
    assert "The script has quit, after which the outputs would not be stored" in done.stderr
    assert run(only(steps_of(task_of(fields))), programs).returncode == 0
    others: dict[str, FieldValue] = {"script": "B = FOREACH A GENERATE quit;\nC = FILTER B BY quit == 1;"}
    assert run(only(steps_of(task_of({**others, **staged}, objects))), programs).returncode == 0


def only(steps: Sequence[Step]) -> Step:
    (step,) = steps
    return step
