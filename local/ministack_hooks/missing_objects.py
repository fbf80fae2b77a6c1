"""Whoever may not list a bucket does not learn that a key is missing (S3 API Reference, GetObject)."""

from __future__ import annotations

import importlib
import uuid
from typing import Any

from local.ministack_hooks.permissions import Answer, Permissions
from local.permissions.calls import Call


class MissingObjects:
    """Wraps ministack's S3, which answers 404 to everybody."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        app: Any = importlib.import_module("ministack.app")
        self._router: Any = importlib.import_module("ministack.core.router")
        self._actions: Any = importlib.import_module("ministack.core.iam_actions")
        self._s3: Any = importlib.import_module("ministack.services.s3")
        original = app.SERVICE_HANDLERS["s3"]

        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, list[str]]
        ) -> Answer:
            answer: Answer = await original(method, path, headers, body, query_params)
            bucket, _, key = path.strip("/").partition("/")
            if answer[0] == 404 and method in ("GET", "HEAD") and key and bucket in self._s3._buckets:
                return self._denied(bucket, headers, query_params) or answer
            return answer

        app.SERVICE_HANDLERS["s3"] = handle

    def _denied(self, bucket: str, headers: dict[str, str], query: dict[str, list[str]]) -> Answer | None:
        caller = self._router.extract_access_key_id(headers, query)
        # What a condition on s3:prefix means here is not documented. The strict reading: a request for one
        # key has no prefix, so that the statement does not apply. (Ceph's is the other: pull request 68577.)
        call = Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        denied = self._permissions.caller_denied(caller, call)
        if denied is None:
            return None
        answer: Answer = self._actions.access_denied_response(
            "s3",
            call.action,
            denied.principal,
            str(uuid.uuid4()),
            headers=headers,
            resource_arn=call.resource,
        )
        return answer
