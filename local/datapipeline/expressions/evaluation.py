"""Evaluates the text of a field in the scope of an object."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from lark import Token, Tree

from local.datapipeline.expressions.functions import call
from local.datapipeline.expressions.syntax import ExpressionError, has_expression, parse
from local.datapipeline.expressions.values import (
    FieldText,
    Reference,
    Scalar,
    Value,
    need_number,
    number_of,
    text_of,
)
from local.datapipeline.objects import Field

_MAX_DEPTH = 32
# Developer Guide, Expressions: references and fields of type ID, NAME, TYPE and SPHERE are used verbatim.
_VERBATIM = frozenset({"id", "name", "type", "sphere", "@id", "@name", "@type", "@sphere"})


class Scope(Protocol):
    """What an object's expressions see."""

    @property
    def id(self) -> str: ...

    def fields(self, name: str) -> Sequence[Field]:
        """The fields with this name, or a parameter's values. `@id` and `name` count as fields."""
        ...

    def target(self, reference: str) -> Scope | None:
        """The scope of the object that a field of this one refers to."""
        ...


def evaluate_text(text: str, scope: Scope) -> str:
    """The answer of EvaluateExpression, which writes a list as `[a, b]`. Raises ExpressionError."""
    values = evaluate(text, scope)
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def evaluate(text: str, scope: Scope, depth: int = 0) -> list[str]:
    """The values of a field's text; several if it is a list. Raises ExpressionError."""
    try:
        return [text_of(value) for value in _evaluate_template(text, scope, depth)]
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None


def evaluate_fields(fields: Iterable[Field], scope: Scope) -> Iterator[Field]:
    """`fields` with expressions replaced by their values. Raises ExpressionError, which names the field."""
    for field in fields:
        if field.is_reference or field.key in _VERBATIM or not has_expression(field.value):
            yield field
            continue
        try:
            values = evaluate(field.value, scope)
        except ExpressionError as error:
            raise ExpressionError(f"field '{field.key}' of '{scope.id}': {error}") from None
        for value in values:
            yield Field(field.key, value)


def _evaluate_template(text: str, scope: Scope, depth: int) -> list[Scalar]:
    if depth > _MAX_DEPTH:
        raise ExpressionError(f"'{text}' refers to itself")
    parts: list[Value] = [
        str(part) if isinstance(part, Token) else _Evaluator(scope, depth).value(part)
        for part in parse(text).children
    ]
    if len(parts) == 1:
        return _as_list(parts[0])
    return _as_list(_map(lambda row: "".join(map(text_of, row)), parts))


def _as_list(value: Value) -> list[Scalar]:
    return value if isinstance(value, list) else [value]


