"""Files of S3 for the programs of local EMR."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3

from local.account import connection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def client() -> S3Client:
    """A client of the local AWS that this step runs on."""
    return boto3.client("s3", **connection(os.environ["AWS_ENDPOINT_URL"]))


def place(uri: str) -> tuple[str, str]:
    """Bucket and key. Raises ValueError for what is not in S3."""
    parts = urlsplit(uri)
    if parts.scheme not in {"s3", "s3n", "s3a"} or not parts.netloc:
        raise ValueError(f"{uri} is not in S3: local EMR has no HDFS")
    return parts.netloc, parts.path.lstrip("/")


def keys(s3: S3Client, uri: str) -> list[str]:
    """The keys of an object or of a directory, without what Hadoop hides."""
    bucket, key = place(uri)
    directory = key.rstrip("/") + "/" if key else ""
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key.rstrip("/")):
        for entry in page.get("Contents", []):
            name = entry["Key"].rpartition("/")[2]
            if (entry["Key"] == key or entry["Key"].startswith(directory)) and name[:1] not in {"", "_", "."}:
                found.append(entry["Key"])
    return found


def lines(s3: S3Client, uri: str) -> Iterator[str]:
    """The lines of all files. Raises ValueError if there are none."""
    found = keys(s3, uri)
    if not found:
        raise ValueError(f"Input path does not exist: {uri}")
    for key in found:
        body = s3.get_object(Bucket=place(uri)[0], Key=key)["Body"].read()
        text = gzip.decompress(body) if key.endswith(".gz") else body
        yield from text.decode().removesuffix("\n").split("\n") if text else ()


def write(s3: S3Client, uri: str, text: str, *, compressed: bool = False) -> None:
    """Write a directory with one file. Raises ValueError if it exists."""
    if keys(s3, uri):
        raise ValueError(f"Output directory {uri} already exists")
    bucket, key = place(uri)
    name = f"{key.rstrip('/')}/part-00000".lstrip("/")
    if compressed:
        s3.put_object(Bucket=bucket, Key=f"{name}.gz", Body=gzip.compress(text.encode()))
    else:
        s3.put_object(Bucket=bucket, Key=name, Body=text.encode())
