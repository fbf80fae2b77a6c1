"""What arithmetic says (GNU Bash manual, Shell Arithmetic), as far as the values of variables are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+)(?![\w#])|\$\{?(?P<expanded>[A-Za-z_]\w*)\}?|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>\*\*|<<=|>>=|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&^|?:(),]))"
)
_BITS = 64
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|="})
_LEVELS = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
    ("**",),
)
"""From those that bind least. All are evaluated from the left but the last."""


class UnknownError(ValueError):
    """Only running tells, or it is written in a way that is not read here."""


class DivisionByZeroError(ValueError):
    """bash prints an error, and the command fails."""


class Arithmetic:
    """One expression. ``assigned`` has the variables that it sets, with None for values that are not known.

    ``value`` gives a variable's value: empty if nothing sets it, None if it is not known.
    """

    def __init__(self, text: str, value: Callable[[str], str | None]) -> None:
        self._text = text
        self._value = value
        self.assigned: dict[str, int] = {}
        self._tokens: list[tuple[str, str]] = []
        self._at = 0

    def result(self) -> int:
        """Its value. Raises UnknownError and DivisionByZeroError."""
        at = 0
        text = self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise UnknownError(text[at:])
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        value = self._sequence() if self._tokens else 0
        if self._at < len(self._tokens):
            raise UnknownError(self._text)
        return value

    def _next(self, *operators: str) -> str:
        """The operator here, if it is one of these, which is then read."""
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "operator" and text in operators:
                self._at += 1
                return text
        return ""

    def _sequence(self) -> int:
        value = self._assignment()
        while self._next(","):
            value = self._assignment()
        return value

    def _assignment(self) -> int:
        if self._at + 1 < len(self._tokens) and self._tokens[self._at][0] == "name":
            kind, operator = self._tokens[self._at + 1]
            if kind == "operator" and operator in _ASSIGNMENTS:
                name = self._tokens[self._at][1]
                self._at += 2
                left = 0 if operator == "=" else self._of(name)
                right = self._assignment()
                return self._set(name, right if operator == "=" else _binary(operator[:-1], left, right))
        return self._conditional()

    def _conditional(self) -> int:
        holds = self._level(0)
        if not self._next("?"):
            return holds
        yes = self._perhaps(self._assignment)
        if not self._next(":"):
            raise UnknownError(self._text)
        no = self._perhaps(self._assignment)
        return yes if holds else no

    def _perhaps(self, read: Callable[[], int]) -> int:
        """A side that bash may pass over: what it does there is not followed."""
        before = dict(self.assigned)
        try:
            value = read()
        except DivisionByZeroError as error:
            raise UnknownError(self._text) from error
        if self.assigned != before:
            raise UnknownError(self._text)
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while operator := self._next(*_LEVELS[level]):
            of_right = partial(self._level, level if operator == "**" else level + 1)
            right = self._perhaps(of_right) if operator in {"&&", "||"} else of_right()
            value = _binary(operator, value, right)
        return value

    def _unary(self) -> int:
        if operator := self._next("++", "--"):
            name = self._name()
            return self._set(name, self._of(name) + (1 if operator == "++" else -1))
        if operator := self._next("-", "+", "!", "~"):
            value = self._unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[operator]
        if self._next("("):
            value = self._sequence()
            if not self._next(")"):
                raise UnknownError(self._text)
            return value
        return self._operand()

    def _operand(self) -> int:
        if self._at >= len(self._tokens):
            raise UnknownError(self._text)
        kind, text = self._tokens[self._at]
        if kind == "operator":
            raise UnknownError(text)
        self._at += 1
        if kind == "number":
            return _number(text)
        if kind == "expanded":  # Before anything is evaluated, and as text.
            expanded = self._value(text) or ""
            if not expanded.isdecimal():
                raise UnknownError(text)
            return _number(expanded)
        value = self._of(text)
        if operator := self._next("++", "--"):
            self._set(text, value + (1 if operator == "++" else -1))
        return value

    def _name(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "name":
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise UnknownError(self._text)

    def _of(self, name: str) -> int:
        if name in self.assigned:
            return self.assigned[name]
        text = self._value(name)
        if text is None or not re.fullmatch(r"\s*|-?\d+", text):
            raise UnknownError(name)
        return -_number(text[1:]) if text.startswith("-") else _number(text.strip() or "0")

    def _set(self, name: str, value: int) -> int:
        self.assigned[name] = value
        return value


def _number(text: str) -> int:
    base = 16 if text[:2] in {"0x", "0X"} else 8 if text.startswith("0") and len(text) > 1 else 10
    try:
        return int(text, base)
    except ValueError as error:  # 08, which bash refuses.
        raise UnknownError(text) from error


def _binary(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if right == 0:
            raise DivisionByZeroError
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    if operator in {"**", "<<", ">>"} and not 0 <= right < _BITS:
        raise UnknownError(operator)
    value = int(_OPERATIONS[operator](left, right))
    if not -(1 << (_BITS - 1)) <= value < 1 << (_BITS - 1):
        raise UnknownError(operator)
    return value


_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "||": lambda left, right: bool(left or right),
    "&&": lambda left, right: bool(left and right),
    "|": int.__or__,
    "^": int.__xor__,
    "&": int.__and__,
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
    "<<": int.__lshift__,
    ">>": int.__rshift__,
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "**": int.__pow__,
}
