"""Staging: copies input nodes to directories before the command runs, and output directories to S3 after it.

Developer guide, "Staging data and tables with pipeline activities" and ShellCommandActivity.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_stream import AT_ONCE, S3Stream
from data_nodes.s3_uri import MAX_KEY_BYTES, S3Uri
from data_nodes.stored_object import StoredObject
from runner import clients
from runner.fields import FieldError
from runner.outcome import TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client

_GZIP_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1024 * 1024
_SHOWN_CHARACTERS = 1_000


@dataclass(frozen=True)
class StagedNode:
    """A node and its directory."""

    variable: str
    node: S3DataNode
    directory: Path


@dataclass(frozen=True)
class Staging:
    """The nodes that a task stages; empty if it does not stage."""

    inputs: Sequence[StagedNode] = ()
    outputs: Sequence[StagedNode] = ()

    @classmethod
    def of(cls, task: Task, directory: Path) -> Staging:
        """The nodes that ``input`` and ``output`` refer to, numbered from 1. Raises FieldError."""
        if not task.boolean("stage", default=False):
            return cls()
        return cls(_nodes(task, "input", directory), _nodes(task, "output", directory))

    @property
    def environment(self) -> dict[str, str]:
        """The variables for the command, such as ``INPUT1_STAGING_DIR``."""
        return {staged.variable: str(staged.directory) for staged in (*self.inputs, *self.outputs)}


def _nodes(task: Task, field: str, directory: Path) -> list[StagedNode]:
    staged: list[StagedNode] = []
    for found in task.references(field):
        if found.type != "S3DataNode":
            task.logger.info("Not staged", field=field, object=found.id, objectType=found.type)
            continue
        name = f"{field}{len(staged) + 1}"
        node = S3DataNode.of(found)
        if field == "output" and node.manifest:
            problem = "a manifest cannot be staged to; give the node a directoryPath"
            raise FieldError(found.id, "manifestFilePath", problem)
        staged.append(StagedNode(f"{name.upper()}_STAGING_DIR", node, directory / name))
    return staged


def make_directories(staging: Staging) -> None:
    """Create an empty directory for each node."""
    for staged in (*staging.inputs, *staging.outputs):
        staged.directory.mkdir()


def stage_in(staging: Staging, s3: S3Client, *, check_canceled: Callable[[], None]) -> None:
    """Copy the inputs' objects to their directories. Objects of a gzip node are decompressed.

    Raises TaskFailed, and whatever ``check_canceled`` raises.
    """
    for staged in staging.inputs:
        with (
            _errors_as_task_failed("InputNotStaged", f"The input '{staged.node.id}'", "read"),
            # Not in the input's directory, where any name may be that of an object.
            tempfile.TemporaryDirectory(prefix="fetching-", dir=staged.directory.parent) as aside,
        ):
            for stored in staged.node.objects(s3):
                check_canceled()
                _check_room(stored, staged.directory)
                target = _target(staged, stored)
                fetched = Path(aside, "object")
                _fetch(s3, stored, fetched, check_canceled)
                # Data that is not compressed stays unchanged, whatever the node says.
                if staged.node.gzip and _is_compressed(fetched):
                    _decompress(stored, fetched, target, check_canceled)
                else:
                    fetched.replace(target)


def stage_out(staging: Staging, s3: S3Client, *, check_canceled: Callable[[], None]) -> None:
    """Copy the files in the output directories to their nodes. For a gzip node they are compressed.

    Raises TaskFailed, and whatever ``check_canceled`` raises. Files that are already copied stay.
    """
    for staged in staging.outputs:
        with _errors_as_task_failed("OutputNotStaged", f"The output '{staged.node.id}'", "written"):
            for path, uri, compress in _places(staged):
                check_canceled()
                if compress:
                    _store_compressed(s3, path, uri, check_canceled)
                else:
                    s3.upload_file(
                        str(path),
                        uri.bucket,
                        uri.key,
                        Callback=lambda _: check_canceled(),
                        Config=_transfer_config(),
                    )


def _places(staged: StagedNode) -> list[tuple[Path, S3Uri, bool]]:
    """The destination of each file of an output, and whether to compress it. Raises TaskFailed, OSError."""
    places: dict[S3Uri, tuple[Path, S3Uri, bool]] = {}
    for path in _files(staged):
        compress = staged.node.gzip and not _is_compressed(path)
        uri = staged.node.file or _output_uri(staged, path, compressed=compress)
        if uri in places:
            raise _output_not_staged(
                staged, path, f"and '{places[uri][0].name}' would both become '{uri}', which is compressed"
            )
        places[uri] = (path, uri, compress)
    return list(places.values())


def _target(staged: StagedNode, stored: StoredObject) -> Path:
    """The file for an object. Raises TaskFailed for a key that is no path inside the directory."""
    name = stored.path.removesuffix(".gz") if staged.node.gzip else stored.path
    if problem := _no_path(name):
        raise _input_not_staged(staged, stored, f"'{name}' is not the path of a file: {problem}")
    target = staged.directory.joinpath(*name.split("/"))
    if target.exists():
        raise _input_not_staged(staged, stored, f"there is another object for the file or directory '{name}'")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        problem = f"a part of '{name}' is another object's file, and so no directory"
        raise _input_not_staged(staged, stored, problem) from error
    return target


def _no_path(name: str) -> str:
    """Why ``name`` is no path below a directory; empty if it is one. The limits are those of Linux."""
    parts = name.split("/")
    if not all(part not in {"", ".", ".."} for part in parts):
        return "a part of it is empty, '.' or '..'"
    if "\0" in name:
        return "it has a null character"
    longest = max(len(os.fsencode(part)) for part in parts)
    return f"a part of it has {longest} bytes, and 255 bytes are the limit" if longest > 255 else ""


def _input_not_staged(staged: StagedNode, stored: StoredObject, problem: str) -> TaskFailed:
    return TaskFailed(
        f"'{stored.uri}' of '{staged.node.id}' cannot be staged: {problem}.", error_id="InputNotStaged"
    )


def _check_room(stored: StoredObject, directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if stored.size > free:
        raise _no_room(f"'{stored.uri}' has {stored.size:,} bytes, and {free:,} are free")


def _no_room(why: str) -> TaskFailed:
    return TaskFailed(
        f"Ephemeral storage is too small: {why}. Set `ephemeral_mb` of the handler in app.py, up to 10,240, "
        "or `ephemeral_gb` of its Container, up to 200.",
        error_id="EphemeralStorageFull",
    )


def _fetch(s3: S3Client, stored: StoredObject, file: Path, check_canceled: Callable[[], None]) -> None:
    s3.download_file(
        stored.uri.bucket,
        stored.uri.key,
        str(file),
        Callback=lambda _: check_canceled(),
        Config=_transfer_config(),
    )


def _decompress(stored: StoredObject, file: Path, target: Path, check_canceled: Callable[[], None]) -> None:
    """Raises TaskFailed."""
    try:
        with gzip.open(file, "rb") as source, target.open("wb") as sink:
            _copy(cast("BinaryIO", source), sink, check_canceled)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        problem = f"'{stored.uri}' is no valid gzip file: {error}."
        raise TaskFailed(problem, error_id="InputNotStaged") from error
    file.unlink()


def _store_compressed(s3: S3Client, path: Path, uri: S3Uri, check_canceled: Callable[[], None]) -> None:
    stream = S3Stream(s3, uri, at_once=AT_ONCE)
    try:
        compressed = gzip.GzipFile(filename="", fileobj=cast("BinaryIO", stream), mode="wb", mtime=0)
        with path.open("rb") as source, compressed:
            _copy(source, cast("BinaryIO", compressed), check_canceled)
        stream.close()
    except BaseException:
        stream.abort()
        raise


def _copy(source: BinaryIO, sink: BinaryIO, check_canceled: Callable[[], None]) -> None:
    while data := source.read(_COPY_BYTES):
        check_canceled()
        sink.write(data)


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def _files(staged: StagedNode) -> Iterator[Path]:
    """The files below an output's directory, sorted. Raises TaskFailed for anything that cannot be staged.

    An empty directory is a valid output without files. A directory that cannot be read is a failure.
    """
    files = sorted(_walk(staged))
    if staged.node.file and len(files) != 1:
        raise TaskFailed(
            f"The output '{staged.node.id}' has a filePath, so the command has to leave one file in "
            f"${{{staged.variable}}}, but there are {len(files)}. For several, it needs a directoryPath.",
            error_id="OutputNotStaged",
        )
    yield from files


def _walk(staged: StagedNode) -> Iterator[Path]:
    waiting = [staged.directory]
    while waiting:
        directory = waiting.pop()
        try:
            with os.scandir(directory) as entries:
                found = list(entries)
        except OSError as error:
            raise _output_not_staged(staged, directory, f"cannot be read: {error.strerror}") from error
        for entry in found:
            path = directory / entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            if problem := _key_problem(staged, path) or ("" if is_directory else _file_problem(path)):
                raise _output_not_staged(staged, path, problem)
            if is_directory:
                waiting.append(path)
            else:
                yield path


def _file_problem(path: Path) -> str:
    """Why the path is not a file that can be stored; empty if it is."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "is no file"
    except FileNotFoundError:  # A dangling link.
        return "is no file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if path.resolve().is_relative_to("/proc"):  # Such as the variables of whoever reads it: the handler.
        return "is a link to a file of the system"
    return "" if os.access(path, os.R_OK) else "cannot be read: its modes do not allow it"


