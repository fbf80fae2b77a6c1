"""AWS clients, created once per execution environment, when they are first needed.

botocore is imported with the first client: it takes more than half of a handler's cold start, and a short
command does not need it. boto3 would add its transfers to S3, which only the S3 client uses.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_datapipeline import DataPipelineClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_emr import EMRClient
    from mypy_boto3_emr_serverless import EMRServerlessClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_redshift_data import RedshiftDataAPIServiceClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

# Lambda's root logger is at INFO, where botocore logs where it found credentials and endpoints.
logging.getLogger("botocore").setLevel(logging.WARNING)


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def _boto3_session() -> Any:
    """A private session: handlers may give credentials to boto3's default session, which all code shares."""
    import boto3

    return boto3.Session()


@cache
def data_pipeline() -> DataPipelineClient:
    """For every call except PollForTask, which must never be retried: see ``polling``."""
    client: DataPipelineClient = _session().create_client("datapipeline", config=retrying())
    return client


@cache
def polling(poll_timeout: float) -> DataPipelineClient:
    """For PollForTask only: exactly one HTTP request per call, abandoned after ``poll_timeout`` seconds.

    botocore silently retries after a read timeout, which would leave several polls behind at the service.
    ``total_max_attempts`` includes the first attempt; ``max_attempts`` does not.
    """
    from botocore.config import Config

    client: DataPipelineClient = _session().create_client(
        "datapipeline",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=poll_timeout),
    )
    return client


@cache
def s3() -> S3Client:
    """Amazon S3."""
    client: S3Client = _boto3_session().client("s3", config=retrying())
    return client


@cache
def dynamodb(region: str | None) -> DynamoDBClient:
    """Amazon DynamoDB in ``region``; None is the function's region."""
    client: DynamoDBClient = _session().create_client("dynamodb", region_name=region, config=retrying())
    return client


@cache
def ecs() -> ECSClient:
    """Amazon ECS."""
    client: ECSClient = _session().create_client("ecs", config=retrying())
    return client


@cache
def emr(*, repeated: bool) -> EMRClient:
    """Amazon EMR. ``repeated``: whether botocore repeats a call that failed or was not answered."""
    from botocore.config import Config

    once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
    client: EMRClient = _session().create_client("emr", config=retrying() if repeated else once)
    return client


@cache
def emr_serverless() -> EMRServerlessClient:
    """Amazon EMR Serverless."""
    client: EMRServerlessClient = _session().create_client("emr-serverless", config=retrying())
    return client


@cache
def rds(region: str | None) -> RDSClient:
    """Amazon RDS in ``region``; None is the function's region."""
    client: RDSClient = _boto3_session().client("rds", region_name=region, config=retrying())
    return client


@cache
def redshift_data(region: str | None) -> RedshiftDataAPIServiceClient:
    """The Amazon Redshift Data API in ``region``; None is the function's region."""
    client: RedshiftDataAPIServiceClient = _boto3_session().client(
        "redshift-data", region_name=region, config=retrying()
    )
    return client


@cache
def secrets_manager(region: str) -> SecretsManagerClient:
    """AWS Secrets Manager in ``region``, the secret's region."""
    client: SecretsManagerClient = _boto3_session().client(
        "secretsmanager", region_name=region, config=retrying()
    )
    return client


@cache
def step_functions() -> SFNClient:
    """AWS Step Functions, less patient than the others: polls wait for what it answers."""
    from botocore.config import Config

    client: SFNClient = _session().create_client(
        "stepfunctions",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5
        ),
    )
    return client


@cache
def sts() -> STSClient:
    """AWS STS."""
    client: STSClient = _session().create_client("sts", config=retrying())
    return client


def forget() -> None:
    """Create all clients anew when they are next needed. A forked process must not share any."""
    for cached in (
        _session,
        _boto3_session,
        data_pipeline,
        polling,
        s3,
        dynamodb,
        ecs,
        emr,
        emr_serverless,
        rds,
        redshift_data,
        secrets_manager,
        step_functions,
        sts,
    ):
        cached.cache_clear()


def retrying() -> Config:
    """For calls that may be repeated: up to five attempts, each with short timeouts."""
    from botocore.config import Config

    return Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=20)


def aws_errors() -> tuple[type[Exception], ...]:
    """The exceptions that a call to an AWS service may raise."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return Boto3Error, BotoCoreError, ClientError


def aws_error_code(error: Exception) -> str:
    """The service's error code in an error from botocore; empty for any other error."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def may_pass(error: Exception) -> bool:
    """Whether the same call may succeed later: it was throttled, not answered, or failed at the service."""
    from botocore.exceptions import HTTPClientError

    status = (getattr(error, "response", None) or {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = status == 429 or "Throttl" in aws_error_code(error)
    return isinstance(error, HTTPClientError) or throttled or status >= 500
