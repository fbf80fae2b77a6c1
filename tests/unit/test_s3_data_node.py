"""S3DataNode: its location and its objects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from data_nodes.manifest import relative_paths
from data_nodes.s3_data_node import S3DataNode
from data_nodes.s3_uri import S3Uri
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed
from runner.testing import pipeline_object
from tests.unit.fake_s3 import FakeS3


def node(**fields: str) -> S3DataNode:
    return S3DataNode.of(PipelineObject.from_api(pipeline_object("Data", {"type": "S3DataNode", **fields})))


def listed(found: S3DataNode, s3: Any) -> dict[str, str]:
    return {stored.path: str(stored.uri) for stored in found.objects(s3)}


@pytest.mark.parametrize("path", ["s3://b/in", "s3://b/in/", "s3n://b/in"])
def test_a_directory_has_what_is_below_it_and_no_more(path: str) -> None:
    keys = ["in/a", "in/deep/b", "in/", "in/empty/", "input", "out"]
    s3 = FakeS3({("b", key): b"" for key in keys})
    assert listed(node(directoryPath=path), s3) == {"a": "s3://b/in/a", "deep/b": "s3://b/in/deep/b"}


def test_a_key_that_ends_like_a_directory_counts_if_it_has_content() -> None:
    s3 = FakeS3({("b", "in/"): b"1", ("b", "in/x/"): b"2", ("b", "in/y/"): b"", ("b", "in/y/z"): b""})
    assert listed(node(directoryPath="s3://b/in"), s3) == {
        "": "s3://b/in/",
        "x/": "s3://b/in/x/",
        "y/z": "s3://b/in/y/z",
    }


def test_a_whole_bucket_is_a_directory() -> None:
    assert listed(node(directoryPath="s3://b"), FakeS3({("b", "x/y"): b""})) == {"x/y": "s3://b/x/y"}


def test_a_file_is_one_object_and_has_to_be_there() -> None:
    s3 = FakeS3({("b", "in/a b#ü.csv"): b"1"})
    assert listed(node(filePath="s3://b/in/a b#ü.csv"), s3) == {"a b#ü.csv": "s3://b/in/a b#ü.csv"}
    with pytest.raises(TaskFailed, match="'s3://b/gone' of 'Data' does not exist"):
        listed(node(filePath="s3://b/gone"), s3)


def test_what_may_be_listed_under_a_prefix_alone_is_missed_all_the_same() -> None:
    """HeadObject may then return 403 for a missing key (Amazon S3 API reference, HeadObject)."""
    s3 = FakeS3({("b", "in/1"): b"", ("b", "in/none.gz"): b""})
    s3.secretive = {"b"}
    with pytest.raises(TaskFailed, match="'s3://b/in/none' of 'Data' does not exist"):
        listed(node(filePath="s3://b/in/none"), s3)
    s3.objects["b", "m"] = manifest({"url": "s3://b/in/1", "mandatory": True}, {"url": "s3://b/in/none"})
    assert listed(node(manifestFilePath="s3://b/m"), s3) == {"1": "s3://b/in/1"}
    s3.denied = {"b"}
    with pytest.raises(ClientError, match="AccessDenied"):
        listed(node(filePath="s3://b/in/1"), s3)


def manifest(*entries: Any) -> bytes:
    return json.dumps({"entries": list(entries)}).encode()


def test_a_manifest_lists_objects_some_of_which_have_to_be_there() -> None:
    s3 = FakeS3({("b", "x/1"): b"", ("c", "1"): b""})
    s3.objects["b", "m"] = manifest(
        {"url": "s3://b/x/1", "mandatory": True}, {"url": "s3://c/1"}, {"url": "s3://c/gone"}
    )
    assert listed(node(manifestFilePath="s3://b/m"), s3) == {"b/x/1": "s3://b/x/1", "c/1": "s3://c/1"}
    s3.objects["b", "m"] = manifest({"url": "s3://c/gone", "mandatory": True})
    with pytest.raises(TaskFailed, match="mandatory"):
        listed(node(manifestFilePath="s3://b/m"), s3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not JSON"),
        (b"[]", "not of the form"),
        (b'{"entries": 1}', "not of the form"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"entries": [' + b"9" * 10_000 + b"]}", "not JSON"),
        (manifest({"url": "x"}), "entry 1 is"),
        (manifest({"url": "s3://b/k"}, "s3://b/k"), "entry 2 is"),
        (manifest({"url": "s3://b/x/"}), "s3://b/x/"),
        (manifest({"url": "s3://b/k", "mandatory": "true"}), '"true"'),
        (manifest({"url": 5}), "entry 1 is"),
    ],
)
def test_a_manifest_of_another_form_is_told(content: bytes, told: str) -> None:
    with pytest.raises(TaskFailed, match="is not of the form") as raised:
        listed(node(manifestFilePath="s3://b/m"), FakeS3({("b", "m"): content}))
    assert told in str(raised.value)
    assert raised.value.error_id == "InvalidManifest"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "filePath"),
        ({"filePath": "/data/x"}, "filePath"),
        ({"filePath": "s3://b/directory/"}, "filePath"),
        ({"directoryPath": "s3://"}, "directoryPath"),
        ({"filePath": "s3://b/k", "compression": "zip"}, "compression"),
    ],
)
def test_a_malformed_field_is_named(fields: dict[str, str], field: str) -> None:
    with pytest.raises(FieldError, match=rf"Object 'Data', field '{field}'"):
        node(**fields)


@pytest.mark.parametrize(
    ("fields", "keys", "there"),
    [
        ({"filePath": "s3://b/a"}, ["a"], True),
        ({"filePath": "s3://b/a"}, ["a/b", "ab"], False),
        ({"directoryPath": "s3://b/a"}, ["a/b"], True),
        ({"directoryPath": "s3://b/a"}, ["ab"], False),
        ({"directoryPath": "s3://b/a"}, ["a/"], False),
        ({"directoryPath": "s3://b/a"}, ["a/", "a/b"], True),
        ({"directoryPath": "s3://b/a"}, ["a/", "a/b/", "a/c/"], False),
        ({"directoryPath": "s3://b"}, ["a"], True),
        ({"manifestFilePath": "s3://b/m"}, ["m"], True),
        ({"manifestFilePath": "s3://b/m"}, [], False),
    ],
)
def test_existence(fields: dict[str, str], keys: list[str], there: bool) -> None:
    s3: Any = FakeS3({("b", key): b"" for key in keys})
    assert node(**fields).exists(s3) is there


@pytest.mark.parametrize("key", ["a/", "a/b/"])
def test_a_key_that_ends_like_a_directory_exists_if_it_has_content(key: str) -> None:
    s3: Any = FakeS3({("b", "a/"): b"", ("b", "a/0/"): b"", ("b", key): b"1"})
    assert node(directoryPath="s3://b/a").exists(s3)


keys = st.lists(st.sampled_from(["a", "b", "c d"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(st.builds(S3Uri, st.sampled_from("bc"), keys), unique=True))
def test_objects_of_a_manifest_never_share_a_path(uris: list[S3Uri]) -> None:
    paths = relative_paths(uris)
    assert len(set(paths)) == len(uris)
    assert all(str(uri).endswith(path) and path for uri, path in zip(uris, paths, strict=True))
