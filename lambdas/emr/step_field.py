r"""The field ``step`` of an EmrActivity: a JAR and its arguments, separated by commas.

Developer guide, EmrActivity: a comma after an escape character is part of an argument; one level of escape
characters is removed before the arguments are read, so that the text ``a\\,b`` is one argument, and the text
``File\\\\.gz`` is ``File\.gz``. Nobody escapes a comma to separate arguments, so ``a\,b`` is one too.
"""

from __future__ import annotations

import re

from emr.steps import Step, program
from runner.fields import FieldError

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ARGUMENT = re.compile(r"((?:\\.|[^\\,]|\\$)*)(,|$)", re.DOTALL)


def parse_step(owner: str, text: str) -> Step:
    """The step that one value of the field describes. Raises FieldError if it names no JAR."""
    once = _ESCAPED.sub(lambda found: found[0] if found[1] == "," else found[1], text)
    words = []
    for found in _ARGUMENT.finditer(once):
        words.append(_ESCAPED.sub(r"\1", found[1]))
        if not found[2]:
            break
    jar = words[0].strip()
    if not jar:
        problem = f"a JAR is expected first, such as 's3://bucket/my.jar,first,second', but it is {text!r}"
        raise FieldError(owner, "step", problem)
    return program(jar, words[1:])
