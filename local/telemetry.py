"""Sends logs and metrics to local CloudWatch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from local.account import ACCOUNT, REGION
from local.cloudwatch.emf import Datum, metric_data
from local.cloudwatch.service_metrics import (
    LAMBDA_NAMESPACE,
    SQS_NAMESPACE,
    STATES_NAMESPACE,
    execution_metrics,
    invocation_metrics,
    queue_metrics,
)
from local.dead_letters import dead_letter
from local.ecs.agent import PRINCIPAL as CONTAINERS
from local.ecs.log_driver import LogPlace, NoLogError
from local.lambda_runtime.function import Function
from local.lambda_runtime.log_stream import Deliver, LogEvent
from local.lambda_runtime.worker import Result
from local.ministack_hooks import EmulatedServiceError, Ministack
from local.permissions.calls import Call

MINUTE_SECONDS = 60.0
LEAST_SECONDS = 0.5


class Telemetry:
    """Writes to CloudWatch and CloudWatch Logs on the event loop."""

    def __init__(self, ministack: Ministack, loop: asyncio.AbstractEventLoop, *, time_scale: float) -> None:
        self._ministack = ministack
        self._minute = max(MINUTE_SECONDS / time_scale, LEAST_SECONDS)
        self._loop = loop
        self._created: set[tuple[str, str, str, str]] = set()

    def deliver_to(self, function: Function, stream: str) -> Deliver:
        """A function that writes events to a log stream, and the metrics in them to CloudWatch."""

        async def deliver(events: Sequence[LogEvent]) -> None:
            if not self._may_write(function, stream):
                return
            await self._create_log(function, stream)
            await self._put_log_events(
                function.log_group, stream, events, account=function.account, region=function.region
            )

        return deliver

    async def open_container_log(self, place: LogPlace, create_group: bool) -> Deliver:
        """Create a container's log stream. Returns a function that writes to it, as `deliver_to` does.

        Raises NoLogError.
        """
        names = {"logGroupName": place.group, "logStreamName": place.stream}
        scope = {"account": place.account, "region": place.region}
        if create_group:
            self._need(place, "logs:CreateLogGroup")
            with contextlib.suppress(EmulatedServiceError):  # It may exist already.
                await self._ministack.call("logs", "CreateLogGroup", {"logGroupName": place.group}, **scope)
        self._need(place, "logs:CreateLogStream")
        try:
            await self._ministack.call("logs", "CreateLogStream", names, **scope)
        except EmulatedServiceError as error:
            raise NoLogError(str(error)) from error

        async def deliver(events: Sequence[LogEvent]) -> None:
            # The driver loses what it may not write, or cannot.
            with contextlib.suppress(NoLogError, EmulatedServiceError):
                self._need(place, "logs:PutLogEvents")
                await self._put_log_events(place.group, place.stream, events, **scope)

        return deliver

    def _need(self, place: LogPlace, action: str) -> None:
        """Raises NoLogError if the role of the log driver may not do this."""
        denied = self._ministack.permissions.role_denied(
            place.role,
            Call(action, place.arn),
            service=CONTAINERS,
            session_name=place.session_name,
            context={"aws:sourcearn": place.task_arn},
        )
        if denied is not None:
            raise NoLogError(f"AccessDeniedException: {denied.message}")

    async def count_invocation(self, function: Function, result: Result) -> None:
        """Publish the metrics that Lambda publishes for an invocation."""
        data = invocation_metrics(function.name, duration_ms=result.duration_ms, is_error=result.is_error)
        await self._put_metric_data(function.account, function.region, LAMBDA_NAMESPACE, data)

    def count_execution(self, execution: Mapping[str, Any]) -> None:
        """Publish Step Functions' metrics of a change of an execution's status. From any thread."""
        _, _, _, region, account, *_ = execution["stateMachineArn"].split(":")
        self._in_background(
            self._put_metric_data(account, region, STATES_NAMESPACE, execution_metrics(execution))
        )

    def keep_dead_letter(
        self, schedule: Mapping[str, Any], target: Mapping[str, Any], code: str, message: str
    ) -> None:
        """Put what a schedule could not deliver into its target's dead-letter queue. From any thread."""
        letter = dead_letter(schedule, target, code, message)
        if letter is not None:
            self._in_background(
                self._ministack.call("sqs", "SendMessage", letter, account=ACCOUNT, region=REGION)
            )

    async def each_minute(self) -> None:
        """Count waiting messages and evaluate alarms, forever: missing metrics change alarms too."""
        while True:
            await asyncio.sleep(self._minute)
            waiting = self._ministack.messages_visible()
            data = [datum for name, visible in waiting for datum in queue_metrics(name, visible=visible)]
            if data:
                await self._put_metric_data(ACCOUNT, REGION, SQS_NAMESPACE, data)
            self._ministack.alarms.evaluate_all(account=ACCOUNT, region=REGION)

    def _may_write(self, function: Function, stream: str) -> bool:
        place = f"arn:aws:logs:{function.region}:{function.account}:log-group:{function.log_group}"
        return self._ministack.function_roles.may_write_log(
            role_arn=function.role,
            function_name=function.name,
            stream_arn=f"{place}:log-stream:{stream}",
        )

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _create_log(self, function: Function, stream: str) -> None:
        """As Lambda does."""
        scope = {"account": function.account, "region": function.region}
        group = function.log_group
        place = (function.account, function.region, group, stream)
        if place not in self._created:
            self._created.add(place)
            # The group may exist already.
            with contextlib.suppress(EmulatedServiceError):
                await self._ministack.call("logs", "CreateLogGroup", {"logGroupName": group}, **scope)
            names = {"logGroupName": group, "logStreamName": stream}
            await self._ministack.call("logs", "CreateLogStream", names, **scope)

    async def _put_log_events(
        self, group: str, stream: str, events: Sequence[LogEvent], *, account: str, region: str
    ) -> None:
        await self._ministack.call(
            "logs",
            "PutLogEvents",
            {
                "logGroupName": group,
                "logStreamName": stream,
                "logEvents": [
                    {"timestamp": int(event.at.timestamp() * 1000), "message": event.message}
                    for event in events
                ],
            },
            account=account,
            region=region,
        )
        for namespace, data in metric_data(event.message for event in events).items():
            await self._put_metric_data(account, region, namespace, data)

    async def _put_metric_data(self, account: str, region: str, namespace: str, data: list[Datum]) -> None:
        parameters = {"Namespace": namespace, "MetricData": data}
        await self._ministack.call("monitoring", "PutMetricData", parameters, account=account, region=region)
