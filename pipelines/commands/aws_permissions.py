"""Which IAM actions a call of the AWS CLI needs, and on what (Service Authorization Reference)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.commands.aws_cli import AwsCall
from pipelines.commands.aws_operations import waits_for

_PREFIXES = {
    "cloudwatch": "cloudwatch",
    "configservice": "config",
    "deploy": "codedeploy",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "iot-data": "iot",
    "lex-models": "lex",
    "lexv2-models": "lex",
    "neptune": "rds",
    "opensearch": "es",
    "pinpoint": "mobiletargeting",
    "resourcegroupstaggingapi": "tag",
    "s3api": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}
_ACTIONS = {
    ("ecr", "get-login"): ["GetAuthorizationToken"],
    ("ecr", "get-login-password"): ["GetAuthorizationToken"],
    ("emr", "add-steps"): ["AddJobFlowSteps"],
    ("emr", "create-cluster"): ["RunJobFlow"],
    ("emr", "terminate-clusters"): ["TerminateJobFlows"],
    ("lambda", "invoke"): ["InvokeFunction"],
    ("logs", "tail"): ["FilterLogEvents"],
    ("s3api", "complete-multipart-upload"): ["PutObject"],
    ("s3api", "copy-object"): ["GetObject", "PutObject"],
    ("s3api", "create-multipart-upload"): ["PutObject"],
    ("s3api", "delete-objects"): ["DeleteObject"],
    ("s3api", "head-bucket"): ["ListBucket"],
    ("s3api", "head-object"): ["GetObject"],
    ("s3api", "list-buckets"): ["ListAllMyBuckets"],
    ("s3api", "list-object-versions"): ["ListBucketVersions"],
    ("s3api", "list-objects"): ["ListBucket"],
    ("s3api", "list-objects-v2"): ["ListBucket"],
    ("s3api", "upload-part"): ["PutObject"],
    ("sqs", "change-message-visibility-batch"): ["ChangeMessageVisibility"],
    ("sqs", "delete-message-batch"): ["DeleteMessage"],
    ("sqs", "send-message-batch"): ["SendMessage"],
}
"""Of calls whose actions have other names."""
_OF_OBJECTS = {"GetObject", "PutObject", "DeleteObject"}
_RESOURCE_OPTIONS = {
    "lambda": "--function-name",
    "secretsmanager": "--secret-id",
    "sns": "--topic-arn",
    "stepfunctions": "--state-machine-arn",
}
"""Options whose ARN is the resource of the call's action."""
_ARN = re.compile(r"arn:aws[\w-]*:[^\s*?]+")
_QUEUE = re.compile(r"https://sqs\.([\w-]+)\.amazonaws\.com/(\d+)/([\w.-]+)")


def permissions(call: AwsCall) -> Iterator[tuple[str, str]]:
    """Resource, which is ``*`` if the call does not tell, and action of a call of any service but ``s3``."""
    service, operation = call.service, call.operation
    if operation == "wait":
        operation = waits_for(service, call.subject)
    if not operation:
        return
    prefix = _PREFIXES.get(service, service)
    by_rule = "".join(word.capitalize() for word in operation.split("-"))
    for name in _ACTIONS.get((service, operation), [by_rule]):
        yield _resource(call, operation, name), f"{prefix}:{name}"
    if service == "redshift-data" and "--db-user" in call.options:
        yield "*", "redshift:GetClusterCredentials"


def permissions_of_s3(call: AwsCall) -> Iterator[tuple[str, str]]:
    """What calls of ``aws s3`` need beside reading, writing and deleting objects."""
    if call.write and call.options.get("--acl"):
        for place in call.write:
            yield f"arn:aws:s3:::{place.removeprefix('s3://')}*", "s3:PutObjectAcl"
    bucket = call.subject.removeprefix("s3://").partition("/")[0]
    if call.operation in {"mb", "rb"}:
        place = f"arn:aws:s3:::{bucket}" if bucket else "*"
        yield place, {"mb": "s3:CreateBucket", "rb": "s3:DeleteBucket"}[call.operation]
        if "--force" in call.options:
            yield place, "s3:ListBucket"
            yield f"{place}/*" if bucket else "*", "s3:DeleteObject"
    if call.write and "--sse-kms-key-id" in call.options:
        key = call.options["--sse-kms-key-id"] or ""
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            yield key if _ARN.fullmatch(key) and ":alias/" not in key else "*", action


def _resource(call: AwsCall, operation: str, name: str) -> str:
    bucket, key = call.options.get("--bucket"), call.options.get("--key")
    if call.service == "s3api" and bucket and not re.search(r"[*?:/]", bucket):
        if name in _OF_OBJECTS and operation != "copy-object":
            return f"arn:aws:s3:::{bucket}/{key or '*'}"
        return f"arn:aws:s3:::{bucket}" if name.startswith("ListBucket") else "*"
    if call.service == "sqs" and (found := _QUEUE.fullmatch(call.options.get("--queue-url") or "")):
        return f"arn:aws:sqs:{found[1]}:{found[2]}:{found[3]}"
    arn = call.options.get(_RESOURCE_OPTIONS.get(call.service, ""), "") or ""
    return arn if _ARN.fullmatch(arn) else "*"
