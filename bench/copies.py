"""CopyActivity between S3 and databases, beside the databases' own clients.

The object is a file, which the clients read as well, and what is written goes nowhere: the speed of S3 and of
the disk is not measured. The databases are real. Both ways take turns, so that load on the machine counts for
both.
"""

from __future__ import annotations

import contextlib
import csv
import io
import multiprocessing
import os
import re
import resource
import statistics
import tempfile
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
from bench import clients as database_clients
from runner import clients
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.mariadb import mariadb
from tests.databases.postgresql import postgresql
from tests.databases.server import DATABASE, DatabaseServer

MEGABYTES = 1024
ROUNDS = 5
PLAIN_MEGABYTES = 48
"""Plain scripts are slow. Only the rates are compared."""
BATCH = 1000
_PART_SECONDS = 0.13
"""As long as Amazon S3 takes for a part, so that as many are in memory."""
_BUFFER_POOL = ("--innodb-buffer-pool-size=512M", "--innodb-log-file-size=512M")
"""With the tests' 16 MB, MariaDB would wait for the disk."""

_LINE = b"%012d,customer name,2024-05-01 12:00:00,123456.78,some more text of a line that is not short\n"
_LENGTH = len(_LINE % 0)
_TYPES = ("bigint", "varchar(40)", "timestamp", "numeric(20, 2)", "varchar(80)")
_COLUMNS = ", ".join(f"c{number} {kind}" for number, kind in enumerate(_TYPES))


@dataclass(frozen=True)
class Login:
    """What another process needs to know to log in to a server."""

    jdbc: str
    url: str
    port: int
    user: str
    password: str


