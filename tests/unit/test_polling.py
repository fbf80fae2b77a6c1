"""One PollForTask: how often it is sent, and what each answer means."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from poller.loop import PollResult
from poller.polling import judge, poll_once
from runner.clients import polling

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def service(respond: Respond) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers each request by ``respond``; gives its address and the requests it got."""
    requests: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            respond(self)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


def reply(status: int, body: bytes) -> Respond:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return respond


def client_of(url: str, monkeypatch: pytest.MonkeyPatch, timeout: float = 5) -> DataPipelineClient:
    """The poller's own client, pointed at ``url``."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    polling.cache_clear()
    return polling(timeout)


@pytest.mark.parametrize("body", [b"{}", b'{"taskObject": null}', b"", b'{"taskObject": {}}'])
def test_every_form_of_nothing_is_an_empty_poll(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(reply(200, body)) as (url, _):
        poll = poll_once(client_of(url, monkeypatch), worker_group="etl", hostname="h")
    assert (poll.result, poll.answered) == (PollResult.EMPTY, True)


def test_a_task_is_handed_on_and_worker_group_and_hostname_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with service(reply(200, b'{"taskObject": {"taskId": "t1"}}')) as (url, requests):
        poll = poll_once(client_of(url, monkeypatch), worker_group="etl", hostname="h")
    assert poll.result is PollResult.TASK
    assert poll.task == {"taskId": "t1"}
    assert requests == [{"workerGroup": "etl", "hostname": "h"}]


def test_a_poll_that_is_not_answered_in_time_is_sent_once_and_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = threading.Event()

    def hold(request: BaseHTTPRequestHandler) -> None:
        held.wait(10)

    with service(hold) as (url, requests):
        poll = poll_once(client_of(url, monkeypatch, 0.3), worker_group="etl", hostname="h")
        held.set()
    assert (poll.result, poll.answered) == (PollResult.ABANDONED, True)
    assert len(requests) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_the_service_is_sent_once_and_may_pass(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"__type": "InternalServiceErrorException", "message": "oops"}'
    with service(reply(status, body)) as (url, requests):
        poll = poll_once(client_of(url, monkeypatch), worker_group="etl", hostname="h")
    assert (poll.result, poll.fatal) == (PollResult.ERROR, False)
    assert len(requests) == 1


def client_error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PollForTask",
    )


@pytest.mark.parametrize(
    ("error", "fatal"),
    [
        (client_error("ThrottlingException", 400), False),
        (client_error("InternalServiceErrorException", 500), False),
        (EndpointConnectionError(endpoint_url="http://x"), False),
        (client_error("AccessDeniedException", 400), True),
        (client_error("AccessDenied", 403), True),
        (client_error("UnrecognizedClientException", 400), True),
        (client_error("InvalidRequestException", 400), True),
        (NoCredentialsError(), True),
    ],
)
def test_what_polling_again_can_help_against(error: Exception, fatal: bool) -> None:
    poll = judge(error, "etl")
    throttled = isinstance(error, ClientError) and error.response["Error"]["Code"] == "ThrottlingException"
    assert poll.result is (PollResult.THROTTLED if throttled else PollResult.ERROR)
    assert poll.fatal is fatal
    assert poll.error
    assert poll.advice


def test_a_refused_poll_says_what_to_mend() -> None:
    assert "datapipeline:PollForTask" in judge(client_error("AccessDenied", 403), "etl").advice
    assert "'etl'" in judge(client_error("InvalidRequestException", 400), "etl").advice


def test_botocores_default_would_poll_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason for ``total_max_attempts``: should it go away, so may the setting."""
    with service(reply(500, b"{}")) as (url, requests):
        client_of(url, monkeypatch)
        client = boto3.client("datapipeline", config=Config(retries={"mode": "standard"}))
        with pytest.raises(ClientError):
            client.poll_for_task(workerGroup="etl")
    assert len(requests) > 1
