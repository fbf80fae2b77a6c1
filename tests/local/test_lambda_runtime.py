"""Deployed functions run as they do on Lambda."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from local.lambda_runtime.function import Layer
from local.lambda_runtime.worker import Result
from tests import processes
from tests.local.environments import ENDPOINT_URL, Environments, archive, function

PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not PROC.exists(), reason="looks at processes through /proc")


def test_a_returned_value_is_the_payload(environments: Environments) -> None:
    result = environments.invoke(function(), {"do": "return", "bytes": 3})
    assert (result.payload, result.is_error) == ("xxx", False)


def test_an_exception_is_an_error_with_its_type_message_and_stack(environments: Environments) -> None:
    result = environments.invoke(function(), {"do": "raise"})
    assert result.is_error
    assert result.payload["errorType"] == "ProbeError"
    assert result.payload["errorMessage"] == "as asked"
    assert 'raise ProbeError("as asked")' in result.payload["stackTrace"][-1]


@pytest.mark.parametrize(
    ("event", "error_type", "message"),
    [
        ({"do": "exit", "code": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ({"do": "exit", "code": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ({"do": "kill"}, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (
            {"do": "kill", "signal": 11},
            "Runtime.ExitError",
            "Runtime exited with error: signal: segmentation fault",
        ),
        ({"do": "kill", "signal": 15}, "Runtime.ExitError", "Runtime exited with error: signal: terminated"),
        (
            {"do": "return", "bytes": 6_291_600},
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_an_end_without_an_answer_is_lambdas_own_error(
    environments: Environments, event: dict[str, Any], error_type: str, message: str
) -> None:
    probe = function()
    result = environments.invoke(probe, event)
    assert result.is_error
    assert result.payload["errorType"] == error_type
    assert result.payload["errorMessage"].endswith(message)
    # The ended environment is replaced.
    assert environments.invoke(probe, {"do": "return", "bytes": 1}).payload == "x"


@pytest.mark.parametrize(
    ("code", "handler", "error_type"),
    [
        ("import does_not_exist", "probe.handler", "Runtime.ImportModuleError"),
        ("def handler(:", "probe.handler", "Runtime.UserCodeSyntaxError"),
        ("handler = None", "probe.other", "Runtime.HandlerNotFound"),
        ("1 / 0", "probe.handler", "ZeroDivisionError"),
        ("import os; os._exit(4)", "probe.handler", "Runtime.ExitError"),
    ],
)
def test_a_failing_initialization_is_the_invocations_error(
    environments: Environments, code: str, handler: str, error_type: str
) -> None:
    result = environments.invoke(function(code, Handler=handler), {})
    assert result.is_error
    assert result.payload["errorType"] == error_type


def test_the_timeout_ends_the_invocation(environments: Environments) -> None:
    probe = function(Timeout=0.2)
    result = environments.invoke(probe, {"do": "sleep", "seconds": 600})
    assert result.payload["errorType"] == "Sandbox.Timedout"
    assert result.payload["errorMessage"].endswith("Error: Task timed out after 0.20 seconds")
    assert "Task timed out after 0.20 seconds" in result.log[-3]
    assert result.log[-1].endswith("Status: timeout")
    assert environments.invoke(probe, {"do": "return", "bytes": 1}).payload == "x"


@needs_proc
@pytest.mark.parametrize("own_session", [False, True])
def test_the_timeout_ends_what_the_handler_started(environments: Environments, own_session: bool) -> None:
    result = environments.invoke(function(Timeout=0.3), {"do": "children", "own_session": own_session})
    assert result.payload["errorType"] == "Sandbox.Timedout"
    assert processes.has_ended(_child(result))


@needs_proc
def test_a_crash_ends_what_the_handler_started(environments: Environments) -> None:
    code = "import os, subprocess\ndef handler(event, context):\n"
    code += "    print('child', subprocess.Popen(['sleep', '600']).pid, flush=True)\n    os._exit(1)"
    result = environments.invoke(function(code), {})
    assert result.payload["errorType"] == "Runtime.ExitError"
    assert processes.has_ended(_child(result))


def test_a_warm_environment_is_used_again(environments: Environments) -> None:
    probe = function(Description="warm", MemorySize=129)
    first, second = (environments.invoke(probe, {"do": "describe"}).payload for _ in range(2))
    assert first["pid"] == second["pid"]
    assert (first["invocations"], second["invocations"]) == (1, 2)


def test_concurrent_invocations_have_environments_of_their_own(environments: Environments) -> None:
    probe = function(MemorySize=130)

    async def both() -> list[Result]:
        started = [environments.invocation(probe, {"do": "run", "command": ["sleep", "0.3"]}) for _ in "ab"]
        await asyncio.gather(*started)
        return await asyncio.gather(*(environments.invocation(probe, {"do": "describe"}) for _ in "ab"))

    first, second = environments.run(both())
    assert first.payload["pid"] != second.payload["pid"]


def test_a_changed_function_starts_new_environments(environments: Environments) -> None:
    old = environments.invoke(function(), {"do": "describe"}).payload
    changed = function(Environment={"Variables": {"COLOUR": "green"}})
    new = environments.invoke(changed, {"do": "describe"}).payload
    assert new["pid"] != old["pid"]
    assert new["environment"]["COLOUR"] == "green"


@needs_proc
def test_an_environment_is_frozen_between_invocations(environments: Environments) -> None:
    probe = function(MemorySize=131)
    described = environments.invoke(probe, {"do": "describe"}).payload

    async def until_stopped() -> str:
        for _ in range(200):
            if (state := processes.state(described["pid"])) == "T":
                break
            await asyncio.sleep(0.01)
        return state

    assert environments.run(until_stopped()) == "T"
    assert environments.invoke(probe, {"do": "describe"}).payload["pid"] == described["pid"]


def test_the_environment_is_lambdas_and_not_the_developers(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVELOPERS_OWN", "1")
    monkeypatch.setenv("AWS_PROFILE", "production")
    probe = function(
        MemorySize=512,
        Environment={"Variables": {"MINE": "1", "AWS_ENDPOINT_URL": "https://x", "AWS_ENDPOINT_URL_S3": "y"}},
    )
    variables = environments.invoke(probe, {"do": "describe"}).payload["environment"]
    assert variables["MINE"] == "1"
    assert variables["AWS_ENDPOINT_URL"] == ENDPOINT_URL
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "probe"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/probe"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["TZ"] == ":UTC"
    assert variables["_HANDLER"] == "probe.handler"
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert not {"DEVELOPERS_OWN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "PYTHONPATH"} & set(variables)
    assert variables["HOME"] == variables["TMPDIR"] != os.environ.get("HOME")


def test_the_context_tells_the_invocation(environments: Environments) -> None:
    described = environments.invoke(function(Timeout=20), {"do": "describe"}).payload
    assert described["arn"] == function().arn
    assert 0 < described["remaining"] <= 20_000
    assert described["cwd"] == described["environment"]["LAMBDA_TASK_ROOT"]


@pytest.mark.parametrize("module", ["boto3", "botocore", "awslambdaric", "urllib3", "dateutil", "jmespath"])
def test_what_the_managed_runtime_brings_can_be_imported(environments: Environments, module: str) -> None:
    assert not environments.invoke(function(), {"do": "import", "module": module}).is_error


@pytest.mark.parametrize("module", ["pytest", "ministack", "rich", "local", "pip"])
def test_what_only_the_developer_has_cannot_be_imported(environments: Environments, module: str) -> None:
    result = environments.invoke(function(), {"do": "import", "module": module})
    assert result.payload["errorType"] == "ModuleNotFoundError"


def test_a_handlers_python_is_the_managed_runtimes(environments: Environments) -> None:
    def code_of(statement: str) -> int:
        event = {"do": "run", "command": ["python3", "-c", statement]}
        return int(environments.invoke(function(), event).payload["code"])

    assert code_of("import boto3") == 0
    assert code_of("import pytest") != 0


def test_the_path_is_lambdas(environments: Environments) -> None:
    """Lambda developer guide, "Defined runtime environment variables"."""
    variables = environments.invoke(function(), {"do": "describe"}).payload["environment"]
    python, system, layers = variables["PATH"].split(":")
    assert python == f"{Path(variables['LAMBDA_RUNTIME_DIR']).parents[2]}/bin"
    assert system.endswith("/usr/bin")
    assert layers == f"{variables['LD_LIBRARY_PATH'].rpartition(':')[2].removesuffix('/lib')}/bin"


def test_layers_are_importable_and_on_the_path(environments: Environments) -> None:
    arn = "arn:aws:lambda:eu-west-1:000000000000:layer"
    script = "#!/var/lang/bin/python\nimport sys\nprint('layer', *sys.argv[1:])\n"
    files = {"python/in_layer.py": "x = 1", "bin/tool": "#!/bin/sh\necho tool", "bin/cli": script}
    layers = (
        Layer(f"{arn}:one:1", archive(files, executable=("bin/tool", "bin/cli"))),
        Layer(f"{arn}:two:1", archive({"python/in_layer.py": "x = 2", "python/other.py": ""})),
    )
    code = "import in_layer, other, subprocess\ndef handler(event, context):\n"
    code += "    out = [subprocess.check_output(c, text=True) for c in (['tool'], ['cli', 'a'])]\n"
    code += "    return [in_layer.x, *out]"
    result = environments.invoke(function(code, layers=layers), {})
    assert result.payload == [2, "tool\n", "layer a\n"]


def test_the_log_is_complete_and_in_order_when_the_invocation_returns(environments: Environments) -> None:
    result = environments.invoke(function(MemorySize=132), {"do": "log"})
    stream = environments.invoke(function(MemorySize=132), {"do": "describe"}).payload["environment"][
        "AWS_LAMBDA_LOG_STREAM_NAME"
    ]
    messages = [event.message for event in environments.logged[stream]][: len(result.log)]
    assert messages == list(result.log)
    assert messages[0].startswith("START RequestId: ")
    assert messages[1] == "printed"
    assert messages[2].startswith("[INFO]\t")
    assert messages[3:5] == ["by a child process", "unfinished line"]
    assert messages[5].startswith("END RequestId: ")
    assert messages[6].startswith("REPORT RequestId: ")
    assert "Init Duration" in messages[6]


def test_an_error_is_one_log_event(environments: Environments) -> None:
    log = environments.invoke(function(), {"do": "raise"}).log
    (event,) = [message for message in log if message.startswith("[ERROR]")]
    assert event.startswith("[ERROR] ProbeError: as asked\nTraceback (most recent call last):\n")


def test_a_json_log_is_json(environments: Environments) -> None:
    settings = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "LogGroup": "/shared"}
    log = environments.invoke(function(LoggingConfig=settings), {"do": "raise"}).log
    start, *_, error, report = map(json.loads, log)
    assert start["type"] == "platform.start"
    assert (error["level"], error["errorType"]) == ("ERROR", "ProbeError")
    assert report["type"] == "platform.report"
    assert report["record"]["status"] == "error"
    assert report["record"]["metrics"]["memorySizeMB"] == 128


def test_a_shared_log_group_has_the_functions_name_in_its_streams(environments: Environments) -> None:
    probe = function(LoggingConfig={"LogFormat": "Text", "LogGroup": "/shared"})
    variables = environments.invoke(probe, {"do": "describe"}).payload["environment"]
    assert variables["AWS_LAMBDA_LOG_GROUP_NAME"] == "/shared"
    assert "/probe[$LATEST]" in variables["AWS_LAMBDA_LOG_STREAM_NAME"]


def test_lines_arrive_while_the_handler_works(environments: Environments) -> None:
    async def first_line() -> list[str]:
        probe = function(MemorySize=133)
        working = asyncio.create_task(environments.invocation(probe, {"do": "children", "wait": True}))
        before = set(environments.logged)
        deadline = time.monotonic() + 20
        while not (new := set(environments.logged) - before) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        assert not working.done()
        environments.pool.kill()
        await working
        return [event.message for event in environments.logged[new.pop()]]

    assert any(message.startswith("child ") for message in environments.run(first_line()))


def _child(result: Result) -> int:
    (line,) = [line for line in result.log if line.startswith("child ")]
    return int(line.split()[1])
