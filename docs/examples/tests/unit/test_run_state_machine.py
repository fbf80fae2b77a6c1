from collections.abc import Iterator
from unittest import mock

import pytest

from activities.run_state_machine import handler
from runner.testing import run_handler

FIELDS = {"command": "{}", "myStateMachine": "arn:machine"}
STATE = {"execution": "arn:execution"}


@pytest.fixture
def states() -> Iterator[mock.Mock]:
    """Step Functions, which the handler calls through boto3."""
    with mock.patch("boto3.client") as client:
        yield client.return_value


def test_the_first_call_starts_an_execution(states: mock.Mock) -> None:
    states.start_execution.return_value = {"executionArn": "arn:execution"}
    assert run_handler(handler, FIELDS) == {"status": "DEFERRED", "state": STATE, "waitSeconds": 30}
    states.start_execution.assert_called_once_with(stateMachineArn="arn:machine", input="{}")


@pytest.mark.parametrize(
    ("status", "outcome"), [("RUNNING", "DEFERRED"), ("SUCCEEDED", "FINISHED"), ("ABORTED", "FAILED")]
)
def test_a_later_call_looks_how_it_goes(states: mock.Mock, status: str, outcome: str) -> None:
    states.describe_execution.return_value = {"status": status}
    assert run_handler(handler, FIELDS, state=STATE)["status"] == outcome


def test_a_canceled_task_stops_its_execution(states: mock.Mock) -> None:
    response = run_handler(handler, FIELDS, state=STATE, canceled=True)
    assert response == {"status": "CANCELED"}
    states.stop_execution.assert_called_once_with(executionArn="arn:execution", error="TaskCanceled")
