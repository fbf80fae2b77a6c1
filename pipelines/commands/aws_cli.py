"""What a call of the AWS CLI does: places in S3, and other services."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from botocore import xform_name

from pipelines.commands.words import Word

_GLOBAL_WITH_VALUE = {
    *("--region", "--output", "--profile", "--endpoint-url", "--query", "--color", "--ca-bundle"),
    *("--cli-read-timeout", "--cli-connect-timeout"),
}
_S3_WITH_VALUE = {
    *(
        "--exclude",
        "--include",
        "--acl",
        "--storage-class",
        "--sse",
        "--sse-kms-key-id",
        "--grants",
        "--metadata",
    ),
    *(
        "--content-type",
        "--cache-control",
        "--content-encoding",
        "--expires",
        "--source-region",
        "--page-size",
    ),
    *(
        "--metadata-directive",
        "--expected-size",
        "--sse-c",
        "--sse-c-key",
        "--content-disposition",
        "--request-payer",
    ),
    *("--content-language", "--checksum-algorithm", "--checksum-mode", "--copy-props", "--expires-in"),
    *("--sse-c-copy-source", "--sse-c-copy-source-key", "--website-redirect"),
}


@dataclass
class AwsCall:
    """A call, as far as it can be read."""

    service: str = ""
    operation: str = ""
    profile: str = ""
    read: list[str] = field(default_factory=list)
    """``s3://`` places, up to the first expansion."""
    write: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    locals_read: list[Word] = field(default_factory=list)
    """Paths that ``aws s3`` reads; and below, that it makes."""
    locals_made: list[Word] = field(default_factory=list)
    recursive: bool = False
    key: str = ""
    """The ARN of a key of AWS KMS with which objects are written."""
    sets_acl: bool = False
    resource: str = "*"
    """What IAM is to allow the call on."""
    lacks_operand: bool = False


def aws_call(words: Sequence[Word]) -> AwsCall:
    """Read the words after ``aws``."""
    call = AwsCall()
    rest: list[Word] = []
    waiting = list(words)
    with_value = _GLOBAL_WITH_VALUE | _S3_WITH_VALUE
    while waiting:
        word = waiting.pop(0)
        text = word.literal or word.prefix
        name = text.partition("=")[0]
        if name == "--profile":
            call.profile = text.partition("=")[2] or (waiting[0].shown if waiting else "")
        if text.startswith("--"):
            if name in with_value and "=" not in text and waiting:
                waiting.pop(0)
            elif name in {"--bucket", "--key"}:
                rest.append(word)
            continue
        rest.append(word)
    names = [word.literal or "" for word in rest]
    call.service, call.operation, waiter = (*names, "", "", "")[:3]
    if call.operation == "wait":
        call.operation = _asked_by(call.service, waiter) or call.operation
    if call.service == "s3":
        _places(call, rest[2:])
        call.recursive = call.operation == "sync" or any(word.literal == "--recursive" for word in words)
        if call.operation == "sync" and any(word.literal == "--delete" for word in words):
            call.delete += call.write
        call.key = _value(words, "--sse-kms-key-id")
        call.sets_acl = bool(_value(words, "--acl") or _value(words, "--grants"))
    elif call.service == "s3api" and (bucket := _value(words, "--bucket")):
        _objects(call, bucket, words)
    call.resource = _resource(call.service, words)
    return call


_OF_RESOURCE = {
    "lambda": "--function-name",
    "secretsmanager": "--secret-id",
    "sns": "--topic-arn",
    "stepfunctions": "--state-machine-arn",
}
"""Options with the ARN of what a call is about."""
_ARN = re.compile(r"arn:aws[\w-]*:[^\s*?]*[^\s*?:]")
_QUEUE = re.compile(r"https://sqs\.([\w-]+)\.amazonaws\.com/(\d+)/([\w.-]+)")


def _resource(service: str, words: Sequence[Word]) -> str:
    """The ARN that the words tell; ``*`` if they tell none."""
    if service == "sqs" and (queue := _QUEUE.fullmatch(_whole(words, "--queue-url"))):
        return f"arn:aws:sqs:{queue[1]}:{queue[2]}:{queue[3]}"
    arn = _whole(words, _OF_RESOURCE.get(service, ""))
    return arn if _ARN.fullmatch(arn) else "*"


