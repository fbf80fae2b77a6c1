"""Looks at a deployed stack: the runbook's own checks, as calls. Nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipelines.live.client import Connection
from pipelines.verifying.causes import Facts, Loop

_LATEST = 20


@dataclass
class Stack:
    """The stack ``name``. Methods raise errors of botocore, and NotConnectedError."""

    connection: Connection
    name: str
    group: str
    _clients: dict[str, Any] = field(default_factory=dict)
    _machines: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client, made once."""
        if service not in self._clients:
            self._clients[service] = self.connection.client(service)
        return self._clients[service]

    def groups(self) -> dict[str, str]:
        """The part of names that stands for it, by the worker group that is polled."""
        prefix = f"{self.name}-poll-"
        found = {}
        for function in self._pages("lambda", "list_functions", "Functions"):
            if function["FunctionName"].startswith(prefix):
                variables = function.get("Environment", {}).get("Variables", {})
                found[variables.get("WORKER_GROUP", "")] = function["FunctionName"].removeprefix(prefix)
        return found

    def run_task(self) -> str:
        """The ARN of RunTask; empty if there is none."""
        return self._machine(f"{self.name}-RunTask")

    def facts(self, since: datetime) -> Facts:
        """What the checks show, of the time since ``since``."""
        facts = Facts(self.group, self.name)
        groups = self.groups()
        facts.polled = sorted(groups)
        named = groups.get(self.group)
        if named is None:
            return facts
        facts.schedule = self._schedule(f"{self.name}-{named}")
        facts.loops = list(self._loops(f"{self.name}-PollLoop-{named}", since))
        log = f"/aws/lambda/{self.name}-poll-{named}"
        failed = self._logged(log, '"Poll failed"', since)
        facts.failed_poll, facts.failed_poll_advice = failed.get("error", ""), failed.get("advice", "")
        facts.at_limit = bool(self._logged(log, '"At max_concurrent_tasks"', since))
        facts.undelivered = self._undelivered(since)
        return facts

    def execution(self, component: str) -> dict[str, Any] | None:
        """The latest RunTask execution of a component, whose name begins with the component's."""
        arn = self.run_task()
        if not arn:
            return None
        listed = self.client("stepfunctions").list_executions(stateMachineArn=arn, maxResults=100)[
            "executions"
        ]
        for each in listed:
            if each["name"].startswith(f"{component}-"):
                found: dict[str, Any] = self.client("stepfunctions").describe_execution(
                    executionArn=each["executionArn"]
                )
                return found
        return None

    def states(self, execution: str) -> tuple[dict[str, datetime], list[str]]:
        """When each state was left for the first time, and the errors of the handler's invocations."""
        left: dict[str, datetime] = {}
        errors: list[str] = []
        history = self.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=200)
        for event in history["events"]:
            if exited := event.get("stateExitedEventDetails"):
                left.setdefault(exited["name"], event["timestamp"])
            if failed := event.get("taskFailedEventDetails"):
                errors.insert(0, f"{failed.get('error', '')} {failed.get('cause', '')}".strip()[:200])
        return left, errors

    def _machine(self, name: str) -> str:
        if name not in self._machines:
            for machine in self._pages("stepfunctions", "list_state_machines", "stateMachines"):
                self._machines[machine["name"]] = machine["stateMachineArn"]
        return self._machines.get(name, "")

    def _schedule(self, name: str) -> str:
        client = self.client("scheduler")
        try:
            return str(client.get_schedule(Name=name)["State"])
        except client.exceptions.ResourceNotFoundException:
            return ""

    def _loops(self, name: str, since: datetime) -> Iterator[Loop]:
        arn = self._machine(name)
        if not arn:
            return
        client = self.client("stepfunctions")
        for each in client.list_executions(stateMachineArn=arn, maxResults=_LATEST)["executions"]:
            ended = each.get("stopDate")
            # A loop that was started before and goes on polls for the echo too.
            is_new = (
                each["startDate"] >= since
                or each["status"] == "RUNNING"
                or (ended is not None and ended >= since)
            )
            error = ""
            if each["status"] == "FAILED" and is_new:
                error = str(client.describe_execution(executionArn=each["executionArn"]).get("error", ""))
            yield Loop(each["status"], error, is_new)

    def _logged(self, group: str, pattern: str, since: datetime) -> Mapping[str, str]:
        """The latest line that matches, as JSON; empty if there is none."""
        client = self.client("logs")
        try:
            # A page may be empty although others follow (API Reference, FilterLogEvents).
            pages = client.get_paginator("filter_log_events").paginate(
                logGroupName=group, filterPattern=pattern, startTime=int(since.timestamp() * 1000)
            )
            found = [event for page in pages for event in page["events"]]
        except client.exceptions.ResourceNotFoundException:
            return {}
        try:
            line = json.loads(found[-1]["message"]) if found else {}
        except ValueError:
            return {}
        return {key: str(value) for key, value in line.items()}

    def _undelivered(self, since: datetime) -> str:
        """The error of a tick that came into the queue since then; empty if there is none.

        Those of an earlier fault stay there until somebody empties it.
        """
        client = self.client("sqs")
        try:
            url = client.get_queue_url(QueueName=f"{self.name}-ticks-not-delivered")["QueueUrl"]
        except client.exceptions.QueueDoesNotExist:
            return ""
        messages = client.receive_message(
            QueueUrl=url,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
        ).get("Messages", [])
        for message in messages:
            if int(message["Attributes"]["SentTimestamp"]) < since.timestamp() * 1000:
                continue
            attributes = message.get("MessageAttributes", {})
            code = attributes.get("ERROR_CODE", {}).get("StringValue", "")
            text = attributes.get("ERROR_MESSAGE", {}).get("StringValue", "")
            if self.group in message.get("Body", "") or code or text:
                return f"{code}: {text}".strip(": ")[:200] or "no error is given"
        return ""

    def _pages(self, service: str, operation: str, member: str) -> Iterator[dict[str, Any]]:
        for page in self.client(service).get_paginator(operation).paginate():
            yield from page[member]
