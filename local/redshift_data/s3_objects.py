"""The objects in Amazon S3 that COPY reads and UNLOAD writes."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.redshift_data.errors import StatementError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Place = tuple[str, str]
"""Bucket and key."""


def place_of(uri: str) -> Place:
    """Raises StatementError for anything but ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise StatementError(f"'{uri}' is not of the form s3://bucket/key")
    return bucket, key


def objects_under(s3: S3Client, place: Place) -> list[Place]:
    """All objects whose keys start with it, however many. Raises StatementError."""
    bucket, prefix = place
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    except ClientError as error:
        raise _refused(error, place) from None
    return [(bucket, entry["Key"]) for page in pages for entry in page.get("Contents", [])]


def objects_in_manifest(s3: S3Client, place: Place) -> Iterator[tuple[Place, bool]]:
    """The objects that a manifest lists, and whether each is mandatory. Raises StatementError."""
    try:
        entries = json.loads(content(s3, place))["entries"]
        listed = [(place_of(entry["url"]), bool(entry.get("mandatory", False))) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StatementError(f"The manifest {uri(place)} is not properly formed: {error!r}") from None
    yield from listed


def exists(s3: S3Client, place: Place) -> bool:
    """Whether the object exists. Raises StatementError if Amazon S3 does not say."""
    try:
        s3.head_object(Bucket=place[0], Key=place[1])
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
            return False
        raise _refused(error, place) from None
    return True


def content(s3: S3Client, place: Place) -> bytes:
    """Raises StatementError."""
    try:
        return s3.get_object(Bucket=place[0], Key=place[1])["Body"].read()
    except ClientError as error:
        raise _refused(error, place) from None


def write(s3: S3Client, place: Place, data: bytes) -> None:
    """Raises StatementError."""
    try:
        s3.put_object(Bucket=place[0], Key=place[1], Body=data)
    except ClientError as error:
        raise _refused(error, place) from None


def delete(s3: S3Client, place: Place) -> None:
    """Raises StatementError."""
    try:
        s3.delete_object(Bucket=place[0], Key=place[1])
    except ClientError as error:
        raise _refused(error, place) from None


def decompressed(data: bytes, place: Place, *, gzipped: bool, bzipped: bool) -> bytes:
    """Raises StatementError for data in another compression."""
    try:
        return gzip.decompress(data) if gzipped else bz2.decompress(data) if bzipped else data
    except (OSError, EOFError, ValueError) as error:
        raise StatementError(f"{uri(place)} cannot be uncompressed: {error}") from None


def uri(place: Place) -> str:
    """``s3://bucket/key``."""
    return f"s3://{place[0]}/{place[1]}"


def _refused(error: ClientError, place: Place) -> StatementError:
    said = error.response["Error"]
    return StatementError(
        f"S3ServiceException: {said.get('Message', '')}, Error {said.get('Code', '')}: {uri(place)}"
    )
