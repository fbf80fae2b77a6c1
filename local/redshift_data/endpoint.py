"""Serves the Redshift Data API over HTTP (JSON 1.1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pg8000.native import Connection

from local.account import ACCOUNT, REGION
from local.http.messages import CALLER, read_body, respond, target_of
from local.json_service import CONTENT_TYPE, error_answer, read_request
from local.permissions.calls import Call
from local.redshift_data import views, wire
from local.redshift_data.errors import InternalServerError, ValidationError
from local.redshift_data.permissions import NeededCalls
from local.redshift_data.statements import NewS3, Statements

TARGET = "RedshiftData."


class RedshiftDataEndpoint:
    """The service. Statements run at ``url``, ``postgresql://user:password@host:port``.

    ``new_s3`` creates a client for the Amazon S3 that COPY and UNLOAD use.
    """

    def __init__(self, url: str, new_s3: NewS3) -> None:
        """Raises ValueError for a URL of any other form."""
        place = urlsplit(url)
        if place.scheme != "postgresql" or not (place.hostname and place.port and place.username):
            raise ValueError(f"{url!r} is not of the form postgresql://user:password@host:port")
        self._place = place
        self.statements = Statements(self._connect, new_s3)
        self._owners: dict[str, str] = {}
        self._needed = NeededCalls(owner_of=self._owner_of, region=REGION, account=ACCOUNT)

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that IAM must allow for an operation."""
        return self._needed.calls(operation, request)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one HTTP request."""
        operation = (target_of(scope) or "").removeprefix(TARGET)
        body = await read_body(receive)
        status, answer = await asyncio.to_thread(self.answer, operation, body, scope.get(CALLER, ""))
        await respond(send, status, {"Content-Type": CONTENT_TYPE}, json.dumps(answer).encode())

    def answer(self, operation: str, body: bytes, caller: str = "") -> tuple[int, dict[str, Any]]:
        """HTTP status and answer to a request of ``caller``, a user id."""
        try:
            request = wire.check(operation, read_request(body, refusal=ValidationError))
            return 200, self._carry_out(operation, request, caller)
        except Exception as error:
            return error_answer(error, operation, internal=InternalServerError)

    def _carry_out(self, operation: str, request: dict[str, Any], caller: str) -> dict[str, Any]:
        if operation == "CancelStatement":
            self.statements.cancel(request["Id"])
            return {"Status": True}
        if operation == "DescribeStatement":
            return views.described(self.statements.find(request["Id"]))
        if operation == "GetStatementResult":
            return views.result(self.statements.find(request["Id"]))
        sqls = request.pop("Sqls", None) or [request.pop("Sql")]
        statement = self.statements.start(request, sqls)
        self._owners[statement.id] = caller
        return {"Id": statement.id, "CreatedAt": statement.created, **views.place_of(statement)}

    def _owner_of(self, statement_id: str) -> str | None:
        return self._owners.get(statement_id.partition(":")[0])

    def _connect(self, database: str) -> Connection:
        return Connection(
            unquote(self._place.username or ""),
            host=self._place.hostname,
            port=self._place.port,
            password=unquote(self._place.password or ""),
            database=database,
            ssl_context=False,
        )
