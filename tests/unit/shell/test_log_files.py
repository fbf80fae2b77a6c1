"""Where a command's output goes in S3."""

from __future__ import annotations

from typing import cast

import pytest
from mypy_boto3_s3 import S3Client

from data_nodes.s3_stream import PART_BYTES
from data_nodes.s3_uri import S3Uri
from runner.handler import open_task
from runner.task import Task
from runner.testing import ATTEMPT_ID, FieldValue, Ref, task_event
from shell.log_files import LogFile, LogPlace, log_place
from tests.unit.fake_s3 import FakeS3


def task(fields: dict[str, FieldValue]) -> Task:
    return open_task(task_event(fields), seconds_left=lambda: 60)


@pytest.mark.parametrize("logs", ["s3://logs", "s3://logs/", "s3://logs/nightly", "s3://logs/nightly/"])
def test_logs_lie_in_the_attempts_place_under_pipeline_log_uri(logs: str) -> None:
    references = {"@componentParent": Ref("Test"), "@instanceParent": Ref("@Test_2026-01-01T00:00:00")}
    expected = f"{logs.rstrip('/')}/df-TEST/Test/@Test_2026-01-01T00:00:00/{ATTEMPT_ID}"
    for fields in (references, {}):  # Without the references, the same follows from the attempt's id.
        found = task({"pipelineLogUri": logs, **fields})
        for stream, name in (("stdout", "StdOutput"), ("stderr", "StdError")):
            place = log_place(found, stream)
            assert place is not None
            assert str(place.uri) == f"{expected}/{name}"
            assert not place.required


def test_a_path_of_its_own_comes_first() -> None:
    found = task({"stdout": "s3://b/out.txt", "stderr": "s3://b/logs/", "pipelineLogUri": "s3://logs"})
    places = [log_place(found, stream) for stream in ("stdout", "stderr")]
    assert [str(place.uri) for place in places if place] == ["s3://b/out.txt", "s3://b/logs/StdError"]
    assert all(place.required for place in places if place)


def test_a_local_path_is_not_a_place_and_without_logs_there_is_none() -> None:
    assert log_place(task({"stdout": "/home/me/out.txt"}), "stdout") is None
    place = log_place(task({"stdout": "/home/me/out.txt", "pipelineLogUri": "s3://logs"}), "stdout")
    assert place is not None
    assert place.uri.key.endswith("/StdOutput")


@pytest.mark.parametrize("logs", ["", "logs", "https://logs/x", "s3://"])
def test_what_is_no_s3_path_is_no_place_for_logs(logs: str) -> None:
    assert log_place(task({"pipelineLogUri": logs}), "stdout") is None


def test_an_upload_that_fails_leaves_no_parts_behind() -> None:
    s3 = FakeS3()
    file = LogFile(LogPlace(S3Uri("out", "k"), required=True), lambda: cast("S3Client", s3))
    file.write(b"x" * (PART_BYTES + 1))
    assert s3.uploads
    s3.denied.add("out")
    file.write(b"x" * PART_BYTES)
    file.close()
    assert file.problem
    assert not s3.uploads


def test_output_of_long_work_is_shown_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    s3, now = FakeS3(), [0.0]
    place = LogPlace(S3Uri("out", "k"), required=True)
    file = LogFile(place, lambda: cast("S3Client", s3), lambda: now[0])

    def at(seconds: float, data: bytes = b"") -> bytes | None:
        now[0] = seconds
        if data:
            file.write(data)
        file.show_sometimes()
        return s3.objects.get(("out", "k"))

    assert at(200, b"first\n") is None, "most commands are over before"
    assert at(240) == b"first\n"
    assert at(400, b"second\n") == b"first\n"
    assert at(480) == b"first\nsecond\n"
    del s3.objects["out", "k"]
    assert at(10_000) is None, "nothing is new"
    shown = at(10_300, b"x" * (PART_BYTES + 5))
    assert shown is not None
    assert shown.startswith(b"[")
    assert shown.endswith(b"x" * 1000)
    file.close()
    assert s3.objects["out", "k"] == b"first\nsecond\n" + b"x" * (PART_BYTES + 5)


def test_output_that_cannot_be_shown_is_not_lost() -> None:
    s3, now = FakeS3(), [0.0]
    file = LogFile(LogPlace(S3Uri("out", "k"), required=True), lambda: cast("S3Client", s3), lambda: now[0])
    file.write(b"x")
    s3.denied.add("out")
    now[0] = 300
    file.show_sometimes()
    s3.denied.clear()
    file.close()
    assert (s3.objects["out", "k"], file.problem) == (b"x", "")
