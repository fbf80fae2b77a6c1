"""What Python code in a command imports that Lambda's Python has not."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping

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


_LOOKS = re.compile(r"exists|is_?file|is_?dir|access|listdir|glob")
"""What a condition calls that looks for a file."""
_READING = {"r", "rt", "rb", "br", "tr"}
_HARMLESS = {
    *("collections", "csv", "datetime", "decimal", "itertools", "json", "math", "re", "statistics", "string"),
    *("sys", "textwrap", "time"),
}
"""Modules of which nothing makes a file that ``open`` does not."""
_MAKES_ANYTHING = {"eval", "exec", "compile", "__import__", "globals", "getattr"}


def problems_of(code: str) -> Iterator[tuple[str, str]]:
    """Kind and text.

    ``syntax``: what makes it no Python 3. ``module``: one that is not there. ``aws``: one that calls AWS.
    ``profile``: one of the AWS CLI. ``file``: a path that it opens. ``shell``: a command that it runs.
    ``variable``: one of the environment, without which it fails. ``writes``: a file that it makes, and
    ``makes``: a directory. ``unread``: what it opens, if the text does not tell.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as error:
        yield "syntax", f"line {getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}"
        return
    told: set[str] = set()
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) or (isinstance(node, ast.If) and _LOOKS.search(ast.unparse(node.test)))
        for inner in ast.walk(node)
    }
    texts = _texts(tree)
    for node in sorted(ast.walk(tree), key=_place):
        for kind, what in _of_call(node, texts):
            if id(node) not in guarded or kind == "makes":
                yield kind, what
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


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _texts(tree: ast.AST) -> dict[str, str]:
    """The variables that are set once, to a text."""
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_stored(node)]
    stored += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and stored.count(target.id) == 1 and isinstance(node.value.value, str)
    }


def _is_stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _text(node: ast.expr | None, texts: Mapping[str, str]) -> str | None:
    """A text, or a variable that is one."""
    if isinstance(node, ast.Name):
        return texts.get(node.id)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def only_reads(code: str) -> bool:
    """Whether it is certain that code makes no files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return True  # It does not run.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name not in _HARMLESS for alias in node.names):
            return False
        if isinstance(node, ast.ImportFrom) and node.module not in _HARMLESS:
            return False
        if isinstance(node, ast.Name) and node.id in _MAKES_ANYTHING:
            return False
        if isinstance(node, ast.Name) and node.id == "open" and not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "open" and _mode_of(node) not in _READING:
            return False
    return True


def _of_call(node: ast.AST, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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
    first = _text(node.args[0] if node.args else None, texts)
    if name == "open" and node.args and first is None and not _is_number(node.args[0]):
        yield "unread", f"'{ast.unparse(node)}'"
    if name.startswith("subprocess.") and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
        words = [_text(each, texts) for each in node.args[0].elts]
        if words and None not in words:
            yield "shell", shlex.join(word or "" for word in words)
    if first is None:
        return
    if name == "open" and _mode_of(node) in _READING:
        yield "file", first
    if name == "open" and _mode_of(node)[:1] in {"w", "a", "x"}:
        yield "writes", first
    if name in {"os.makedirs", "os.mkdir"}:
        yield "makes", first
    shell = any(each.arg == "shell" and ast.unparse(each.value) == "True" for each in node.keywords)
    if name == "os.system" or (name.startswith("subprocess.") and shell):
        yield "shell", first


def _mode_of(node: ast.Call) -> str:
    given = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "mode")]
    return str(given[0].value) if given and isinstance(given[0], ast.Constant) else "?" if given else "r"


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


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
