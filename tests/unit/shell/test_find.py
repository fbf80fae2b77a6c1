"""The handler's own find behaves like GNU find, or says that it cannot."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

OWN = Path(__file__).parents[3] / "lambdas" / "shell" / "fallbacks" / "find"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
GNU = shutil.which("find", path=SYSTEM_PATH)
NAMES = [
    "a",
    "b c",
    "part-0",
    "x.csv",
    "Y.CSV",
    ".hidden",
    "[odd]",
    "ü",
    "a\nb",
    "-dash",
    "*",
    "back\\slash",
    "z.csv.gz",
]


def is_gnu() -> bool:
    if GNU is None:
        return False
    return b"GNU findutils" in subprocess.run([GNU, "--version"], capture_output=True, check=False).stdout


def grow(directory: Path, choice: random.Random, depth: int = 0) -> None:
    """Files, directories and links of various sizes, ages and modes."""
    names = [*choice.sample(NAMES, choice.randint(4, 8)), *([os.fsdecode(b"\xff")] if depth == 1 else [])]
    for name in names:
        path = directory / name
        kind = choice.randrange(10)
        if kind < 3 and depth < 3:
            path.mkdir()
            if choice.randrange(4):
                grow(path, choice, depth + 1)
        elif kind == 3:
            path.symlink_to(choice.choice(["/no/where", ".", "a", "..", "x.csv"]))
        elif kind == 4:
            os.mkfifo(path)
        else:
            path.write_bytes(b"x" * choice.choice([0, 1, 511, 512, 513, 1024, 1025, 3000]))
            path.chmod(choice.choice([0o644, 0o600, 0o755, 0o400]))
        if not path.is_symlink():
            age = choice.choice([0, 30, 90, 3_000, 86_300, 86_500, 172_700, 900_000])
            moment = time.time() - age
            os.utime(path, (moment, moment))


SEARCHES = [
    [],
    ["."],
    ["./"],
    ["t//"],
    ["t", "t/a", "t"],
    ["-H", "link"],
    ["-L", "link"],
    ["-P", "link"],
    ["link/"],
    ["nosuch", "t"],
    [""],
    ["-maxdepth", "1"],
    ["t", "-maxdepth", "0"],
    ["t", "-mindepth", "2", "-maxdepth", "3"],
    ["t", "-mindepth", "1", "-type", "d"],
    ["t", "-maxdepth", "1", "!", "-path", "t", "-name", "*", "-size", "+0"],
    ["t", "-name", "*.csv"],
    ["t", "-iname", "*.csv"],
    ["t", "-name", "[ax]*"],
    ["t", "-name", "[!ax]*"],
    ["t", "-name", "[^ax]*"],
    ["t", "-name", "[[:upper:]]*"],
    ["t", "-name", "[[:upper:]x]?*"],
    ["t", "-name", r"\[odd\]"],
    ["t", "-name", "[odd]"],
    ["t", "-name", "[odd"],
    ["t", "-name", r"\*"],
    ["t", "-name", "[*]"],
    ["t", "-name", "[]x]*"],
    ["t", "-name", "[a-c]*"],
    ["t", "-name", r"back\\*"],
    ["t", "-name", "a\\"],
    ["t", "-name", "?"],
    ["t", "-name", ".*"],
    ["t", "-name", "t"],
    ["t/", "-name", "t"],
    [".", "-name", "."],
    ["/", "-maxdepth", "0", "-name", "/"],
    ["t", "-name", ""],
    ["t", "-path", "t/*/x*"],
    ["t", "-path", "*[/]*"],
    ["t", "-ipath", "T/*.CSV"],
    ["t", "-wholename", "t/a"],
    *(["t", "-type", kind] for kind in ("f", "d", "l", "p", "f,l", "s")),
    ["-L", "t", "-type", "l"],
    ["-L", "t", "-type", "f"],
    *(["t", "-size", size] for size in ("0", "1", "+1", "-2", "1c", "+512c", "-513c", "2b", "1k", "+1k")),
    *(["t", "-size", size] for size in ("-1k", "1w", "-1M", "1G", "+0")),
    ["t", "-empty"],
    ["t", "-type", "f", "-empty", "-print0"],
    ["t", "-newer", "t"],
    ["t", "-newer", "reference"],
    ["t", "!", "-newer", "reference"],
    *(["t", "-mtime", age] for age in ("0", "1", "2", "+0", "+1", "-1", "-2", "+10", "10")),
    *(["t", "-mmin", age] for age in ("1", "2", "+1", "-1", "-2", "+50", "-60", "50", "0")),
    *(["t", "-perm", mode] for mode in ("644", "-400", "/111", "/000", "-0", "0755")),
    ["t", "-links", "+1"],
    ["t", "-user", str(os.getuid())],
    ["t", "-user", "root"],
    ["t", "-group", "root"],
    ["t", "-executable"],
    ["t", "-not", "-type", "d", "-a", "-name", "a", "-o", "-name", "*.gz"],
    ["t", "(", "-name", "a", "-o", "-type", "d", ")", "-print"],
    ["t", "-name", "a", "-o", "-type", "d", "-print"],
    ["t", "!", "(", "-name", "a", "-or", "-type", "d", ")"],
    ["t", "!", "!", "-name", "a"],
    ["t", "-false", ",", "-name", "a"],
    ["t", "-name", "a", "-print", ",", "-type", "d", "-print"],
    ["t", "-true", "-and", "-name", "a"],
    ["t", "-name", "a", "-prune", "-o", "-print"],
    ["t", "-name", "a", "-prune"],
    ["t", "-type", "d", "-depth", "-prune"],
    ["t", "-depth"],
    ["t", "-xdev", "-type", "d"],
    ["t", "-maxdepth", "0", "-quit"],
    ["t", "-maxdepth", "0", "-print", "-quit"],
    ["t", "-printf", r"%p %f %h %P %H %d %m %y\t%%\n"],
    ["t", "-type", "f", "-printf", r"%s %p\0"],
    ["t/", "-printf", r"%p|%f|%h|%P\n"],
    ["t", "-type", "f", "-exec", "wc", "-c", "{}", ";"],
    ["t", "-name", "*.csv", "-exec", "echo", "a{}b{}", ";"],
    ["t", "-exec", "test", "-d", "{}", ";", "-print"],
    ["t", "-type", "f", "-exec", "cksum", "{}", "+"],
    ["t", "-exec", "false", "{}", "+"],
    ["t", "-exec", "false", "{}", ";"],
    ["t", "-exec", "no-such-program", "{}", ";", "-print"],
    ["t", "-exec", "no-such-program", "{}", "+"],
    ["t", "-exec", "true", "{}", "+", "-print"],
    ["t", "-name", "nothing*", "-exec", "false", "{}", "+"],
    # Errors.
    ["t", "-name"],
    ["t", "-nosuch"],
    ["t", "-name", "a", "t"],
    ["t", "-maxdepth", "x"],
    ["t", "-maxdepth", "-1"],
    ["t", "-size", "x"],
    ["t", "-size", "1x"],
    ["t", "-mtime", "x"],
    ["t", "-type", "x"],
    ["t", "-type", "fd"],
    ["t", "-newer", "nosuch"],
    ["t", "-user", "no-such-user"],
    ["t", "-exec", ";"],
    ["t", "-exec", "echo", "{}"],
    ["t", "-exec", "echo", "{}", "x", "+"],
    ["t", "-exec", "{}", "{}", "+"],
    ["t", "("],
    ["t", "(", ")"],
    ["t", "(", "-name", "a"],
    ["t", "-name", "a", ")"],
    ["t", "!"],
    ["t", "-o", "-name", "a"],
    ["t", "-name", "a", "-o"],
    ["t", "-name", "a", "-a", "-a", "-name", "b"],
    ["t", "-name", "a", "-prune", "-o", "-delete"],
]  # fmt: skip


def search(program: str | Path, arguments: list[str], directory: Path) -> tuple[int, list[bytes]]:
    done = subprocess.run(
        [program, *arguments],
        cwd=directory,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
    # Where -exec … + splits its arguments, and the order of files, are not specified.
    return done.returncode, sorted(done.stdout.replace(b"\0", b"\n").split(b"\n"))


@pytest.fixture
def tree(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    choice = random.Random(getattr(request, "param", 1))  # noqa: S311
    (tmp_path / "t").mkdir()
    grow(tmp_path / "t", choice)
    (tmp_path / "link").symlink_to("t")
    (tmp_path / "reference").touch()
    os.utime(tmp_path / "reference", (time.time() - 1_000,) * 2)
    return tmp_path


@pytest.mark.skipif(not is_gnu(), reason="no GNU find on this machine")
@pytest.mark.parametrize(("tree", "part"), [(1, 0), (2, 1), (3, 2)], indirect=["tree"])
def test_it_finds_what_gnu_find_finds(tree: Path, part: int) -> None:
    """Each search runs in one of three trees, because starting so many programs takes long."""
    assert GNU
    different = [
        (arguments, own, gnu)
        for arguments in SEARCHES[part::3]
        if (own := search(OWN, arguments, tree)) != (gnu := search(GNU, arguments, tree))
    ]
    assert not different


@pytest.mark.parametrize("tree", [1], indirect=True)
@pytest.mark.parametrize("order", [[], ["-depth"]])
def test_it_deletes_what_matches_and_says_what_it_could_not(order: list[str], tree: Path) -> None:
    left = {path for path in (tree / "t").rglob("*") if path.is_file() or not path.is_dir()}
    deleted = {path for path in left if path.name.endswith(".csv")}
    assert deleted
    assert search(OWN, ["t", *order, "-name", "*.csv", "!", "-type", "d", "-delete"], tree) == (0, [b""])
    remaining = {path for path in (tree / "t").rglob("*") if path.is_file() or not path.is_dir()}
    assert remaining == left - deleted
    assert search(OWN, ["t", "-maxdepth", "0", "-delete"], tree) == (1, [b""])
    assert search(OWN, ["t", "-delete"], tree) == (0, [b""])
    assert not (tree / "t").exists()


@pytest.mark.parametrize(
    "unknown", ["-newermt", "-regex", "-ls", "-execdir", "-ok", "-xtype", "-daystart", "-nouser", "-fprint"]
)
def test_what_it_does_not_know_is_an_error_before_anything_is_done(unknown: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [OWN, tmp_path, "-type", "f", "-print", "-delete", unknown, "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"'{unknown}' is not known" in done.stderr
    assert "Lambda layer" in done.stderr
    assert (tmp_path / "file").exists()


def test_a_long_list_is_handed_over_in_parts(tmp_path: Path) -> None:
    for number in range(1_000):
        (tmp_path / f"{number:0200}").touch()
    done = subprocess.run(
        [OWN, tmp_path, "-type", "f", "-exec", "sh", "-c", "echo $#", "sh", "{}", "+"],
        capture_output=True,
        text=True,
        check=True,
    )
    counts = [int(line) for line in done.stdout.split()]
    assert len(counts) > 1
    assert sum(counts) == 1_000


def test_it_walks_a_tree_that_is_deeper_than_python_recurses(tmp_path: Path) -> None:
    subprocess.run(["mkdir", "-p", "d/" * 1_500], cwd=tmp_path, check=True)
    done = subprocess.run([OWN, "."], cwd=tmp_path, capture_output=True, check=True)
    subprocess.run(["rm", "-r", "d"], cwd=tmp_path, check=True)
    assert len(done.stdout.splitlines()) == 1_501


def test_a_loop_of_links_is_told_and_ends(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to("..")
    done = subprocess.run([OWN, "-L", "."], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, sorted(done.stdout.split())) == (1, [".", "./d"])
    assert "loop" in done.stderr


def test_output_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([OWN, "/", "-maxdepth", "0"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_it_ends_quietly_when_nobody_reads_on(tmp_path: Path) -> None:
    script = f"set -o pipefail; {OWN} / -maxdepth 2 -printf '%p %p\\n%p\\n' | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
