"""What the stand-ins for ``sudo`` and ``yum`` would do with the words of a call."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pipelines.commands.programs import STAND_INS, available
from pipelines.commands.words import Word

INSTALLERS = frozenset({"yum", "dnf", "amazon-linux-extras"})

_WITH_VALUE = {"--user", "--group", "--prompt", "--role", "--type", "--close-from", "--chdir"}
_LONG = {
    *("--askpass", "--background", "--bell", "--login", "--non-interactive", "--no-update", "--preserve-env"),
    *("--preserve-groups", "--remove-timestamp", "--reset-timestamp", "--set-home", "--shell", "--stdin"),
    "--validate",
}
_FLAGS, _LETTERS_WITH_VALUE = "ABEHNnPSbiskKv", "CDgprtu"


def refused_by_installer(name: str, words: Sequence[str]) -> str:
    """What the stand-in says if it fails for these words; empty if it succeeds. It installs nothing."""
    done = subprocess.run(
        [shutil.which("bash") or "/bin/bash", str(STAND_INS / name.replace("dnf", "yum")), *words],
        env={"PATH": str(_empty_programs()), "_CALLED_AS": name},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stderr.strip() if done.returncode else ""


@cache
def _empty_programs() -> Path:
    """A directory with a file for each program that a function has, for the stand-in to find."""
    directory = Path(tempfile.mkdtemp(prefix="pipelines-programs-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for name in (*available(), "python", "python3", "python3.13", "pip", "pip3"):
        path = directory / name
        path.touch(mode=0o755)
    return directory


def after_sudo(words: Sequence[Word]) -> tuple[list[Word], str]:
    """The words that sudo runs, and which of its options the stand-in refuses (empty: none)."""
    at = 1
    shell = False
    while at < len(words):
        word = words[at].literal
        if word is None or not (word.startswith("-") or _is_assignment(word)):
            break
        if word == "--":
            at += 1
            break
        if word.startswith("--"):
            name = word.partition("=")[0]
            if name in _WITH_VALUE:
                at += "=" not in word
            elif name not in _LONG:
                return [], word
            shell = shell or name in {"--shell", "--login"}
        elif word.startswith("-"):
            letters = word[1:]
            for place, letter in enumerate(letters):
                if letter in _LETTERS_WITH_VALUE:
                    at += place == len(letters) - 1
                    break
                if letter not in _FLAGS:
                    return [], f"-{letter}"
                shell = shell or letter in "is"
        at += 1
    return list(words[at:]), ""


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()
