from count_words import handler
from datapipeline_runner.runner.testing import run_handler


def test_a_text_without_words_fails() -> None:
    assert run_handler(handler, {"command": "one two"}) == {"status": "FINISHED"}
    assert run_handler(handler, {"command": " "})["errorId"] == "NoWords"
