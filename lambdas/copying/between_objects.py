"""S3 to S3: by S3 itself where the bytes stay as they are, else through here, object by object."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copying import s3_objects
from copying.byte_streams import joined
from copying.s3_place import S3Place
from data_nodes.s3_data_node import StoredObject
from data_nodes.s3_uri import S3Uri
from runner.fields import FieldError
from runner.outcome import Deferred, Finished, Outcome, TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 32
_RESERVE_SECONDS = 60.0
"""With less time than this, no object is begun: the next invocation goes on."""


@dataclass(frozen=True)
class ObjectCopy:
    """A copy from S3 to S3, and what it takes."""

    source: S3Place
    target: S3Place

    def __post_init__(self) -> None:
        """Raises FieldError for places that cannot be copied between."""
        source, target = self.source.node, self.target.node
        if target.manifest:
            problem = "a manifest cannot be copied to; give the node a directoryPath"
            raise FieldError(target.id, "manifestFilePath", problem)
        if source.directory and target.directory and _overlap(source.directory, target.directory):
            problem = f"'{target.directory}' and the input's '{source.directory}' are one inside the other"
            raise FieldError(target.id, "directoryPath", problem)

    @property
    def merges(self) -> bool:
        """Several objects become one (developer guide, CopyActivity: a directory to a file)."""
        return self.target.node.file is not None and self.source.node.file is None

    @property
    def converts(self) -> bool:
        """The records are written anew. A node without a format takes the other's."""
        formats = (self.source.data_format, self.target.data_format)
        return None not in formats and formats[0] != formats[1]

    @property
    def by_s3(self) -> bool:
        """The objects' bytes stay as they are."""
        return not self.converts and self.source.node.gzip == self.target.node.gzip

    def target_of(self, stored: StoredObject) -> S3Uri:
        """Where an object goes. Raises TaskFailed if it is the object itself."""
        node = self.target.node
        if node.file:
            uri = node.file
        else:
            assert node.directory is not None  # noqa: S101 - no manifest, and no file
            path = stored.path
            if self.source.node.gzip and not node.gzip:
                path = path.removesuffix(".gz")
            elif node.gzip and not self.source.node.gzip:
                path += ".gz"
            uri = S3Uri(node.directory.bucket, node.directory.key + path)
        if uri == stored.uri:
            raise TaskFailed(f"'{uri}' would be copied to itself.", error_id="SameObject")
        return uri

    def run(self, task: Task, s3: S3Client) -> Outcome:
        """Copy; Deferred if there is more than one invocation can do. Raises TaskFailed, and Canceled."""
        if self.merges:
            return self._merge(task, s3)
        done: dict[str, Any] = task.state or {"objects": 0, "after": ""}
        taken: set[S3Uri] = set()
        with s3_objects.side_by_side() as pool:
            remaining = self._remaining(s3, done)
            while batch := list(itertools.islice(remaining, _AT_ONCE if self.by_s3 else 1)):
                if taken and task.seconds_left < _RESERVE_SECONDS:
                    task.logger.info("Copy goes on later", objects=done["objects"])
                    return Deferred(done, wait_seconds=1)
                targets = [self.target_of(stored) for stored in batch]
                for stored, target in zip(batch, targets, strict=True):
                    if target in taken:
                        problem = f"'{stored.uri}' and another object would both become '{target}'."
                        raise TaskFailed(problem, error_id="SameObject")
                    taken.add(target)
                if self.by_s3:
                    copies = [
                        pool.submit(s3_objects.copy, s3, stored, target, lambda: task.canceled)
                        for stored, target in zip(batch, targets, strict=True)
                    ]
                    for copy in copies:
                        copy.result()
                else:
                    self._rewrite(task, s3, batch[0], targets[0])
                done = {"objects": done["objects"] + len(batch), "after": batch[-1].uri.key}
        task.logger.info("Objects copied", objects=done["objects"], byS3=self.by_s3)
        return Finished()

    def _remaining(self, s3: S3Client, done: dict[str, Any]) -> Iterator[StoredObject]:
        if self.source.node.directory:
            return self.source.objects(s3, done["after"])
        return itertools.islice(self.source.objects(s3), done["objects"], None)

    def _rewrite(self, task: Task, s3: S3Client, stored: StoredObject, target: S3Uri) -> None:
        def should_stop() -> bool:
            return task.canceled

        if self.converts:
            self.target.write_rows(s3, target, self.source.rows(s3, stored, should_stop), should_stop)
        else:
            self.target.write(s3, target, self.source.contents(s3, stored, should_stop), should_stop)

    def _merge(self, task: Task, s3: S3Client) -> Outcome:
        def should_stop() -> bool:
            return task.canceled

        target = self.target.node.file
        assert target is not None  # noqa: S101 - `merges`
        count = 0

        def found() -> Iterator[StoredObject]:
            nonlocal count
            for stored in self.source.objects(s3):
                if stored.uri != target:  # what an earlier copy has made there
                    count += 1
                    yield stored

        if self.converts:
            rows = (row for stored in found() for row in self.source.rows(s3, stored, should_stop))
            self.target.write_rows(s3, target, rows, should_stop)
        else:
            separator = (self.source.data_format or self.target.format).record_separator.encode()
            files = (self.source.contents(s3, stored, should_stop) for stored in found())
            self.target.write(s3, target, joined(files, separator), should_stop)
        task.logger.info("Objects joined", objects=count)
        return Finished()


def _overlap(one: S3Uri, other: S3Uri) -> bool:
    keys = sorted([one.key, other.key])
    return one.bucket == other.bucket and keys[1].startswith(keys[0])
