"""The Amazon Redshift Data API, on a PostgreSQL server: statements run there, for real.

What the dialects do not share is done here: COPY from delimited text in Amazon S3, UNLOAD to it, and
``SET query_group``. Answers are held to botocore's model of the service.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
import pg8000.dbapi
from botocore.validate import validate_parameters

from tests.databases.server import DatabaseServer

_MODEL = botocore.session.get_session().get_service_model("redshift-data")
_TEXT = r"'((?:[^'\\]|''|\\.)*)'"
_COPY = re.compile(rf"COPY (\w+) FROM {_TEXT}\nIAM_ROLE {_TEXT}\n?(.*)", re.DOTALL)
_UNLOAD = re.compile(rf"UNLOAD \({_TEXT}\)\nTO {_TEXT}\nIAM_ROLE {_TEXT}\n?(.*)", re.DOTALL)


@dataclass
class Execution:
    """One ExecuteStatement or BatchExecuteStatement, and what has become of it."""

    request: Mapping[str, Any]
    sqls: list[str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "STARTED"
    error: str = ""
    failed: int = 0
    """The number of the statement that failed, from 1."""
    rows: list[list[Any]] = field(default_factory=list)
    backend: int = 0
    thread: threading.Thread | None = None

    def described(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"Id": self.id, "Status": self.status, "HasResultSet": bool(self.rows)}
        if self.error:
            answer["Error"] = self.error
        if len(self.sqls) > 1:
            answer["SubStatements"] = [self._part(number, sql) for number, sql in enumerate(self.sqls, 1)]
        return answer

    def _part(self, number: int, sql: str) -> dict[str, Any]:
        part = {"Id": f"{self.id}:{number}", "QueryString": sql, "Status": "FINISHED"}
        if self.status in {"FAILED", "ABORTED"} and number >= self.failed:
            part["Status"] = "FAILED" if number == self.failed else "ABORTED"
        if number == self.failed:
            part["Error"] = self.error
        return part


class RedshiftData:
    """``executions`` are all there were, in order. ``url`` is where the service is, ``s3`` what it copies."""

    def __init__(self, server: DatabaseServer) -> None:
        self.server = server
        self.s3: Any = None
        self.executions: list[Execution] = []
        self.url = ""

    @property
    def queries(self) -> list[list[str]]:
        return [execution.sqls for execution in self.executions]

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        model = _MODEL.operation_model(operation)
        assert model.input_shape
        assert model.output_shape
        validate_parameters(request, model.input_shape)
        answer = getattr(self, f"_{operation}")(request)
        validate_parameters(answer, model.output_shape)
        return dict(answer)

    def settle(self) -> None:
        """Wait until all that runs has ended."""
        for execution in self.executions:
            assert execution.thread is not None
            execution.thread.join(120)
            assert not execution.thread.is_alive(), execution.sqls

    def _ExecuteStatement(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._started(request, [request["Sql"]])

    def _BatchExecuteStatement(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._started(request, request["Sqls"])

    def _DescribeStatement(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._found(request).described()

    def _GetStatementResult(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Records": [[_field(value) for value in row] for row in self._found(request).rows]}

    def _CancelStatement(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        execution = self._found(request)
        if execution.status != "STARTED":
            raise Refused("ValidationException", "Could not cancel a query that is already in FINISHED state")
        execution.status = "ABORTED"
        self.server.query(f"SELECT pg_cancel_backend({execution.backend})")
        return {"Status": True}

    def _found(self, request: dict[str, Any]) -> Execution:
        for execution in self.executions:
            if execution.id == request["Id"]:
                return execution
        raise Refused("ResourceNotFoundException", "Query does not exist.")

    def _started(self, request: dict[str, Any], sqls: list[str]) -> dict[str, Any]:
        for execution in self.executions:
            if execution.request["ClientToken"] == request["ClientToken"]:
                return {"Id": execution.id}
        execution = Execution(request, sqls)
        connection = self.server.connect()
        cursor = connection.cursor()
        cursor.execute("SELECT pg_backend_pid()")
        execution.backend = cursor.fetchone()[0]
        # As in Amazon Redshift, a backslash escapes the next character.
        cursor.execute("SET standard_conforming_strings = off; SET escape_string_warning = off")
        execution.thread = threading.Thread(target=self._run, args=(execution, connection))
        execution.thread.start()
        self.executions.append(execution)
        return {"Id": execution.id}

    def _run(self, execution: Execution, connection: Any) -> None:
        """One transaction, which closing the connection ends without a commit."""
        number = 0
        with contextlib.closing(connection):
            cursor = connection.cursor()
            try:
                cursor.execute("BEGIN")
                for number, sql in enumerate(execution.sqls, 1):  # noqa: B007
                    self._statement(cursor, sql)
                    execution.rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
                cursor.execute("COMMIT")
                execution.status = "FINISHED"
            except (pg8000.dbapi.Error, Refused) as error:
                execution.failed, execution.error = number, f"ERROR: {error}"
                execution.status = "ABORTED" if execution.status == "ABORTED" else "FAILED"

    def _statement(self, cursor: Any, sql: str) -> None:
        if match := _COPY.fullmatch(sql):
            self._copy(cursor, match[1], _value(match[2]), match[4])
        elif match := _UNLOAD.fullmatch(sql):
            self._unload(cursor, _value(match[1]), _value(match[2]), match[4])
        elif not sql.startswith("SET query_group TO"):
            cursor.execute(sql)

    def _copy(self, cursor: Any, table: str, uri: str, options: str) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        places = [(bucket, key)]
        if "MANIFEST" in options:
            entries = json.loads(self._object(bucket, key))["entries"]
            places = [tuple(entry["url"].removeprefix("s3://").split("/", 1)) for entry in entries]
        else:
            listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
            places = [(bucket, entry["Key"]) for entry in listed]
        if not places:
            raise Refused("Load", f"The specified S3 prefix '{key}' does not exist")
        for place in places:
            data = self._object(*place)
            text = (gzip.decompress(data) if "GZIP" in options else data).decode()
            for row in _rows(text, _delimiter(options), "ESCAPE" in options):
                values = ", ".join(["%s"] * len(row))
                cursor.execute(f"INSERT INTO {table} VALUES ({values})", row)

    def _unload(self, cursor: Any, query: str, uri: str, options: str) -> None:
        cursor.execute(query)
        delimiter, escaped = _delimiter(options), "ESCAPE" in options
        written = io.StringIO()
        for row in cursor.fetchall():
            written.write(delimiter.join(_written(value, delimiter, escaped) for value in row) + "\n")
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        name = f"{key}000" if "PARALLEL OFF" in options else f"{key}0000_part_00"
        if "ALLOWOVERWRITE" not in options and self.s3.list_objects_v2(Bucket=bucket, Prefix=key).get(
            "Contents"
        ):
            raise Refused("Unload", "Specified unload destination on S3 is not empty.")
        data = written.getvalue().encode()
        if "GZIP" in options:
            name, data = f"{name}.gz", gzip.compress(data)
        self.s3.put_object(Bucket=bucket, Key=name, Body=data)

    def _object(self, bucket: str, key: str) -> bytes:
        data: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return data


class Refused(Exception):
    """An error of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def redshift_data(server: DatabaseServer) -> Iterator[RedshiftData]:
    """The service at ``url``, for AWS_ENDPOINT_URL_REDSHIFT_DATA."""
    service = RedshiftData(server)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].removeprefix("RedshiftData.")
            try:
                status, answer = 200, service.call(operation, request)
            except Refused as error:
                status, answer = 400, {"__type": error.code, "Message": str(error)}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        service.url = f"http://127.0.0.1:{http.server_address[1]}"
        try:
            yield service
        finally:
            http.shutdown()
            service.settle()


