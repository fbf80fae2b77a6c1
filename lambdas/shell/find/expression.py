"""Parses the arguments: options, starting points, and the expression, which becomes one function."""

from __future__ import annotations

from collections.abc import Callable

from shell.find.actions import ACTIONS, printed
from shell.find.entry import Entry, Search, UsageError
from shell.find.tests import TESTS

Test = Callable[[Entry], bool]


class Words:
    """The remaining arguments."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    def peek(self) -> str | None:
        """The next argument; None at the end."""
        return self._words[self._at] if self._at < len(self._words) else None

    def take(self, of: str) -> str:
        """Consume the next argument, which ``of`` needs. Raises UsageError if there is none."""
        word = self.peek()
        if word is None:
            raise UsageError(f"missing argument to '{of}'")
        self._at += 1
        return word


def read(arguments: list[str]) -> tuple[list[str], Test, Search]:
    """The starting points, the function that tests a file and runs the actions, and the options.

    Raises UsageError for anything that it does not support.
    """
    search = Search()
    words = Words(arguments)
    _options(words, search)
    starts = []
    while (word := words.peek()) is not None and not _begins_expression(word):
        starts.append(words.take(word))
    test = _Parser(words, search).whole()
    if search.deletes and search.prunes and not search.depth_was_asked:
        raise UsageError("-delete turns on -depth, with which -prune does nothing: say -depth if you mean it")
    return starts or ["."], test, search


def _options(words: Words, search: Search) -> None:
    while (word := words.peek()) in ("-H", "-L", "-P", "--"):
        words.take("")
        if word == "--":
            return
        search.follow = word == "-L"
        search.follow_starts = word == "-H"


def _begins_expression(word: str) -> bool:
    return (word.startswith("-") and word != "-") or word in ("(", ")", "!", ",")


class _Parser:
    """By precedence: parentheses, not, and, or, comma (find(1), OPERATORS)."""

    def __init__(self, words: Words, search: Search) -> None:
        self._words = words
        self._search = search

    def whole(self) -> Test:
        test: Test = lambda _: True  # noqa: E731
        if self._words.peek() is not None:
            test = self._list()
        if (left := self._words.peek()) is not None:
            raise UsageError(f"'{left}' was not expected here")
        if self._search.acts:
            return test
        return lambda entry: test(entry) and printed(entry)

    def _list(self) -> Test:
        tests = [self._or()]
        while self._words.peek() == ",":
            self._words.take(",")
            tests.append(self._or())
        return tests[0] if len(tests) == 1 else lambda entry: [test(entry) for test in tests][-1]

    def _or(self) -> Test:
        tests = [self._and()]
        while self._words.peek() in ("-o", "-or"):
            self._words.take("-o")
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda entry: any(test(entry) for test in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._words.peek() not in (None, ")", ",", "-o", "-or"):
            if self._words.peek() in ("-a", "-and"):
                self._words.take("-a")
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda entry: all(test(entry) for test in tests)

    def _not(self) -> Test:
        word = self._words.peek()
        if word is None or word in (")", ",", "-o", "-or", "-a", "-and"):
            raise UsageError(
                f"a test or an action is missing{f' before {word!r}' if word else ' at the end'}"
            )
        self._words.take(word)
        if word in ("!", "-not"):
            negated = self._not()
            return lambda entry: not negated(entry)
        if word == "(":
            test = self._list()
            if self._words.peek() != ")":
                raise UsageError("')' is missing")
            self._words.take(")")
            return test
        return self._primary(word)

    def _primary(self, word: str) -> Test:
        if word in TESTS:
            return TESTS[word](word, self._words.take, self._search)
        if word in ACTIONS:
            return ACTIONS[word](word, self._words.take, self._search)
        if not word.startswith("-"):
            raise UsageError(f"paths must precede expression: '{word}'. Is a pattern not in quotes?")
        raise UsageError(
            f"'{word}' is not known to the find of this function, which has what most "
            "scripts use. GNU find can come in a Lambda layer, as bin/find (layers=[…] of the handler)"
        )
