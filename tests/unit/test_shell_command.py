"""ShellCommandActivity."""

from __future__ import annotations

from typing import Any

import pytest

from activities.shell_command import handler
from runner.testing import Context, FakeDataPipeline
from tests.unit.test_handler import event


def run(*fields: tuple[str, str]) -> Any:
    return handler(event(*fields), Context())  # type: ignore[arg-type]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if hasattr(record, "stream")]


def test_output_goes_to_the_log(service: FakeDataPipeline, caplog: pytest.LogCaptureFixture) -> None:
    assert run(("command", "echo 'Hello World!'")) == {"status": "FINISHED"}
    assert logged(caplog) == ["Hello World!"]


def test_script_arguments_are_positional_and_keep_their_quotes(
    service: FakeDataPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    fields = [
        ("command", 'echo "$#|$1|$2"'),
        ("scriptArgument", "a b"),
        ("scriptArgument", 'it\'s "q" ü $HOME'),
    ]
    assert run(*fields) == {"status": "FINISHED"}
    assert logged(caplog) == ['2|a b|it\'s "q" ü $HOME']


def test_an_exit_code_is_failed_with_the_code_and_stderr(service: FakeDataPipeline) -> None:
    response = run(("command", "echo out; echo broken >&2; exit 3"))
    assert response["status"] == "FAILED"
    assert response["errorId"] == "CommandFailed"
    assert "exit code 3" in response["errorMessage"]
    assert "broken" in response["errorMessage"]


def test_a_command_is_a_script_of_any_length(service: FakeDataPipeline) -> None:
    command = "set -e\n" + "# a comment\n" * 5_000 + "x=1\ntest $x = 1\n"
    assert run(("command", command)) == {"status": "FINISHED"}


def test_the_working_directory_can_be_written_and_is_empty(service: FakeDataPipeline) -> None:
    assert run(("command", 'test -z "$(ls -A)" && touch here')) == {"status": "FINISHED"}
    assert run(("command", "test ! -e here")) == {"status": "FINISHED"}


def test_the_runtime_of_the_function_is_not_the_commands(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
    monkeypatch.setenv("MY_SETTING", "kept")
    assert run(("command", 'test -z "$AWS_LAMBDA_RUNTIME_API" -a "$MY_SETTING" = kept')) == {
        "status": "FINISHED"
    }


def test_a_canceled_command_is_stopped(service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.05")
    service.canceled = True
    assert run(("command", "sleep 60")) == {"status": "CANCELED"}


@pytest.mark.parametrize(
    ("fields", "instead"),
    [
        ([("scriptUri", "s3://bucket/script.sh")], "Put the script's text into 'command'"),
        ([("command", "true"), ("stage", "true"), ("input", "ref:In")], "Have the command itself copy"),
    ],
)
def test_what_is_not_supported_fails_with_what_to_do_instead(
    fields: list[tuple[str, str]], instead: str, service: FakeDataPipeline
) -> None:
    response = run(*fields)
    assert response["errorId"] == "UnsupportedField"
    assert instead in response["errorMessage"]


def test_no_command_is_an_error_that_names_the_field(service: FakeDataPipeline) -> None:
    assert "'command'" in run()["errorMessage"]
