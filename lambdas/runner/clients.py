"""AWS clients, made once an execution environment and not before they are needed.

boto3 is imported with the first client: it is more than half of a handler's cold start, and a short command
needs none of it.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_datapipeline import DataPipelineClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

# Lambda's root logger is at INFO, where botocore tells where it found credentials and endpoints.
logging.getLogger("botocore").setLevel(logging.WARNING)


@cache
def data_pipeline() -> DataPipelineClient:
    """For every call but PollForTask, which must never be tried twice: see ``polling``."""
    import boto3

    return boto3.client("datapipeline", config=retrying())


@cache
def polling(poll_timeout: float) -> DataPipelineClient:
    """For PollForTask alone: exactly one HTTP request a call, given up after ``poll_timeout`` seconds.

    botocore retries a read timeout silently, which would leave several polls behind at the service;
    ``total_max_attempts`` counts the first try too (``max_attempts`` does not).
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "datapipeline",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=poll_timeout),
    )


@cache
def s3() -> S3Client:
    """Amazon S3."""
    import boto3

    return boto3.client("s3", config=retrying())


@cache
def dynamodb(region: str | None) -> DynamoDBClient:
    """Amazon DynamoDB in ``region``; None is the function's own."""
    import boto3

    return boto3.client("dynamodb", region_name=region, config=retrying())


@cache
def step_functions() -> SFNClient:
    """AWS Step Functions."""
    import boto3

    return boto3.client("stepfunctions", config=retrying())


@cache
def sts() -> STSClient:
    """AWS STS."""
    import boto3

    return boto3.client("sts", config=retrying())


def retrying() -> Config:
    """For calls that may be made again: five tries, and no long silence in between."""
    from botocore.config import Config

    return Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=20)


def aws_errors() -> tuple[type[Exception], ...]:
    """What a call of an AWS service may raise."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return Boto3Error, BotoCoreError, ClientError


def aws_error_code(error: Exception) -> str:
    """The service's code in an error of botocore's; empty for any other error."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
