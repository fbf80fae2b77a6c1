"""S3DataNode: an object, all objects under a path, or the objects that a manifest lists.

Developer guide, S3DataNode.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_nodes.s3_uri import S3Uri
from runner.clients import aws_error_code, aws_errors
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_MANIFEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class StoredObject:
    """An object of a node. ``path`` is its place in a directory that holds the node's objects."""

    uri: S3Uri
    path: str
    size: int


@dataclass(frozen=True)
class S3DataNode:
    """A node's place. One of ``file``, ``directory`` and ``manifest`` is given."""

    id: str
    file: S3Uri | None = None
    directory: S3Uri | None = None
    manifest: S3Uri | None = None
    gzip: bool = False

    @classmethod
    def of(cls, node: PipelineObject) -> S3DataNode:
        """Read the fields. ``manifestFilePath`` wins over ``filePath``, and that over ``directoryPath``.

        Raises FieldError if none is there, or one is not an S3 path.
        """
        compression = node.string("compression", "none").lower()
        if compression not in {"none", "gzip"}:
            raise FieldError(
                node.id, "compression", f"'none' or 'gzip' is expected, but it is {compression!r}"
            )
        gzip = compression == "gzip"
        if "manifestFilePath" in node:
            return cls(node.id, manifest=S3Uri.of_object(node, "manifestFilePath"), gzip=gzip)
        if "filePath" in node:
            return cls(node.id, file=S3Uri.of_object(node, "filePath"), gzip=gzip)
        if "directoryPath" in node:
            return cls(node.id, directory=S3Uri.of_directory(node, "directoryPath"), gzip=gzip)
        raise FieldError(node.id, "filePath", "it is missing, and so are directoryPath and manifestFilePath")

    def objects(self, s3: S3Client) -> Iterator[StoredObject]:
        """The node's objects. Raises TaskFailed if one that has to be there is not, and errors of S3."""
        if self.file:
            found = stored_object(s3, self.file, posixpath.basename(self.file.key))
            if found is None:
                raise TaskFailed(f"'{self.file}' of '{self.id}' does not exist.", error_id="InputNotFound")
            yield found
        elif self.manifest:
            yield from _listed_in_manifest(s3, self.id, self.manifest)
        elif self.directory:
            yield from _under(s3, self.directory)

    def exists(self, s3: S3Client) -> bool:
        """Whether the object, the manifest, or an object under the path is there. Raises errors of S3.

        ListObjectsV2 rather than HeadObject: who may not list is told 403 of a missing key, and not 404.
        """
        place = self.file or self.manifest or self.directory
        assert place is not None  # noqa: S101 - `of` sees to it
        found = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key, MaxKeys=2).get("Contents", [])
        # Keys come in their order, so that the key itself is before all that begin with it. A directory's own
        # is what the S3 console makes for an empty one.
        keys = [entry.get("Key") for entry in found]
        return any(key != place.key for key in keys) if self.directory == place else place.key in keys


def stored_object(s3: S3Client, uri: S3Uri, path: str) -> StoredObject | None:
    """The object at ``uri``; None if it does not exist. Raises errors of S3."""
    try:
        head = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    except aws_errors() as error:
        if aws_error_code(error) in {"404", "NoSuchKey", "NotFound"}:
            return None
        raise
    return StoredObject(uri, path, head["ContentLength"])


def _under(s3: S3Client, directory: S3Uri) -> Iterator[StoredObject]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=directory.bucket, Prefix=directory.key):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):  # What the S3 console makes for an empty directory.
                yield StoredObject(S3Uri(directory.bucket, key), key[len(directory.key) :], entry["Size"])


def _listed_in_manifest(s3: S3Client, node: str, manifest: S3Uri) -> Iterator[StoredObject]:
    """Amazon Redshift's form: ``{"entries": [{"url": "s3://…", "mandatory": true}]}``."""
    body = s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read(_MAX_MANIFEST_BYTES + 1)
    if len(body) > _MAX_MANIFEST_BYTES:
        raise TaskFailed(f"The manifest '{manifest}' of '{node}' is too large.", error_id="InvalidManifest")
    try:
        entries = json.loads(body)["entries"]
        listed = [(S3Uri.parse(entry["url"]), entry.get("mandatory", False) is True) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError):
        listed = [(None, False)]
    uris = [uri for uri, _ in listed if uri and uri.key and not uri.key.endswith("/")]
    if len(uris) < len(listed):
        raise TaskFailed(
            f"The manifest '{manifest}' of '{node}' is not of the form "
            '{"entries": [{"url": "s3://bucket/key", "mandatory": true}]}.',
            error_id="InvalidManifest",
        )
    paths = dict(zip(uris, relative_paths(uris), strict=True))
    mandatory = {uri for uri, is_mandatory in listed if is_mandatory}
    for uri, path in paths.items():
        found = stored_object(s3, uri, path)
        if found is not None:
            yield found
        elif uri in mandatory:
            raise TaskFailed(
                f"'{uri}', which the manifest '{manifest}' of '{node}' says is mandatory, does not exist.",
                error_id="InputNotFound",
            )


def relative_paths(uris: Sequence[S3Uri]) -> list[str]:
    """A path of its own for each object, as short as that can be: all below the deepest common directory."""
    full = [f"/{uri.bucket}/{uri.key}" for uri in uris]
    if not full:
        return []
    common = posixpath.commonpath([posixpath.dirname(path) for path in full])
    return [path[len(common) :].lstrip("/") for path in full]
