"""AWS clients, made once an execution environment and not before they are needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

_RETRYING = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=20)


@cache
def data_pipeline() -> DataPipelineClient:
    """For every call but PollForTask, which must never be tried twice: see ``polling``."""
    return boto3.client("datapipeline", config=_RETRYING)


@cache
def polling(poll_timeout: float) -> DataPipelineClient:
    """For PollForTask alone: exactly one HTTP request a call, given up after ``poll_timeout`` seconds.

    botocore retries a read timeout silently, which would leave several polls behind at the service;
    ``total_max_attempts`` counts the first try too (``max_attempts`` does not).
    """
    return boto3.client(
        "datapipeline",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=poll_timeout),
    )


@cache
def s3() -> S3Client:
    """Amazon S3."""
    return boto3.client("s3", config=_RETRYING)


@cache
def step_functions() -> SFNClient:
    """AWS Step Functions."""
    return boto3.client("stepfunctions", config=_RETRYING)
