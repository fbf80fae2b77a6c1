"""CopyActivity between S3 and databases, compared with plain scripts with the same drivers and batches.

Both use an in-process substitute for S3, so that its speed is not measured. The databases are real.
"""

from __future__ import annotations

import contextlib
import csv
import io
import multiprocessing
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pg8000.dbapi
import pymysql
from pymysql.cursors import SSCursor

from activities.copy_activity import handler
from runner import clients
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.mariadb import mariadb
from tests.databases.postgresql import postgresql
from tests.databases.server import DATABASE

COPY_MB = {"PostgreSQL": 1024, "MariaDB": 48}
"""The tests' MariaDB server has a small buffer pool. With more data it would wait for the disk."""
PLAIN_MB = 48
"""Plain scripts are slow. Only the rates are compared."""
BATCH = 1000

_LINE = b"%012d,customer name,2024-05-01 12:00:00,123456.78,some more text of a line that is not short\n"
_LENGTH = len(_LINE % 0)
_TYPES = ("bigint", "varchar(40)", "timestamp", "numeric(20, 2)", "varchar(80)")


@dataclass(frozen=True)
class Login:
    """What another process needs to know to log in to a server."""

    jdbc: str
    url: str
    port: int
    user: str
    password: str


class Numbers:
    """An S3 client with one object, generated as it is read. It counts the bytes written."""

    def __init__(self, megabytes: int) -> None:
        self.size = megabytes * 1024 * 1024 // _LENGTH * _LENGTH
        self.written = 0

    def head_object(self, **_: Any) -> Any:
        return {"ContentLength": self.size, "ETag": "1", "Metadata": {}}

    def get_object(self, *, Range: str, **_: Any) -> Any:  # noqa: N803 - the API's own name
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        lines = range(first // _LENGTH, last // _LENGTH + 1)
        start = first - lines[0] * _LENGTH
        data = b"".join([_LINE % number for number in lines])
        return {"Body": io.BytesIO(data[start : start + last - first + 1])}

    def put_object(self, *, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.written += len(Body)

    def create_multipart_upload(self, **_: Any) -> Any:
        return {"UploadId": "1"}

    def upload_part(self, *, Body: bytes, **_: Any) -> Any:  # noqa: N803
        self.written += len(Body)
        return {"ETag": "1"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Nothing is kept."""


def measure() -> dict[str, Any]:
    """MB/s in and out, and peak memory. Takes about three minutes."""
    results: dict[str, Any] = {}
    for name, started in {"PostgreSQL": postgresql(), "MariaDB": mariadb()}.items():
        with started as server:
            login = Login(server.jdbc, server.url, server.port, server.user, server.password)
            columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(_TYPES))
            ways: dict[str, tuple[Callable[[Login, int], Any], int]] = {
                f"CopyActivity, {COPY_MB[name]} MB": (_copy_activity, COPY_MB[name]),
                f"plain script, {PLAIN_MB} MB": (_plain_script, PLAIN_MB),
            }
            for way, (run, megabytes) in ways.items():
                server.execute("DROP TABLE IF EXISTS copied", f"CREATE TABLE copied ({columns})")
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _silent) as process:
                    results[f"{name}: {way}"] = process.submit(run, login, megabytes).result()
    return results


def _silent() -> None:
    """Keep the handler's log out of the benchmark's output."""
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)


def _copy_activity(login: Login, megabytes: int) -> dict[str, float]:
    s3 = Numbers(megabytes)
    table: dict[str, FieldValue] = {
        "type": "SqlDataNode",
        "table": "copied",
        "connectionString": login.url,
        "username": login.user,
        "*password": login.password,
    }
    file: dict[str, FieldValue] = {"type": "S3DataNode", "filePath": "s3://bench/data.csv"}

    def copy(source: dict[str, FieldValue], target: dict[str, FieldValue]) -> None:
        fields: dict[str, FieldValue] = {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")}
        response = run_handler(handler, fields, objects={"In": source, "Out": target}, seconds=3600)
        assert response == {"status": "FINISHED"}, response  # noqa: S101

    region = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_LOG_LEVEL": "ERROR"}
    with mock.patch.dict(os.environ, region), mock.patch.object(clients, "s3", return_value=s3):
        times = [_seconds(lambda: copy(file, table)), _seconds(lambda: copy(table, file))]
    return _figures(megabytes, times)


def _plain_script(login: Login, megabytes: int) -> dict[str, float]:
    connect = pg8000.dbapi.connect if login.jdbc == "postgresql" else pymysql.connect
    connection: Any = connect(
        host="127.0.0.1", port=login.port, user=login.user, password=login.password, database=DATABASE
    )
    with contextlib.closing(connection):
        times = [
            _seconds(lambda: _plain_load(connection, login.jdbc, Numbers(megabytes))),
            _seconds(lambda: _plain_unload(connection, login.jdbc)),
        ]
    return _figures(megabytes, times)


def _plain_load(connection: Any, jdbc: str, s3: Numbers) -> None:
    cursor = connection.cursor()
    marks = "(CAST(%s AS bigint), %s, CAST(%s AS timestamp), CAST(%s AS numeric), %s)"
    for rows in _batches(csv.reader(_lines(s3), quoting=csv.QUOTE_NONE, escapechar="\\")):
        if jdbc == "postgresql":  # pg8000's executemany sends one row at a time, and is far slower
            values = [value for row in rows for value in row]
            cursor.execute(f"INSERT INTO copied VALUES {', '.join([marks] * len(rows))}", values)  # noqa: S608
        else:
            cursor.executemany("INSERT INTO copied VALUES (%s, %s, %s, %s, %s)", rows)
    connection.commit()


def _plain_unload(connection: Any, jdbc: str) -> int:
    cursor = connection.cursor() if jdbc == "postgresql" else connection.cursor(SSCursor)
    query = "SELECT * FROM copied"
    cursor.execute(f"DECLARE plain CURSOR FOR {query}" if jdbc == "postgresql" else query)
    size = 0
    while True:
        if jdbc == "postgresql":
            cursor.execute(f"FETCH {BATCH} FROM plain")
        rows = cursor.fetchall() if jdbc == "postgresql" else cursor.fetchmany(BATCH)
        if not rows:
            return size
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_NONE, escapechar="\\", lineterminator="\n").writerows(rows)
        size += len(text.getvalue().encode())


def _lines(s3: Numbers) -> Iterator[str]:
    step = _LENGTH * 65_536
    for first in range(0, s3.size, step):
        body = s3.get_object(Range=f"bytes={first}-{min(first + step, s3.size) - 1}")["Body"]
        yield from body.read().decode().splitlines()


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _seconds(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _figures(megabytes: int, times: list[float]) -> dict[str, float]:
    return {
        "into the table, MB/s": round(megabytes / times[0], 1),
        "out of the table, MB/s": round(megabytes / times[1], 1),
        "peak memory, MB": round(_peak_bytes() / 1024**2),
    }


def _peak_bytes() -> int:
    """The peak memory of this process. On Linux, ru_maxrss includes that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes
