"""A handler's outcome as RunTask sees it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.outcome import Canceled, Deferred, Failed, Finished, NotMet, safe_error_id, safe_text


def test_the_five_statuses() -> None:
    assert Finished().as_response() == {"status": "FINISHED"}
    assert NotMet().as_response() == {"status": "FALSE"}
    assert Canceled().as_response() == {"status": "CANCELED"}
    assert Deferred({"id": 1}, 30).as_response() == {
        "status": "DEFERRED",
        "state": {"id": 1},
        "waitSeconds": 30,
    }
    assert Failed("E", "m").as_response() == {"status": "FAILED", "errorId": "E", "errorMessage": "m"}


def test_the_end_of_the_stack_is_kept() -> None:
    stack = "first line\n" + "x" * 5_000 + "\nlast line"
    kept = Failed("E", "m", stack).as_response()["errorStackTrace"]
    assert len(kept) == 1024
    assert kept.endswith("last line")


@given(st.text())
def test_an_error_id_is_one_that_the_service_takes(text: str) -> None:
    error_id = safe_error_id(text)
    assert 1 <= len(error_id) <= 1024
    assert not error_id.startswith("Service_")
    assert "\n" not in error_id


def test_control_characters_are_replaced() -> None:
    assert safe_text("a\x00b\tc\nd\x1b") == "a\ufffdb\tc\nd\ufffd"


def test_a_message_has_no_character_that_the_service_refuses() -> None:
    assert Failed("E", "bell\x07 \ud800").as_response()["errorMessage"] == "bell\ufffd \ufffd"
