"""The operations of AWS that the console calls, all of which only read, and the calls by botocore."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

READS: Mapping[str, tuple[str, frozenset[str]]] = {
    "DataPipeline": (
        "datapipeline",
        frozenset(
            {
                "DescribeObjects",
                "DescribePipelines",
                "GetPipelineDefinition",
                "ListPipelines",
                "QueryObjects",
            }
        ),
    ),
    "AWSStepFunctions": (
        "stepfunctions",
        frozenset(
            {
                "DescribeExecution",
                "DescribeStateMachine",
                "DescribeStateMachineForExecution",
                "GetExecutionHistory",
                "ListExecutions",
                "ListStateMachines",
            }
        ),
    ),
    "Logs_20140328": ("logs", frozenset({"FilterLogEvents"})),
    "GraniteServiceVersion20100801": ("cloudwatch", frozenset({"DescribeAlarms"})),
}
"""By the prefix of X-Amz-Target: botocore's name of the service, and its operations that may be called."""


class NotConnectedError(Exception):
    """There is no region, profile or credential. The message says what to do."""


class Refused(Exception):
    """An operation was not carried out. ``code`` names the error as the service, or else botocore, does."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class ReadOnly:
    """Calls AWS with the caller's own credentials. From any thread."""

    def __init__(self, *, region: str | None, profile: str | None, endpoint_url: str | None) -> None:
        """Raises NotConnectedError."""
        # botocore takes a while to import, and no other command of this package starts with it.
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        # The page itself calls again, and less and less often.
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=30
        )
        try:
            session = botocore.session.Session(profile=profile)
            self.region = region or session.get_config_variable("region")
            if not self.region:
                raise NotConnectedError("no region: give --region, or set AWS_DEFAULT_REGION")
            if session.get_credentials() is None:
                raise NotConnectedError(
                    "no credentials: give --profile, or configure the AWS CLI (aws configure, aws sso login)"
                )
            self._clients = {
                service: session.create_client(
                    service, region_name=self.region, endpoint_url=endpoint_url, config=config
                )
                for service, _ in READS.values()
            }
        except (BotoCoreError, ValueError) as error:  # ValueError: the endpoint is no URL.
            raise NotConnectedError(str(error)) from None

    def call(self, target: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to the operation that ``target`` names, ``<prefix>.<operation>``. Raises Refused."""
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        prefix, _, operation = target.partition(".")
        service, operations = READS.get(prefix, ("", frozenset()))
        if operation not in operations:
            raise Refused(403, "NotAllowed", f"The console only reads, and does not call '{target}'.")
        try:
            answer: dict[str, Any] = getattr(self._clients[service], xform_name(operation))(**request)
        except ClientError as error:
            told = error.response.get("Error", {})
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
            raise Refused(status, str(told.get("Code", "")), str(told.get("Message", ""))) from None
        except (ParamValidationError, TypeError) as error:
            raise Refused(400, "ValidationException", str(error)) from None
        except BotoCoreError as error:  # No connection; credentials that have expired.
            raise Refused(502, type(error).__name__, str(error)) from None
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def as_json(value: Any) -> Any:
    """What ``json.dumps`` does not know: times as AWS's JSON protocols write them, in seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is not JSON")
