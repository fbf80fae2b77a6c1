"""An object of a data node in S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_nodes.s3_uri import S3Uri
from runner.clients import aws_error_code, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_DENIED = {"403", "AccessDenied", "Forbidden"}
"""S3's error codes for a request without permission."""


@dataclass(frozen=True)
class StoredObject:
    """An object of a node. ``path`` is its path in a directory that contains the node's objects."""

    uri: S3Uri
    path: str
    size: int
    etag: str


def stored_object(s3: S3Client, uri: S3Uri, path: str) -> StoredObject | None:
    """The object at ``uri``; None if it does not exist. Raises errors of S3."""
    try:
        head = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    except aws_errors() as error:
        code = aws_error_code(error)
        if code in {"404", "NoSuchKey", "NotFound"} or (code in ACCESS_DENIED and _is_missing(s3, uri)):
            return None
        raise
    return StoredObject(uri, path, head["ContentLength"], head["ETag"])


def is_listed(s3: S3Client, uri: S3Uri) -> bool:
    """Whether a listing contains the key. Raises errors of S3.

    The permission to list some prefixes, which ``s3_access`` grants, is sufficient. HeadObject returns 403
    for a missing key if the caller may not list (API reference, HeadObject). Whether a permission for some
    prefixes counts there is not documented.
    """
    # Keys are sorted, so the key itself comes before all keys that it is a prefix of.
    found = s3.list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1).get("Contents", [])
    return any(entry.get("Key") == uri.key for entry in found)


def _is_missing(s3: S3Client, uri: S3Uri) -> bool:
    try:
        return not is_listed(s3, uri)
    except aws_errors():
        return False  # HeadObject's own error says what is not allowed.