def _value(literal: str) -> str:
    """What a literal without its quotes stands for."""
    return re.sub(r"''|\\(.)", lambda match: match[1] or "'", literal, flags=re.DOTALL)


def _delimiter(options: str) -> str:
    match = re.search(rf"DELIMITER(?: AS)? {_TEXT}", options)
    return _value(match[1]) if match else "|"


def _rows(text: str, delimiter: str, escaped: bool) -> Iterator[list[str | None]]:
    unit = r"(?:\\.|[^\\\n])*\n" if escaped else r"[^\n]*\n"
    for line in re.findall(unit, text, flags=re.DOTALL):
        values = [""]
        for piece in re.findall(r"\\.|." if escaped else ".", line[:-1], flags=re.DOTALL):
            if piece == delimiter:
                values.append("")
            else:
                values[-1] += piece
        yield [None if value == r"\N" else _unescaped(value, escaped) for value in values]


def _unescaped(value: str, escaped: bool) -> str:
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if escaped else value


def _written(value: Any, delimiter: str, escaped: bool) -> str:
    if value is None:
        return r"\N" if escaped else ""
    return re.sub(rf"([\n\r\\{re.escape(delimiter)}])", r"\\\1", str(value)) if escaped else str(value)


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    return {"longValue": value} if isinstance(value, int) else {"stringValue": str(value)}
