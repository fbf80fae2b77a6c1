"""Local EMR Serverless without a network: botocore's client reaches it, and each answer is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.account import connection
from local.emr.faults import Fault, Faults
from local.emr.serverless import TARGET, ServerlessEndpoint, with_target
from local.http.messages import headers_of
from tests.local.environments import ENDPOINT_URL
from tests.unit.fake_s3 import FakeS3

ROLE = "arn:aws:iam::000000000000:role/emr-jobs"


class _Hive:
    """Runs ``good`` at once, ``endless`` until it is canceled; all else fails with its own text."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        script = request["script"].split("\n")[0]
        if script == "endless":
            await asyncio.Event().wait()
        return {"code": 0 if script == "good" else 1, "stdout": "", "stderr": f"{script}\n"}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class ServerlessService:
    """The service, and its client."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._faults = loop, Faults()
        self.hive = _Hive()
        hive: Any = self.hive
        self.objects = FakeS3()
        new_s3: Any = lambda: self.objects  # noqa: E731
        endpoint = ServerlessEndpoint(
            endpoint_url=ENDPOINT_URL, new_s3=new_s3, spark=hive, faults=self._faults
        )
        self._application = with_target(endpoint.asgi)
        once = Config(retries={"total_max_attempts": 1})
        self.client: Any = boto3.client("emr-serverless", config=once, **connection(ENDPOINT_URL))
        self._model: ServiceModel = self.client.meta.service_model
        events: Any = self.client.meta.events
        events.register("before-send.emr-serverless", self._answer)

    def fault(self, **wire: Any) -> None:
        """Make something go wrong."""
        self._faults.add(Fault.read(wire))

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        scope = {
            "type": "http",
            "method": request.method,
            "path": url.path,
            "query_string": url.query.encode(),
            "headers": [],
        }
        asked: list[str] = []
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body or b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def noted(inner: Any, *rest: Any) -> None:
            asked.append(headers_of(inner)["x-amz-target"].removeprefix(TARGET).partition("/")[0])

        self._now(with_target(noted)(scope, receive, send))
        self._now(self._application(scope, receive, send))
        if sent[-1].get("more_body"):  # The connection was closed.
            raise EndpointConnectionError(endpoint_url=request.url)
        start = sent[0]
        content = b"".join(message.get("body", b"") for message in sent)
        if start["status"] == 200:
            self._check(asked[0], content)
        headers = HTTPHeaders()
        for key, value in start["headers"]:
            headers[key.decode()] = value.decode()
        return AWSResponse(request.url, start["status"], headers, _Body(content))

    def _check(self, operation: str, content: bytes) -> None:
        shape = self._model.operation_model(operation).output_shape
        answer = json.loads(content)
        assert shape is not None
        assert answer.keys() <= shape.members.keys()
        for inner in answer.get("jobRuns", []):
            assert inner.keys() <= shape.members["jobRuns"].member.members.keys()  # type: ignore[attr-defined]
        if "jobRun" in answer:
            assert answer["jobRun"].keys() <= shape.members["jobRun"].members.keys()  # type: ignore[attr-defined]
        problems = ParamValidator().validate(answer, shape)
        assert not problems.has_errors(), problems.generate_report()

    def _now(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


@contextlib.contextmanager
def serverless_service() -> Iterator[ServerlessService]:
    """Run the service in a thread, as long as the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield ServerlessService(loop)
    finally:
        for task in asyncio.all_tasks(loop):
            loop.call_soon_threadsafe(task.cancel)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
