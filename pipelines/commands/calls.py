"""What each simple command of a script does, and what its program is.

It follows what runs other commands: sudo, env, xargs, ``bash -c``, eval and so on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from pipelines.commands.builtins import BUILTINS, Builtins
from pipelines.commands.findings import Kind
from pipelines.commands.loops import seconds_of
from pipelines.commands.operands import split
from pipelines.commands.packages import described, package_of
from pipelines.commands.programs import BUILTINS as OF_BASH
from pipelines.commands.programs import CLUSTER, HOST, is_found, is_found_at
from pipelines.commands.python_code import exit_status, only_reads, problems_of
from pipelines.commands.stand_ins import INSTALLERS, after_sudo, refused_by_installer
from pipelines.commands.state import Status
from pipelines.commands.words import Call, Item, Part, Word, text_word
from pipelines.reading.source import UNKNOWN
from shell.find.entry import UsageError
from shell.find.expression import read as read_find

LONGEST_SECONDS = 14 * 60 + 50
"""What a command has of Lambda's 15 minutes (docs/shell-commands.md, How a command ends)."""
DEEPEST = 6

SHELLS = {"bash", "sh"}
PYTHON = re.compile(r"python(3(\.\d+)?)?")
_DECLARING = {"export", "declare", "local", "readonly", "typeset"}
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
"""GNU Bash manual, Exit Status."""
_PREFIXES: Mapping[str, frozenset[str]] = {
    "env": frozenset({"-u", "--unset", "-C", "--chdir", "-S"}),
    "nohup": frozenset(),
    "nice": frozenset({"-n", "--adjustment"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "timeout": frozenset({"-k", "-s", "--kill-after", "--signal"}),
    "exec": frozenset({"-a"}),
    "builtin": frozenset(),
    "command": frozenset(),
    "xargs": frozenset({"-I", "-n", "-P", "-d", "-a", "-L", "-s", "-E", "--max-args", "--max-procs"}),
    "chroot": frozenset(),
}
"""Programs that run the rest of their words, with the options that take a value."""
_RUNS = {"sudo", "find", "eval", *SHELLS}
"""More of them, which are looked at elsewhere."""
_SETS = {"getopts": 2, "mapfile": 1, "read": 1, "readarray": 1}
_SUCCEEDS = {":", "echo", "true", *_DECLARING, "set", "umask", "shopt", "unset", "alias", "pwd"}


class Calls(Builtins):
    """``depth`` is how many scripts, functions and prefixes are around a call."""

    depth = 0

    def call(self, call: Call) -> Status:
        """A simple command."""
        names = {name for name, _ in call.assignments} if call.words else set()
        kept = {name: self.variables.values[name] for name in names if name in self.variables.values}
        try:
            return self._called(call)
        finally:
            # What stands before a program is set for that alone.
            for name in names - self.variables.fixed:
                self.variables.values.pop(name, None)
            self.variables.values |= kept

    def _called(self, call: Call) -> Status:
        inner = self.substituted(call.inner)
        for word in call.words:
            self.staging(word)
            self._required(word)
        for word in call.listed:
            self.word(self.variables.known(word), "=")
        self._assigned(call)
        words = self.variables.split(call.words)
        # bash opens them before it looks for the program.
        if not self.redirect(call.redirections, call):
            return 1
        if self.ended:
            return self.last
        if not words:
            if call.words:
                return self._nothing_left(call)
            return inner if call.assignments or call.inner else 0
        if self.variables.known(call.words[0]).literal == "" and not call.words[0].is_quoted:
            return self._nothing_left(call)
        name = words[0].literal or ""
        # What a word says that is a command's own is that command's.
        runs_aws = any("aws" in (word.literal or "").split() for word in words[1:])
        for word in words[1:]:
            self.word(word, "aws" if runs_aws and (name in _PREFIXES or name in _RUNS) else name)
        before = len(self.findings.found) + len(self.expected)
        status = self.run(words, call, call.words)
        if status == 0 and len(self.findings.found) + len(self.expected) > before:
            return None
        return status

    def _nothing_left(self, call: Call) -> Status:
        """The program is a variable that nothing sets: bash runs the next word, or nothing."""
        unset = self.variables.unset_in(call.words[0])
        if unset:
            self.note(
                Kind.UNSET, f"'{' '.join(word.shown for word in call.words)}', and nothing sets {unset[0]}"
            )
        return None

    def _required(self, word: Word) -> None:
        """``${NAME:?}``, and with ``set -u`` any variable, ends the script if nothing sets it."""
        name = self.variables.required_in(word)
        if not name and "nounset" in self.options:
            name = next((one for one in self.variables.unset_in(word) if not one.isdecimal()), "")
        if name:
            self.note(Kind.UNSET, f"'${{{name}}}'")
            self.end(1)
        if division := self.variables.divides_by_zero(word):
            self.note(Kind.REFUSED, f"'{division}', a division by 0")

    def _assigned(self, call: Call) -> None:
        pairs = list(call.assignments)
        exported = bool(call.words)
        if call.words and call.words[0].literal in _DECLARING:
            for word in call.words[1:]:
                name, equals, text = word.prefix.partition("=")
                if not equals and self.variables.values.get(name):
                    self.profile_of(name, text_word(self.variables.values[name] or ""), exported=True)
                if equals and name.isidentifier():
                    after = list(word.parts)
                    while after and after[0].kind == "text" and "=" not in after[0].value:
                        after.pop(0)
                    rest = after[0].value.partition("=")[2] if after else text
                    pairs.append((name, Word((Part("text", rest), *after[1:]))))
        for name, value in pairs:
            if name in self.variables.fixed:
                if call.words and (name, value) in call.assignments:
                    continue  # It is not set, and the program runs.
                self.note(Kind.REFUSED, f"'{name}={value.shown}', as {name} is readonly")
                continue
            self.staging(value)
            self._required(value)
            known = self.variables.known(value)
            self.word(known, "=")
            held = known.literal
            if held is not None and held.startswith("~/") and not value.is_quoted:
                held = self.path(known) or held
            self.variables.assign(name, held, certain=self.certain)
            if held is not None:
                self.assigned_places(name, held)
            self.profile_of(name, known, exported=exported)
        if self.certain and makes_readonly(call):
            names = {word.prefix.partition("=")[0] for word in call.words[1:]}
            self.variables.fixed |= {name for name in names if name.isidentifier()}

    def run(self, words: Sequence[Word], call: Call, written: Sequence[Word] = ()) -> Status:
        """What the words run. ``written`` are the same words with their variables."""
        if self.depth > DEEPEST or not words:
            return None
        name = words[0].literal
        if name is None:
            self._program_in_variable(words[0])
            return None
        if name.startswith(UNKNOWN):
            self.findings.unknown.add(name)
            self.note(Kind.UNREAD, f"which command {name} stands for")
            return None
        if name in self.functions:
            self.depth += 1
            try:
                return self.function(name, words[1:])
            finally:
                self.depth -= 1
        if self._is_lost(name):
            return _NOT_FOUND
        base = name.rpartition("/")[2]
        if name == "sudo":
            return self._sudo(words, call)
        if base in INSTALLERS:
            return self._installer(base, words)
        shown = written[0] if written and self.variables.known(written[0]) == words[0] else words[0]
        failed = self._program(name, shown)
        rest = list(words[1:])
        status = self._inside(name, base, rest, call)
        return failed or status

    def _inside(self, name: str, base: str, rest: list[Word], call: Call) -> Status:
        """What a program does, as its words tell."""
        if base in _PREFIXES:
            return self._prefixed(base, rest, call)
        if base in SHELLS or name in {".", "source"}:
            return self._shell(name, rest, call)
        if PYTHON.fullmatch(base):
            return self._python_call(rest, call)
        if base == "aws":
            return self.aws(rest)
        builtin = getattr(self, f"_{name}" if name.isidentifier() else "", None)
        if name in BUILTINS and builtin is not None:
            found: Status = builtin(rest, call)
            return found
        if name in {"test", "["}:
            return self.test([word for word in rest if word.literal != "]"] if name == "[" else rest)
        if name in _SETS:
            for word in rest:
                if (word.literal or "").isidentifier():
                    self.variables.values[word.literal or ""] = None
            return None
        if base in {"pip", "pip3"}:
            if any(word.literal == "install" for word in rest):
                self.note(Kind.INSTALL, f"'{' '.join(word.shown for word in (text_word(base), *rest))}'")
            return None
        found_files = self.use(base, rest)
        if base == "find" and not self._find(rest, call):
            return None
        if base == "sleep":
            self._sleep(rest)
        if found_files:
            return found_files
        return 0 if name in _SUCCEEDS else {"false": 1}.get(base)

    def _program_in_variable(self, word: Word) -> None:
        if word.prefix.startswith("/") and "/" in word.prefix[1:]:
            path = self.path(text_word(word.prefix.rpartition("/")[0]))
            if path and self.files.has(path) is False:
                self.note(Kind.HOST_PATH, f"'{word.shown}'")
                return
        self.note(Kind.UNREAD, f"which program '{word.shown}' is")

    def _program(self, name: str, written: Word) -> Status:
        """Whether it is there: the status with which bash does not run it, or None."""
        if "/" not in name:
            if name in CLUSTER or name in HOST:
                self.note(Kind.CLUSTER_PROGRAM if name in CLUSTER else Kind.HOST_PROGRAM, f"'{name}'")
                return _NOT_FOUND
            if not is_found(name):
                self._missing(name)
            return None
        if unset := self.variables.unset_in(written):
            if is_found_at(name):
                return None
            self.note(Kind.UNSET, f"'{written.shown}', and nothing sets {' or '.join(unset)}")
            return _NOT_FOUND
        path = self.path(text_word(name))
        if path is None:
            self.note(Kind.UNREAD, f"the program '{name}'")
            return None
        return self._program_at(name, path)

    def _is_lost(self, name: str) -> bool:
        """Whether a PATH that the script has made anew leads to a program no more.

        The AWS CLI, Python, sudo and others are where only the PATH leads that the command starts with.
        """
        path = self.variables.values.get("PATH")
        if path is None or "/" in name or name in OF_BASH or not is_found(name) or self.files.anywhere:
            return False
        places = [self.path(text_word(place)) for place in path.split(":")]
        if None in places or any(
            is_found_at(f"{place}/{name}") or self.files.has(f"{place}/{name}") for place in places
        ):
            return False
        self.note(Kind.PATH, f"'{name}'")
        return True

    def _program_at(self, name: str, path: str) -> Status:
        if path.startswith("/tmp/"):  # noqa: S108 - where the command puts programs
            return self._own_program(name, path)
        if path.startswith("/opt/"):
            self.note(Kind.LAYER, f"'{path}'")
            self.findings.layers.add(path)
        elif path.startswith(("/bin/", "/usr/bin/")) and package_of(path.rpartition("/")[2]):
            self._missing(path.rpartition("/")[2])
        elif path not in self.files.made and not is_found_at(path):
            self.note(Kind.PROGRAM_AT, f"'{path}'")
            return _NOT_FOUND
        return None

    def _own_program(self, name: str, path: str) -> Status:
        """A program in the directory of the command, or elsewhere in /tmp."""
        there = self.files.has(path)
        if there is False:
            where = (
                " in the directory in which the command starts, which is empty"
                if "/.task/work/" in path
                else ""
            )
            self.note(Kind.HOST_PATH, f"'{name}'{where or ', which nothing in the command makes or brings'}")
            return _NOT_FOUND
        if self._is_known_not_to_run(path):
            self.note(Kind.NOT_EXECUTABLE, f"'{name}'")
            return _NOT_EXECUTABLE
        text = self.files.made.get(path)
        if text is None:
            self.note(Kind.UNREAD, f"the program '{name}', which the command itself brings")
            return None
        if re.match(r"#!\s*\S*python", text):
            return self.python(text)
        return self.script(text) if not text.startswith("#!") or re.match(r"#!\s*\S*sh\b", text) else None

    def _is_known_not_to_run(self, path: str) -> bool:
        if any(
            path == one or fnmatchcase(path, one) or path.startswith(f"{one}/")
            for one in self.files.executable
        ):
            return False
        staged = any(path.startswith(f"{place}/") for place in self.inputs)
        return (path in self.files.made and path not in self.copied) or staged

    def _missing(self, program: str) -> None:
        self.findings.programs.add(program)
        self.note(Kind.PROGRAM, described(program))

    def _installer(self, base: str, words: Sequence[Word]) -> Status:
        texts = [word.literal for word in words[1:]]
        if refused := refused_by_installer(base, [text for text in texts if text is not None]):
            self.note(Kind.PACKAGE, f"'{' '.join(text or '…' for text in [base, *texts])}': {refused}")
            return None
        return 0 if None not in texts else None

    def _sudo(self, words: Sequence[Word], call: Call) -> Status:
        rest, refused = after_sudo(words)
        self.note(Kind.SUDO, "")
        if refused:
            self.note(Kind.SUDO_OPTION, f"'{refused}'")
            return 1
        if rest:
            return self.run(self.variables.split(rest), call)
        return self.script(call.input) if call.input else None

    def _prefixed(self, name: str, rest: list[Word], call: Call) -> Status:
        with_value = _PREFIXES[name]
        replaced = ""
        while rest:
            text = rest[0].literal or rest[0].prefix
            if name == "xargs":
                replaced = _replaced_by_xargs(text, rest[1:2]) or replaced
            if name == "command" and text in {"-v", "-V"}:
                return self.looks_for_programs(rest[1:])
            if text.startswith("-") and text != "-":
                rest.pop(0)
                if text in with_value and rest:
                    if name == "xargs" and text == "-a" and not self.needs(rest[0]):
                        return 1
                    rest.pop(0)
            elif name == "env" and "=" in text:
                variable, _, _ = text.partition("=")
                value = Word((Part("text", rest[0].prefix.partition("=")[2]), *rest[0].parts[1:]))
                self.profile_of(variable, value, exported=True)
                rest.pop(0)
            else:
                break
        limit = seconds_of(rest[:1]) if name == "timeout" else None
        if name in {"timeout", "chroot"} and rest:
            rest.pop(0)
        if not rest:
            return 0 if name == "exec" else None
        if limit:
            return self._limited(limit, rest, call)
        if replaced:
            rest = [_without(word, replaced) for word in rest]
        self.depth += 1
        try:
            if name == "xargs":
                with self.subshell(certain=False):
                    self.run(rest, call)
                return None
            status = self.run(rest, call)
        finally:
            self.depth -= 1
        if name == "exec":
            self.end(status)
        return status

    def _limited(self, limit: float, rest: list[Word], call: Call) -> Status:
        """``timeout``, which ends a command with 124 (GNU Coreutils manual)."""
        slept, certain = self.findings.sleeps, self.certain
        self.depth, self.aside, self.limited = self.depth + 1, self.aside + 1, self.limited + 1
        try:
            status = self.run(rest, call)
        finally:
            self.depth, self.aside, self.limited = self.depth - 1, self.aside - 1, self.limited - 1
        name = rest[0].literal
        endless = name == "sleep" and seconds_of(rest[1:]) == math.inf
        if certain and (endless or self.findings.sleeps - slept > limit):
            self.findings.sleeps = slept + limit
            return 124
        self.findings.sleeps = min(self.findings.sleeps, max(slept, limit if not certain else slept + limit))
        return status

    def _shell(self, name: str, rest: list[Word], call: Call) -> Status:
        sources = name in {".", "source"}
        options: set[str] = set()
        while rest:
            text = rest[0].literal
            if text is None or not text.startswith(("-", "+")) or text == "-":
                break
            rest.pop(0)
            if text.startswith("-") and "e" in text[1:] and not text.startswith("--"):
                options.add("errexit")
            if not text.startswith("--") and "c" in text and not sources:
                if rest and (code := rest[0].literal) is not None:
                    return self._inner_shell(code, rest[2:], options)
                return None
            if text in {"-o", "-O", "--rcfile", "--init-file"} and rest:
                rest.pop(0)
        if sources and not rest:
            return 2
        if not rest or rest[0].literal in {"-", "-s"}:
            return self._inner_shell(call.input, rest[1:], options) if call.input is not None else None
        found = self.file_to_run(rest[0])
        if found is None:
            self.variables.more_may_be_set |= sources
            return None
        if not isinstance(found, str):
            return 1 if sources else _NOT_FOUND
        if sources:
            return self.script(found, own_shell=False)
        return self._inner_shell(found, rest[1:], options)

    def _inner_shell(self, text: str, arguments: Sequence[Word], options: set[str]) -> Status:
        with self.subshell():
            self.options = options
            self.variables.set_arguments([word.literal for word in arguments])
            return self.script(text)

    def file_to_run(self, word: Word) -> str | bool | None:
        """The text of a script that another program reads; False if it is not there, None if not known."""
        path = self.path(word)
        if path is None:
            self.note(Kind.UNREAD, f"the script '{word.shown}'")
            return None
        text = self.files.made.get(path)
        if text is not None:
            return text
        if self.needs(word):
            if not path.startswith("/opt/"):
                self.note(Kind.UNREAD, f"the script '{word.shown}'")
            return None
        return False

    def _find(self, rest: list[Word], call: Call) -> bool:
        """False if it has something that the handler's own find does not know."""
        words = [word.literal for word in rest]
        try:
            if "-newer" not in words and None not in words:
                read_find([word or "" for word in words])
        except UsageError as error:
            self.findings.programs.add("find")
            self.note(Kind.PROGRAM, f"{described('find')} for more than the handler's own one has: {error}")
            return False
        for position, word in enumerate(rest):
            if word.literal in {"-exec", "-execdir", "-ok"}:
                with self.subshell(certain=False):
                    self.run(rest[position + 1 :], call)
        return True

    def _python_call(self, rest: list[Word], call: Call) -> Status:
        while rest:
            text = rest[0].literal
            if text is None or not text.startswith("-") or text == "-":
                break
            rest.pop(0)
            if text == "-c":
                return self.python(rest[0].literal if rest else None)
            if text == "-m":
                return self._module(rest)
            if text in {"-W", "-X"} and rest:
                rest.pop(0)
        if not rest or rest[0].literal == "-":
            return self.python(call.input)
        code = self.file_to_run(rest[0])
        status = self.use("a script", rest[1:])
        if code is False:
            return 2
        return self.python(code if isinstance(code, str) else None) or status

    def _module(self, rest: Sequence[Word]) -> Status:
        """``python -m``."""
        module = rest[0].literal if rest else None
        # json.tool is that of the standard library which commands use with a file.
        reads = split(rest[1:], "", "indent").operands[:1] if module == "json.tool" else []
        there = all(self.needs(word) for word in reads)
        self.files.anywhere = True
        if module is None:
            return None
        failed = self.python(f"import {module}")
        return self.use("a module", rest[1:]) or failed or (None if there else 1)

    def python(self, code: str | None) -> Status:
        """Code that Python runs; None if it is not known."""
        if code is None or not only_reads(code):
            self.files.anywhere = True
        if code is None:
            return None
        failed = False
        for kind, what in problems_of(code):
            if kind == "syntax":
                self.note(Kind.SYNTAX, f"as Python 3, {what}")
            elif kind == "aws":
                self.note(Kind.AWS, f"AWS with {what}, from Python")
            elif kind == "profile":
                self.uses_profile(text_word(what))
            elif kind == "shell":
                with self.subshell(certain=False):
                    self.script(what)
            elif kind == "file":
                failed = not self.needs(text_word(what)) or failed
            elif kind == "writes":
                failed = not self.make(text_word(what)) or failed
            elif kind == "makes":
                failed = not self.make(text_word(what), parents=True, directory=True) or failed
            elif kind == "unread":
                self.note(Kind.UNREAD, f"which file {what} opens in Python")
            elif kind == "variable":
                if self.variables.is_unset(what):
                    self.note(Kind.UNSET, f"os.environ['{what}'] in Python, and nothing sets {what}")
                    failed = True
            else:
                self.note(Kind.MODULE, f"'{what}'")
            failed = failed or kind in {"syntax", "module"}
        return 1 if failed else exit_status(code)

    def _sleep(self, rest: Sequence[Word]) -> None:
        seconds = seconds_of(rest) or 0
        shown = f"'sleep {' '.join(word.shown for word in rest)}'"
        if seconds == math.inf:
            self.endless(shown)
            return
        self.slept(seconds + (self.findings.sleeps if self.certain else 0))
        if seconds > LONGEST_SECONDS and not self.limited:
            self.note(Kind.HOURS, f"{shown} alone")

    def endless(self, what: str) -> None:
        """Something that nothing ends but what is around it."""
        if self.certain and not self.aside:
            self.note(Kind.FAILS, f"a timeout, as nothing ends {what}")

    # Of Walk.

    def substituted(self, lists: Sequence[list[Item]]) -> Status:
        """Look at the commands in ``$(…)``."""
        raise NotImplementedError

    def function(self, name: str, arguments: Sequence[Word]) -> Status:
        """Look at a function that is called."""
        raise NotImplementedError

    def test(self, words: Sequence[Word], *, patterns: bool = False) -> Status:
        """Look at ``test``."""
        raise NotImplementedError


def makes_readonly(call: Call) -> bool:
    """Whether a call makes variables readonly."""
    name = call.words[0].literal if call.words else ""
    flags = "".join(word.prefix[1:] for word in call.words[1:] if word.prefix.startswith("-"))
    if name == "readonly":
        return not set(flags) & {"f", "p"}
    return name in {"declare", "typeset"} and "r" in flags


def _replaced_by_xargs(option: str, following: Sequence[Word]) -> str:
    """The text in whose place ``-I``, ``-i`` or ``--replace`` puts what xargs reads; empty for others."""
    if option == "-I":
        return (following[0].literal or "") if following else ""
    if option.startswith("--replace"):
        return option.partition("=")[2] or "{}"
    return option[2:] or "{}" if re.match(r"-[Ii]", option) else ""


def _without(word: Word, replaced: str) -> Word:
    """A word with something unknown in place of a text."""
    parts: list[Part] = []
    for part in word.parts:
        pieces = part.value.split(replaced) if part.kind == "text" else [part.value]
        for position, piece in enumerate(pieces):
            if position:
                parts.append(Part("unknown", "xargs", quoted=True))
            if piece or len(pieces) == 1:
                parts.append(Part(part.kind, piece, part.quoted))
    return Word(tuple(parts))
