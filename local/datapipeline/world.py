"""Carries out effects on other AWS services: publishes alarms and evaluates system-managed preconditions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.account import connection
from local.datapipeline.effects import CheckPrecondition, Effect
from local.datapipeline.objects import PipelineObject

Answered = Callable[[str, str, bool], None]
"""(pipeline id, attempt id, whether the precondition is met)"""

_log = logging.getLogger(__name__)


class World:
    """Calls local AWS. Each call runs in a thread, so that the service's event loop goes on."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    async def carry_out(self, effect: Effect, answered: Answered) -> None:
        """Carry out an effect. A failed check counts as "not met"; a failed alarm is logged."""
        if isinstance(effect, CheckPrecondition):
            met = await asyncio.to_thread(self._is_met, effect.precondition)
            answered(effect.pipeline_id, effect.attempt_id, met)
        else:
            await asyncio.to_thread(self._publish, effect.alarm)

    def _client(self, service: Any) -> Any:
        config = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
        return boto3.client(service, **connection(self._endpoint_url), config=config)

    def _publish(self, alarm: PipelineObject) -> None:
        try:
            self._client("sns").publish(
                TopicArn=alarm.string("topicArn") or "",
                Subject=(alarm.string("subject") or "")[:100],
                Message=alarm.string("message") or "",
            )
        except (BotoCoreError, ClientError) as error:
            _log.error("SnsAlarm %s could not be published: %s", alarm.id, error)

    def _is_met(self, precondition: PipelineObject) -> bool:
        try:
            return self._evaluate(precondition)
        except (BotoCoreError, ClientError):
            return False

    def _evaluate(self, precondition: PipelineObject) -> bool:
        kind = precondition.type
        if kind == "S3KeyExists":
            place = urlsplit(precondition.string("s3Key") or "")
            self._client("s3").head_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
            return True
        if kind == "S3PrefixNotEmpty":
            place = urlsplit(precondition.string("s3Prefix") or "")
            found = self._client("s3").list_objects_v2(
                Bucket=place.netloc, Prefix=place.path.lstrip("/"), MaxKeys=1
            )
            return bool(found.get("KeyCount"))
        table = precondition.string("tableName") or ""
        if kind == "DynamoDBTableExists":
            status = self._client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"]
            return bool(status == "ACTIVE")
        return bool(self._client("dynamodb").scan(TableName=table, Limit=1)["Count"])
