"""Writes objects of unknown size."""

from __future__ import annotations

from typing import Any

import pytest

from data_nodes.s3_stream import PART_BYTES, S3Stream
from data_nodes.s3_uri import S3Uri
from tests.unit.fake_s3 import FakeS3


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 17])
def test_what_is_written_is_the_object(size: int) -> None:
    s3: Any = FakeS3()
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    stream = S3Stream(s3, S3Uri("b", "k"))
    for start in range(0, size, 1_000_003):
        stream.write(content[start : start + 1_000_003])
    stream.close()
    assert s3.objects["b", "k"] == content
    assert not s3.uploads


def test_an_aborted_upload_leaves_nothing() -> None:
    s3: Any = FakeS3()
    stream = S3Stream(s3, S3Uri("b", "k"))
    stream.write(b"x" * (PART_BYTES + 1))
    assert s3.uploads
    stream.abort()
    assert not s3.uploads
    assert not s3.objects
