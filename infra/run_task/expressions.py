"""Loads the JSONata of RunTask from the ``.jsonata`` files beside this one.

The reference implementation runs each file unchanged. A parameter, such as ``$route``, is a variable that the
file does not assign: bind it to run the file; in the state machine its value takes its place.
"""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent

_STRING_OR_COMMENT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*.*?\*/""", re.DOTALL)
_BREAK_AT_A_BRACKET = re.compile(r"(?<=[(\[{])\n|\n(?=[)\]}])")


def state_expression(name: str, **parameters: str) -> str:
    """``expression(name, **parameters)`` as the Amazon States Language writes it: ``{% … %}``."""
    return f"{{% {expression(name, **parameters)} %}}"


def expression(name: str, **parameters: str) -> str:
    """``<name>.jsonata`` on one line and without comments.

    ``parameters`` holds JSONata for each parameter of the file. An empty text leaves the parameter out of the
    array that it ends, which is what JSONata does with a variable that has no value.
    """
    text = folded((_HERE / f"{name}.jsonata").read_text(encoding="utf-8"))
    return _with_parameters(text, parameters) if parameters else text


def folded(source: str) -> str:
    """JSONata without its comments and line breaks."""
    code = _STRING_OR_COMMENT.sub(lambda match: match[1] or "", source)
    lines = "\n".join(line.strip() for line in code.splitlines() if line.strip())
    return _BREAK_AT_A_BRACKET.sub("", lines).replace("\n", " ")


def _with_parameters(text: str, parameters: dict[str, str]) -> str:
    """All are replaced at once, because a value may look like a parameter."""
    names = "|".join(parameters)

    def value(match: re.Match[str]) -> str:
        jsonata = parameters[match["name"]]
        if match["within"]:  # A literal between two literals: the three become one.
            return jsonata.removeprefix('"').removesuffix('"')
        return f"{match['comma'] or ''}{jsonata}" if jsonata else ""

    return re.sub(rf'(?P<within>" & )?(?P<comma>, )?\$(?P<name>{names})\b(?(within) & ")', value, text)