class FileS3:
    """An S3 client with one object, which is a file. It counts the bytes written."""

    def __init__(self, file: Path, size: int | None = None) -> None:
        self._file = file.open("rb", buffering=0)
        self.size = file.stat().st_size if size is None else size
        self.written = 0

    def head_object(self, **_: Any) -> Any:
        return {"ContentLength": self.size, "ETag": "1", "Metadata": {}}

    def get_object(self, *, Range: str, **_: Any) -> Any:  # noqa: N803 - the API's own name
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        return {"Body": io.BytesIO(os.pread(self._file.fileno(), last - first + 1, first))}

    def put_object(self, *, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.written += len(Body)

    def create_multipart_upload(self, **_: Any) -> Any:
        return {"UploadId": "1"}

    def upload_part(self, *, Body: bytes, **_: Any) -> Any:  # noqa: N803
        time.sleep(_PART_SECONDS)
        self.written += len(Body)
        return {"ETag": "1"}

    def complete_multipart_upload(self, **_: Any) -> None:
        """Nothing is kept."""


def measure(megabytes: int = MEGABYTES, rounds: int = ROUNDS) -> dict[str, Any]:
    """Medians of MB/s in and out, and peak memory. Takes about half an hour."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "data.csv")
        _write(file, megabytes)
        # psql and the server run as other users, too.
        Path(name).chmod(0o755)
        for database, started in {"PostgreSQL": postgresql(), "MariaDB": mariadb(*_BUFFER_POOL)}.items():
            with started as server:
                results[database] = _compared(database, server, file, megabytes, rounds)
                results[f"{database}: plain script, {PLAIN_MEGABYTES} MB"] = _alone(
                    _plain_script, server, file, PLAIN_MEGABYTES
                )
    return results


def _compared(
    database: str, server: DatabaseServer, file: Path, megabytes: int, rounds: int
) -> dict[str, Any]:
    own = database_clients.NAMES[database]
    ways = ("into the table", "out of the table")
    between = "from table to table"
    both = (own, "CopyActivity")
    rates: dict[str, list[float]] = {f"{who}, {way}": [] for way in (*ways, between) for who in both}
    memory: list[float] = []
    processor: dict[str, list[float]] = {}
    cores: dict[str, list[float]] = {}

    def measured(who: str, way: str, work: Callable[[], dict[str, float]]) -> None:
        before = busy_seconds()
        found = work()
        busy = busy_seconds() - before
        if who == "CopyActivity":
            cores.setdefault(way, []).append(busy / found["seconds"])
        rates[f"{who}, {way}"].append(megabytes / found["seconds"])
        if "cpu" in found:
            processor.setdefault(way, []).append(1000 * found["cpu"] / megabytes)
        memory.append(found.get("peak", 0))

    for _ in range(rounds):
        _make_table(server, "copied")
        measured(own, ways[0], lambda: {"seconds": _seconds(lambda: database_clients.load(server, file))})
        _make_table(server, "copied")
        measured("CopyActivity", ways[0], lambda: _alone(_copy_in, server, file, megabytes))
        measured(own, ways[1], lambda: {"seconds": _seconds(lambda: database_clients.unload(server))})
        measured("CopyActivity", ways[1], lambda: _alone(_copy_out, server, file, megabytes))
        _make_table(server, "copied_again")
        measured(own, between, lambda: {"seconds": _seconds(lambda: database_clients.between(server))})
        _make_table(server, "copied_again")
        measured("CopyActivity", between, lambda: _alone(_copy_between, server, file, megabytes))
        server.execute("DROP TABLE copied_again")
    medians = {name: statistics.median(found) for name, found in rates.items()}
    ratios = {
        f"{way}, of the client's rate": round(medians[f"CopyActivity, {way}"] / medians[f"{own}, {way}"], 2)
        for way in (*ways, between)
    }
    slower = {who: min(medians[f"{who}, {way}"] for way in ways) for who in both}
    return {
        "size, MB": megabytes,
        "rounds": rounds,
        **{f"{name}, MB/s": round(rate, 1) for name, rate in medians.items()},
        **ratios,
        **{
            f"{who}, {between}, of the slower half": round(medians[f"{who}, {between}"] / slower[who], 2)
            for who in both
        },
        **{
            f"CopyActivity, {way}, processor, ms/MB": round(statistics.median(found), 1)
            for way, found in processor.items()
        },
        **{
            f"CopyActivity, {way}, busy cores of {os.cpu_count()}": round(statistics.median(found), 2)
            for way, found in cores.items()
        },
        "CopyActivity, peak memory, MB": round(max(memory)),
    }


def _make_table(server: DatabaseServer, name: str) -> None:
    server.execute(f"DROP TABLE IF EXISTS {name}", f"CREATE TABLE {name} ({_COLUMNS})")


def _write(file: Path, megabytes: int) -> None:
    records = range(megabytes * 1024 * 1024 // _LENGTH)
    with file.open("wb") as opened:
        for first in range(0, len(records), 65_536):
            opened.writelines([_LINE % number for number in records[first : first + 65_536]])


def _alone(
    run: Callable[[Login, Path, int], dict[str, float]], server: DatabaseServer, file: Path, megabytes: int
) -> dict[str, float]:
    """Run it in a process of its own, so that its memory is known."""
    login = Login(server.jdbc, server.url, server.port, server.user, server.password)
    if run is _plain_script:
        _make_table(server, "copied")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _silent) as process:
        return process.submit(run, login, file, megabytes).result()


def _silent() -> None:
    """Keep the handler's log out of the benchmark's output."""
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)


def _copy_in(login: Login, file: Path, _megabytes: int) -> dict[str, float]:
    return _copied(login, file, _FILE, _table("copied"))


def _copy_out(login: Login, file: Path, _megabytes: int) -> dict[str, float]:
    return _copied(login, file, _table("copied"), _FILE)


def _copy_between(login: Login, file: Path, _megabytes: int) -> dict[str, float]:
    return _copied(login, file, _table("copied"), _table("copied_again"))


_FILE: dict[str, FieldValue] = {"type": "S3DataNode", "filePath": "s3://bench/data.csv"}


def _table(name: str) -> dict[str, FieldValue]:
    return {"type": "SqlDataNode", "table": name, "database": Ref("Db")}


def _copied(
    login: Login, file: Path, source: dict[str, FieldValue], target: dict[str, FieldValue]
) -> dict[str, float]:
    database: dict[str, FieldValue] = {
        "type": "JdbcDatabase",
        "connectionString": login.url,
        "jdbcDriverClass": "org.example.Driver",
        "jdbcProperties": "sslmode=disable",  # As with the clients.
        "username": login.user,
        "*password": login.password,
    }
    objects = {"In": source, "Out": target, "Db": database}

    def copy() -> None:
        fields: dict[str, FieldValue] = {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")}
        response = run_handler(handler, fields, objects=objects, seconds=3600)
        assert response == {"status": "FINISHED"}, response  # noqa: S101

    region = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_LOG_LEVEL": "ERROR"}
    s3 = FileS3(file)
    with mock.patch.dict(os.environ, region), mock.patch.object(clients, "s3", return_value=s3):
        started = time.process_time()
        seconds = _seconds(copy)
        cpu = time.process_time() - started
    return {"seconds": seconds, "peak": peak_bytes() / 1024**2, "cpu": cpu}


def _plain_script(login: Login, file: Path, megabytes: int) -> dict[str, float]:
    size = megabytes * 1024 * 1024 // _LENGTH * _LENGTH
    connect = pg8000.dbapi.connect if login.jdbc == "postgresql" else pymysql.connect
    connection: Any = connect(
        host="127.0.0.1", port=login.port, user=login.user, password=login.password, database=DATABASE
    )
    with contextlib.closing(connection):
        times = [
            _seconds(lambda: _plain_load(connection, login.jdbc, FileS3(file, size))),
            _seconds(lambda: _plain_unload(connection, login.jdbc)),
        ]
    return _figures(megabytes, times)


def _plain_load(connection: Any, jdbc: str, s3: FileS3) -> None:
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


def _lines(s3: FileS3) -> Iterator[str]:
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
        "peak memory, MB": round(peak_bytes() / 1024**2),
    }


def busy_seconds() -> float:
    """The processor time that all processes of the machine have taken since it started; 0 outside Linux."""
    file = Path("/proc/stat")
    if not file.exists():
        return 0.0
    user, nice, system, _idle, _iowait, *interrupts = map(
        int, file.read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def peak_bytes() -> int:
    """The peak memory of this process. On Linux, ru_maxrss includes that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: in bytes
