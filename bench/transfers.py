"""Objects to and from an S3 that is far away: what several connections are worth."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from bench.copies import peak_bytes
from bench.deployed import up
from bench.far_s3 import far
from copying import s3_objects
from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_stream import S3Stream
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import stored_object
from local.account import connection
from shell.staging import StagedNode, Staging, stage_in, stage_out

MEGABYTES = 256
ROUNDS = 3
BUCKET = "far"
_SOURCE = S3Uri(BUCKET, "in/data")
_TARGET = S3Uri(BUCKET, "out/data")
_PIECE = bytes(range(256)) * 1024
"""As long as the pieces in which rows are converted."""


def measure() -> dict[str, Any]:
    """Medians of MB/s. Takes about three minutes."""
    size = MEGABYTES * 1024 * 1024
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    memory: dict[str, float] = dict.fromkeys(WAYS, 0.0)
    with up("--no-deploy") as aws:
        near = aws.client("s3")
        near.create_bucket(Bucket=BUCKET)
        stream = S3Stream(near, _SOURCE)
        for _ in range(size // len(_PIECE)):
            stream.write(_PIECE)
        stream.close()
        with far(int(aws.url.rpartition(":")[2])) as port:
            for _ in range(ROUNDS):
                for name in WAYS:
                    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                        seconds, peak = process.submit(_timed, name, port, size).result()
                    rates[name].append(MEGABYTES / seconds)
                    memory[name] = max(memory[name], peak)
    medians = {name: median(found) for name, found in rates.items()}
    return {
        "size, MB": MEGABYTES,
        **{f"{name}, MB/s": round(rate, 1) for name, rate in medians.items()},
        **{f"{name}, peak memory, MB": round(peak / 1024**2) for name, peak in memory.items()},
        **{
            f"{name}, of one connection": round(medians[name] / medians[f"{way}, one connection"], 2)
            for way in ("read", "written")
            for name in WAYS
            if name.startswith(way) and not name.endswith("one connection")
        },
    }


def _timed(name: str, port: int, size: int) -> tuple[float, int]:
    s3: Any = boto3.client("s3", **connection(f"http://127.0.0.1:{port}"))
    s3.list_buckets()
    started = time.monotonic()
    WAYS[name](s3, size)
    return time.monotonic() - started, peak_bytes()


def _read_alone(s3: Any, size: int) -> None:
    body = s3.get_object(Bucket=BUCKET, Key=_SOURCE.key)["Body"]
    assert sum(map(len, body.iter_chunks(len(_PIECE)))) == size  # noqa: S101


def _read_by_boto3(s3: Any, size: int) -> None:
    """With the settings of `aws s3 cp`: ten threads, and pieces of 8 MB."""
    with tempfile.TemporaryDirectory() as name:
        s3.download_file(BUCKET, _SOURCE.key, f"{name}/data")
        assert Path(name, "data").stat().st_size == size  # noqa: S101


def _read_for_a_copy(s3: Any, size: int) -> None:
    stored = stored_object(s3, _SOURCE, "data")
    assert stored  # noqa: S101
    assert sum(map(len, s3_objects.read(s3, stored, lambda: None))) == size  # noqa: S101


def _read_for_staging(s3: Any, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        staging = _staged("input", _SOURCE, Path(name))
        stage_in(staging, s3, check_canceled=lambda: None)
        assert Path(name, "input1", "data").stat().st_size == size  # noqa: S101


def _written_alone(s3: Any, size: int) -> None:
    stream = S3Stream(s3, _TARGET)
    for _ in range(size // len(_PIECE)):
        stream.write(_PIECE)
    stream.close()


def _written_by_boto3(s3: Any, size: int) -> None:
    with tempfile.TemporaryFile() as file:
        for _ in range(size // len(_PIECE)):
            file.write(_PIECE)
        file.seek(0)
        s3.upload_fileobj(file, BUCKET, _TARGET.key)


def _written_for_a_copy(s3: Any, size: int) -> None:
    s3_objects.write(s3, _TARGET, (_PIECE for _ in range(size // len(_PIECE))), lambda: None)


def _written_for_staging(s3: Any, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        staging = _staged("output", _TARGET, Path(name))
        with Path(name, "output1", "data").open("wb") as file:
            for _ in range(size // len(_PIECE)):
                file.write(_PIECE)
        stage_out(staging, s3, check_canceled=lambda: None)


def _staged(way: str, uri: S3Uri, directory: Path) -> Staging:
    node = S3DataNode("Node", file=uri)
    staged = StagedNode(f"{way.upper()}1_STAGING_DIR", node, directory / f"{way}1")
    staged.directory.mkdir()
    return Staging(inputs=[staged]) if way == "input" else Staging(outputs=[staged])


WAYS: dict[str, Callable[[Any, int], None]] = {
    "read, one connection": _read_alone,
    "read, boto3": _read_by_boto3,
    "read, CopyActivity": _read_for_a_copy,
    "read, staging": _read_for_staging,
    "written, one connection": _written_alone,
    "written, boto3": _written_by_boto3,
    "written, CopyActivity": _written_for_a_copy,
    "written, staging": _written_for_staging,
}
