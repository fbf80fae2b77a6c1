"""Looks through a script for what would be different in a Lambda function.

It follows what runs other commands: sudo, env, xargs, ``bash -c``, eval and so on.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from pipelines.commands.aws_cli import aws_call, iam_action
from pipelines.commands.credentials import credentials_in
from pipelines.commands.findings import Findings, Kind
from pipelines.commands.packages import described, package_of
from pipelines.commands.parser import parse
from pipelines.commands.programs import CLUSTER, HOST, is_found, is_found_at, is_host_path, is_writable
from pipelines.commands.python_code import problems_of
from pipelines.commands.stand_ins import INSTALLERS, after_sudo, refused_by_installer
from pipelines.commands.words import Call, Part, Script, Word, text_word
from pipelines.reading.source import UNKNOWN

LONGEST_SECONDS = 14 * 60 + 50
"""What a command has of Lambda's 15 minutes (docs/shell-commands.md, How a command ends)."""

_SHELLS = {"bash", "sh"}
_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_S3 = re.compile(r"s3[an]?://[^\s'\"$,;`|&)<>]+")
_DEEPEST = 6
_FREE = {("sts", "get-caller-identity")}
"""Calls that need no permission (AWS STS API reference)."""
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
_PATTERN_FIRST = {"awk", "egrep", "expr", "fgrep", "gawk", "grep", "sed", "tr"}
_READS_SCRIPT = {"bash", "sh", "source", "."}
_LOOKS_ONLY = {"=", "[", "declare", "echo", "export", "local", "printf", "readonly", "test", "typeset"}
_BRINGS = {
    "aws",
    "base64",
    "cd",
    "cp",
    "csplit",
    "curl",
    "dd",
    "install",
    "ln",
    "mv",
    "pushd",
    "split",
    "tee",
}
"""Programs after which files may be there that no redirection names."""


def inspect(text: str, *, arguments: Sequence[str] = (), staged: Sequence[str] = ()) -> Findings:
    """What is in the script ``text``, whose ``$1``, ``$2`` and so on are ``arguments``.

    ``staged`` are the names of the variables that staging sets.
    """
    # What no shell can get: a null character, and halves of characters.
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    inspection = _Inspection(staged)
    for number, argument in enumerate(arguments, 1):
        inspection.variables[str(number)] = argument
    inspection.whole(text)
    return inspection.findings


