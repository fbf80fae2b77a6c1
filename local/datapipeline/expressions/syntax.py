"""Parses text into a syntax tree. Errors say what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedEOF, UnexpectedInput, UnexpectedToken

_parser = Lark(
    (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="contextual",
    maybe_placeholders=False,
)


class ExpressionError(Exception):
    """The expression cannot be read or evaluated; the message says why and where."""


@lru_cache(maxsize=2048)
def parse(text: str) -> Tree[Token]:
    """The syntax tree of a field's text. Raises ExpressionError."""
    if "#{" not in text:
        return Tree("start", [Token("TEXT", text)] if text else [])
    try:
        return _parser.parse(text)
    except UnexpectedInput as error:
        raise ExpressionError(_explain(text, error)) from None


def _explain(text: str, error: UnexpectedInput) -> str:
    at_end = isinstance(error, UnexpectedEOF) or (
        isinstance(error, UnexpectedToken) and error.token.type == "$END"
    )
    if at_end:
        return f"the expression in '{text}' is not closed: '}}' is missing"
    position = error.pos_in_stream or 0
    return f"unexpected '{text[position]}' at character {position + 1} of '{text}'"


def has_expression(text: str) -> bool:
    return "#{" in text


def paths_used(tree: Tree[Token]) -> Iterator[tuple[str, ...]]:
    """Every name with the names that follow it: `("input", "filePath")` for `#{input.filePath}`."""
    for child in tree.children:
        if isinstance(child, Token):
            continue
        path = _path(child)
        if path:
            yield path
        else:
            yield from paths_used(child)


def _path(tree: Tree[Token]) -> tuple[str, ...]:
    """The names of a field, or of a field of a reference; empty for any other expression."""
    first, *others = tree.children
    if tree.data == "name":
        return (str(first),)
    before = _path(first) if tree.data == "member" and isinstance(first, Tree) else ()
    return (*before, str(others[0])) if before else ()


def names_used(tree: Tree[Token]) -> Iterator[str]:
    """The fields and parameters that expressions start from: `input` of `#{input.filePath}`."""
    for node in tree.iter_subtrees():
        if node.data == "name":
            yield str(node.children[0])
