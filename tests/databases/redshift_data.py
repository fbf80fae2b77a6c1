"""The local Redshift Data API on its own port. Its answers are checked against botocore's model."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from local.redshift_data.endpoint import TARGET, RedshiftDataEndpoint
from local.redshift_data.statements import Statement
from tests.databases.server import DatabaseServer

_MODEL = botocore.session.get_session().get_service_model("redshift-data")
_OVER = {"FINISHED", "FAILED", "ABORTED"}


class RedshiftData:
    """The service at ``url``. ``statements`` are all that were started, in order."""

    def __init__(self, server: DatabaseServer, s3: Any) -> None:
        self.server, self.s3 = server, s3
        self.url = ""
        self.forget()

    def forget(self) -> None:
        """Start over, as if no statement had been started."""
        user, password = self.server.user, self.server.password
        url = f"postgresql://{user}:{password}@127.0.0.1:{self.server.port}"
        self.endpoint = RedshiftDataEndpoint(url, lambda: self.s3)

    @property
    def statements(self) -> list[Statement]:
        return self.endpoint.statements.all()

    @property
    def queries(self) -> list[list[str]]:
        return [[part.sql for part in statement.parts] for statement in self.statements]

    def settle(self) -> None:
        """Wait until all statements have ended."""
        deadline = time.monotonic() + 120
        while any(statement.status not in _OVER for statement in self.statements):
            assert time.monotonic() < deadline, self.statements
            time.sleep(0.01)

    def answer(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        status, answer = self.endpoint.answer(operation, body)
        shape = _MODEL.operation_model(operation).output_shape
        assert shape
        if status == 200:
            validate_parameters(answer, shape)
            assert answer.keys() <= shape.members.keys()
        return status, answer


@contextlib.contextmanager
def redshift_data(server: DatabaseServer, s3: Any) -> Iterator[RedshiftData]:
    """Run the service, for AWS_ENDPOINT_URL_REDSHIFT_DATA. ``s3`` contains the objects to copy."""
    service = RedshiftData(server, s3)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].removeprefix(TARGET)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = service.answer(operation, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
