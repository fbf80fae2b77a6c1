"""Serves a command the credentials of its role, renewed, as Amazon ECS serves a task its role's.

SDKs read AWS_CONTAINER_CREDENTIALS_FULL_URI, and send AWS_CONTAINER_AUTHORIZATION_TOKEN with each request
(AWS SDKs and tools reference guide, container credential provider).
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shell.role_session import RoleSession

_PATH = "/credentials"


class CredentialServer:
    """Listens on the loopback interface until ``close``."""

    def __init__(self, session: RoleSession) -> None:
        self._token = secrets.token_urlsafe(32)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(session, self._token))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="credentials", daemon=True).start()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which SDKs find the credentials."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self._server.server_port}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token,
        }

    def close(self) -> None:
        """Serve nobody any more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(session: RoleSession, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            if self.path != _PATH or not hmac.compare_digest(given.encode(), token.encode()):
                self._respond(HTTPStatus.FORBIDDEN, {"code": "Forbidden", "message": "No such credentials."})
                return
            try:
                current = session.credentials()
            except Exception as error:
                problem = {"code": "CommandRoleNotAssumed", "message": str(error)}
                self._respond(HTTPStatus.SERVICE_UNAVAILABLE, problem)
                return
            self._respond(
                HTTPStatus.OK,
                {
                    "RoleArn": session.role_arn,
                    "AccessKeyId": current.access_key_id,
                    "SecretAccessKey": current.secret_access_key,
                    "Token": current.session_token,
                    "Expiration": current.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
            )

        def _respond(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the parent's name
            """Log nothing: a line for each request would be one among the command's own."""

    return Handler
