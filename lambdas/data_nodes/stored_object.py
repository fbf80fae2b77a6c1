"""An object in S3, as a data node has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_nodes.s3_uri import S3Uri
from runner.clients import aws_error_code, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class StoredObject:
    """An object of a node. ``path`` is its place in a directory that holds the node's objects."""

    uri: S3Uri
    path: str
    size: int
    etag: str


def stored_object(s3: S3Client, uri: S3Uri, path: str) -> StoredObject | None:
    """The object at ``uri``; None if it does not exist. Raises errors of S3."""
    try:
        head = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    except aws_errors() as error:
        if aws_error_code(error) in {"404", "NoSuchKey", "NotFound"}:
            return None
        raise
    return StoredObject(uri, path, head["ContentLength"], head["ETag"])
