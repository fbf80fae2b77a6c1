"""sudo as in sudo(8), for a function's only user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(__file__).parents[3] / "lambdas" / "shell" / "bin"


def run(script: str, tmp_path: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path)},
    )
    return done.returncode, done.stdout, done.stderr


RUNS = {
    # A value is the rest of the word, or the next word.
    "sudo -uroot echo one two": "one two\n",
    "sudo -uec2-user echo one": "one\n",
    "sudo -u root echo one": "one\n",
    "sudo -nHu root echo one": "one\n",
    "sudo -nuroot echo one": "one\n",
    "sudo -g adm -p '' -C 3 echo one": "one\n",
    "sudo --user=root --group adm --preserve-env=A,B -- echo one": "one\n",
    "sudo -u '#1000' echo one": "one\n",
    # After the command, they are not options.
    "sudo echo -u root -x": "-u root -x\n",
    "sudo -E A='1 2' -n _B=3 env | grep -E '^(A|_B)='": "A=1 2\n_B=3\n",
    # A shell reads its input.
    "sudo -s <<EOF\necho one\necho two\nEOF": "one\ntwo\n",
    "echo 'echo one' | sudo -s": "one\n",
    "echo 'echo one' | sudo --shell": "one\n",
    "sudo -i -u hadoop <<EOF\necho one\nEOF": "one\n",
    "sudo -iu hadoop <<EOF\necho one\nEOF": "one\n",
    "echo 'echo $A' | sudo -s A=1": "1\n",
    # A shell runs the command, with everything except letters, digits, _, - and $ escaped.
    "sudo -s echo 'a  b;' '*' '$HOME' \"it's\" | sed \"s|$HOME|home|\"": "a  b; * home it's\n",
    "sudo -i echo one": "one\n",
    "sudo -s export A=1": "",
    # The directory in which it runs.
    "mkdir d; sudo -D d pwd | sed 's|.*/||'": "d\n",
    "mkdir d; sudo --chdir=d pwd | sed 's|.*/||'": "d\n",
    "mkdir d; sudo -Dd pwd | sed 's|.*/||'": "d\n",
    'mkdir d; cd d; sudo -i pwd | sed "s|^$HOME$|home|"': "home\n",
    "sudo -b echo one; sleep 0.1": "one\n",
    "sudo -v && sudo -k && sudo -K && sudo -k echo one": "one\n",
}


@pytest.mark.parametrize("script", RUNS)
def test_it_runs_what_sudo_runs(script: str, tmp_path: Path) -> None:
    assert run(script, tmp_path) == (0, RUNS[script], "")


ENDS = {
    "sudo -uroot false true": 1,
    "sudo sh -c 'exit 7'": 7,
    "sudo -s exit 7": 7,
    "sudo -s <<< 'exit 7'": 7,
    "sudo -i 'a b'": 127,  # As in sudo, the blank is escaped.
    "sudo -s 'cmd args'": 127,
    "sudo no-such-program": 1,
    "sudo -D nosuch touch done": 1,
    "sudo": 1,
    "sudo -E": 1,
    "sudo A=1": 1,
    "sudo -u": 1,
    "sudo --user": 1,
    "sudo -x touch done": 1,
    "sudo -nx touch done": 1,
    "sudo --no-such touch done": 1,
    "sudo -R /mnt touch done": 1,
    "sudo -T 10 touch done": 1,
    "sudo -e done": 1,
    "sudo -l": 1,
    "sudo -h host touch done": 1,
}


@pytest.mark.parametrize("script", ENDS)
def test_it_ends_as_sudo_ends_and_does_not_run_what_it_cannot(script: str, tmp_path: Path) -> None:
    code, out, _ = run(script, tmp_path)
    assert (code, out) == (ENDS[script], "")
    assert not (tmp_path / "done").exists()


def test_what_it_does_not_know_is_named(tmp_path: Path) -> None:
    assert "sudo: '-x' is not possible here" in run("sudo -x true", tmp_path)[2]
    assert "sudo: '--no-such' is not" in run("sudo --no-such true", tmp_path)[2]
    assert "sudo: there is no command" in run("sudo", tmp_path)[2]
    assert "sudo: no-such: command not found" in run("sudo no-such", tmp_path)[2]
