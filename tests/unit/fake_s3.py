"""Amazon S3 as a dictionary, with the methods of boto3's client that handlers call."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


class FakeS3:
    """Buckets as ``{(bucket, key): bytes}``. Buckets in ``denied`` refuse every request.

    Buckets in ``secretive`` may be listed only under some prefixes: HeadObject does not reveal that a key is
    missing.
    """

    def __init__(self, objects: dict[tuple[str, str], bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.denied: set[str] = set()
        self.secretive: set[str] = set()
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.copied: list[str] = []
        """The keys that S3 itself wrote, by CopyObject or UploadPartCopy."""
        self.modified: datetime | None = None
        """When all objects were written; None is just now."""

    def text(self, bucket: str, key: str) -> str:
        return self.objects[bucket, key].decode()

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803 - the API's own names
        Key: str,  # noqa: N803
        Range: str = "",  # noqa: N803
        IfMatch: str = "",  # noqa: N803
    ) -> Any:
        data = self._get(Bucket, Key, IfMatch)
        body = io.BytesIO(_part(data, Range))
        return {"Body": body, "ContentLength": len(data), "ETag": _etag(data)}

    def head_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        data = self._get(Bucket, Key)
        modified = self.modified or datetime.now(UTC)
        return {"ContentLength": len(data), "ETag": _etag(data), "Metadata": {}, "LastModified": modified}

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str,  # noqa: N803
        MaxKeys: int = 1000,  # noqa: N803
        StartAfter: str = "",  # noqa: N803
    ) -> Any:
        self._check(Bucket)
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
        found = [(key, self.objects[Bucket, key]) for key in keys if key > StartAfter][:MaxKeys]
        entries = [{"Key": key, "Size": len(data), "ETag": _etag(data)} for key, data in found]
        return {"Contents": entries} if entries else {}

    def get_paginator(self, operation: str) -> FakeS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:
        after = request.pop("StartAfter", "")
        while True:
            page = self.list_objects_v2(**request, StartAfter=after)
            yield page
            found = page.get("Contents", [])
            if len(found) < 1000:
                return
            after = found[-1]["Key"]

    def download_file(self, bucket: str, key: str, path: str, **_: Any) -> None:
        Path(path).write_bytes(self._get(bucket, key))

    def upload_file(self, path: str, bucket: str, key: str, **_: Any) -> None:
        self._check(bucket)
        self.objects[bucket, key] = Path(path).read_bytes()

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any) -> Any:  # noqa: N803
        self._check(Bucket)
        if IfNoneMatch and (Bucket, Key) in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.objects[Bucket, Key] = Body
        return {}

    def delete_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        self._check(Bucket)
        self.objects.pop((Bucket, Key), None)
        return {}

    def create_multipart_upload(self, *, Bucket: str, **_: Any) -> Any:  # noqa: N803
        self._check(Bucket)
        upload = f"upload-{len(self.uploads)}"
        self.uploads[upload] = {}
        return {"UploadId": upload}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: Any, CopySourceIfMatch: str, **_: Any) -> Any:  # noqa: N803
        self._check(Bucket)
        self.objects[Bucket, Key] = self._get(CopySource["Bucket"], CopySource["Key"], CopySourceIfMatch)
        self.copied.append(Key)
        return {}

    def upload_part_copy(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        PartNumber: int,  # noqa: N803
        CopySource: Any,  # noqa: N803
        CopySourceRange: str,  # noqa: N803
        CopySourceIfMatch: str,  # noqa: N803
    ) -> Any:
        self._check(Bucket)
        data = self._get(CopySource["Bucket"], CopySource["Key"], CopySourceIfMatch)
        self.uploads[UploadId][PartNumber] = _part(data, CopySourceRange)
        self.copied.append(Key)
        return {"CopyPartResult": {"ETag": str(PartNumber)}}

    def upload_part(self, *, Bucket: str, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> Any:  # noqa: N803
        self._check(Bucket)
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        MultipartUpload: Any,  # noqa: N803
    ) -> Any:
        parts = self.uploads.pop(UploadId)
        self.objects[Bucket, Key] = b"".join(parts[part["PartNumber"]] for part in MultipartUpload["Parts"])
        return {}

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> Any:  # noqa: N803
        del self.uploads[UploadId]
        return {}

    def _check(self, bucket: str) -> None:
        if bucket in self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "Any")

    def _get(self, bucket: str, key: str, etag: str = "") -> bytes:
        self._check(bucket)
        if (bucket, key) not in self.objects:
            if bucket in self.secretive:
                raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")
        data = self.objects[bucket, key]
        if etag not in {"", _etag(data)}:
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "At least one"}}, "Any")
        return data


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def _part(data: bytes, byte_range: str) -> bytes:
    if not byte_range:
        return data
    first, last = map(int, byte_range.removeprefix("bytes=").split("-"))
    assert first <= last < len(data), byte_range  # S3: InvalidRange
    return data[first : last + 1]