def _truncate(left: int | float, right: int | float) -> int | float:
    """Developer Guide, Simple Data Types: dividing two integers truncates."""
    if right == 0:
        raise ExpressionError("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _raise_to(left: int | float, right: int | float) -> float:
    try:
        result: float | complex = float(left) ** float(right)
    except (OverflowError, ZeroDivisionError) as error:
        raise ExpressionError(f"{left}^{right}: {error}") from None
    if isinstance(result, complex):
        raise ExpressionError(f"{left}^{right} is not a real number")
    return result


_ARITHMETIC: dict[str, tuple[str, Callable[[int | float, int | float], int | float]]] = {
    "subtract": ("-", operator.sub),
    "multiply": ("*", operator.mul),
    "divide": ("/", _truncate),
    "power": ("^", _raise_to),
}


def _add(left: Scalar, right: Scalar) -> Scalar:
    first, second = number_of(left), number_of(right)
    if first is not None and second is not None:
        return first + second
    return text_of(left) + text_of(right)


class _Evaluator:
    def __init__(self, scope: Scope, depth: int) -> None:
        self._scope = scope
        self._depth = depth

    def value(self, tree: Tree[Token]) -> Value:
        kind, children = tree.data, tree.children
        if kind == "integer":
            return int(str(children[0]))
        if kind == "decimal":
            return float(str(children[0]))
        if kind == "string":
            return _unquote(str(children[0]))
        if kind == "name":
            return self._field(self._scope, str(children[0]))
        if kind == "member":
            return self._member(tree)
        if kind == "call":
            return _over_lists(str(children[0]), [self._child(child) for child in children[1:]])
        if kind == "method":
            return _over_lists(str(children[1]), [self._child(children[0]), *map(self._child, children[2:])])
        operands = [self._child(child) for child in children]
        if kind == "negate":
            return _map(lambda a: -need_number(a[0], "-"), operands)
        if kind == "add":
            return _map(lambda a: _add(a[0], a[1]), operands)
        sign, apply = _ARITHMETIC[kind]
        return _map(lambda a: apply(need_number(a[0], sign), need_number(a[1], sign)), operands)

    def _child(self, node: Tree[Token] | Token) -> Value:
        assert isinstance(node, Tree)  # noqa: S101 - by the grammar, names are read by their parents
        return self.value(node)

    def _member(self, tree: Tree[Token]) -> Value:
        path: list[str] = []
        node: Tree[Token] | Token = tree
        while isinstance(node, Tree) and node.data == "member":
            path.insert(0, str(node.children[1]))
            node = node.children[0]
        if not isinstance(node, Tree) or node.data != "name":
            raise ExpressionError(f"'.{path[0]}' can only follow the name of a field")
        path.insert(0, str(node.children[0]))
        # Developer Guide, Expressions: transitive references reach user-defined fields, not runtime fields.
        if len(path) > 2 and path[-1].startswith("@") and path[-1] != "@id":
            raise ExpressionError(f"'{'.'.join(path)}' reaches a runtime field over more than one reference")
        scopes = [self._scope]
        for step in path[:-1]:
            scopes = [target for scope in scopes for target in self._targets(scope, step)]
        values = [value for scope in scopes for value in _as_list(self._field(scope, path[-1]))]
        return values[0] if len(values) == 1 else values

    def _targets(self, scope: Scope, name: str) -> Iterator[Scope]:
        for value in _as_list(self._field(scope, name)):
            target = scope.target(value.id) if isinstance(value, Reference) else None
            if target is None:
                raise ExpressionError(f"'{name}' of '{scope.id}' is not a reference to an object")
            yield target

    def _field(self, scope: Scope, name: str) -> Value:
        fields = scope.fields(name)
        if not fields:
            raise ExpressionError(f"'{scope.id}' has no field '{name}', and there is no such parameter")
        values: list[Scalar] = []
        for field in fields:
            if field.is_reference:
                values.append(Reference(field.value))
            elif field.key in _VERBATIM or not has_expression(field.value):
                values.append(FieldText(field.value))
            else:
                values.extend(_keep_type(v) for v in _evaluate_template(field.value, scope, self._depth + 1))
        return values[0] if len(values) == 1 else values


def _keep_type(value: Scalar) -> Scalar:
    return FieldText(value) if isinstance(value, str) else value


def _map(apply: Callable[[Sequence[Scalar]], Scalar], operands: Sequence[Value]) -> Value:
    """Apply a function of scalars. A list as an operand gives a list (Developer Guide, Lists)."""
    lengths = {len(operand) for operand in operands if isinstance(operand, list)}
    if not lengths:
        return apply([operand for operand in operands if not isinstance(operand, list)])
    if len(lengths) > 1:
        raise ExpressionError("lists of different lengths cannot be combined")
    columns = [operand if isinstance(operand, list) else [operand] * max(lengths) for operand in operands]
    return [apply(row) for row in zip(*columns, strict=True)]


def _over_lists(function: str, arguments: Sequence[Value]) -> Value:
    return _map(lambda row: call(function, row), arguments)


def _unquote(literal: str) -> str:
    return literal[1:-1].replace(f"\\{literal[0]}", literal[0]).replace("\\\\", "\\")