def _whole(words: Sequence[Word], option: str) -> str:
    """The value of an option; empty if it is not there, or not known to its end."""
    known = [word if word.literal is not None else Word() for word in words]
    return _value(known, option) if option else ""


def _asked_by(service: str, waiter: str) -> str:
    """The operation that ``aws SERVICE wait WAITER`` calls again and again; empty if there is none."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    try:
        model = get_session().get_waiter_model({"s3api": "s3"}.get(service, service))
        (name,) = [each for each in model.waiter_names if xform_name(each, "-") == waiter]
        return str(xform_name(model.get_waiter(name).operation, "-"))
    except (BotoCoreError, ValueError):
        return ""


def _value(words: Sequence[Word], option: str) -> str:
    """The value of an option, up to its first expansion; empty if it is not there."""
    for word, following in pairwise([*words, Word()]):
        if word.literal == option:
            return following.prefix
        if word.prefix.startswith(f"{option}="):
            return word.prefix.partition("=")[2]
    return ""


def _objects(call: AwsCall, bucket: str, words: Sequence[Word]) -> None:
    """What ``aws s3api`` does with the objects of a bucket."""
    place = f"s3://{bucket}/{_value(words, '--key')}"
    if call.operation in {"get-object", "head-object"}:
        call.read.append(place)
    elif call.operation == "put-object":
        call.write.append(place)
    elif call.operation == "delete-object":
        call.delete.append(place)
    elif call.operation in {"head-bucket", "list-objects", "list-objects-v2"}:
        call.read.append(f"s3://{bucket}/{_value(words, '--prefix')}")


def _places(call: AwsCall, operands: Sequence[Word]) -> None:
    """Source and target of ``aws s3`` (AWS CLI reference, s3)."""
    places = [operand.prefix for operand in operands]
    known = all(operand.literal is not None for operand in operands)
    call.lacks_operand = call.operation in {"cp", "sync", "mv"} and len(operands) < 2 and known
    source = places[0] if places and places[0].startswith("s3://") else ""
    target = places[1] if len(places) > 1 and places[1].startswith("s3://") else ""
    if call.operation in {"cp", "sync", "mv"} and len(operands) == 2:
        call.locals_read = [] if source or places[0] == "" else [operands[0]]
        call.locals_made = [] if target or places[1] == "" else [operands[1]]
    if call.operation in {"cp", "sync", "mv", "ls", "presign"}:
        call.read += [source] if source else []
        call.write += [target] if target else []
        # sync compares with what the target has.
        call.read += [target] if target and call.operation == "sync" else []
        call.delete += [source] if source and call.operation == "mv" else []
    elif call.operation == "rm":
        call.read += [source] if source else []
        call.delete += [source] if source else []


def iam_action(service: str, operation: str) -> str:
    """The IAM action of a call, by the rule that most services follow: ``sns publish`` is ``sns:Publish``."""
    prefix = {
        "s3api": "s3",
        "stepfunctions": "states",
        "emr": "elasticmapreduce",
        "elb": "elasticloadbalancing",
        "elbv2": "elasticloadbalancing",
        "ses": "ses",
        "logs": "logs",
        "rds": "rds",
        "deploy": "codedeploy",
        "configservice": "config",
        "cloudwatch": "cloudwatch",
        "efs": "elasticfilesystem",
        "sesv2": "ses",
        "opensearch": "es",
    }.get(service, service)
    name = {
        ("emr", "add-steps"): "AddJobFlowSteps",
        ("emr", "create-cluster"): "RunJobFlow",
        ("emr", "terminate-clusters"): "TerminateJobFlows",
        ("lambda", "invoke"): "InvokeFunction",
        ("s3api", "list-buckets"): "ListAllMyBuckets",
        ("s3api", "list-objects"): "ListBucket",
        ("s3api", "list-objects-v2"): "ListBucket",
        ("s3api", "head-object"): "GetObject",
        ("s3api", "head-bucket"): "ListBucket",
        ("s3api", "copy-object"): "PutObject",
        ("s3api", "delete-objects"): "DeleteObject",
        ("s3api", "list-object-versions"): "ListBucketVersions",
        ("sqs", "delete-message-batch"): "DeleteMessage",
        ("sqs", "send-message-batch"): "SendMessage",
        ("logs", "tail"): "FilterLogEvents",
        ("ecr", "get-login-password"): "GetAuthorizationToken",
    }.get((service, operation))
    return f"{prefix}:{name or ''.join(word.capitalize() for word in operation.split('-'))}"
