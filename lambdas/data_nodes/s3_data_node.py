"""S3DataNode: an object, all objects under a path, or the objects that a manifest lists.

Developer guide, S3DataNode.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_nodes.manifest import Manifest
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject, is_listed, stored_object
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


NULL_FIELD = "myNullAs"
"""The text for NULL in CSV, TSV and Custom; a field of this project."""


@dataclass(frozen=True)
class S3DataNode:
    """The location of a node. One of ``file``, ``directory`` and ``manifest`` is set."""

    id: str
    file: S3Uri | None = None
    directory: S3Uri | None = None
    manifest: S3Uri | None = None
    gzip: bool = False
    null: str | None = None
    """The text for NULL in its records; None for the format's default."""

    @classmethod
    def of(cls, node: PipelineObject) -> S3DataNode:
        """Read the fields. ``manifestFilePath`` precedes ``filePath``, which precedes ``directoryPath``.

        Raises FieldError if all are missing, or one is not an S3 path.
        """
        compression = node.string("compression", "none").lower()
        if compression not in {"none", "gzip"}:
            raise FieldError(
                node.id, "compression", f"'none' or 'gzip' is expected, but it is {compression!r}"
            )
        more: Any = {"gzip": compression == "gzip"}
        if NULL_FIELD in node:
            null = node.string(NULL_FIELD)
            # The service stores no empty values, so '' stands for one, as in SQL.
            more["null"] = "" if null == "''" else null
        if "manifestFilePath" in node:
            return cls(node.id, manifest=S3Uri.of_object(node, "manifestFilePath"), **more)
        if "filePath" in node:
            return cls(node.id, file=S3Uri.of_object(node, "filePath"), **more)
        if "directoryPath" in node:
            return cls(node.id, directory=S3Uri.of_directory(node, "directoryPath"), **more)
        raise FieldError(node.id, "filePath", "it is missing, and so are directoryPath and manifestFilePath")

    def objects(self, s3: S3Client, *, after: str = "") -> Iterator[StoredObject]:
        """The node's objects. In a directory those with keys after ``after``, sorted by key.

        Raises TaskFailed if a required object does not exist, and errors of S3.
        """
        if self.file:
            found = stored_object(s3, self.file, posixpath.basename(self.file.key))
            if found is None:
                raise TaskFailed(f"'{self.file}' of '{self.id}' does not exist.", error_id="InputNotFound")
            yield found
        elif self.manifest:
            yield from Manifest.read(s3, self.id, self.manifest).objects(s3)
        elif self.directory:
            yield from _under(s3, self.directory, after)

    def exists(self, s3: S3Client) -> bool:
        """Whether the object, the manifest, or an object under the path exists. Raises errors of S3."""
        if self.directory:
            return next(_under(s3, self.directory, ""), None) is not None
        place = self.file or self.manifest
        assert place is not None  # noqa: S101 - `of` ensures it
        return is_listed(s3, place)


def _under(s3: S3Client, directory: S3Uri, after: str) -> Iterator[StoredObject]:
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=directory.bucket, Prefix=directory.key, StartAfter=after
    ):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            # The S3 console creates an empty object with such a name for a directory.
            if entry["Size"] or not key.endswith("/"):
                path = key[len(directory.key) :]
                yield StoredObject(S3Uri(directory.bucket, key), path, entry["Size"], entry["ETag"])
