"""What Python code in a command imports that Lambda's Python has not."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator

from local.lambda_runtime.managed_runtime import DISTRIBUTIONS

_MODULES = {"python-dateutil": "dateutil", "snapshot-restore-py": "snapshot_restore_py"}
_THERE = {_MODULES.get(name, name) for name in DISTRIBUTIONS} | {"tzdata"}
_CALLS_AWS = {"boto3", "botocore"}
_ALWAYS = set(sys.builtin_module_names)
_GONE = {
    *(
        "aifc",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "distutils",
        "imghdr",
        "imp",
    ),
    *("lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd"),
    *("sunau", "telnetlib", "uu", "xdrlib"),
}
"""Modules that the standard library of Python 3.13 has no more (What's New in Python 3.12, 3.13)."""


def problems_of(code: str) -> Iterator[tuple[str, str]]:
    """Kind and text.

    ``syntax``: what makes it no Python 3. ``module``: one that is not there. ``aws``: one that calls AWS.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as error:
        yield "syntax", f"line {getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}"
        return
    told: set[str] = set()
    guarded = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            module = name.partition(".")[0]
            if module in _CALLS_AWS and module not in told:
                told.add(module)
                yield "aws", module
            if id(node) not in guarded and module not in told and not _is_there(module):
                told.add(module)
                yield "module", module


def _is_there(module: str) -> bool:
    own = module in sys.stdlib_module_names and module not in _GONE
    return own or module in _ALWAYS or module in _THERE or module == "__future__"
