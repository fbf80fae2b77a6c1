"""Local EMR without a network: botocore's client reaches it directly, and each answer is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.account import connection
from local.emr.endpoint import EmrEndpoint
from local.emr.errors import AnswerLostError
from local.emr.faults import Fault
from tests.local.environments import ENDPOINT_URL
from tests.unit.fake_s3 import FakeS3

CLUSTER: Any = {
    "Name": "etl",
    "ReleaseLabel": "emr-7.5.0",
    "LogUri": "s3n://logs/emr/",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True},
    "ServiceRole": "EMR_DefaultRole",
    "JobFlowRole": "EMR_EC2_DefaultRole",
}
SCALE = 100.0
"""A cluster starts within 0.3 s."""


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class EmrService:
    """The service, and its client."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.objects = FakeS3()
        new_s3: Any = lambda: self.objects  # noqa: E731
        self.endpoint = EmrEndpoint(endpoint_url=ENDPOINT_URL, new_s3=new_s3, time_scale=SCALE)
        once = Config(retries={"total_max_attempts": 1})
        self.client: Any = boto3.client("emr", config=once, **connection(ENDPOINT_URL))
        model: ServiceModel = self.client.meta.service_model

        def answer(request: Any, **_: Any) -> AWSResponse:
            operation = request.headers["X-Amz-Target"].decode().split(".")[1]
            try:
                status, content = self._now(self.endpoint.answer(operation, request.body))
            except AnswerLostError:
                raise EndpointConnectionError(endpoint_url=request.url) from None
            shape = model.operation_model(operation).output_shape
            if status == 200 and shape is not None:
                assert content.keys() <= shape.members.keys()
                problems = ParamValidator().validate(content, shape)
                assert not problems.has_errors(), problems.generate_report()
            return AWSResponse(request.url, status, HTTPHeaders(), _Body(json.dumps(content).encode()))

        events: Any = self.client.meta.events
        events.register("before-send.emr", answer)

    def fault(self, **wire: Any) -> None:
        """Make something go wrong."""
        self.endpoint.faults.add(Fault.read(wire))

    def _now(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def close(self) -> None:
        self._now(self.endpoint.clusters.close())


@contextlib.contextmanager
def emr_service() -> Iterator[EmrService]:
    """Run the service in a thread, as long as the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    service = EmrService(loop)
    try:
        yield service
    finally:
        service.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