def _key_problem(staged: StagedNode, path: Path) -> str:
    """Why the path cannot become a key in S3; empty if it can."""
    if staged.node.directory is None:
        return ""
    try:
        key = f"{staged.node.directory.key}{path.relative_to(staged.directory).as_posix()}".encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8, as the key of an S3 object has to be"
    if len(key) > MAX_KEY_BYTES:
        return f"would have a key of {len(key):,} bytes, and S3 takes {MAX_KEY_BYTES:,}"
    return ""


def _output_not_staged(staged: StagedNode, path: Path, problem: str) -> TaskFailed:
    """``problem`` says what is wrong with the path. The message shows the path as the command knows it."""
    below = path.relative_to(staged.directory).as_posix()
    shown = f"${staged.variable}" if below == "." else below.encode("utf-8", "backslashreplace").decode()
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}…"
    return TaskFailed(
        f"The output '{staged.node.id}' cannot be staged: '{shown}' {problem}.", error_id="OutputNotStaged"
    )


def _output_uri(staged: StagedNode, path: Path, *, compressed: bool) -> S3Uri:
    assert staged.node.directory is not None  # noqa: S101 - it is neither a file nor a manifest
    suffix = ".gz" if compressed else ""
    return staged.node.directory / (path.relative_to(staged.directory).as_posix() + suffix)


@contextmanager
def _errors_as_task_failed(error_id: str, what: str, done: str) -> Iterator[None]:
    try:
        yield
    except clients.aws_errors() as error:
        raise TaskFailed(
            f"{what} could not be {done}: {error}. Commands may do what `statements` of the handler in "
            "app.py grant: see s3_access.",
            error_id=error_id,
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(f"{what} does not fit") from error
        raise TaskFailed(f"{what} could not be {done}: {error}.", error_id=error_id) from error


def _transfer_config() -> TransferConfig:
    """Few threads and short queues, because more speed would cost hundreds of megabytes of memory."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        max_concurrency=6, multipart_threshold=16 * 1024 * 1024, max_io_queue=16, io_chunksize=262_144
    )
