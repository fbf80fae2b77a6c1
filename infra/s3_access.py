"""IAM statements for locations in S3, written as in pipelines: ``s3://bucket/prefix``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Aws, Token
from aws_cdk import aws_iam as iam

from infra.configuration_error import ConfigurationError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NOT_IN_A_PREFIX = re.compile(r"[*?${}]")
"""IAM's wildcards and variables, and the characters of Data Pipeline's expressions."""


def s3_access(*, read: Sequence[str] = (), write: Sequence[str] = ()) -> list[iam.PolicyStatement]:
    """Allow reading and listing keys with the prefixes in ``read``, and writing keys with those in ``write``.

    ``s3://bucket/in/`` means the directory ``in``; ``s3://bucket/in`` also includes ``input.csv``;
    ``s3://bucket`` means the whole bucket. Written objects cannot be read or listed unless ``read`` covers
    them too. Raises ConfigurationError for anything but a list of such URIs.
    """
    statements = [
        _objects(["s3:GetObject"], read),
        _objects(["s3:PutObject", "s3:AbortMultipartUpload"], write),
    ]
    prefixes: dict[str, list[str]] = {}
    for bucket, prefix in map(_parse, _listed(read)):
        prefixes.setdefault(bucket, []).append(prefix)
    for bucket, of_bucket in prefixes.items():
        # Without ListBucket, S3 answers for a missing key that access is denied (API Reference, GetObject).
        listing = iam.PolicyStatement(actions=["s3:ListBucket"], resources=[_arn(bucket)])
        if "" not in of_bucket:
            listing.add_condition("StringLike", {"s3:prefix": [f"{prefix}*" for prefix in of_bucket]})
        statements.append(listing)
    return [statement for statement in statements if statement is not None]


def put_objects(uri: str) -> iam.PolicyStatement:
    """Allow writing keys with the prefix of ``uri``, each in one request. Raises ConfigurationError."""
    bucket, prefix = _parse(uri)
    return iam.PolicyStatement(actions=["s3:PutObject"], resources=[f"{_arn(bucket)}/{prefix}*"])


def _objects(actions: list[str], uris: Sequence[str]) -> iam.PolicyStatement | None:
    resources = [f"{_arn(bucket)}/{prefix}*" for bucket, prefix in map(_parse, _listed(uris))]
    return iam.PolicyStatement(actions=actions, resources=resources) if resources else None


def _listed(uris: Sequence[str]) -> Sequence[str]:
    if isinstance(uris, str):
        raise ConfigurationError(f"s3_access: a list of URIs is expected, such as ['{uris}'], not a string.")
    return uris


def _parse(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    # The name of a bucket of the same app is known only at deployment.
    named = Token.is_unresolved(bucket) or _BUCKET.fullmatch(bucket)
    if scheme != "s3" or not named or (_NOT_IN_A_PREFIX.search(prefix) and not Token.is_unresolved(prefix)):
        raise ConfigurationError(
            f"s3_access: '{uri}' is not of the form s3://bucket or s3://bucket/prefix. Every key that begins "
            "with the prefix is meant, so it has no wildcard; nor can it have an expression of a pipeline."
        )
    return bucket, prefix


def _arn(bucket: str) -> str:
    return f"arn:{Aws.PARTITION}:s3:::{bucket}"
