"""Writes an S3 object of unknown size as its bytes arrive, with few parts in memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from data_nodes.s3_uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
"""S3 accepts parts of 5 MiB or more (S3 user guide, multipart upload limits)."""
MOST_PARTS = 10_000
"""The same page."""
_PARTS_OF_A_SIZE = 1000

_RECENT_BYTES = 64 * 1024
"""How much of what was sent ``show`` can repeat."""


AT_ONCE = 8
"""Parts that are sent at the same time, where speed counts. With them, about 80 MB are in memory."""


def part_bytes(number: int) -> int:
    """The size of a part. Every 1,000 parts, they grow by 8 MiB, so that 10,000 of them are 461 GB."""
    return PART_BYTES * (1 + (number - 1) // _PARTS_OF_A_SIZE)


class S3Stream:
    """A file to write to. The object exists once it is closed. Methods raise errors of S3.

    With ``at_once`` above 1, parts are sent by threads. Their errors are raised by a later call.
    """

    def __init__(
        self,
        s3: S3Client,
        uri: S3Uri,
        *,
        content_type: str = "binary/octet-stream",
        at_once: int = 1,
    ) -> None:
        self._s3 = s3
        self._place: Any = {"Bucket": uri.bucket, "Key": uri.key}
        self._content_type = content_type
        self._buffer = bytearray()
        self._upload: Any = None
        self._number = 0
        self._parts: list[Any] = []
        self._sent = 0
        self._recent = b""
        self._sending: deque[Future[Any]] = deque()
        self._at_once = at_once
        self._threads: ThreadPoolExecutor | None = None

    def write(self, data: bytes) -> int:
        """Write more bytes, and send each full part. Returns the number of bytes, as files do."""
        self._buffer += data
        while len(self._buffer) >= (size := part_bytes(self._number + 1)):
            self._send(bytes(memoryview(self._buffer)[:size]))
            del self._buffer[:size]
        return len(data)

    def show(self) -> None:
        """Create the object as far as it is in memory, after a line about what was sent before.

        An upload in parts is seen only when it is complete, and replaces this.
        """
        before = self._sent - len(self._recent)
        note = f"[{before:,} bytes before this are here once this has ended]\n".encode() if before else b""
        self._s3.put_object(
            **self._place, Body=note + self._recent + bytes(self._buffer), ContentType=self._content_type
        )

    def close(self) -> None:
        """Send the rest, and create the object."""
        if self._upload is None:
            self._s3.put_object(**self._place, Body=bytes(self._buffer), ContentType=self._content_type)
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        while self._sending:
            self._parts.append(self._sending.popleft().result())
        self._end_threads()
        self._s3.complete_multipart_upload(
            **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        """Create no object."""
        # A part that arrives after the end of the upload would stay (API Reference, AbortMultipartUpload).
        self._end_threads()
        if self._upload is not None:
            self._s3.abort_multipart_upload(**self._place, UploadId=self._upload)

    def _send(self, part: bytes) -> None:
        if self._upload is None:
            created = self._s3.create_multipart_upload(**self._place, ContentType=self._content_type)
            self._upload = created["UploadId"]
        self._number += 1
        self._sent += len(part)
        self._recent = part[-_RECENT_BYTES:]
        if self._at_once == 1:
            self._parts.append(self._upload_part(self._number, part))
            return
        self._threads = self._threads or ThreadPoolExecutor(self._at_once, "s3-upload")
        # Fewer larger parts, so that they need no more memory.
        while len(self._sending) * len(part) >= self._at_once * PART_BYTES:
            self._parts.append(self._sending.popleft().result())
        self._sending.append(self._threads.submit(self._upload_part, self._number, part))

    def _upload_part(self, number: int, part: bytes) -> Any:
        sent = self._s3.upload_part(**self._place, UploadId=self._upload, PartNumber=number, Body=part)
        return {"ETag": sent["ETag"], "PartNumber": number}

    def _end_threads(self) -> None:
        if self._threads:
            self._threads.shutdown(wait=True, cancel_futures=True)
