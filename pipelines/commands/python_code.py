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
    ``profile``: one of the AWS CLI. ``file``: a path that it opens. ``shell``: a command that it runs.
    ``variable``: one of the environment, without which it fails.
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
        if id(node) not in guarded:
            yield from _of_call(node)
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


def _of_call(node: ast.AST) -> Iterator[tuple[str, str]]:
    """What the arguments of a call tell, if they are texts."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target) == "os.environ['AWS_PROFILE']":
                yield "profile", str(node.value.value)
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value) in {"os.environ", "environ"}
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ):
        yield "variable", node.slice.value
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func)
    for keyword in node.keywords:
        if keyword.arg == "profile_name" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
            yield "profile", str(keyword.value.value)
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if not isinstance(first, str):
        return
    if name == "open" and _mode_of(node).startswith("r") and first.startswith("/"):
        yield "file", first
    shell = any(each.arg == "shell" and ast.unparse(each.value) == "True" for each in node.keywords)
    if name == "os.system" or (name.startswith("subprocess.") and shell):
        yield "shell", first


def _mode_of(node: ast.Call) -> str:
    given = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "mode")]
    return str(given[0].value) if given and isinstance(given[0], ast.Constant) else "?" if given else "r"


_EXITS = {"sys.exit", "exit", "quit", "os._exit"}


def exit_status(code: str) -> int | None:
    """The exit status of code that ends with one whatever happens; None if only running tells."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return None
    exits = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in _EXITS
    ]
    last = tree.body[-1] if tree.body else None
    raises = isinstance(last, ast.Raise) and not exits
    if raises and isinstance(last, ast.Raise) and "SystemExit" not in ast.unparse(last):
        return 1
    if raises and isinstance(last, ast.Raise) and isinstance(last.exc, ast.Call):
        exits, last = [last.exc], ast.Expr(last.exc)
    if len(exits) == 1 and isinstance(last, ast.Expr) and last.value is exits[0] and exits[0].args:
        try:
            value = ast.literal_eval(exits[0].args[0])
        except ValueError:
            return None
        return (value % 256 or None) if isinstance(value, int) else (1 if value else None)
    return None