class _Inspection:
    def __init__(self, staged: Sequence[str]) -> None:
        self.findings = Findings()
        self.variables: dict[str, str | None] = {}
        """What is known of variables; None if it is known not to be one text."""
        self._staged = set(staged)
        self._functions: set[str] = set()
        self._created: set[str] = set()
        """Files that the script itself makes, by their path as written."""
        self._assigned_places: dict[str, set[str]] = {}
        self._used: set[str] = set()
        """Variables that a word of the script uses. What the others name, a program may read."""
        self._looked_for: set[str] = set()
        """Paths that the script tests before it uses them."""
        self._brought = False
        """Whether something was downloaded or unpacked, so that files may be there that no word names."""

    def whole(self, text: str) -> None:
        for what, masked in credentials_in(text):
            self.findings.add(Kind.CREDENTIALS, f"{what} ({masked})")
        if text.startswith("#!"):
            line, _, rest = text.partition("\n")
            if not self._shebang(line, rest):
                return
        if problem := _refused_by_bash(text):
            self.findings.add(Kind.SYNTAX, problem)
        elif "\r\n" in text:
            self.findings.add(
                Kind.SYNTAX, "its lines end with carriage returns, which are part of words to bash"
            )
        self.script(text, 0)
        for name, places in self._assigned_places.items():
            if name not in self._used:
                self.findings.read |= places

    def _shebang(self, line: str, rest: str) -> bool:
        """Whether the rest is for bash."""
        words = line[2:].split()
        path = words[0] if words else ""
        name = path.rpartition("/")[2]
        if name == "env":
            name = next((word for word in words[1:] if not word.startswith("-")), "")
            if package_of(name) and not is_found(name):
                self._missing(name)
            elif not is_found(name):
                self.findings.add(Kind.INTERPRETER, f"'{name}'")
        elif not is_found_at(path):
            if path.startswith(("/bin/", "/usr/bin/")) and package_of(name):
                self._missing(name)
            else:
                self.findings.add(Kind.INTERPRETER, f"'{path}'")
        if _PYTHON.fullmatch(name):
            self._python(rest)
        return name in _SHELLS

    def script(self, text: str, depth: int, *, certain: bool = True) -> None:
        script = parse(text)
        if script.problem and depth:
            self.findings.add(Kind.SYNTAX, script.problem)
        self._functions |= script.functions
        if script.process_substitutions:
            self.findings.add(Kind.PROCESS_SUBSTITUTION, "")
        for word in script.words:
            self._word(word, "")
        for word in script.tested:
            self._word(word, "test")
            self._looked_for.add(self._known(word).literal or "")
        for call in script.calls:
            self._assigned(call)
            self._call(call, depth)
        if certain and depth == 0:
            self._own_failure(script)

    def _own_failure(self, script: Script) -> None:
        """A script that ends with another exit code than 0, whatever happens."""
        certain = [call for call in script.calls if call.words]
        if not certain or any(call.depth for call in certain):
            return
        for position, call in enumerate(certain):
            name = call.words[0].literal
            code = call.words[1].literal if len(call.words) > 1 else "0"
            if (
                name == "exit"
                and code
                and code.isdecimal()
                and int(code) % 256
                and len(certain) - 1 == position == 0
            ):
                self.findings.add(Kind.FAILS, f"exit code {int(code) % 256}")
            if name == "false" and len(certain) == 1:
                self.findings.add(Kind.FAILS, "exit code 1")

    def _assigned(self, call: Call) -> None:
        pairs = list(call.assignments)
        if call.words and call.words[0].literal in {"export", "declare", "local", "readonly", "typeset"}:
            for word in call.words[1:]:
                name, equals, text = word.prefix.partition("=")
                if equals and name.isidentifier():
                    after = [part for part in word.parts if part.kind != "text"]
                    pairs.append((name, Word((Part("text", text), *after))))
        for name, value in pairs:
            self._word(value, "=")
            known = self._text(value)
            self.variables[name] = known if self.variables.get(name, known) == known else None
            if known is not None:
                self._assigned_places.setdefault(name, set()).update(_S3.findall(known))

    def _text(self, word: Word) -> str | None:
        """The word's text, with what is known of variables."""
        found = self._known(word)
        return found.literal

    def _known(self, word: Word) -> Word:
        if not word.variables:
            return word
        self._used |= set(word.variables)
        parts: list[Part] = []
        for part in word.parts:
            value = self.variables.get(part.value) if part.kind == "variable" else None
            new = Part("text", value, part.quoted) if value is not None else part
            if parts and new.kind == "text" and parts[-1].kind == "text":
                parts[-1] = Part("text", parts[-1].value + new.value, parts[-1].quoted or new.quoted)
            else:
                parts.append(new)
        return Word(tuple(parts))

    def _split(self, words: Sequence[Word]) -> list[Word]:
        """The words with known variables in place. Outside of quotes, bash splits their values."""
        found: list[Word] = []
        for word in words:
            known = self._known(word)
            alone = len(word.parts) == 1 and word.parts[0].kind == "variable" and not word.parts[0].quoted
            if alone and known.literal is not None:
                found += [text_word(text) for text in known.literal.split()]
            else:
                found.append(known)
        return found

    def _call(self, call: Call, depth: int) -> None:
        words = self._split(call.words)
        name = words[0].literal if words else ""
        for operator, target in call.redirections:
            self._redirected(operator, self._known(target))
        if not words:
            return
        if name in {"test", "["}:
            self._looked_for.update(word.literal or "" for word in words[1:])
        for word in _without_pattern(name or "", words[1:]):
            self._word(word, name or "")
        self._run(words, call, depth)

    def _redirected(self, operator: str, target: Word) -> None:
        path = target.literal
        self._staging(target)
        if path is None or operator in {"<&", ">&", "<<<"}:
            return
        if operator == "<":
            self._word(target, "<")
        elif not is_writable(path):
            self.findings.add(Kind.HOST_WRITE, f"'{path}'")
        else:
            self._created.add(path)

    def _run(self, words: Sequence[Word], call: Call, depth: int) -> None:
        """Look at what the words run."""
        if depth > _DEEPEST or not words:
            return
        name = words[0].literal
        if name is None:
            self._program_in_variable(words[0])
            return
        if name.startswith(UNKNOWN):
            self.findings.add(Kind.UNREAD, f"the command is {name}")
            return
        if name in self._functions:
            return
        base = name.rpartition("/")[2]
        if name == "sudo":
            self._sudo(words, call, depth)
            return
        if base in INSTALLERS:
            texts = [self._text(word) for word in words[1:]]
            if refused := refused_by_installer(base, [text for text in texts if text is not None]):
                self.findings.add(
                    Kind.PACKAGE, f"'{' '.join(text or '…' for text in [base, *texts])}': {refused}"
                )
            return
        self._program(name)
        self._brought = self._brought or base in _BRINGS
        rest = list(words[1:])
        if base in _PREFIXES:
            self._prefixed(base, rest, call, depth)
        elif base in _SHELLS or name in _READS_SCRIPT:
            self._shell(name, rest, call, depth)
        elif name == "eval":
            text = " ".join(word.shown for word in rest)
            if all(word.literal is not None for word in rest):
                self.script(text, depth + 1)
        elif name == "trap" and rest and rest[0].literal:
            self.script(rest[0].literal, depth + 1)
        elif base == "find":
            self._find(rest, call, depth)
        elif _PYTHON.fullmatch(base):
            self._python_call(rest, call)
        elif base in {"pip", "pip3"}:
            if any(word.literal == "install" for word in rest):
                self.findings.add(
                    Kind.MODULE, f"'{' '.join(word.shown for word in words)}' cannot install it"
                )
        elif base == "aws":
            self._aws(rest)
        elif base == "sleep":
            self._sleep(rest)
        elif base == "cd" and rest and rest[0].literal and is_host_path(rest[0].literal):
            self.findings.add(Kind.HOST_PATH, f"'{rest[0].literal}'")

    def _program_in_variable(self, word: Word) -> None:
        self._staging(word)
        if word.prefix.startswith("/") and is_host_path(word.prefix):
            self.findings.add(Kind.HOST_PATH, f"'{word.shown}'")
        else:
            self.findings.add(Kind.UNREAD, f"which program '{word.shown}' is")

    def _program(self, name: str) -> None:
        if "/" not in name:
            if name in CLUSTER or name in HOST:
                self.findings.add(Kind.CLUSTER_PROGRAM if name in CLUSTER else Kind.HOST_PROGRAM, f"'{name}'")
            elif not is_found(name):
                self._missing(name)
            return
        if name.startswith("/"):
            if name.startswith(("/opt/", "/tmp/")):  # noqa: S108 - where a layer, or the command, puts programs
                if name.startswith("/opt/"):
                    self.findings.add(Kind.LAYER, f"'{name}'")
                    self.findings.layers.add(name)
            elif name.startswith(("/bin/", "/usr/bin/")) and package_of(name.rpartition("/")[2]):
                self._missing(name.rpartition("/")[2])
            elif not is_found_at(name):
                self.findings.add(Kind.PROGRAM_AT, f"'{name}'")
        elif not self._may_exist(name):
            self.findings.add(
                Kind.HOST_PATH, f"'{name}' in the directory in which the command starts, which is empty"
            )

    def _missing(self, program: str) -> None:
        self.findings.programs.add(program)
        self.findings.add(Kind.PROGRAM, described(program))

    def _may_exist(self, path: str) -> bool:
        return self._brought or any(
            path.removeprefix("./") == made.removeprefix("./") for made in self._created
        )

    def _sudo(self, words: Sequence[Word], call: Call, depth: int) -> None:
        rest, refused = after_sudo(words)
        self.findings.add(Kind.SUDO, "")
        if refused:
            self.findings.add(Kind.SUDO_OPTION, f"'{refused}'")
        elif rest:
            self._run(self._split(rest), call, depth + 1)
        elif call.input:
            self.script(call.input, depth + 1)

    def _prefixed(self, name: str, rest: list[Word], call: Call, depth: int) -> None:
        with_value = _PREFIXES[name]
        while rest:
            text = rest[0].literal or ""
            if name == "command" and text in {"-v", "-V"}:
                return
            if text.startswith("-") and text != "-":
                rest.pop(0)
                if text in with_value and rest:
                    rest.pop(0)
            elif name == "env" and "=" in text:
                rest.pop(0)
            else:
                break
        if name in {"timeout", "chroot"} and rest:
            rest.pop(0)
        if name == "xargs" and not rest:
            return
        self._run(rest, call, depth + 1)

    def _shell(self, name: str, rest: list[Word], call: Call, depth: int) -> None:
        while rest:
            text = rest[0].literal
            if text is None or not text.startswith("-") or text == "-":
                break
            rest.pop(0)
            if not text.startswith("--") and "c" in text and name not in {".", "source"}:
                if rest and (code := self._text(rest[0])) is not None:
                    self.script(code, depth + 1)
                return
            if text in {"-o", "-O", "--rcfile", "--init-file"} and rest:
                rest.pop(0)
        if not rest or rest[0].literal in {"-", "-s"}:
            if call.input is not None:
                self.script(call.input, depth + 1)
            return
        self._file_to_run(rest[0])

    def _file_to_run(self, word: Word) -> None:
        """A script that another program reads."""
        path = word.literal
        if path is None:
            # A staged file, or a name that only running tells.
            if any(name in self._staged for name in word.variables):
                self.findings.add(Kind.UNREAD, f"the script '{word.shown}', which is staged from S3")
            elif word.variables[:1] == ["HOME"]:
                self.findings.add(Kind.HOST_PATH, f"'{word.shown}', as HOME is an empty directory")
            else:
                self.findings.add(Kind.UNREAD, f"the script '{word.shown}'")
        elif path in self._looked_for:
            self.findings.add(Kind.UNREAD, f"the script '{path}', which it looks for")
        elif path.startswith("~"):
            self.findings.add(Kind.HOST_PATH, f"'{path}', as HOME is an empty directory")
        elif path.startswith("/tmp/") or not path.startswith("/"):  # noqa: S108 - as written in the command
            if self._may_exist(path):
                self.findings.add(Kind.UNREAD, f"the script '{path}', which the command itself brings")
            else:
                self.findings.add(Kind.HOST_PATH, f"'{path}', which nothing in the command brings")
        # An absolute path was looked at with the other words.

    def _find(self, rest: list[Word], call: Call, depth: int) -> None:
        for position, word in enumerate(rest):
            if word.literal in {"-exec", "-execdir", "-ok"}:
                self._run(rest[position + 1 :], call, depth + 1)
                return

    def _python_call(self, rest: list[Word], call: Call) -> None:
        while rest:
            text = rest[0].literal
            if text is None or not text.startswith("-") or text == "-":
                break
            rest.pop(0)
            if text == "-c":
                if rest and (code := self._text(rest[0])) is not None:
                    self._python(code)
                return
            if text == "-m":
                module = rest[0].literal if rest else None
                if module is not None:
                    self._python(f"import {module}")
                return
            if text in {"-W", "-X"} and rest:
                rest.pop(0)
        if not rest or rest[0].literal == "-":
            if call.input is not None:
                self._python(call.input)
            return
        self._file_to_run(rest[0])

    def _python(self, code: str) -> None:
        for kind, what in problems_of(code):
            if kind == "syntax":
                self.findings.add(Kind.SYNTAX, f"as Python 3, {what}")
            elif kind == "aws":
                self.findings.add(Kind.AWS, f"AWS with {what}, from Python")
            else:
                self.findings.add(Kind.MODULE, f"'{what}'")

    def _aws(self, rest: Sequence[Word]) -> None:
        call = aws_call(rest)
        if call.profile:
            self.findings.add(Kind.PROFILE, f"'{call.profile}'")
        if call.service == "configure":
            return
        for place in (*call.read, *call.write, *call.delete):
            if place == "s3://":
                self.findings.add(Kind.UNREAD, "which place in S3 'aws s3' reads or writes")
        self.findings.read |= {place for place in call.read if place != "s3://"}
        self.findings.write |= {place for place in call.write if place != "s3://"}
        for place in call.delete:
            bucket, _, key = place.removeprefix("s3://").partition("/")
            resource = f"arn:aws:s3:::{bucket}/{key}*" if bucket else "*"
            self.findings.actions.setdefault(resource, set()).add("s3:DeleteObject")
        if call.service == "s3" and call.operation == "ls" and not call.read:
            self.findings.actions.setdefault("*", set()).add("s3:ListAllMyBuckets")
            self.findings.add(Kind.AWS, "'aws s3 ls', which lists all buckets")
        if (call.service, call.operation) in _FREE or "help" in {call.service, call.operation}:
            return
        if call.service and call.operation and call.service != "s3":
            self.findings.actions.setdefault("*", set()).add(iam_action(call.service, call.operation))
            self.findings.add(Kind.AWS, f"'aws {call.service} {call.operation}'")
        elif call.service == "s3" and call.delete:
            self.findings.add(Kind.AWS, f"'aws s3 {call.operation}'")
        elif call.service == "s3" and call.operation in {"mb", "rb"}:
            self.findings.actions.setdefault("*", set()).add(
                {"mb": "s3:CreateBucket", "rb": "s3:DeleteBucket"}[call.operation]
            )
            self.findings.add(Kind.AWS, f"'aws s3 {call.operation}'")

    def _sleep(self, rest: Sequence[Word]) -> None:
        seconds = 0.0
        for word in rest:
            found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", self._text(word) or "")
            seconds += float(found[1]) * _UNIT_SECONDS[found[2]] if found else 0
        self.findings.sleeps = max(self.findings.sleeps, seconds)
        if seconds > LONGEST_SECONDS:
            self.findings.add(Kind.HOURS, f"'sleep {' '.join(word.shown for word in rest)}' alone")

    def _word(self, word: Word, program: str) -> None:
        """Look at a word that a program gets."""
        self._staging(word)
        known = self._known(word)
        text = known.literal or known.prefix
        if "169.254.169.254" in text or "169.254.170.2" in text:
            self.findings.add(Kind.METADATA, f"'{known.shown}'")
        for place in _S3.findall(text) if program not in {"=", "aws", "echo", "printf"} else ():
            self.findings.read.add(place)
        path = text.partition("=")[2] if text.startswith("-") and "=/" in text else text
        if (
            known.literal is not None
            and path.startswith("/")
            and program not in _LOOKS_ONLY
            and path not in self._looked_for
            and is_host_path(path)
        ):
            writes = program in {"tee", "mkdir", "touch", "cp", "mv", "chown", "chmod"}
            self.findings.add(Kind.HOST_WRITE if writes else Kind.HOST_PATH, f"'{path}'")

    def _staging(self, word: Word) -> None:
        for name in re.findall(r"\b(?:IN|OUT)PUT\d+_STAGING_DIR\b", word.shown):
            if name not in self._staged:
                self.findings.add(Kind.STAGING, f"${{{name}}}")


def _without_pattern(name: str, words: Sequence[Word]) -> list[Word]:
    """The words of a call, without the pattern or program that some take first: it is no path."""
    if name in _PATTERN_FIRST:
        first = next((at for at, word in enumerate(words) if not word.prefix.startswith("-")), len(words))
        return [*words[:first], *words[first + 1 :]]
    return list(words)


def _refused_by_bash(text: str) -> str:
    """What bash says if it cannot read the text; empty if it can. It reads it only (``-n``)."""
    try:
        done = subprocess.run(
            [shutil.which("bash") or "/bin/bash", "-n"],
            input=text.encode("utf-8", "surrogateescape"),
            env={"LC_ALL": "C"},
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return parse(text).problem
    if not done.returncode:
        return ""
    first = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return re.sub(r"^[^:]*bash: ", "", first[0])[:200] if first else "bash cannot read it"
