"""What bash's builtins do (GNU Bash manual, Shell Builtin Commands)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.commands.arithmetic import Arithmetic, DivisionByZeroError, UnknownError
from pipelines.commands.aws_calls import AwsCalls
from pipelines.commands.findings import Finding, Kind
from pipelines.commands.packages import described
from pipelines.commands.programs import is_found
from pipelines.commands.state import Status
from pipelines.commands.words import Call, Word, text_word

BUILTINS = frozenset(
    (
        *("cd", "eval", "exit", "false", "hash", "kill", "let", "popd", "pushd", "return", "set", "shift"),
        *("trap", "type", "unset", "wait"),
    )
)
"""Those that are followed. The method of each is its name after an underscore."""


class Builtins(AwsCalls):
    """Each takes the words after its name, and the call."""

    def _exit(self, rest: Sequence[Word], _: Call) -> Status:
        # In an EXIT trap, exit keeps the status with which the shell came there.
        status: Status = self.leaving[-1] if self.leaving else self.last
        if rest:
            text = rest[0].literal or ""
            status = int(text) % 256 if re.fullmatch(r"-?\d{1,18}", text) else None
            if rest[0].shown == "${?}":
                status = self.last
        self.end(status)
        return status

    def _return(self, rest: Sequence[Word], _: Call) -> Status:
        text = rest[0].literal if rest else None
        status = self.last if not rest else int(text) % 256 if text and text.isdecimal() else None
        if self.certain:
            self.returned, self.last = True, status
        return status

    def looks_for_programs(self, words: Sequence[Word]) -> Status:
        """``command -v``, ``type`` and ``hash``: what a function lacks, a container may have."""
        names = [word.literal for word in words if not word.prefix.startswith("-")]
        if None in names or not names:
            return None
        missing = [
            name for name in names if name and not (is_found(name) or name in self.functions or "/" in name)
        ]
        for name in missing:
            self.expected.append(Finding(Kind.PROGRAM, described(name)))
            self.looked_for_programs.add(name)
        return 1 if missing else None if any("/" in (name or "") for name in names) else 0

    def _type(self, rest: Sequence[Word], _: Call) -> Status:
        return self.looks_for_programs(rest)

    _hash = _type

    def _false(self, *_: object) -> Status:
        return 1

    def _eval(self, rest: Sequence[Word], _: Call) -> Status:
        texts = [word.literal for word in rest]
        if None in texts:
            self.variables.more_may_be_set = True
            return None
        return self.script(" ".join(text or "" for text in texts), own_shell=False)

    def _let(self, rest: Sequence[Word], _: Call) -> Status:
        status: Status = None
        for word in rest:
            status = self.arithmetic(word.literal) if word.literal is not None else None
        return status

    def arithmetic(self, text: str) -> Status:
        """``((…))``: 0 if the value is not 0."""
        expression = Arithmetic(text, self.variables.value)
        try:
            value = expression.result()
        except DivisionByZeroError:
            return 1
        except UnknownError:
            for name in re.findall(r"[A-Za-z_]\w*", text):
                self.variables.values[name] = None
            return None
        for name, assigned in expression.assigned.items():
            self.variables.assign(name, str(assigned), certain=self.certain)
        return int(value == 0)

    def _wait(self, rest: Sequence[Word], _: Call) -> Status:
        jobs = [word.literal or "" for word in rest] or list(self.jobs)
        if self.certain:
            self.slept(max((self.jobs_end.get(job, 0) for job in jobs), default=0))
        if not rest:
            return 0
        job = rest[-1].literal
        return self.jobs.get(job) if job is not None else None

    def _trap(self, rest: Sequence[Word], _: Call) -> Status:
        text = rest[0].literal if rest else None
        signals = {word.literal for word in rest}
        if not text:
            return 0
        text = "" if text == "-" else text
        if signals & {"EXIT", "0"}:
            self.at_exit = text if self.certain else ""
            if not self.certain and "exit" in text:
                self.may_have_ended.append(None)
        if "ERR" in signals:
            self.at_error = text if self.certain else ""
        if text and not (self.certain and signals <= {text, "EXIT", "0"}):
            self.trapped.append(text)
        return 0

    def _cd(self, rest: Sequence[Word], _: Call) -> Status:
        given = [word for word in rest if not (word.literal or "").startswith("-") or word.literal == "-"]
        if not given:
            self._go(self.path(text_word("~")))
            return 0
        path = self.path(given[0])
        if path is None:
            self._go(None)
            return None
        if not self.needs(given[0]):
            return 1
        there = self.files.has(path)
        self._go(path)
        return 0 if there else None

    def _go(self, directory: str | None) -> None:
        self.directory = directory
        self.variables.assign("PWD", directory, certain=self.certain)

    _pushd = _cd

    def _popd(self, *_: object) -> Status:
        self._go(None)
        return None

    def _set(self, rest: Sequence[Word], _: Call) -> Status:
        letters = {"e": "errexit", "E": "errtrace", "u": "nounset"}
        waiting = [word.literal or "" for word in rest]
        while waiting:
            text = waiting.pop(0)
            if not text.startswith(("-", "+")) or text in {"-", "--"}:
                self.variables.forget_arguments()
                break
            names = [letters[letter] for letter in text[1:] if letter in letters]
            if text[1:].endswith("o") and waiting:
                names.append(waiting.pop(0))
            for name in names:
                if text.startswith("-") and self.certain:
                    self.options.add(name)
                elif text.startswith("+"):
                    self.options.discard(name)
        return 0

    def _shift(self, *_: object) -> Status:
        self.variables.forget_arguments()
        return None

    def _unset(self, rest: Sequence[Word], _: Call) -> Status:
        for word in rest:
            name = word.literal or ""
            if name in self.variables.values:
                self.variables.values[name] = "" if self.certain else None
        return 0

    def _kill(self, rest: Sequence[Word], _: Call) -> Status:
        if [word.shown for word in rest if not word.shown.startswith("-")] == ["${$}"] and "-0" not in {
            word.shown for word in rest
        }:
            self.end(143)
        return None

    # Of Walk.

    def script(self, text: str, *, own_shell: bool = True) -> Status:
        """Look at a script."""
        raise NotImplementedError
