"""CopyActivity between objects in S3."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from activities.copy_activity import handler
from copying import between_objects, s3_objects
from copying.s3_objects import part_ranges
from runner.testing import FakeDataPipeline, FieldValue, Ref, pipeline_object, run_handler
from tests.unit.fake_s3 import FakeS3

FINISHED = {"status": "FINISHED"}
Fields = dict[str, FieldValue]


def node(**fields: FieldValue) -> Fields:
    return {"type": "S3DataNode", **fields}


def copy(
    source: Fields,
    target: Fields,
    *,
    objects: dict[str, Fields] | None = None,
    seconds: float = 900,
    **given: Any,
) -> dict[str, Any]:
    return run_handler(
        handler,
        {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")},
        objects={"In": source, "Out": target, **(objects or {})},
        seconds=seconds,
        **given,
    )


def failure(response: dict[str, Any], error_id: str) -> str:
    assert (response["status"], response.get("errorId")) == ("FAILED", error_id), response
    return str(response["errorMessage"])


IN = node(directoryPath="s3://b/in")
OUT = node(directoryPath="s3://c/out/")


def test_a_file_to_a_file_is_copied_by_s3(s3: FakeS3) -> None:
    s3.objects["b", "a ü+%.csv"] = b"1,2\n"
    source, target = node(filePath="s3://b/a ü+%.csv"), node(filePath="s3://c/out.csv")
    assert copy(source, target) == FINISHED
    assert s3.text("c", "out.csv") == "1,2\n"
    assert s3.copied == ["out.csv"]


def test_a_file_to_a_directory_keeps_its_name(s3: FakeS3) -> None:
    s3.objects["b", "deep/a.csv"] = b"1\n"
    assert copy(node(filePath="s3://b/deep/a.csv"), OUT) == FINISHED
    assert s3.text("c", "out/a.csv") == "1\n"


def test_a_directory_to_a_directory_keeps_its_paths(s3: FakeS3) -> None:
    keys = [f"in/{number:03}/x.csv" for number in range(70)]
    s3.objects = {("b", key): key.encode() for key in keys} | {("b", "in/"): b"", ("b", "input"): b"no"}
    assert copy(IN, OUT) == FINISHED
    written = {key: data for (bucket, key), data in s3.objects.items() if bucket == "c"}
    assert written == {key.replace("in/", "out/", 1): key.encode() for key in keys}
    assert len(s3.copied) == 70


def test_an_empty_directory_is_copied_too(s3: FakeS3) -> None:
    assert copy(IN, OUT) == FINISHED
    assert s3.objects == {}


def test_the_objects_of_a_manifest(s3: FakeS3) -> None:
    s3.objects["b", "x/1"] = b"one"
    s3.objects["d", "y/2"] = b"two"
    entries = [{"url": "s3://b/x/1", "mandatory": True}, {"url": "s3://d/y/2"}, {"url": "s3://d/not-there"}]
    s3.objects["b", "manifest"] = json.dumps({"entries": entries}).encode()
    assert copy(node(manifestFilePath="s3://b/manifest"), OUT) == FINISHED
    assert s3.text("c", "out/b/x/1") == "one"
    assert s3.text("c", "out/d/y/2") == "two"


def test_a_large_object_is_copied_in_parts(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "PART_BYTES", 1000)
    data = bytes(range(256)) * 10
    s3.objects["b", "large"] = data
    assert copy(node(filePath="s3://b/large"), node(filePath="s3://c/large")) == FINISHED
    assert s3.objects["c", "large"] == data
    assert s3.copied == ["large"] * 3
    assert s3.uploads == {}


def test_parts_are_few_enough_for_the_largest_object() -> None:
    five_tb = 5 * 1024**4
    ranges = part_ranges(five_tb)
    assert len(ranges) <= 10_000
    assert ranges[-1].endswith(f"-{five_tb - 1}")
    assert part_ranges(1) == ["bytes=0-0"]


def test_a_failed_copy_in_parts_leaves_no_parts(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_objects, "PART_BYTES", 10)
    s3.objects["b", "large"] = bytes(100)

    def replaced(**request: Any) -> Any:
        s3.objects["b", "large"] = bytes(101)
        return FakeS3.upload_part_copy(s3, **request)

    monkeypatch.setattr(s3, "upload_part_copy", replaced)
    response = copy(node(filePath="s3://b/large"), node(filePath="s3://c/large"))
    assert "replaced" in failure(response, "InputChanged")
    assert s3.uploads == {}
    assert ("c", "large") not in s3.objects


def test_many_objects_go_on_in_the_next_invocation(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between_objects, "_AT_ONCE", 2)
    s3.objects = {("b", f"in/{name}"): name.encode() for name in "edcba"}
    state, invocations = None, 0
    while True:
        response = copy(IN, OUT, state=state, seconds=50)
        invocations += 1
        if response["status"] != "DEFERRED":
            break
        state = json.loads(json.dumps(response["state"]))
        assert len(s3.copied) == 2 * invocations
    assert response == FINISHED
    assert sorted(s3.copied) == [f"out/{name}" for name in "abcde"]


def test_a_manifest_goes_on_too(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between_objects, "_AT_ONCE", 1)
    s3.objects = {("b", f"in/{name}"): name.encode() for name in "ba"}
    entries = [{"url": "s3://b/in/b"}, {"url": "s3://b/in/a"}]
    s3.objects["b", "manifest"] = json.dumps({"entries": entries}).encode()
    source = node(manifestFilePath="s3://b/manifest")
    first = copy(source, OUT, seconds=50)
    assert first["status"] == "DEFERRED"
    assert s3.copied == ["out/b"]
    assert copy(source, OUT, seconds=50, state=first["state"]) == FINISHED
    assert s3.copied == ["out/b", "out/a"]


def manifest_of(*uris: str) -> bytes:
    return json.dumps({"entries": [{"url": uri} for uri in uris]}).encode()


def deferred(response: dict[str, Any]) -> Any:
    """The state as Step Functions passes it on."""
    assert response["status"] == "DEFERRED", response
    return json.loads(json.dumps(response["state"]))


MANIFEST = node(manifestFilePath="s3://b/manifest")


def test_a_manifest_goes_on_after_the_last_entry_whatever_was_deleted(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(between_objects, "_AT_ONCE", 2)
    s3.objects = {("b", f"in/{name}"): name.encode() for name in "abcd"}
    s3.objects["b", "manifest"] = manifest_of(*(f"s3://b/in/{name}" for name in "dcba"))
    state = deferred(copy(MANIFEST, OUT, seconds=50))
    assert s3.copied == ["out/d", "out/c"]
    del s3.objects["b", "in/d"]
    assert copy(MANIFEST, OUT, state=state) == FINISHED
    assert sorted(s3.copied) == ["out/a", "out/b", "out/c", "out/d"]


def test_a_manifest_that_is_replaced_while_it_is_copied(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between_objects, "_AT_ONCE", 1)
    s3.objects = {("b", f"in/{name}"): name.encode() for name in "abc"}
    s3.objects["b", "manifest"] = manifest_of("s3://b/in/b", "s3://b/in/c")
    state = deferred(copy(MANIFEST, OUT, seconds=50))
    s3.objects["b", "manifest"] = manifest_of("s3://b/in/a", "s3://b/in/b", "s3://b/in/c")
    assert "s3://b/manifest" in failure(copy(MANIFEST, OUT, state=state), "InputChanged")


@pytest.mark.parametrize("at_once", [1, 2, 32])
def test_two_objects_never_become_one_with_a_deferral_between(
    at_once: int, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(between_objects, "_AT_ONCE", at_once)
    names = ["a", "a!", "a!.gz x", "a.b", "a.bz", "a.gz", "b"]
    s3.objects = {("b", f"in/{name}"): name.encode() for name in names}
    state, response = None, {"status": "DEFERRED"}
    while response["status"] == "DEFERRED":
        response = copy(node(directoryPath="s3://b/in", compression="gzip"), OUT, state=state, seconds=50)
        state = json.loads(json.dumps(response.get("state")))
    assert "s3://b/in/a.gz" in failure(response, "SameObject")
    assert s3.objects["c", "out/a"] == b"a"


def test_objects_with_and_without_gz_that_do_not_become_one(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a", "a.gz", "a.gz.gz", "b.gz", "b.gza", "b/c.gz", "c.gz"]
    s3.objects = {("b", f"in/{name}"): gzip.compress(name.encode()) for name in names}
    assert copy(IN, node(directoryPath="s3://c/out/", compression="gzip")) == FINISHED
    assert len([key for bucket, key in s3.objects if bucket == "c"]) == len(names)
    del s3.objects["b", "in/a"], s3.objects["b", "in/a.gz"]
    assert (
        copy(node(directoryPath="s3://b/in", compression="gzip"), node(directoryPath="s3://d/out"))
        == FINISHED
    )
    assert len([key for bucket, key in s3.objects if bucket == "d"]) == len(names) - 2


def test_two_entries_of_a_manifest_never_become_one(s3: FakeS3) -> None:
    s3.objects = {("b", "in/b"): b"1", ("b", "in/a"): b"2", ("b", "in/b.gz"): b"3"}
    s3.objects["b", "manifest"] = manifest_of("s3://b/in/b.gz", "s3://b/in/a", "s3://b/in/b")
    packed = node(manifestFilePath="s3://b/manifest", compression="gzip")
    message = failure(copy(packed, OUT), "SameObject")
    assert "'s3://b/in/b'" in message
    assert "'s3://b/in/b.gz'" in message
    assert not [key for bucket, key in s3.objects if bucket == "c"]


def test_a_key_that_ends_like_a_directory_is_copied_if_it_has_content(s3: FakeS3) -> None:
    s3.objects = {("b", "in/"): b"1", ("b", "in/x/"): b"2", ("b", "in/y/"): b"", ("b", "in/y/z"): b"3"}
    assert copy(IN, OUT) == FINISHED
    written = {key: data for (bucket, key), data in s3.objects.items() if bucket == "c"}
    assert written == {"out/": b"1", "out/x/": b"2", "out/y/z": b"3"}
    assert copy(IN, node(filePath="s3://c/all")) == FINISHED
    assert s3.objects["c", "all"] == b"1\n2\n3\n"
    assert "'s3://b/in/'" in failure(copy(IN, node(directoryPath="s3://d")), "InvalidKey")


def test_a_key_that_would_become_too_long(s3: FakeS3) -> None:
    s3.objects["b", "in/" + "é" * 500] = b"1"
    assert copy(IN, node(directoryPath="s3://c/" + "x" * 20)) == FINISHED
    message = failure(copy(IN, node(directoryPath="s3://c/" + "x" * 24)), "InvalidKey")
    assert "1,025 bytes, and 1,024 are the limit of Amazon S3" in message


def test_a_canceled_copy_stops(s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"a"
    assert copy(IN, OUT, canceled=True, state={"objects": 0, "after": ""}) == {"status": "CANCELED"}
    assert s3.copied == []


def test_gzip_is_made_and_undone(s3: FakeS3) -> None:
    s3.objects["b", "in/a.csv"] = b"1,2\n" * 1000
    packed = node(directoryPath="s3://c/out", compression="gzip")
    assert copy(IN, packed) == FINISHED
    assert gzip.decompress(s3.objects["c", "out/a.csv.gz"]) == b"1,2\n" * 1000
    assert copy(packed, node(directoryPath="s3://d/back")) == FINISHED
    assert s3.objects["d", "back/a.csv"] == b"1,2\n" * 1000
    assert s3.copied == []


def test_two_objects_never_become_one(s3: FakeS3) -> None:
    s3.objects = {("b", "in/a"): b"1", ("b", "in/a.gz"): gzip.compress(b"2")}
    response = copy(node(directoryPath="s3://b/in", compression="gzip"), OUT)
    assert "s3://c/out/a" in failure(response, "SameObject")


def test_a_directory_to_a_file_is_joined(s3: FakeS3) -> None:
    s3.objects = {("b", "in/1"): b"a,1", ("b", "in/2"): b"", ("b", "in/3"): b"\xff\n"}
    target = node(filePath="s3://b/in/all")
    for _ in range(2):  # The output of the first run is not an input of the second.
        assert copy(IN, target) == FINISHED
        assert s3.objects["b", "in/all"] == b"a,1\n\xff\n"


CSV: Fields = {"type": "CSV"}
TSV: Fields = {"type": "TSV", "column": ["a STRING", "b INT"]}


def test_another_format_is_written_record_by_record(s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = b"x\ty,3\n\\N,\\N\n"
    target = node(directoryPath="s3://c/out", dataFormat=Ref("Tsv"))
    source = node(directoryPath="s3://b/in", dataFormat=Ref("Csv"))
    assert copy(source, target, objects={"Csv": CSV, "Tsv": TSV}) == FINISHED
    assert s3.text("c", "out/1") == "x\\\ty\t3\n\\n\t\\n\n"


@pytest.mark.parametrize(
    ("source", "target", "written"),
    [
        ({}, {}, None),
        ({}, {"myNullAs": "\\N"}, "\\N,\\N,,n\n"),
        ({}, {"myNullAs": "''"}, ",,,n\n"),
        ({}, {"myNullAs": "NULL"}, "NULL,NULL,,n\n"),
        ({"myNullAs": "\\N"}, {}, "n,\\n,,n\n"),
        ({"myNullAs": "''"}, {"myNullAs": "-"}, "n,N,-,n\n"),
        ({"dataFormat": Ref("Csv")}, {"myNullAs": "\\N", "dataFormat": Ref("Csv")}, "\\N,\\N,,n\n"),
        ({"dataFormat": Ref("Csv")}, {"myNullAs": "NULL", "dataFormat": Ref("Tsv")}, "NULL\tNULL\t\tn\n"),
        # As with the Default object: a node without a format has that of the other.
        ({"myNullAs": "\\N", "dataFormat": Ref("Tsv")}, {"myNullAs": "\\N"}, None),
        ({"myNullAs": "\\N"}, {"myNullAs": "\\N", "dataFormat": Ref("Tsv")}, None),
    ],
)
def test_a_node_says_how_null_is_written(
    source: Fields, target: Fields, written: str | None, s3: FakeS3
) -> None:
    s3.objects["b", "in/1"] = b"\\n,\\N,,n\n"
    tsv: Fields = {"type": "TSV"}
    out = node(directoryPath="s3://c/out", **target)
    assert copy(node(directoryPath="s3://b/in", **source), out, objects={"Csv": CSV, "Tsv": tsv}) == FINISHED
    assert s3.text("c", "out/1") == (written or "\\n,\\N,,n\n")
    assert s3.copied == ([] if written else ["out/1"])


def test_a_node_without_a_format_has_that_of_the_other(s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = b"\xff\x00"
    assert copy(IN, node(directoryPath="s3://c/out", dataFormat=Ref("Tsv")), objects={"Tsv": TSV}) == FINISHED
    assert s3.copied == ["out/1"]


def test_a_directory_to_a_file_in_another_format(s3: FakeS3) -> None:
    s3.objects = {("b", "in/1"): b"a,1", ("b", "in/2"): b"b,2\n"}
    source = node(directoryPath="s3://b/in", dataFormat=Ref("Csv"))
    target = node(filePath="s3://c/all.gz", dataFormat=Ref("Tsv"), compression="gzip")
    assert copy(source, target, objects={"Csv": CSV, "Tsv": TSV}) == FINISHED
    assert gzip.decompress(s3.objects["c", "all.gz"]) == b"a\t1\nb\t2\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a,1\nb\n", "'s3://b/in/1': record 2: it has 1 columns, and 2 are expected"),
        (b"a,1\r\n", "carriage return"),
        (b"a,\xff\n", "not a text in UTF-8"),
        (gzip.compress(b"a,1\n", mtime=0), "set the node's compression"),
    ],
)
def test_what_is_not_of_the_format_makes_no_object(data: bytes, told: str, s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = data
    source = node(directoryPath="s3://b/in", dataFormat=Ref("Csv"))
    target = node(directoryPath="s3://c/out", dataFormat=Ref("Tsv"))
    csv: Fields = {"type": "CSV", "column": ["a STRING", "b INT"]}
    response = copy(source, target, objects={"Csv": csv, "Tsv": TSV})
    assert told in failure(response, "InvalidData")
    assert ("c", "out/1") not in s3.objects


def test_rows_that_the_output_does_not_describe_are_refused(s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = b"a,1,2\n"
    source = node(directoryPath="s3://b/in", dataFormat=Ref("Csv"))
    target = node(directoryPath="s3://c/out", dataFormat=Ref("Tsv"))
    response = copy(source, target, objects={"Csv": CSV, "Tsv": TSV})
    assert "3 columns, and the format of the output lists 2" in failure(response, "InvalidData")


def test_an_input_that_is_not_there(s3: FakeS3) -> None:
    response = copy(node(filePath="s3://b/none"), OUT)
    assert "s3://b/none" in failure(response, "InputNotFound")


@pytest.mark.parametrize("bucket", ["b", "c"])
def test_what_may_not_be_read_or_written(bucket: str, s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = b"1\n"
    s3.denied.add(bucket)
    assert "s3_access" in failure(copy(IN, OUT), "CopyFailed")


def test_an_object_that_is_archived_is_told(s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.objects["b", "in/1"] = b"1\n"

    def archived(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InvalidObjectState", "Message": "Not valid"}}, "CopyObject")

    monkeypatch.setattr(s3, "copy_object", archived)
    message = failure(copy(IN, OUT), "CopyFailed")
    assert "'s3://b/in/1'" in message
    assert "restore it" in message
    assert "s3_access" not in message


@pytest.mark.parametrize(
    ("source", "target", "error_id"),
    [
        (IN, node(directoryPath="s3://b/in/copy"), "InvalidField"),
        (IN, node(manifestFilePath="s3://c/m"), "InvalidField"),
        (IN, node(), "InvalidField"),
        (node(filePath="s3://b/in/1"), node(filePath="s3://b/in/1"), "SameObject"),
        (node(filePath="s3://b/in/1"), IN, "SameObject"),
        (IN, {"type": "RedshiftDataNode"}, "UnsupportedNode"),
        (node(directoryPath="s3://b/in", dataFormat=Ref("No")), OUT, "InvalidField"),
        (node(directoryPath="s3://b/in", myNullAs=","), OUT, "InvalidField"),
        (
            node(directoryPath="s3://b/in", myNullAs="-"),
            node(directoryPath="s3://c/o", dataFormat=Ref("Csv")),
            "InvalidField",
        ),
        (node(directoryPath="s3://b/in", myNullAs=["a", "b"]), OUT, "InvalidField"),
    ],
)
def test_what_cannot_be_copied(source: Fields, target: Fields, error_id: str, s3: FakeS3) -> None:
    s3.objects["b", "in/1"] = b"1\n"
    before = dict(s3.objects)
    failure(copy(source, target, objects={"Csv": CSV}), error_id)
    assert s3.objects == before


def test_expressions_of_the_nodes_are_evaluated(s3: FakeS3) -> None:
    s3.objects["b", "2024/a"] = b"a"
    described = pipeline_object("In", node(filePath="s3://b/2024/a"))
    service = FakeDataPipeline(described=[described])
    assert copy(node(filePath="s3://b/#{year}/a"), OUT, service=service) == FINISHED
    assert s3.text("c", "out/a") == "a"
