"""The permissions that Step Functions' optimized integrations need, and their error names for a denial.

Amazon ECS is not among them: see ecs_integration.py.

Source: Step Functions developer guide, "Integrating services with Step Functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.permissions.calls import Call


@dataclass(frozen=True)
class Needed:
    """A call, with the error and the end of its cause if it is denied."""

    call: Call
    error: str
    detail: str


Resource = Callable[[Mapping[str, Any], str], str]
"""(arguments, "REGION:ACCOUNT") -> the resource's ARN."""


def _function(arguments: Mapping[str, Any], place: str) -> str:
    return function_arn(str(arguments.get("FunctionName", "")), place)


def _queue(arguments: Mapping[str, Any], place: str) -> str:
    return f"arn:aws:sqs:{place}:{str(arguments.get('QueueUrl', '')).rpartition('/')[2]}"


def _table(arguments: Mapping[str, Any], place: str) -> str:
    return f"arn:aws:dynamodb:{place}:table/{arguments.get('TableName', '')}"


def _member(name: str) -> Resource:
    return lambda arguments, _: str(arguments.get(name) or "*")


_OPTIMIZED: Mapping[str, tuple[str, Resource, str, str]] = {
    "lambda:invoke": ("lambda:InvokeFunction", _function, "Lambda", "AWSLambda"),
    "states:startExecution": (
        "states:StartExecution",
        _member("StateMachineArn"),
        "StepFunctions",
        "AWSStepFunctions",
    ),
    "sqs:sendMessage": ("sqs:SendMessage", _queue, "SQS", "AmazonSQS"),
    "sns:publish": ("sns:Publish", _member("TopicArn"), "SNS", "AmazonSNS"),
    "events:putEvents": ("events:PutEvents", _member("EventBusName"), "EventBridge", "AmazonEventBridge"),
    **{
        f"dynamodb:{name}": (f"dynamodb:{name[0].upper()}{name[1:]}", _table, "DynamoDB", "AmazonDynamoDBv2")
        for name in ("getItem", "putItem", "deleteItem", "updateItem")
    },
}
"""By an integration name's prefix: action, resource, the errors' prefix, the SDK's name of the service."""

_FORBIDDEN = {"lambda", "sqs", "sns"}
"""The services that answer with 403. The others' protocols use 400."""


def optimized(resource: str, arguments: Any, *, execution_arn: str) -> Needed | None:
    """What a task with this ``Resource`` needs; None if it is not an optimized integration."""
    place = ":".join(execution_arn.split(":")[3:5])
    given = arguments if isinstance(arguments, Mapping) else {}
    if ":function:" in resource:
        return _needed("lambda:InvokeFunction", function_arn(resource, place), "Lambda", "AWSLambda")
    name = resource.partition(":states:::")[2]
    for beginning, (action, resource_of, prefix, service) in _OPTIMIZED.items():
        if name.startswith(beginning):
            return _needed(action, resource_of(given, place), prefix, service)
    return None


def function_arn(known_as: str, place: str) -> str:
    """The ARN of a function, with its version or alias if one is given."""
    return known_as if known_as.startswith("arn:") else f"arn:aws:lambda:{place}:function:{known_as}"


def _needed(action: str, resource: str, prefix: str, service: str) -> Needed:
    call = Call(action, resource)
    status = 403 if call.service in _FORBIDDEN else 400
    detail = f"Service: {service}; Status Code: {status}; Error Code: AccessDeniedException"
    return Needed(call, f"{prefix}.{_exception(service)}", detail)


def _exception(service: str) -> str:
    """The exception of the SDK for Java for every error that a service's model does not list."""
    return f"{service.removesuffix('v2')}Exception"
