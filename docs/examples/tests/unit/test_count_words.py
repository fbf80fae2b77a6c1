from activities.count_words import handler
from runner.testing import run_handler


def test_words_are_counted() -> None:
    assert run_handler(handler, {"command": "one two three"}) == {"status": "FINISHED"}


def test_a_command_without_words_fails() -> None:
    response = run_handler(handler, {"command": " "})
    assert (response["status"], response["errorId"]) == ("FAILED", "NoWords")
