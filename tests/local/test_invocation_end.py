"""An invocation ends when the runtime asks for the next one or exits, not when it has answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.environments import Environments, function

ANSWERS_ITSELF = """
import json, os, time, urllib.request

def handler(event, context):
    if event["then"] == "return":
        return os.getpid()
    url = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/{context.aws_request_id}"
    body = json.dumps(event["answer"]).encode()
    urllib.request.urlopen(f"{url}/{event['post']}", body).close()
    time.sleep(event["seconds"])
    os._exit(event["then"])
"""
"""A handler like AWS's clients for Go and Node.js, which answer and may then end the process."""
ERROR = {"errorType": "Fatal", "errorMessage": "cannot go on", "stackTrace": []}


@pytest.mark.parametrize(
    ("post", "answer", "exit_code"),
    [("response", {"status": "FINISHED"}, 0), ("response", "bye", 1), ("error", ERROR, 1)],
)
def test_a_runtime_that_answers_and_exits_has_answered_and_is_replaced(
    environments: Environments, post: str, answer: Any, exit_code: int
) -> None:
    probe = function(ANSWERS_ITSELF)
    before = environments.invoke(probe, {"then": "return"}).payload
    event = {"then": exit_code, "post": post, "answer": answer, "seconds": 0.2}
    result = environments.invoke(probe, event)
    assert (result.payload, result.is_error) == (answer, post == "error")
    after = environments.invoke(probe, {"then": "return"})
    assert not after.is_error, after.payload
    assert after.payload != before


def test_an_answer_holds_though_the_runtime_never_asks_for_the_next_event(environments: Environments) -> None:
    probe = function(ANSWERS_ITSELF, Timeout=0.5)
    event = {"then": 0, "post": "response", "answer": "done", "seconds": 600}
    result = environments.invoke(probe, event)
    assert (result.payload, result.is_error) == ("done", False)
    assert not environments.invoke(probe, {"then": "return"}).is_error
