"""Writes objects of unknown size."""

from __future__ import annotations

from typing import Any

import pytest

from data_nodes import s3_stream
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


def test_parts_grow_so_that_their_number_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [s3_stream.part_bytes(number) for number in range(1, s3_stream.MOST_PARTS + 1)]
    assert sizes[:1000] == [PART_BYTES] * 1000
    assert sum(sizes) > 460 * 10**9
    assert sizes[-1] == 10 * PART_BYTES

    monkeypatch.setattr(s3_stream, "PART_BYTES", 10)
    monkeypatch.setattr(s3_stream, "_PARTS_OF_A_SIZE", 3)
    s3: Any = FakeS3()
    stream = S3Stream(s3, S3Uri("b", "k"))
    content = bytes(range(256)) * 2
    stream.write(content)
    (parts,) = s3.uploads.values()
    assert list(map(len, parts.values())) == [*[10] * 3, *[20] * 3, *[30] * 3, *[40] * 3, *[50] * 3, 60]
    stream.close()
    assert s3.objects["b", "k"] == content


def test_an_aborted_upload_leaves_nothing() -> None:
    s3: Any = FakeS3()
    stream = S3Stream(s3, S3Uri("b", "k"))
    stream.write(b"x" * (PART_BYTES + 1))
    assert s3.uploads
    stream.abort()
    assert not s3.uploads
    assert not s3.objects
