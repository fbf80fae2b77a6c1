"""Objects in S3: reads them in ranges, writes them as a stream, and makes S3 copy them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from data_nodes.s3_stream import AT_ONCE, S3Stream
from data_nodes.s3_uri import MAX_KEY_BYTES, S3Uri
from data_nodes.stored_object import ACCESS_DENIED, StoredObject
from runner.clients import aws_error_code, aws_errors
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RANGE_BYTES = 8 * 1024 * 1024
_RANGES_AHEAD = 5
"""With them, 48 MB are in memory."""
PART_BYTES = 64 * 1024 * 1024
"""Larger objects are copied in parallel parts of this size: S3 answers each request within seconds."""
_MAX_PARTS = 10_000
"""Amazon S3 user guide, multipart upload limits."""
_THREADS = 8
_TRIES = 3


def check_key(uri: S3Uri, problem: str) -> None:
    """Raises TaskFailed if the key is not valid. The message starts with ``problem``."""
    size = len(uri.key.encode())
    if not size:
        raise TaskFailed(f"{problem}: the key is empty.", error_id="InvalidKey")
    if size > MAX_KEY_BYTES:
        limit = f"the key has {size:,} bytes, and {MAX_KEY_BYTES:,} are the limit of Amazon S3"
        raise TaskFailed(f"{problem}: {limit}.", error_id="InvalidKey")


def read(s3: S3Client, stored: StoredObject, check_canceled: Callable[[], None]) -> Iterator[bytes]:
    """The object's bytes, range by range, so that no connection waits for the consumer.

    Threads read the next ranges ahead of the consumer. Raises TaskFailed, also if the object changes
    meanwhile, and whatever ``check_canceled`` raises.
    """
    ranges = (
        f"bytes={first}-{min(first + RANGE_BYTES, stored.size) - 1}"
        for first in range(0, stored.size, RANGE_BYTES)
    )
    threads = ThreadPoolExecutor(_RANGES_AHEAD, "s3-read")
    reading = deque(
        threads.submit(_range, s3, stored, byte_range)
        for byte_range in itertools.islice(ranges, _RANGES_AHEAD)
    )
    try:
        while reading:
            check_canceled()
            with _errors_as_task_failed(f"'{stored.uri}' could not be read"):
                data = reading.popleft().result()
            reading.extend(threads.submit(_range, s3, stored, later) for later in itertools.islice(ranges, 1))
            yield data
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def write(s3: S3Client, uri: S3Uri, pieces: Iterable[bytes], check_canceled: Callable[[], None]) -> int:
    """Write the bytes to the object, which appears once all of them are there. Returns how many.

    Raises TaskFailed, and whatever ``check_canceled`` raises. Then there is no new object.
    """
    stream = S3Stream(s3, uri, at_once=AT_ONCE)
    size = 0
    try:
        for piece in pieces:
            with _errors_as_task_failed(f"'{uri}' could not be written"):
                size += stream.write(piece)
            check_canceled()
        with _errors_as_task_failed(f"'{uri}' could not be written"):
            stream.close()
    except BaseException:
        with suppress(*aws_errors()):  # The first error is the one to report.
            stream.abort()
        raise
    return size


def copy(s3: S3Client, stored: StoredObject, target: S3Uri, check_canceled: Callable[[], None]) -> None:
    """Make S3 copy the object with its metadata. Its bytes do not pass through here.

    Tags are not copied, which would need further permissions (API Reference, CopyObject). Raises TaskFailed,
    also if the object changes meanwhile, and whatever ``check_canceled`` raises.
    """
    check_canceled()
    source = {"Bucket": stored.uri.bucket, "Key": stored.uri.key}
    with _errors_as_task_failed(f"'{stored.uri}' could not be copied to '{target}'"):
        if stored.size <= PART_BYTES:
            s3.copy_object(
                Bucket=target.bucket,
                Key=target.key,
                CopySource=source,  # type: ignore[arg-type]
                CopySourceIfMatch=stored.etag,
                TaggingDirective="REPLACE",
            )
        else:
            _copy_in_parts(s3, stored, target, check_canceled)


@contextmanager
def parallel_calls() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls to S3. If the block ends early, calls that have not started do not start."""
    pool = ThreadPoolExecutor(_THREADS)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def part_ranges(size: int) -> list[str]:
    """The ranges for copying an object of ``size`` bytes: of equal length, and no more than S3 allows."""
    length = max(PART_BYTES, -(-size // _MAX_PARTS))
    return [f"bytes={first}-{min(first + length, size) - 1}" for first in range(0, size, length)]


def _copy_in_parts(
    s3: S3Client, stored: StoredObject, target: S3Uri, check_canceled: Callable[[], None]
) -> None:
    head = s3.head_object(Bucket=stored.uri.bucket, Key=stored.uri.key)
    kept = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")
    place: Any = {"Bucket": target.bucket, "Key": target.key}
    settings: Any = {key: head[key] for key in kept if key in head}  # type: ignore[literal-required]
    upload = s3.create_multipart_upload(**place, **settings, Metadata=head["Metadata"])["UploadId"]

    def copy_part(numbered: tuple[int, str]) -> Any:
        check_canceled()
        number, byte_range = numbered
        answer = s3.upload_part_copy(
            **place,
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": stored.uri.bucket, "Key": stored.uri.key},
            CopySourceRange=byte_range,
            CopySourceIfMatch=stored.etag,
        )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    try:
        with parallel_calls() as pool:
            parts = list(pool.map(copy_part, enumerate(part_ranges(stored.size), 1)))
        s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(*aws_errors()):
            s3.abort_multipart_upload(**place, UploadId=upload)
        raise


def _range(s3: S3Client, stored: StoredObject, byte_range: str) -> bytes:
    from botocore.exceptions import BotoCoreError

    tries = 0
    while True:
        try:
            answer = s3.get_object(
                Bucket=stored.uri.bucket, Key=stored.uri.key, Range=byte_range, IfMatch=stored.etag
            )
            return answer["Body"].read()
        except BotoCoreError:  # botocore does not retry once the response has started.
            tries += 1
            if tries == _TRIES:
                raise


@contextmanager
def _errors_as_task_failed(problem: str) -> Iterator[None]:
    try:
        yield
    except aws_errors() as error:
        if aws_error_code(error) in {"PreconditionFailed", "412"}:
            raise TaskFailed(f"{problem}: it was replaced meanwhile.", error_id="InputChanged") from error
        raise denied(problem, error) from error


def denied(problem: str, error: Exception) -> TaskFailed:
    """The failure of a task whose call S3 has refused."""
    code = aws_error_code(error)
    advice = ""
    if code in ACCESS_DENIED:
        advice = " The handler may do what `statements` of copy(...) in app.py grant: see s3_access."
    elif code == "InvalidObjectState":
        advice = " It is archived: restore it, and have the attempt repeated."
    return TaskFailed(f"{problem}: {error}.{advice}", error_id="CopyFailed")
