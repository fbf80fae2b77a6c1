"""State machines put objects into Amazon S3: ``aws-sdk:s3:putObject``, which ministack lacks."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

# Without credentials, a call is anonymous to ministack. The role's own permissions are checked before.
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"

_HEADERS = {"ContentType": "content-type", "IfNoneMatch": "if-none-match"}


class StoredObjects:
    """Wraps ministack's dispatcher of the services that speak XML."""

    def __init__(self, step_functions: Any) -> None:
        self._app: Any = importlib.import_module("ministack.app")
        self._module = step_functions
        original = step_functions._dispatch_aws_sdk_rest_xml

        def dispatch(info: Mapping[str, Any], service: str, action: str, arguments: Any) -> Any:
            if service == "s3" and action == "putObject":
                return self._put(arguments or {})
            return original(info, service, action, arguments)

        step_functions._dispatch_aws_sdk_rest_xml = dispatch

    def _put(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """PutObject. A ``Body`` that is no text is written as JSON."""
        body = arguments.get("Body", "")
        content = (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))).encode()
        headers = {
            "host": "s3.amazonaws.com",
            "authorization": _AUTHORIZATION,
            "content-length": str(len(content)),
            **{header: str(arguments[name]) for name, header in _HEADERS.items() if name in arguments},
        }
        path = f"/{arguments['Bucket']}/{arguments['Key']}"
        handler = self._app.SERVICE_HANDLERS["s3"]
        status, answer, text = self._app.call_service_handler_sync(handler, "PUT", path, headers, content, {})
        if status >= 400:
            raise self._module._ExecutionError("S3.S3Exception", text.decode("utf-8", "replace"))
        return {"ETag": {key.lower(): value for key, value in answer.items()}.get("etag", "")}
