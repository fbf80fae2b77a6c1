"""What a shell script consists of: simple commands, made of words."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A piece of a word: text, the value of a variable, or something that only running the script tells."""

    kind: str
    """``text``, ``variable`` or ``unknown``."""
    value: str
    quoted: bool = False


@dataclass(frozen=True)
class Word:
    """A word after quoting is resolved, with its expansions apart."""

    parts: tuple[Part, ...] = ()
    origin: tuple[Part, ...] = field(default=(), compare=False)
    """As it is written, if ``parts`` has the values of variables in place of them."""

    @property
    def literal(self) -> str | None:
        """The word's text; None if something in it is only known when it runs."""
        if all(part.kind == "text" for part in self.parts):
            return "".join(part.value for part in self.parts)
        return None

    @property
    def shown(self) -> str:
        """The word's text, with ``${NAME}`` and ``$(…)`` where values are not known."""
        shown = {"text": "{}", "variable": "${{{}}}", "unknown": "$({})"}
        return "".join(shown[part.kind].format(part.value) for part in self.parts)

    @property
    def prefix(self) -> str:
        """The text before the first expansion."""
        found = ""
        for part in self.parts:
            if part.kind != "text":
                break
            found += part.value
        return found

    @property
    def is_quoted(self) -> bool:
        """Whether a part of it is in quotes, so that it is no keyword."""
        return any(part.quoted for part in self.parts)

    @property
    def variables(self) -> list[str]:
        """The names of the variables in it."""
        return [part.value for part in self.parts if part.kind == "variable"]


@dataclass
class Call:
    """A simple command: its words, with its assignments and redirections apart."""

    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirections: list[tuple[str, Word]] = field(default_factory=list)
    """Operator, such as ``>>``, and target."""
    input: str | None = None
    """The text of its here-document or here-string, if it has one."""
    listed: list[Word] = field(default_factory=list)
    """The words of arrays that it assigns."""
    inner: list[list[Item]] = field(default_factory=list)
    """What its command and process substitutions run, in their order."""


@dataclass
class Block:
    """A compound command (GNU Bash manual, Compound Commands), or the definition of a function."""

    kind: str
    """``if``, ``while``, ``until``, ``for``, ``case``, ``{``, ``(``, ``((``, ``[[`` or ``function``."""
    bodies: list[list[Item]] = field(default_factory=list)
    """Of ``if``: each condition before its body, and last the body of ``else``, if there is one."""
    words: list[Word] = field(default_factory=list)
    """Of ``for``, ``case`` and ``[[``; of this last one with the operators."""
    patterns: list[list[Word]] = field(default_factory=list)
    """Of ``case``, those of each body."""
    name: str = ""
    """Of a function, or of the variable of ``for``; of ``((``, the expression.

    Of ``case``, something if not all of its bodies end with ``;;``.
    """
    redirections: list[tuple[str, Word]] = field(default_factory=list)
    inner: list[list[Item]] = field(default_factory=list)


@dataclass
class Item:
    """A command in a list (GNU Bash manual, Pipelines and Lists)."""

    node: Call | Block
    connector: str = ";"
    """What is between it and the one before: ``;``, ``&&``, ``||`` or ``|``."""
    negated: bool = False
    background: bool = False


@dataclass
class Script:
    """A script: its commands in their order and nesting, and all simple commands in a row."""

    items: list[Item] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    process_substitutions: int = 0
    problem: str = ""
    """What makes it no bash; empty if nothing does."""


def text_word(text: str) -> Word:
    """A word that is this text."""
    return Word((Part("text", text),))
