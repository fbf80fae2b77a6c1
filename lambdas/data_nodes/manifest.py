"""A manifest: a list of an S3DataNode's objects, in Amazon Redshift's form.

Amazon Redshift developer guide, "Using a manifest to specify data files".
"""

from __future__ import annotations

import itertools
import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject, stored_object
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_BYTES = 16 * 1024 * 1024


class _FormError(Exception):
    """The manifest has another form."""


@dataclass(frozen=True)
class Entry:
    """``path`` is the object's path in a directory that contains all of them."""

    path: str
    mandatory: bool


@dataclass(frozen=True)
class Manifest:
    """The objects that a manifest lists, in order, each once.

    ``etag`` distinguishes it from a manifest that replaces it.
    """

    node: str
    uri: S3Uri
    etag: str
    entries: Mapping[S3Uri, Entry]

    @classmethod
    def read(cls, s3: S3Client, node: str, uri: S3Uri) -> Manifest:
        """Read the manifest. Raises TaskFailed if it has another form, and errors of S3."""
        answer = s3.get_object(Bucket=uri.bucket, Key=uri.key)
        body = answer["Body"].read(_MAX_BYTES + 1)
        if len(body) > _MAX_BYTES:
            problem = f"The manifest '{uri}' of '{node}' has more than {_MAX_BYTES:,} bytes."
            raise TaskFailed(problem, error_id="InvalidManifest")
        try:
            listed = _listed(body)
        except _FormError as error:
            raise TaskFailed(
                f"The manifest '{uri}' of '{node}' is not of the form "
                f'{{"entries": [{{"url": "s3://bucket/key", "mandatory": true}}]}}: {error}.',
                error_id="InvalidManifest",
            ) from error
        paths = dict(zip(listed, relative_paths(list(listed)), strict=True))
        entries = {found: Entry(paths[found], mandatory) for found, mandatory in listed.items()}
        return cls(node, uri, answer["ETag"], entries)

    def objects(self, s3: S3Client, *, after: str = "") -> Iterator[StoredObject]:
        """The objects that exist, after the one with the URI ``after``.

        Raises TaskFailed if a mandatory object does not exist, and errors of S3.
        """
        remaining: Iterator[tuple[S3Uri, Entry]] = iter(self.entries.items())
        if after:
            remaining = itertools.dropwhile(lambda entry: str(entry[0]) != after, remaining)
            next(remaining, None)
        for uri, entry in remaining:
            found = stored_object(s3, uri, entry.path)
            if found is not None:
                yield found
            elif entry.mandatory:
                raise TaskFailed(
                    f"'{uri}', which the manifest '{self.uri}' of '{self.node}' says is mandatory, does not "
                    "exist.",
                    error_id="InputNotFound",
                )


def _listed(body: bytes) -> dict[S3Uri, bool]:
    """The objects, each with whether it is mandatory. Raises _FormError."""
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _FormError(f"it is not JSON ({error})") from error
    entries = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise _FormError("it has no list 'entries'")
    listed: dict[S3Uri, bool] = {}
    for number, entry in enumerate(entries, 1):
        url = entry.get("url") if isinstance(entry, dict) else None
        uri = S3Uri.parse(url) if isinstance(url, str) else None
        mandatory = entry.get("mandatory", False) if isinstance(entry, dict) else None
        # Staging makes files in a directory, and a key that ends with a slash cannot be one.
        if uri is None or not uri.key or uri.key.endswith("/") or not isinstance(mandatory, bool):
            raise _FormError(f"entry {number} is {json.dumps(entry)[:2000]}")
        listed[uri] = listed.get(uri, False) or mandatory
    return listed


def relative_paths(uris: Sequence[S3Uri]) -> list[str]:
    """A distinct path for each object, as short as possible: all are below the deepest common directory."""
    full = [f"/{uri.bucket}/{uri.key}" for uri in uris]
    if not full:
        return []
    common = posixpath.commonpath([posixpath.dirname(path) for path in full])
    return [path[len(common) :].lstrip("/") for path in full]
