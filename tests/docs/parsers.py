"""Commands are read by the parsers of the tools that they call. Nothing is sent anywhere."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import runpy
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import jmespath  # type: ignore[import-untyped]
from awscli.clidriver import CLIDriver, create_clidriver  # type: ignore[import-untyped]
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.docs.blocks import ROOT

_PARSE_FIRST = ("bench", "local", "pipelines")
_WITHOUT_ARGUMENTS = ("local.simulation", "bench.console_picture")
_CDK = ROOT / "node_modules" / ".bin" / "cdk"


class RefusedError(Exception):
    """A command that its tool does not take; the message says why."""


class _ParsedError(BaseException):
    """Ends a program once it has parsed its arguments."""


def parse_aws(arguments: Sequence[str], directory: Path) -> None:
    """Give a command to the AWS CLI, up to the moment at which it would send the request.

    It knows services, operations, options and their types. A ``--query`` may name only what the operation
    returns. Files that the command reads and that are not in the repository have an empty definition.
    """
    given = [_with_a_file(word, directory) for word in arguments]
    if given[:2] in (["s3", "cp"], ["s3", "sync"]):
        given.append("--dryrun")
    called: list[OperationModel] = []
    errors = io.StringIO()
    with (
        mock.patch.dict(os.environ, _nowhere()),
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = _aws(called).main(given)
        except SystemExit as exited:
            code = exited.code
    if code:
        raise RefusedError(f"aws {' '.join(arguments)}: {errors.getvalue().strip()[-500:]}")
    if "--query" in arguments and called:
        query = arguments[arguments.index("--query") + 1]
        names = dict(_members(called[-1].output_shape))
        unknown = _fields(jmespath.compile(query).parsed, {name for name, is_map in names.items() if is_map})
        unknown -= names.keys()
        if unknown:
            raise RefusedError(f"aws {' '.join(arguments)}: the answer has no {sorted(unknown)}")


def parse_cdk(arguments: Sequence[str], directory: Path) -> None:
    """Give a command to the CDK CLI in a directory without an app, where it stops after parsing."""
    said = _cdk(tuple(word for word in arguments if "=" not in word or word.startswith("-")), directory)
    # For a command that it does not know, it lists those that it knows.
    if "Unknown option" in said or "Commands:" in said:
        raise RefusedError(f"cdk {' '.join(arguments)}: {said}")


def parse_python(arguments: Sequence[str]) -> None:
    """Give ``python -m MODULE …`` to the module's own parser. Of pytest's files, look whether they exist."""
    if list(arguments[:2]) == ["-m", "venv"]:
        return
    if arguments[0] != "-m":
        raise RefusedError(f"python {' '.join(arguments)}: only python -m is known here")
    module = arguments[1].removeprefix("datapipeline_runner.")
    if module in _WITHOUT_ARGUMENTS:
        if len(arguments) > 2:
            raise RefusedError(f"{module} takes no arguments")
        return
    if module == "pytest":
        missing = [word for word in arguments[2:] if not (ROOT / word.partition("::")[0]).exists()]
        if missing:
            raise RefusedError(f"pytest: there is no {missing}")
        return
    if module not in _PARSE_FIRST:
        raise RefusedError(f"{module}: it is not known to parse its arguments before anything else")
    parse_args = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, *given: Any, **more: Any) -> argparse.Namespace:
        parse_args(parser, *given, **more)
        raise _ParsedError

    errors = io.StringIO()
    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", parsed),
        mock.patch.object(sys, "argv", [module, *arguments[2:]]),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
        contextlib.suppress(_ParsedError),
    ):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as exited:
            if exited.code == 0:  # --help
                return
            raise RefusedError(f"python {' '.join(arguments)}: {errors.getvalue().strip()}") from exited
        raise RefusedError(f"python {' '.join(arguments)}: it did not parse its arguments")


def parse_make(arguments: Sequence[str]) -> None:
    """Ask make what it would do."""
    done = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RefusedError(f"make {' '.join(arguments)}: {done.stderr.strip()}")


def parse_git(arguments: Sequence[str]) -> None:
    """Run ``git grep``, which has to find something. Nothing else is known here."""
    if (
        arguments[0] != "grep"
        or subprocess.run(["git", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode
    ):
        raise RefusedError(f"git {' '.join(arguments)}: it finds nothing, or is no search")


def parse_pip(arguments: Sequence[str]) -> None:
    """Ask pip whether it knows the options, by adding --help, which it reads first."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments, "--help"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RefusedError(f"pip {' '.join(arguments)}: {done.stderr.strip()}")


@cache
def _driver() -> CLIDriver:
    return create_clidriver()


_CALLED: list[list[OperationModel]] = []


def _aws(called: list[OperationModel]) -> CLIDriver:
    """The CLI, which notes what it would call, and gets an empty answer."""
    driver = _driver()
    if not _CALLED:
        driver.session.register("before-call.*.*", _answer)
    _CALLED[:] = [called]
    return driver


def _answer(model: OperationModel, **_: Any) -> tuple[AWSResponse, Any]:
    _CALLED[0].append(model)
    answer = {} if model.output_shape is None else _empty(model.output_shape)
    return AWSResponse("https://nowhere.invalid", 200, HTTPHeaders(), None), answer


def _empty(shape: Shape) -> Any:
    """An answer with as little in it as possible."""
    if isinstance(shape, StructureShape):
        lists = [name for name, member in shape.members.items() if isinstance(member, ListShape)]
        return {name: _empty(shape.members[name]) for name in {*shape.required_members, *lists}}
    if isinstance(shape, ListShape):
        return []
    if isinstance(shape, MapShape):
        return {}
    return {"integer": 0, "long": 0, "boolean": False, "double": 0.0}.get(shape.type_name, "x")


def _members(shape: Shape | None, above: tuple[str, ...] = ()) -> Iterator[tuple[str, bool]]:
    """The names of all members, at any depth, and whether each is a map."""
    if isinstance(shape, StructureShape) and shape.name not in above:
        for name, member in shape.members.items():
            yield name, isinstance(member, MapShape)
            yield from _members(member, (*above, shape.name))
    elif isinstance(shape, ListShape):
        yield from _members(shape.member, above)
    elif isinstance(shape, MapShape):
        yield from _members(shape.value, above)


def _fields(query: Mapping[str, Any], maps: Collection[str]) -> set[str]:
    """The names that a JMESPath expression reads, but for the keys of maps."""
    if query["type"] == "field":
        return {query["value"]}
    children = [child for child in query["children"] if isinstance(child, Mapping)]
    if query["type"] == "subexpression" and _last(children[0]) in maps:
        children = children[:1]
    return set().union(*(_fields(child, maps) for child in children))


def _last(query: Mapping[str, Any]) -> Any:
    """The field that an expression ends with."""
    return (
        query["value"]
        if query["type"] == "field"
        else _last(query["children"][-1])
        if query["children"]
        else None
    )


def _with_a_file(word: str, directory: Path) -> str:
    path = word.removeprefix("file://")
    if path == word or (ROOT / path).exists():
        return word
    file = directory / Path(path).name
    file.write_text('{"objects": []}')
    return f"file://{file}"


def _nowhere() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@cache
def _cdk(arguments: tuple[str, ...], directory: Path) -> str:
    done = subprocess.run(
        [_CDK, *arguments],
        cwd=directory,
        env={**os.environ, **_nowhere(), "CDK_DISABLE_VERSION_CHECK": "1", "HOME": str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr
