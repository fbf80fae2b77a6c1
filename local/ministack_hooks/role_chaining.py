"""Sessions of a role that another role assumes last an hour at most.

Source: IAM user guide, "Roles terms and concepts", role chaining. ministack gives them whatever time is asked
for.
"""

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import parse_qs, urlencode

from local.ministack_hooks.permissions import Answer

LONGEST_SECONDS = 3600


class RoleChaining:
    """Wraps ministack's AssumeRole. Sessions end after ``seconds``, if that is less than was asked for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._router: Any = importlib.import_module("ministack.core.router")
        self._sts: Any = importlib.import_module("ministack.services.sts")
        app: Any = importlib.import_module("ministack.app")
        original = app.SERVICE_HANDLERS["sts"]

        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, list[str]]
        ) -> Answer:
            given = parse_qs(body.decode("utf-8", errors="replace"))
            if given.get("Action") == ["AssumeRole"] and self._is_a_role(headers, query_params):
                asked = int(given.get("DurationSeconds", [str(LONGEST_SECONDS)])[0])
                if asked > LONGEST_SECONDS:
                    return self._refused()
                seconds = max(1, int(min(asked, self._seconds)))
                body = urlencode({**given, "DurationSeconds": [str(seconds)]}, doseq=True).encode()
            answer: Answer = await original(method, path, headers, body, query_params)
            return answer

        app.SERVICE_HANDLERS["sts"] = handle

    def _is_a_role(self, headers: dict[str, str], query: dict[str, list[str]]) -> bool:
        key = self._router.extract_access_key_id(headers, query)
        session: dict[str, Any] = self._sts._sessions.get(key) or {}
        return session.get("PrincipalType") == "AssumedRole"

    def _refused(self) -> Answer:
        limit = "the 1 hour session limit for roles assumed by role chaining"
        message = f"The requested DurationSeconds exceeds {limit}"
        answer: Answer = self._sts._error(400, "ValidationError", message, ns="sts")
        return answer
