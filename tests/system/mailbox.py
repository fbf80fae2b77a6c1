"""Alarm messages as they arrive in a queue through SNS."""

from __future__ import annotations

import json
from typing import Any

from tests.system.deployments import STACK, Deployment, eventually


class Mailbox:
    """A queue that is subscribed to the alarms' topic."""

    def __init__(self, deployment: Deployment, queue_name: str) -> None:
        self._client = deployment.sqs
        self._url = self._client.get_queue_url(QueueName=queue_name)["QueueUrl"]
        self._said: list[tuple[str, str]] = []

    def wait_for(self, *alarms: str, state: str) -> None:
        """Wait until each of these alarms has reported this state. If it is OK, it must follow ALARM."""
        eventually(
            lambda: all(self._has(alarm, state) for alarm in alarms) or None,
            lambda: f"{[alarm for alarm in alarms if not self._has(alarm, state)]} not {state}: {self._said}",
        )

    def _has(self, alarm: str, state: str) -> bool:
        self._receive()
        said = [new for name, new in self._said if name == f"{STACK}-{alarm}"]
        return state in (said[said.index("ALARM") :] if "ALARM" in said else [])

    def _receive(self) -> None:
        while messages := self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                notice = json.loads(json.loads(message["Body"])["Message"])
                self._said.append((notice["AlarmName"], notice["NewStateValue"]))
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def messages(deployment: Deployment, queue: str) -> list[Any]:
    """The messages that wait in one of the stack's queues. They stay there."""
    return deployment.sqs.receive_message(
        QueueUrl=deployment.sqs.get_queue_url(QueueName=f"{STACK}-{queue}")["QueueUrl"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
    ).get("Messages", [])
