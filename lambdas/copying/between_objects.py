"""Copies within S3: S3 itself copies unchanged bytes. Otherwise each object is read and written here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copying import s3_objects
from copying.byte_streams import joined
from copying.progress import Progress
from copying.s3_place import S3Place
from data_nodes.manifest import Manifest
from data_nodes.s3_data_node import NULL_FIELD
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject
from runner.fields import FieldError
from runner.outcome import Deferred, Finished, Outcome, TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 32
_RESERVE_SECONDS = 60.0
"""With less time left, no further object is started: the next invocation continues."""


@dataclass(frozen=True)
class ObjectCopy:
    """A copy from S3 to S3."""

    source: S3Place
    target: S3Place

    def __post_init__(self) -> None:
        """Raises FieldError if the source cannot be copied to the target."""
        source, target = self.source.node, self.target.node
        if target.manifest:
            problem = "a manifest cannot be copied to; give the node a directoryPath"
            raise FieldError(target.id, "manifestFilePath", problem)
        if source.directory and target.directory and _overlap(source.directory, target.directory):
            problem = f"'{target.directory}' and the input's '{source.directory}' are one inside the other"
            raise FieldError(target.id, "directoryPath", problem)
        for place, other in ((self.source, self.target), (self.target, self.source)):
            if other.is_named and not place.is_named and place.node.null not in {None, other.node.null}:
                problem = f"it needs a dataFormat beside it, since '{other.node.id}' has one"
                raise FieldError(place.node.id, NULL_FIELD, problem)

    @property
    def merges(self) -> bool:
        """Whether several objects become one (developer guide, CopyActivity: a directory to a file)."""
        return self.target.node.file is not None and self.source.node.file is None

    @property
    def converts(self) -> bool:
        """Whether records are rewritten. A node without a format uses the other's, if that is named."""
        formats = (self.source.data_format, self.target.data_format)
        if None in formats and (self.source.is_named or self.target.is_named):
            return False
        if self.source.is_named != self.target.is_named:  # NULL is then the same: see __post_init__.
            return False
        return self.source.format != self.target.format

    @property
    def by_s3(self) -> bool:
        """Whether S3 can copy the objects, because their bytes stay unchanged."""
        return not self.converts and self.source.node.gzip == self.target.node.gzip

    @property
    def drops_suffix(self) -> bool:
        """Whether names lose their ``.gz``: ``a`` and ``a.gz`` would become the same object."""
        return self.source.node.gzip and not self.target.node.gzip and self.target.node.file is None

    def target_of(self, uri: S3Uri, path: str) -> S3Uri:
        """The target of the object at ``uri``, whose place among the input's objects is ``path``.

        Raises TaskFailed if the target is the object itself, or its key is not valid in Amazon S3.
        """
        node = self.target.node
        if node.file:
            target = node.file
        else:
            assert node.directory is not None  # noqa: S101 - it is neither a manifest nor a file
            if self.drops_suffix:
                path = path.removesuffix(".gz")
            elif node.gzip and not self.source.node.gzip:
                path += ".gz"
            target = S3Uri(node.directory.bucket, node.directory.key + path)
        if target == uri:
            raise TaskFailed(f"'{uri}' would be copied to itself.", error_id="SameObject")
        s3_objects.check_key(target, f"'{uri}' cannot be copied to '{target}'")
        return target

    def run(self, task: Task, s3: S3Client) -> Outcome:
        """Copy. Deferred if it takes more than one invocation. Raises TaskFailed, and TaskCanceled."""
        if self.merges:
            return self._merge(task, s3)
        progress = Progress.of(task.state)
        manifest = self.source.manifest(s3)
        if manifest:
            self._check(manifest, progress)
            remaining = self.source.listed(s3, manifest, progress.after)
        else:
            remaining = self.source.objects(s3, progress.after)
        begun = False
        with s3_objects.parallel_calls() as pool:
            while batch := list(itertools.islice(remaining, _AT_ONCE if self.by_s3 else 1)):
                if begun and task.seconds_left < _RESERVE_SECONDS:
                    task.logger.info("Copy goes on later", objects=progress.objects)
                    return Deferred(progress.as_state(), wait_seconds=1)
                begun = True
                following = self._following(progress, batch, manifest)
                targets = [self.target_of(stored.uri, stored.path) for stored in batch]
                if self.by_s3:
                    copies = [
                        pool.submit(s3_objects.copy, s3, stored, target, task.check_canceled)
                        for stored, target in zip(batch, targets, strict=True)
                    ]
                    for copy in copies:
                        copy.result()
                else:
                    self._rewrite(task, s3, batch[0], targets[0])
                progress = following
        task.logger.info("Objects copied", objects=progress.objects, byS3=self.by_s3)
        return Finished()

    def _check(self, manifest: Manifest, progress: Progress) -> None:
        """Raises TaskFailed if the manifest has changed since the start, or two entries have one target."""
        if progress.after and progress.manifest != manifest.etag:
            problem = f"The manifest '{manifest.uri}' was replaced while its objects were copied."
            raise TaskFailed(problem, error_id="InputChanged")
        taken: dict[S3Uri, S3Uri] = {}
        for uri, entry in manifest.entries.items():
            target = self.target_of(uri, entry.path)
            if (other := taken.setdefault(target, uri)) != uri:
                raise _same_target(other, uri, target)

    def _following(
        self, progress: Progress, batch: Sequence[StoredObject], manifest: Manifest | None
    ) -> Progress:
        """The progress after the batch. Raises TaskFailed if two objects would become the same one."""
        for stored in batch:
            if manifest:
                progress = progress.with_entry(stored, manifest.etag)
                continue
            if self.drops_suffix and progress.collides(stored.uri.key):
                other = S3Uri(stored.uri.bucket, stored.uri.key.removesuffix(".gz"))
                raise _same_target(other, stored.uri, self.target_of(stored.uri, stored.path))
            progress = progress.with_listed(stored)
        return progress

    def _rewrite(self, task: Task, s3: S3Client, stored: StoredObject, target: S3Uri) -> None:
        if self.converts:
            self.target.write_rows(
                s3, target, self.source.rows(s3, stored, task.check_canceled), task.check_canceled
            )
        else:
            self.target.write(
                s3, target, self.source.contents(s3, stored, task.check_canceled), task.check_canceled
            )

    def _merge(self, task: Task, s3: S3Client) -> Outcome:
        target = self.target.node.file
        assert target is not None  # noqa: S101 - `merges`
        count = 0

        def found() -> Iterator[StoredObject]:
            nonlocal count
            for stored in self.source.objects(s3):
                if stored.uri != target:  # Which an earlier copy has written.
                    count += 1
                    yield stored

        if self.converts:
            rows = (row for stored in found() for row in self.source.rows(s3, stored, task.check_canceled))
            self.target.write_rows(s3, target, rows, task.check_canceled)
        else:
            source = self.source if self.source.is_named or not self.target.is_named else self.target
            separator = source.format.record_separator.encode()
            files = (self.source.contents(s3, stored, task.check_canceled) for stored in found())
            self.target.write(s3, target, joined(files, separator), task.check_canceled)
        task.logger.info("Objects joined", objects=count)
        return Finished()


def _same_target(first: S3Uri, second: S3Uri, target: S3Uri) -> TaskFailed:
    problem = f"'{first}' and '{second}' would both become '{target}'."
    return TaskFailed(problem, error_id="SameObject")


def _overlap(first: S3Uri, second: S3Uri) -> bool:
    """Whether one directory contains the other."""
    keys = sorted([first.key, second.key])
    return first.bucket == second.bucket and keys[1].startswith(keys[0])
