"""What is known of a shell's variables at a place in its script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.commands.arithmetic import Arithmetic, DivisionByZeroError, UnknownError
from pipelines.commands.files import START
from pipelines.commands.words import Part, Word, text_word

_SET = re.compile(
    r"AWS_(REGION|DEFAULT_REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|EXECUTION_ENV|LAMBDA_\w+|CONTAINER_\w+)"
    r"|BASH\w*|COLUMNS|COMP_\w+|DIRSTACK|ECS_\w+|EPOCH\w+|EUID|FUNCNAME|GROUPS|HOST(NAME|TYPE)|IFS|LANG|LD_LIBRARY_PATH"
    r"|LINENO|LINES|MACHTYPE|OLDPWD|OPTARG|OPTERR|OPTIND|OSTYPE|PATH|PIPESTATUS|PPID|PS[124]|PYTHONTZPATH|RANDOM|REPLY"
    r"|SECONDS|SHELL|SHELLOPTS|SHLVL|SRANDOM|TZ|TZDIR|UID|_|_X_AMZN_TRACE_ID|[^A-Za-z_].*"
)
"""Those that bash or the function sets, to values that the definition does not tell."""
_OF_SCRIPT = START.rpartition("/")[0]
_DIRECTORY = r"dirname\s+(?:--\s+)?\"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})\"?"
_DIRECTORY_OF_SCRIPT = re.compile(
    rf"\s*{_DIRECTORY}\s*"
    rf"|\s*cd\s+(?:-P\s+)?\"?(?:\$\(\s*{_DIRECTORY}\s*\)|`\s*{_DIRECTORY}\s*`)\"?\s*(?:>\s*/dev/null\s*)?(?:2>&1\s*)?"
    r"(?:&&|;)\s*pwd(?:\s+-P)?\s*"
)
"""How scripts find the directory that they are in. Here that is one with nothing but the script."""
_DEFAULT = re.compile(r"([A-Za-z_]\w*|\d+):?[-=]([^${}\"'`\\\\]*)")
_REQUIRED = re.compile(r"([A-Za-z_]\w*|\d+):?\?.*", re.DOTALL)


@dataclass
class Variables:
    """``values`` has None for what is set to something that is not known."""

    text: str = ""
    """The whole script: what it names otherwise than as ``$NAME``, something in it may set."""
    values: dict[str, str | None] = field(
        default_factory=lambda: {"HOME": START, "PWD": START, "TMPDIR": _OF_SCRIPT, "?": "0"}
    )
    staged: frozenset[str] = frozenset()
    arguments_known: bool = True
    """Whether ``values`` has all of ``$1``, ``$2`` and so on."""
    fixed: set[str] = field(default_factory=set)
    """Those that are readonly."""
    more_may_be_set: bool = False
    """Whether a file of settings was read that nobody knows."""

    def assign(self, name: str, value: str | None, *, certain: bool) -> None:
        """Set it, or perhaps."""
        if not certain and self.values.get(name, value) != value:
            value = None
        self.values[name] = value

    def set_arguments(self, arguments: Sequence[str | None]) -> dict[str, str | None]:
        """Set ``$1`` and so on, and ``$#``. Returns what they were."""
        before = {name: value for name, value in self.values.items() if name.isdecimal() or name == "#"}
        for name in before:
            del self.values[name]
        self.values |= {str(number): argument for number, argument in enumerate(arguments, 1)}
        self.values["#"] = str(len(arguments))
        self.arguments_known = True
        return before

    def forget_arguments(self) -> None:
        """Nothing is known of them any more."""
        for name in [name for name in self.values if name.isdecimal() or name == "#"]:
            self.values[name] = None
        self.arguments_known = False

    def is_unset(self, name: str) -> bool:
        """Whether nothing can have set it."""
        if name in self.values or name in self.staged or self.more_may_be_set:
            return False
        if name.isdecimal():
            return self.arguments_known and name != "0"
        named = rf"(?<![\w$]){re.escape(name)}\b|\$\{{{re.escape(name)}:?="
        used = rf"\$\{{[!#]?{re.escape(name)}\b(?!:?=)|environ\[(['\"]){re.escape(name)}\1\](?!\s*=[^=])"
        mentioned = re.sub(used, "", self.text)
        return not _SET.fullmatch(name) and not re.search(named, mentioned)

    def divides_by_zero(self, word: Word) -> str:
        """An arithmetic expansion in a word that does so; empty if there is none."""
        for part in word.parts:
            if part.kind == "unknown" and part.value.startswith("$((") and part.value.endswith("))"):
                try:
                    Arithmetic(part.value[3:-2], self.value).result()
                except UnknownError:
                    continue
                except DivisionByZeroError:
                    return part.value
        return ""

    def known(self, word: Word) -> Word:
        """The word with what is known of its variables. Those that nothing sets are empty."""
        if all(part.kind == "text" for part in word.parts):
            return word
        parts: list[Part] = []
        for part in word.parts:
            value = self._value(part)
            new = part if value is None else Part("text", value, part.quoted)
            if parts and new.kind == "text" and parts[-1].kind == "text":
                parts[-1] = Part("text", parts[-1].value + new.value, parts[-1].quoted or new.quoted)
            else:
                parts.append(new)
        return Word(tuple(parts), word.origin or word.parts)

    def _value(self, part: Part) -> str | None:
        if part.kind == "variable":
            return "" if self.is_unset(part.value) else self.values.get(part.value)
        if part.kind == "unknown" and part.value.startswith("$((") and part.value.endswith("))"):
            return self._arithmetic(part.value[3:-2])
        if part.kind == "unknown" and _DIRECTORY_OF_SCRIPT.fullmatch(part.value):
            return _OF_SCRIPT
        if part.kind == "unknown" and part.value.strip() == "pwd":
            return self.values.get("PWD")
        if part.kind == "unknown" and (found := _DEFAULT.fullmatch(part.value)):
            if self.is_unset(found[1]):
                return found[2]
            return self.values.get(found[1])
        return None

    def value(self, name: str) -> str | None:
        """Its value: empty if nothing sets it, None if it is not known."""
        return "" if self.is_unset(name) else self.values.get(name)

    def _arithmetic(self, text: str) -> str | None:
        expression = Arithmetic(text, self.value)
        try:
            value = expression.result()
        except (UnknownError, DivisionByZeroError):
            value = None
        if expression.assigned or re.search(r"\+\+|--|(?<![<>=!])=(?!=)", text):
            # What an expansion sets is not followed.
            self.values |= dict.fromkeys(re.findall(r"[A-Za-z_]\w*", text))
            return None
        return None if value is None else str(value)

    def split(self, words: Iterable[Word]) -> list[Word]:
        """The words with known variables in place. Outside of quotes, bash splits their values."""
        found: list[Word] = []
        for word in words:
            known = self.known(word)
            alone = len(word.parts) == 1 and word.parts[0].kind != "text" and not word.parts[0].quoted
            if alone and known.literal is not None:
                found += [text_word(text) for text in known.literal.split()]
            else:
                found.append(known)
        return found

    def unset_in(self, word: Word) -> list[str]:
        """The names of those in a word that nothing sets."""
        return [name for name in word.variables if self.is_unset(name)]

    def required_in(self, word: Word) -> str:
        """The name of one without which ``${NAME:?}`` ends the script; empty if there is none."""
        for part in word.parts:
            found = _REQUIRED.fullmatch(part.value) if part.kind == "unknown" else None
            if found and self.is_unset(found[1]):
                return found[1]
        return ""
