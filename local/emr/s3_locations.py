"""Directories of S3 on this machine: fetched before Spark reads them, and sent back after it has written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass
class _Location:
    directory: Path
    sent: dict[str, int] = field(default_factory=dict)
    """The modification times of the files when they were last equal to their objects, by key."""


class S3Locations:
    """Copies of directories in S3, below ``top``."""

    def __init__(self, s3: S3Client, top: Path) -> None:
        self._s3, self._top = s3, top
        self._by_uri: dict[str, _Location] = {}

    def fetched(self, uri: str) -> Path:
        """The local directory with the objects below ``uri``, as they are now."""
        location = self._by_uri.setdefault(uri, _Location(self._top / f"location-{len(self._by_uri)}"))
        shutil.rmtree(location.directory, ignore_errors=True)
        location.directory.mkdir(parents=True)
        location.sent.clear()
        bucket, prefix = _place(uri)
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                key = entry["Key"]
                file = location.directory / key.removeprefix(prefix)
                if key.endswith("/"):
                    continue
                file.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(bucket, key, str(file))
                location.sent[key] = file.stat().st_mtime_ns
        return location.directory

    def send(self) -> None:
        """Make the objects equal to the files, as Spark has left them."""
        for uri, location in self._by_uri.items():
            bucket, prefix = _place(uri)
            found = {
                prefix + file.relative_to(location.directory).as_posix(): file
                for file in sorted(location.directory.rglob("*"))
                if file.is_file() and not file.name.startswith((".", "_"))
            }
            for key in location.sent.keys() - found.keys():
                self._s3.delete_object(Bucket=bucket, Key=key)
                del location.sent[key]
            for key, file in found.items():
                changed = file.stat().st_mtime_ns
                if location.sent.get(key) != changed:
                    self._s3.upload_file(str(file), bucket, key)
                    location.sent[key] = changed


def _place(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""
