"""The handler's own xargs behaves like GNU xargs, or says that it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

OWN = Path(__file__).parents[3] / "lambdas" / "shell" / "fallbacks" / "xargs"
GNU = shutil.which("xargs", path="/usr/local/bin:/usr/bin:/bin")


def is_gnu() -> bool:
    if GNU is None:
        return False
    return b"GNU findutils" in subprocess.run([GNU, "--version"], capture_output=True, check=False).stdout


def run(program: str | Path, arguments: list[str], given: bytes, directory: Path) -> tuple[int, bytes]:
    done = subprocess.run(
        [program, *arguments],
        input=given,
        cwd=directory,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
    return done.returncode, done.stdout


COUNT = ["sh", "-c", 'echo "$#:$*"', "sh"]
INPUTS = [
    b"",
    b"\n \n",
    b"a b\nc\n",
    b"a  b\tc",
    b"'a b' \"c'd\" e\\ f g\\\nh\n",
    b"\"\" ''\n  x y  \n\nz\n",
    b"a\0b c\0\0d",
    b"a:b:c:\n",
    b"\xff \xc3\xbc\n",
]
OPTIONS = [
    [],
    ["-n2"],
    ["-0rn1"],
    ["--null", "--max-args=1"],
    ["-I{}", "echo", "<{}>{}"],
    ["-d:"],
]


@pytest.mark.skipif(not is_gnu(), reason="no GNU xargs on this machine")
@pytest.mark.parametrize("given", INPUTS)
def test_it_runs_what_gnu_xargs_runs(given: bytes, tmp_path: Path) -> None:
    assert GNU
    different = [
        (options, own, gnu)
        for options in OPTIONS
        if b"\0" not in given or options[:1] in (["-0rn1"], ["--null"])
        for arguments in [options if "echo" in options else [*options, *COUNT]]
        if (own := run(OWN, arguments, given, tmp_path)) != (gnu := run(GNU, arguments, given, tmp_path))
    ]
    assert not different


@pytest.mark.parametrize(
    ("arguments", "given", "code"),
    [
        (["true"], b"a", 0),
        (["-n1", "sh", "-c", "exit $0"], b"0 3 0", 123),
        (["-n1", "-P4", "sh", "-c", "exit $0"], b"0 0 0 0 3", 123),
        (["-n1", "sh", "-c", "exit $0"], b"255 0", 124),
        (["sh", "-c", "kill -9 $$"], b"a", 125),
        (["/"], b"a", 126),
        (["no-such-program"], b"a", 127),
        ([], b"it's", 1),
        (["echo"], b"a\0b", 1),
        (["-a", "nosuch"], b"", 1),
        (["-s", "10", "touch"], b"done", 1),
        (["-x", "touch"], b"done", 1),
        (["--nosuch", "touch"], b"done", 1),
        (["-n", "0", "touch"], b"done", 1),
        (["-n", "x", "touch"], b"done", 1),
        (["-P", "x", "touch"], b"done", 1),
        (["-d", "ab", "touch"], b"done", 1),
        (["-n"], b"done", 1),
    ],
)
def test_how_it_ends(arguments: list[str], given: bytes, code: int, tmp_path: Path) -> None:
    assert run(OWN, arguments, given, tmp_path)[0] == code
    assert not (tmp_path / "done").exists()


def test_a_command_gets_no_more_than_linux_hands_to_it(tmp_path: Path) -> None:
    given = b"\n".join(b"%0200d" % number for number in range(2_000))
    code, out = run(OWN, ["sh", "-c", "echo $#", "sh"], given, tmp_path)
    counts = [int(line) for line in out.split()]
    assert code == 0
    assert len(counts) > 1
    assert sum(counts) == 2_000


def test_input_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a b")
    assert run(OWN, ["-a", "list", "echo", "x"], b"", tmp_path) == (0, b"x a b\n")
