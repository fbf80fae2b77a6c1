"""The progress of a copy."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from copying.progress import Progress
from data_nodes.s3_uri import S3Uri
from data_nodes.stored_object import StoredObject

names = st.lists(st.sampled_from(["a", "b", "!", ".gz", ".g", "/", "é"]), min_size=1, max_size=5).map("".join)


@example({"a", "a.gz"}, {1})
@example({"a", "a!", "a.gz"}, {2})
@given(st.sets(names), st.sets(st.integers(0, 20)))
def test_it_knows_every_name_that_was_taken_whatever_was_deferred(
    keys: set[str], deferrals: set[int]
) -> None:
    progress = Progress.of(None)
    for number, key in enumerate(sorted(keys)):
        if number in deferrals:
            progress = Progress.of(json.loads(json.dumps(progress.as_state())))
        assert progress.collides(key) == (key.endswith(".gz") and key.removesuffix(".gz") in keys)
        progress = progress.with_listed(StoredObject(S3Uri("b", key), key, 1, ""))
    assert progress.objects == len(keys)


def test_its_state_is_small() -> None:
    progress = Progress.of(None)
    for length in range(1, 1025):
        progress = progress.with_listed(StoredObject(S3Uri("b", "a" * length), "", 1, ""))
    assert len(json.dumps(progress.as_state())) < 10_000
