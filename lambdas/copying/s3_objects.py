"""Objects of S3: read in ranges, written as a stream, and copied by S3 itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from data_nodes.s3_stream import S3Stream
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject
from runner.clients import aws_error_code, aws_errors
from runner.outcome import TaskFailed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RANGE_BYTES = 8 * 1024 * 1024
PART_BYTES = 64 * 1024 * 1024
"""Larger objects are copied in parts of this size, side by side: S3 answers each within seconds."""
_MAX_PARTS = 10_000
"""Amazon S3 user guide, multipart upload limits."""
_MAX_KEY_BYTES = 1024
"""Amazon S3 user guide, object key names."""
_THREADS = 8
_TRIES = 3
_DENIED = {"AccessDenied", "403", "Forbidden"}


def check_key(uri: S3Uri, problem: str) -> None:
    """Raises TaskFailed if there can be no object of this key; ``problem`` says of what it is part."""
    size = len(uri.key.encode())
    if not size:
        raise TaskFailed(f"{problem}: the key is empty.", error_id="InvalidKey")
    if size > _MAX_KEY_BYTES:
        told = f"the key has {size:,} bytes, and {_MAX_KEY_BYTES:,} are the limit of Amazon S3"
        raise TaskFailed(f"{problem}: {told}.", error_id="InvalidKey")


def read(s3: S3Client, stored: StoredObject, check_canceled: Callable[[], None]) -> Iterator[bytes]:
    """The object's bytes, range by range: no connection waits for whoever takes them.

    Raises TaskFailed, also if the object changes meanwhile, and whatever ``check_canceled`` raises.
    """
    for first in range(0, stored.size, RANGE_BYTES):
        check_canceled()
        last = min(first + RANGE_BYTES, stored.size) - 1
        with _explained(f"'{stored.uri}' could not be read"):
            data = _range(s3, stored, f"bytes={first}-{last}")
        yield data


def write(s3: S3Client, uri: S3Uri, pieces: Iterable[bytes], check_canceled: Callable[[], None]) -> int:
    """Make the object of the bytes, once all of them are there; returns how many.

    Raises TaskFailed, and whatever ``check_canceled`` raises; there is no new object then.
    """
    stream = S3Stream(s3, uri)
    size = 0
    try:
        for piece in pieces:
            with _explained(f"'{uri}' could not be written"):
                size += stream.write(piece)
            check_canceled()
        with _explained(f"'{uri}' could not be written"):
            stream.close()
    except BaseException:
        with suppress(*aws_errors()):  # the error that was first is the one to tell
            stream.abort()
        raise
    return size


def copy(s3: S3Client, stored: StoredObject, target: S3Uri, check_canceled: Callable[[], None]) -> None:
    """Have S3 copy the object, with its metadata. Its bytes do not come here.

    Tags are not copied: that takes rights of its own (API Reference, CopyObject). Raises TaskFailed, also if
    the object changes meanwhile, and whatever ``check_canceled`` raises.
    """
    check_canceled()
    source = {"Bucket": stored.uri.bucket, "Key": stored.uri.key}
    with _explained(f"'{stored.uri}' could not be copied to '{target}'"):
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
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls of S3; when the block is left early, what has not begun does not begin."""
    pool = ThreadPoolExecutor(_THREADS)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def part_ranges(size: int) -> list[str]:
    """The ranges in which an object of ``size`` bytes is copied: as few as S3 allows, of equal length."""
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
        with side_by_side() as pool:
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
        except BotoCoreError:  # botocore does not try again once the answer has begun
            tries += 1
            if tries == _TRIES:
                raise


@contextmanager
def _explained(problem: str) -> Iterator[None]:
    try:
        yield
    except aws_errors() as error:
        if aws_error_code(error) in {"PreconditionFailed", "412"}:
            raise TaskFailed(f"{problem}: it was replaced meanwhile.", error_id="InputChanged") from error
        raise denied(problem, error) from error


def denied(problem: str, error: Exception) -> TaskFailed:
    """What S3 refuses."""
    code = aws_error_code(error)
    advice = ""
    if code in _DENIED:
        advice = " The handler may do what `statements` of copy(...) in app.py grant: see s3_access."
    elif code == "InvalidObjectState":
        advice = " It is archived: restore it, and have the attempt repeated."
    return TaskFailed(f"{problem}: {error}.{advice}", error_id="CopyFailed")
