"""Secrets in every form that a program may print, and in every output of a handler."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import Deferred, Failed, Task, TaskFailed, task_handler, telemetry
from runner.redaction import Redaction, StreamRedaction
from runner.testing import run_handler

HOSTILE = st.text(alphabet="'\"\\\n\t\r€é😀aB1 %{}$&/", min_size=1)
SECRET = st.one_of(HOSTILE, st.text(min_size=1)).map(lambda text: f"canary-a{text}z-yranac")
"""It starts and ends with unique words, so that any remainder shows."""

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "repr in double quotes": lambda secret: repr(f"it's {secret}"),
    "repr in single quotes": lambda secret: repr(f'"{secret}'),
    "ascii": ascii,
    "JSON": json.dumps,
    "JSON in Unicode": lambda secret: json.dumps(secret, ensure_ascii=False),
    "bytes": lambda secret: repr(secret.encode("utf-8", "surrogatepass")),
    "an exception of a dictionary": lambda secret: repr(KeyError(str({"password": secret}))),
    "JSON in JSON": lambda secret: json.dumps({"body": json.dumps({"password": secret})}),
    "a URL's path": quote,
    "a URL": lambda secret: quote(secret, safe="/:@"),
    "a form": quote_plus,
    "bash, in double quotes": lambda secret: re.sub(r'[$`"\\]', r"\\\g<0>", secret),
    "cut short": lambda secret: f"{secret[:40]}…" if len(secret) > 40 else secret,
}


def told(text: str) -> bool:
    return "canary-a" in text or "z-yranac" in text


@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
@given(secret=SECRET)
def test_a_secret_is_hidden_however_it_is_written(written: Callable[[str], str], secret: str) -> None:
    text = f"before {written(secret)} after"
    hidden = Redaction([secret]).text(text)
    assert not told(hidden)
    assert hidden.startswith("before ")
    assert hidden.endswith("after")


@pytest.mark.parametrize(
    ("secrets", "text", "hidden"),
    [
        (["abc", "abcdef"], "abcdef", "***"),
        (["abcdef", "def"], "abcdef", "***"),
        (["abc", "bcd"], "abcd", "***"),
        (["abc", "abcdef"], "abcd", "***d"),
        (["aa"], "aaa", "***"),
        (["ab"], "abab", "******"),
        (["", "x"], "axa", "a***a"),
        ([], "as it is", "as it is"),
    ],
)
def test_of_secrets_that_overlap_nothing_is_left(secrets: list[str], text: str, hidden: str) -> None:
    assert Redaction(secrets).text(text) == hidden


@given(
    secrets=st.lists(st.text(alphabet="ab'", min_size=1, max_size=6), max_size=4),
    pieces=st.lists(st.binary(max_size=3) | st.sampled_from([b"a", b"ab", b"b'", b"abab"]), max_size=20),
)
def test_a_stream_is_hidden_as_its_whole_would_be(secrets: list[str], pieces: list[bytes]) -> None:
    redaction = Redaction(secrets)
    stream = StreamRedaction(redaction)
    told_of = b"".join([*(stream.feed(piece) for piece in pieces), stream.end()])
    whole = b"".join(pieces)
    place, expected = 0, b""
    for start, end in redaction.spans(whole):
        expected += whole[place:start] + b"***"
        place = end
    assert told_of == expected + whole[place:]


def test_many_like_places_take_no_time() -> None:
    secret = "a" * 10_000
    hidden = Redaction([secret]).text("a" * 100_000 + "b")
    assert hidden.replace("*", "") == "b"


@settings(max_examples=25, deadline=None)
@given(secret=SECRET)
def test_a_secret_gets_out_of_no_handler(secret: str) -> None:
    log = io.StringIO()
    (handler,) = telemetry.logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    others = logging.StreamHandler(log)
    before = handler.setStream(log)
    logging.getLogger("a.library").addHandler(others)
    try:
        with redirect_stdout(log):
            responses = [
                run_handler(task_handler(way), {"*password": secret})
                for way in (*RAISING, *LOGGING, *RETURNING)
            ]
    finally:
        handler.setStream(before)
        logging.getLogger("a.library").removeHandler(others)
    assert not told(log.getvalue())
    assert not told(json.dumps(responses, ensure_ascii=False))


def _raise(make: Callable[[str], Exception]) -> Callable[[Task], None]:
    def work(task: Task) -> None:
        raise make(task.string("*password"))

    return work


def _int(secret: str) -> Exception:
    try:
        int(secret)
    except ValueError as error:
        return error
    raise AssertionError


RAISING = [
    _raise(lambda secret: ValueError(f"no login with {secret}")),
    _raise(lambda secret: ValueError({"password": secret, secret: 1})),
    _raise(lambda secret: KeyError(secret)),
    _raise(lambda secret: RuntimeError([secret.encode("utf-8", "surrogatepass")])),
    _raise(lambda secret: TaskFailed(f"failed: {secret!r}", error_id=f"Login-{secret}")),
    _raise(lambda secret: ExceptionGroup("several", [ValueError(secret)])),
    _raise(_int),
]


def _log(write: Callable[[Task, str], object]) -> Callable[[Task], None]:
    def work(task: Task) -> None:
        write(task, task.string("*password"))

    return work


def _log_exception(task: Task, secret: str) -> None:
    try:
        raise ValueError(secret)  # noqa: TRY301
    except ValueError:
        task.logger.exception("failed")
        logging.getLogger("a.library").exception("failed")


LOGGING = [
    _log(lambda task, secret: task.logger.info(secret)),
    _log(lambda task, secret: task.logger.info({secret: {secret: [secret, {"a": (secret,)}]}})),
    _log(lambda task, secret: task.logger.info("with", data={secret: secret}, error=ValueError(secret))),
    _log(lambda task, secret: task.logger.append_keys(secret=secret, nested={secret: 1})),
    _log(lambda task, secret: logging.getLogger("a.library").warning("%r and %s", secret, {"a": secret})),
    _log(_log_exception),
    _log(lambda task, secret: print("printed", repr(secret))),
]
RETURNING = [
    _log(lambda task, secret: Failed(secret, secret, secret)),
    lambda task: Failed("E", f"{task.string('*password')!r}", "in\n" + task.string("*password")),
    lambda task: Deferred({"text": json.dumps({"password": task.string("*password")})}),
    lambda task: Deferred({task.string("*password"): 1}),
]


def test_what_a_handler_adds_to_the_logger_is_gone_with_its_task(log: io.StringIO) -> None:
    def adds(task: Task) -> None:
        task.logger.append_keys(token=task.string("*token"), tokens=[task.string("*token")])
        task.logger.thread_safe_append_keys(more=task.string("*token"))
        task.logger.setLevel("ERROR")

    run_handler(task_handler(adds), {"*token": "canary-6"})
    run_handler(task_handler(lambda task: task.logger.info("mine")), {})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (mine,) = [line for line in lines if line["message"] == "mine"]
    assert not {"token", "tokens", "more"} & mine.keys()
    assert "canary" not in log.getvalue()


def test_a_secret_stays_hidden_in_the_tasks_that_follow_in_the_same_process(log: io.StringIO) -> None:
    kept: list[str] = []

    def keeps(task: Task) -> None:
        kept.append(task.string("*token"))

    run_handler(task_handler(keeps), {"*token": "canary-token-7"})
    response = run_handler(task_handler(_raise(lambda _: ValueError(kept[0]))), {"*password": "other"})
    assert "canary" not in log.getvalue() + json.dumps(response)


def test_a_secret_number_is_hidden_though_it_is_logged_as_one(log: io.StringIO) -> None:
    def work(task: Task) -> None:
        task.logger.info("in", pin=int(task.string("*pin")), pins={"all": [83746152, 7]})

    run_handler(task_handler(work), {"*pin": "83746152"})
    assert "83746152" not in log.getvalue()
    assert '"all":["***",7]' in log.getvalue()


@pytest.mark.parametrize(
    ("secret", "error_id", "told_id"),
    [
        ("Failed", "CommandFailed", "CommandFailed"),
        ("p4ss-word", "Login-p4ss-word", "TaskFailed"),
        ("p4ss-word", "Login-1", "Login-1"),
    ],
)
def test_an_error_id_is_whole_or_another(secret: str, error_id: str, told_id: str) -> None:
    response = run_handler(task_handler(lambda task: Failed(error_id, "why")), {"*password": secret})
    assert response["errorId"] == told_id
