"""Arithmetic says what bash says, or nothing."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.commands.arithmetic import Arithmetic, DivisionByZeroError, UnknownError

VALUES = {"a": "3", "b": "-2", "c": "", "d": "010"}
OPERATORS = ["+", "-", "*", "/", "%", "**", "<<", ">>", "<", "<=", ">", ">="]
OPERATORS += ["==", "!=", "&", "^", "|", "&&", "||", ","]
OPERANDS = st.sampled_from(
    ["0", "1", "2", "7", "0x1f", "017", "a", "b", "c", "d", "$a", "$b", "$c", "${d}", "unset"]
)


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(OPERATORS), parts).map(" ".join),
        parts.map(lambda text: f"({text})"),
        st.tuples(st.sampled_from(["!", "~", "- ", "+ "]), parts).map("".join),
        st.tuples(parts, parts, parts).map(lambda each: f"{each[0]} ? {each[1]} : {each[2]}"),
        st.tuples(st.sampled_from("abc"), st.sampled_from(["=", "+=", "-=", "*="]), parts).map(" ".join),
        st.sampled_from(["a++", "--b", "++c"]),
    )


EXPRESSIONS = st.recursive(OPERANDS, joined, max_leaves=6)


def bash(text: str) -> tuple[str, ...]:
    """The value, and those of the variables after it; nothing if bash refuses it."""
    assigned = "; ".join(f"{name}={value}" for name, value in VALUES.items())
    script = f'{assigned}; r=$(({text})) || exit 9; echo "$r|$a|$b|$c|$d"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return tuple(done.stdout.strip().split("|")) if done.returncode == 0 else ()


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
@example("a++ ? $a : 0")
@example("-$b")
def test_values_are_those_of_bash(text: str) -> None:
    expression = Arithmetic(text, lambda name: VALUES.get(name, ""))
    try:
        value = expression.result()
    except UnknownError:
        return
    except DivisionByZeroError:
        assert bash(text) == ()
        return
    after = {**VALUES, **{name: str(number) for name, number in expression.assigned.items()}}
    assert bash(text) == (str(value), *(after[name] for name in VALUES)), text


@pytest.mark.parametrize(
    ("text", "value"), [("", 0), ("1 > 2", 0), ("a = 5, a * 2", 10), ("1 ? 2 : 3", 2), ("2 ** 3 ** 2", 512)]
)
def test_some_values(text: str, value: int) -> None:
    assert Arithmetic(text, VALUES.get).result() == value


@pytest.mark.parametrize(
    "text", ["n + 1", "a[0]", "1 +", "16#ff", "08", "1 && a++", "$(date +%s)", "1 << 64"]
)
def test_what_is_not_known(text: str) -> None:
    with pytest.raises(UnknownError):
        Arithmetic(text, VALUES.get).result()
