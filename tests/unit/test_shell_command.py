"""ShellCommandActivity and ShellCommandPrecondition, with fakes for Data Pipeline and S3."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities import shell_command, shell_command_precondition
from runner import Task, clients, task_handler
from runner.testing import ATTEMPT_ID, Context, FakeDataPipeline, FieldValue, Ref, run_handler, task_event
from shell import output, scratch
from shell.process_tree import ProcessTree
from shell.script import run_script
from tests import processes
from tests.unit.fake_s3 import FakeS3

LOGS = f"df-TEST/Test/@Test_2026-01-01T00:00:00/{ATTEMPT_ID}"


def run(command: str, fields: Mapping[str, FieldValue] | None = None, **given: Any) -> dict[str, Any]:
    return run_handler(shell_command.handler, {"command": command, **(fields or {})}, **given)


def lines(log: io.StringIO, stream: str = "stdout") -> list[str]:
    written = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
    return [line["message"] for line in written if line.get("stream") == stream]


def test_output_goes_to_the_log(log: io.StringIO) -> None:
    assert run("echo 'Hello World!'; echo Oh >&2") == {"status": "FINISHED"}
    assert lines(log) == ["Hello World!"]
    assert lines(log, "stderr") == ["Oh"]


def test_script_arguments_are_positional_and_keep_their_quotes(log: io.StringIO) -> None:
    arguments = ["a b", 'it\'s "q" ü $HOME', "", "*"]
    assert run('printf "%s|" "$#" "$@"', {"scriptArgument": arguments}) == {"status": "FINISHED"}
    assert lines(log) == ['4|a b|it\'s "q" ü $HOME||*|']


def test_an_exit_code_is_failed_with_the_code_and_the_end_of_stderr() -> None:
    response = run("echo out; for i in $(seq 100); do echo line $i >&2; done; exit 3")
    assert response["status"] == "FAILED"
    assert response["errorId"] == "CommandFailed"
    assert "exit code 3" in response["errorMessage"]
    assert response["errorMessage"].endswith("line 99\nline 100")
    assert "line 80\n" not in response["errorMessage"]


def test_a_signal_is_failed_with_its_number() -> None:
    assert "signal 9" in run("kill -9 $$")["errorMessage"]


def test_a_command_is_a_script_of_any_length() -> None:
    assert run("set -e\n" + "# a comment\n" * 5_000 + "x=1\ntest $x = 1\n") == {"status": "FINISHED"}


def test_the_first_line_may_name_another_program(log: io.StringIO) -> None:
    assert run("#!/usr/bin/env python3\nimport sys\nprint(sys.argv[1:])", {"scriptArgument": ["a b"]}) == {
        "status": "FINISHED"
    }
    assert lines(log) == ["['a b']"]
    response = run("#!/no/such/program\n")
    assert response["errorId"] == "CommandNotStarted"
    assert "'#!/no/such/program'" in response["errorMessage"]


def test_the_working_directory_can_be_written_and_is_empty() -> None:
    assert run('test -z "$(ls -A)" && touch here "$HOME/there" "$TMPDIR/elsewhere"') == {"status": "FINISHED"}
    assert run("test ! -e here -a ! -e there") == {"status": "FINISHED"}


def test_nothing_is_left_on_the_disk_whatever_its_modes_are(log: io.StringIO) -> None:
    assert run("mkdir -p a/b; touch a/b/c; chmod 000 a/b a; pwd") == {"status": "FINISHED"}
    assert not Path(lines(log)[0]).parent.exists()


def test_the_runtime_of_the_function_is_not_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
    monkeypatch.setenv("MY_SETTING", "kept")
    assert run('test -z "$AWS_LAMBDA_RUNTIME_API$POWERTOOLS_SERVICE_NAME" -a "$MY_SETTING" = kept') == {
        "status": "FINISHED"
    }


def test_the_aws_cli_of_the_layer_is_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: io.StringIO
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "awscli").mkdir()
    script = tmp_path / "awscli" / "aws"
    script.write_text("#!/bin/sh\necho layer\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"/usr/bin:/bin:{tmp_path}/bin")
    assert run("aws") == {"status": "FINISHED"}
    assert lines(log) == ["layer"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("(sudo yum -y update aws-cli) && echo done", "yum: aws-cli is there already"),
        ("sudo -u root -E -- printf '%s' 'a b'", "a b"),
        ("sudo A=1 sh -c 'echo $A'", "1"),
        (
            "sudo dnf install -y -q bash && sudo yum clean all && sudo yum update -y && echo done",
            "dnf: bash is",
        ),
    ],
)
def test_commands_of_a_host_run_as_they_are(
    command: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: io.StringIO
) -> None:
    (tmp_path / "aws").write_text("#!/bin/sh\n")
    (tmp_path / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", f"/usr/bin:/bin:{tmp_path}")
    assert run(command) == {"status": "FINISHED"}
    assert says in lines(log)[0]


def test_find_is_there_and_one_of_a_layer_goes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: io.StringIO
) -> None:
    """``[[ -z $(find …) ]]`` would be true without a find."""
    for name in ("bash", "touch", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    (tmp_path / "python3").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = (
        "touch 'a b'; [[ -z $(find . -maxdepth 1 ! -path . -name 'a*') ]] && echo empty || find -name 'a*'"
    )
    assert run(command) == {"status": "FINISHED"}
    (tmp_path / "find").write_text("#!/usr/bin/env bash\necho layer\n")
    (tmp_path / "find").chmod(0o755)
    assert run("find") == {"status": "FINISHED"}
    assert lines(log) == ["./a b", "layer"]


def test_what_a_function_cannot_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    response = run("sudo yum install -y bash no-such-program other-one && echo never")
    assert response["errorId"] == "CommandFailed"
    assert "cannot install packages: no-such-program other-one." in response["errorMessage"]


def test_an_expression_that_nobody_evaluated_is_worth_a_warning(log: io.StringIO) -> None:
    assert run("echo '#{myDay}'") == {"status": "FINISHED"}
    assert '"message":"Expressions left"' in log.getvalue()
    assert '"fields":["command"]' in log.getvalue()


MISSING = {
    "in a substitution": "[[ -z $(no-such-program .) ]] && echo empty",
    "in a pipe": "echo data | no-such-program | cat",
    "before another command": "no-such-program; true",
    "without stderr": "no-such-program 2>/dev/null || true",
    "in a shell below": "bash -c 'no-such-program; true'",
    "in a script of its own": "#!/usr/bin/env bash\nno-such-program; no-such-program; true",
    "in a directory that is gone": "rm -r $PWD; no-such-program; true",
    "as root": "no-such-program | sudo cat",
}


@pytest.mark.parametrize("command", MISSING.values(), ids=MISSING)
def test_a_program_that_is_missing_is_a_warning_whatever_comes_of_it(command: str, log: io.StringIO) -> None:
    assert run(command) == {"status": "FINISHED"}
    [line] = [json.loads(line) for line in log.getvalue().splitlines() if '"Programs missing"' in line]
    assert (line["level"], line["programs"]) == ("WARNING", ["no-such-program"])
    assert "docs/shell-commands.md" in line["advice"]


def test_a_missing_program_ends_as_it_does_without_the_warning(log: io.StringIO) -> None:
    response = run("echo one\nno-such-program 'a b'\n")
    assert "exit code 127" in response["errorMessage"]
    assert response["errorMessage"].endswith("/script: line 2: no-such-program: command not found")
    assert run('no-such-program; test "$?" = 127 && command -v bash; command -v nothing || true') == {
        "status": "FINISHED"
    }
    assert '"nothing"' not in log.getvalue()


@pytest.mark.parametrize(
    "command",
    [
        "cd $TMPDIR; mkfifo missing-programs",
        "cd $TMPDIR; mkdir missing-programs",
        "cd $TMPDIR; ln -s /proc/self/environ missing-programs",
        "cd $TMPDIR; head -c 1000000 /dev/zero > missing-programs; chmod 000 .",
    ],
)
def test_what_a_command_puts_in_the_place_of_the_note_harms_nothing(command: str, log: io.StringIO) -> None:
    os.environ["CANARY"] = "canary-7"
    try:
        assert run(command) == {"status": "FINISHED"}
    finally:
        del os.environ["CANARY"]
    assert "canary" not in log.getvalue()
    assert len(log.getvalue()) < 10_000


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"command": "printf '%s' 'a\\\\b'"}, ["command"]),
        ({"command": "true", "scriptArgument": ["a", "\\\\n"]}, ["scriptArgument"]),
        ({"command": "tr -d '\\000' </dev/null", "scriptArgument": "\\n"}, None),
    ],
)
def test_two_backslashes_in_a_row_are_worth_one_warning(
    fields: dict[str, FieldValue], named: list[str] | None, log: io.StringIO
) -> None:
    assert run_handler(shell_command.handler, fields) == {"status": "FINISHED"}
    found = [json.loads(line) for line in log.getvalue().splitlines() if '"Doubled backslashes"' in line]
    assert [line["fields"] for line in found] == ([named] if named else [])
    assert all("moving-from-task-runner.md" in line["advice"] for line in found)


def test_a_command_has_the_credentials_of_its_role_alone(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    asked: list[dict[str, Any]] = []

    class Sts:
        def assume_role(self, **request: Any) -> Any:
            asked.append(request)
            given = {"AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "ST"}
            return {"Credentials": {**given, "Expiration": datetime.now(UTC) + timedelta(hours=1)}}

    monkeypatch.setattr(clients, "sts", Sts)
    monkeypatch.setenv("COMMAND_ROLE_ARN", "arn:aws:iam::1:role/commands")
    run('echo "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN$COMMAND_ROLE_ARN"')
    assert lines(log) == ["AK SK ST"]
    assert asked[0]["RoleArn"] == "arn:aws:iam::1:role/commands"
    assert asked[0]["RoleSessionName"] == "df-TEST"


def test_a_command_in_a_container_has_a_place_for_its_credentials_and_none_of_the_containers_own(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    class Sts:
        def assume_role(self, **request: Any) -> Any:
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            expiration = {"Expiration": datetime.now(UTC) + timedelta(hours=1)}
            return {"Credentials": {**dict.fromkeys(names, "of the role"), **expiration}}

    own = {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/secret",
        "ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/secret",
        "ECS_AGENT_URI": "http://169.254.170.2/api/secret",
        "TASK_OBJECTS": "s3://claims/containers/secret/",
        "TASK_CODE": "s3://assets/secret.zip",
        "COMMAND_ROLE_ARN": "arn:aws:iam::111122223333:role/commands",
        "PYTHONPATH": "/of/the/image",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(clients, "sts", Sts)
    ask = 'curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" $AWS_CONTAINER_CREDENTIALS_FULL_URI'
    assert run(f"env; {ask}") == {"status": "FINISHED"}
    printed = "\n".join(lines(log))
    assert "secret" not in printed
    assert "PYTHONPATH=/of/the/image" in printed
    assert '"AccessKeyId": "of the role"' in printed
    assert "AWS_ACCESS_KEY_ID" not in printed


def test_a_link_to_the_handlers_own_variables_is_not_staged(s3: FakeS3) -> None:
    """In a container, the handler may be root, who may read them."""
    fields: dict[str, FieldValue] = {
        "command": "ln -s /proc/self/environ $OUTPUT1_STAGING_DIR/x",
        "stage": "true",
        "output": Ref("Out"),
    }
    response = run_handler(
        shell_command.handler, fields, objects={"Out": data_node(directoryPath="s3://b/out")}
    )
    assert response["errorId"] == "OutputNotStaged"
    assert "a file of the system" in response["errorMessage"]
    assert not s3.objects


def test_a_canceled_command_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.05")
    assert run("sleep 60", service=FakeDataPipeline(canceled=True)) == {"status": "CANCELED"}


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_task_that_is_canceled_while_it_stages_runs_no_command(
    compression: str, s3: FakeS3, log: io.StringIO
) -> None:
    s3.objects["in", "a"] = gzip.compress(b"x")
    node: dict[str, FieldValue] = {
        "type": "S3DataNode",
        "directoryPath": "s3://in/",
        "compression": compression,
    }
    response = run_handler(
        shell_command.handler,
        {"command": "echo started", "stage": "true", "input": Ref("In")},
        objects={"In": node},
        canceled=True,
    )
    assert response == {"status": "CANCELED"}
    assert lines(log) == []


def test_a_task_that_is_canceled_while_it_stores_its_output_ends(s3: FakeS3, tmp_path: Path) -> None:
    """The first of two files is copied, and the second is not."""
    node: dict[str, FieldValue] = {"type": "S3DataNode", "directoryPath": "s3://out/"}
    fields = {"type": "ShellCommandActivity", "command": "touch $OUTPUT1_STAGING_DIR/{a,b}", "stage": "true"}
    event = task_event({**fields, "output": Ref("Out")}, objects={"Out": node})
    put = s3.upload_file
    tasks: list[Task] = []

    def put_and_cancel(*given: Any, **more: Any) -> None:
        put(*given, **more)
        tasks[0].cancel()

    def work(task: Task) -> Any:
        tasks.append(task)
        return shell_command.outcome_of(run_script(task))

    s3.upload_file = put_and_cancel  # type: ignore[method-assign]
    assert task_handler(work)(event, Context()) == {"status": "CANCELED"}  # type: ignore[arg-type]
    assert list(s3.objects) == [("out", "a")]


def test_a_command_is_stopped_before_lambdas_timeout_and_its_output_kept(s3: FakeS3) -> None:
    response = run("echo started; sleep 60", {"pipelineLogUri": "s3://logs"}, seconds=1.5)
    assert response["errorId"] == "HandlerTimeout"
    assert s3.text("logs", f"{LOGS}/StdOutput") == "started\n"


@pytest.mark.parametrize(
    ("uri", "error_id", "says"),
    [
        ("s3://scripts/nightly/load.sh", None, ""),
        ("s3://scripts/other.sh", "ScriptNotRead", "s3_access"),
        ("/home/me/load.sh", "InvalidField", "'scriptUri'"),
        ("s3://scripts", "InvalidField", "'scriptUri'"),
    ],
)
def test_a_script_comes_from_s3(uri: str, error_id: str | None, says: str, s3: FakeS3) -> None:
    s3.objects["scripts", "nightly/load.sh"] = b'test "$1" = "a b"'
    response = run_handler(shell_command.handler, {"scriptUri": uri, "scriptArgument": ["a b"]})
    assert response.get("errorId") == error_id
    assert says in response.get("errorMessage", "")


def test_no_command_is_an_error_that_names_the_field() -> None:
    response = run_handler(shell_command.handler, {})
    assert response["errorId"] == "InvalidField"
    assert "'command'" in response["errorMessage"]


# Output in S3.


@pytest.mark.parametrize("exit_code", [0, 3])
def test_output_goes_to_the_attempts_logs_however_the_command_ends(exit_code: int, s3: FakeS3) -> None:
    run(f"echo out; echo err >&2; exit {exit_code}", {"pipelineLogUri": "s3://logs"})
    assert s3.text("logs", f"{LOGS}/StdOutput") == "out\n"
    assert s3.text("logs", f"{LOGS}/StdError") == "err\n"


def test_output_goes_where_its_fields_say(s3: FakeS3, log: io.StringIO) -> None:
    fields = {"stdout": "s3://out/a.txt", "pipelineLogUri": "s3://logs"}
    assert run("echo out", fields) == {"status": "FINISHED"}
    assert s3.text("out", "a.txt") == "out\n"
    assert s3.text("logs", f"{LOGS}/StdError") == ""
    assert ("logs", f"{LOGS}/StdOutput") not in s3.objects
    assert lines(log) == ["out"]


def test_output_that_a_field_asks_for_has_to_be_written(s3: FakeS3) -> None:
    s3.denied.add("out")
    response = run("echo out", {"stdout": "s3://out/a.txt"})
    assert response["errorId"] == "OutputNotWritten"
    assert "s3://out/a.txt" in response["errorMessage"]
    assert run("exit 3", {"stdout": "s3://out/a.txt"})["errorId"] == "CommandFailed"


def test_logs_that_cannot_be_written_are_worth_a_warning(s3: FakeS3, log: io.StringIO) -> None:
    s3.denied.add("logs")
    assert run("echo out", {"pipelineLogUri": "s3://logs"}) == {"status": "FINISHED"}
    assert "Output not written" in log.getvalue()
    assert lines(log)[0] == "out"


def test_output_without_end_is_cut_in_the_log_and_whole_in_s3(
    s3: FakeS3, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "MAX_LOGGED_LINES", 10)
    assert run("seq 100000", {"stdout": "s3://out/a.txt"}) == {"status": "FINISHED"}
    assert s3.text("out", "a.txt").splitlines()[-1] == "100000"
    assert lines(log)[:11] == [*map(str, range(1, 11)), "Output cut"]
    assert "s3://out/a.txt" in log.getvalue()
    assert "\\n99999\\n100000" in log.getvalue()


def test_secrets_are_kept_out_of_all_output(s3: FakeS3, log: io.StringIO) -> None:
    fields: dict[str, FieldValue] = {"*password": "canary-5", "pipelineLogUri": "s3://logs"}
    response = run("printf 'can'; sleep 0.3; echo 'ary-5 is it'; echo canary-5 >&2; exit 1", fields)
    assert "canary" not in json.dumps(response) + log.getvalue()
    assert s3.text("logs", f"{LOGS}/StdOutput") == "*** is it\n"
    assert "***" in response["errorMessage"]


# Staging.


def data_node(**fields: str) -> dict[str, FieldValue]:
    return {"type": "S3DataNode", **fields}


def test_inputs_and_outputs_are_staged_in_their_order(s3: FakeS3) -> None:
    s3.objects = {
        ("b", "in/a.csv"): b"1\n",
        ("b", "in/deep/b c.csv"): b"2\n",
        ("b", "one.csv"): b"3\n",
        ("b", "m"): b'{"entries": [{"url": "s3://b/one.csv"}]}',
    }
    response = run(
        """
        set -e
        cat "$INPUT1_STAGING_DIR/a.csv" "$INPUT1_STAGING_DIR/deep/b c.csv" > "${OUTPUT1_STAGING_DIR}/sum.csv"
        mkdir "$OUTPUT1_STAGING_DIR/more"
        cp "${INPUT2_STAGING_DIR}/one.csv" "$OUTPUT1_STAGING_DIR/more/"
        cat ${INPUT3_STAGING_DIR}/* > $OUTPUT2_STAGING_DIR/any-name
        """,
        {
            "stage": "true",
            "input": [Ref("Directory"), Ref("File"), Ref("Manifest")],
            "output": [Ref("Out"), Ref("OutFile")],
        },
        objects={
            "Directory": data_node(directoryPath="s3://b/in"),
            "File": data_node(filePath="s3://b/one.csv"),
            "Manifest": data_node(manifestFilePath="s3://b/m"),
            "Out": data_node(directoryPath="s3://b/out"),
            "OutFile": data_node(filePath="s3://b/exactly.here"),
        },
    )
    assert response == {"status": "FINISHED"}
    assert s3.text("b", "out/sum.csv") == "1\n2\n"
    assert s3.text("b", "out/more/one.csv") == "3\n"
    assert s3.text("b", "exactly.here") == "3\n"


def test_gzip_nodes_are_plain_for_the_command(s3: FakeS3) -> None:
    s3.objects = {
        ("b", "in/1.csv.gz"): gzip.compress(b"one\n") + gzip.compress(b"two\n"),
        ("b", "in/2.csv"): b"three\n",
    }
    response = run(
        "cat $INPUT1_STAGING_DIR/1.csv $INPUT1_STAGING_DIR/2.csv > $OUTPUT1_STAGING_DIR/all.csv\n"
        "gzip -c $INPUT1_STAGING_DIR/2.csv > $OUTPUT1_STAGING_DIR/done.gz",
        {"stage": "true", "input": Ref("In"), "output": Ref("Out")},
        objects={
            "In": data_node(directoryPath="s3://b/in", compression="gzip"),
            "Out": data_node(directoryPath="s3://b/out", compression="GZIP"),
        },
    )
    assert response == {"status": "FINISHED"}
    assert gzip.decompress(s3.objects["b", "out/all.csv.gz"]) == b"one\ntwo\nthree\n"
    assert gzip.decompress(s3.objects["b", "out/done.gz"]) == b"three\n"


def test_an_input_is_never_overwritten_by_another(s3: FakeS3) -> None:
    names = ["a.decompressing", "a.gz", "a.gz.tmp", "b.fetching.gz", "c", "fetching"]
    s3.objects = {("b", f"in/{name}"): name.encode() for name in names}
    s3.objects["b", "in/a.gz"] = gzip.compress(b"a.gz")
    response = run(
        'cd $INPUT1_STAGING_DIR && for f in *; do echo "$f: $(cat $f)"; done > $OUTPUT1_STAGING_DIR/all',
        {"stage": "true", "input": Ref("In"), "output": Ref("Out")},
        objects={
            "In": data_node(directoryPath="s3://b/in", compression="gzip"),
            "Out": data_node(directoryPath="s3://b/out"),
        },
    )
    assert response == {"status": "FINISHED"}
    told = s3.text("b", "out/all").splitlines()
    assert sorted(told) == sorted(f"{name.removesuffix('.gz')}: {name}" for name in names)


def test_two_files_of_a_gzip_node_for_one_object_are_refused(s3: FakeS3) -> None:
    response = run(
        "cd $OUTPUT1_STAGING_DIR; echo plain > a; echo other | gzip > a.gz",
        {"stage": "true", "output": Ref("Out")},
        objects={"Out": data_node(directoryPath="s3://b/o", compression="gzip")},
    )
    assert response["errorId"] == "OutputNotStaged"
    assert "s3://b/o/a.gz" in response["errorMessage"]
    assert not s3.objects


def test_the_file_of_a_file_path_may_have_any_name(s3: FakeS3) -> None:
    response = run(
        r"echo x > $OUTPUT1_STAGING_DIR/$'\xff'",
        {"stage": "true", "output": Ref("Out")},
        objects={"Out": data_node(filePath="s3://b/o")},
    )
    assert response == {"status": "FINISHED"}
    assert s3.text("b", "o") == "x\n"


def test_time_that_runs_out_while_it_is_cleaned_up_leaves_the_outcome(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    removed = scratch.remove

    def slowly(path: Path) -> None:
        signal.raise_signal(signal.SIGALRM)
        removed(path)

    monkeypatch.setattr(scratch, "remove", slowly)
    assert run("pwd") == {"status": "FINISHED"}
    assert not Path(lines(log)[0]).parent.exists()


def test_a_process_is_ended_though_time_runs_out_meanwhile(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    kill = ProcessTree.kill

    def late(tree: ProcessTree, group: int) -> bool:
        signal.raise_signal(signal.SIGALRM)
        return kill(tree, group)

    monkeypatch.setattr(ProcessTree, "kill", late)
    run("setsid sleep 30 & echo $!; sleep 0.2")
    pid = int(lines(log)[0])
    assert not processes.is_running(pid)


@pytest.mark.parametrize(
    "command",
    [
        "yum -d 0 -e 0 -y install nosuch",
        "yum --enablerepo epel install -y nosuch",
        "yum -y --releasever 2023 install nosuch",
        "yum groupinstall -y 'Development Tools'",
        "dnf in -y nosuch",
    ],
)
def test_a_package_that_is_not_there_is_a_failure(command: str) -> None:
    assert run(command)["errorId"] == "CommandFailed"


@pytest.mark.parametrize(
    "command", ["sudo -iu root true", "sudo -Hu root -- true", "yum install -x foo bash"]
)
def test_options_with_values_are_passed_over(command: str) -> None:
    assert run(command) == {"status": "FINISHED"}


def test_a_damaged_gzip_object_is_told(s3: FakeS3) -> None:
    s3.objects = {("b", "a.gz"): gzip.compress(b"one\n" * 100)[:-12]}
    response = run(
        "true",
        {"stage": "true", "input": Ref("In")},
        objects={"In": data_node(filePath="s3://b/a.gz", compression="gzip")},
    )
    assert response["errorId"] == "InputNotStaged"
    assert "s3://b/a.gz" in response["errorMessage"]


def test_without_stage_there_is_no_staging(s3: FakeS3) -> None:
    fields: dict[str, FieldValue] = {"input": Ref("In"), "stage": "false"}
    assert run('test -z "$INPUT1_STAGING_DIR"', fields, objects={"In": data_node()}) == {"status": "FINISHED"}


def test_a_command_that_fails_stages_nothing_out(s3: FakeS3) -> None:
    response = run(
        "touch $OUTPUT1_STAGING_DIR/half; exit 1",
        {"stage": "true", "output": Ref("Out")},
        objects={"Out": data_node(directoryPath="s3://b/out")},
    )
    assert response["status"] == "FAILED"
    assert not s3.objects


@pytest.mark.parametrize(
    ("command", "field", "node", "error_id", "says"),
    [
        ("true", "input", data_node(filePath="s3://b/gone"), "InputNotFound", "s3://b/gone"),
        ("true", "input", data_node(directoryPath="s3://b/up"), "InputNotStaged", "../evil"),
        ("true", "input", data_node(directoryPath="s3://b/slash"), "InputNotStaged", "'s3://b/slash/x/'"),
        ("true", "input", data_node(directoryPath="s3://b/own"), "InputNotStaged", "'s3://b/own/'"),
        ("true", "input", data_node(directoryPath="s3://b/null"), "InputNotStaged", "null character"),
        ("true", "input", data_node(directoryPath="s3://b/long"), "InputNotStaged", "255 bytes"),
        ("true", "input", data_node(directoryPath="s3://b/both"), "InputNotStaged", "'s3://b/both/a/b'"),
        (
            "true",
            "input",
            data_node(directoryPath="s3://b/two", compression="gzip"),
            "InputNotStaged",
            "'s3://b/two/a.gz'",
        ),
        ("true", "input", data_node(directoryPath="s3://denied/in"), "InputNotStaged", "s3_access"),
        ("true", "input", data_node(), "InvalidField", "'filePath'"),
        ("true", "output", data_node(manifestFilePath="s3://b/m"), "InvalidField", "'manifestFilePath'"),
        ("true", "output", data_node(filePath="s3://b/f"), "OutputNotStaged", "there are 0"),
        (
            "touch $OUTPUT1_STAGING_DIR/f",
            "output",
            data_node(directoryPath="s3://denied/o"),
            "OutputNotStaged",
            "s3_access",
        ),
        (
            "mkfifo $OUTPUT1_STAGING_DIR/pipe",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            "'pipe' is no file",
        ),
        (
            "rm -r $OUTPUT1_STAGING_DIR",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            "'$OUTPUT1_STAGING_DIR' cannot be read: No such file or directory",
        ),
        (
            "rm -r $OUTPUT1_STAGING_DIR; touch $OUTPUT1_STAGING_DIR",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            "'$OUTPUT1_STAGING_DIR' cannot be read: Not a directory",
        ),
        (
            r"touch $OUTPUT1_STAGING_DIR/$'\xff.csv'",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            r"'\udcff.csv' has a name that is not UTF-8",
        ),
        (
            "cd $OUTPUT1_STAGING_DIR; d=$(printf 'd%.0s' {1..200}); mkdir -p $d/$d/$d/$d/$d; "
            "touch $d/$d/$d/$d/$d/$d",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            "S3 takes 1,024",
        ),
        (
            "ln -s /no/where $OUTPUT1_STAGING_DIR/link",
            "output",
            data_node(directoryPath="s3://b/o"),
            "OutputNotStaged",
            "'link' is no file",
        ),
    ],
)
def test_what_cannot_be_staged_is_told(
    command: str, field: str, node: dict[str, FieldValue], error_id: str, says: str, s3: FakeS3
) -> None:
    keys = ("up/../evil", "slash/x/", "own/", "null/a\0b", f"long/{'é' * 128}", "both/a", "both/a/b")
    s3.objects = {("b", key): b"1" for key in (*keys, "two/a", "two/a.gz")}
    s3.denied.add("denied")
    response = run(command, {"stage": "true", field: Ref("Data")}, objects={"Data": node})
    assert response["errorId"] == error_id
    assert says in response["errorMessage"]


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (
            "cd $OUTPUT1_STAGING_DIR; mkdir d; echo x > d/f; chmod 000 d",
            "d",
        ),
        (
            "cd $OUTPUT1_STAGING_DIR; mkdir d; echo x > d/f; chmod 400 d",
            "d/f",
        ),
        ("mkdir $OUTPUT1_STAGING_DIR/d; chmod 100 $OUTPUT1_STAGING_DIR/d", "d"),
        ("echo x > $OUTPUT1_STAGING_DIR/f; chmod 200 $OUTPUT1_STAGING_DIR/f", "f"),
        ("echo x > $OUTPUT1_STAGING_DIR/f; chmod 000 $OUTPUT1_STAGING_DIR", "$OUTPUT1_STAGING_DIR"),
    ],
)
def test_what_may_not_be_read_is_not_taken_for_nothing(command: str, path: str, s3: FakeS3) -> None:
    def staged() -> dict[str, Any]:
        return run(
            command,
            {"stage": "true", "output": Ref("Data")},
            objects={"Data": data_node(directoryPath="s3://b/o")},
        )

    response = as_somebody(staged)
    assert response["errorId"] == "OutputNotStaged"
    assert f"'{path}' cannot be read" in response["errorMessage"]


def as_somebody(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Call ``work`` as another user: file modes do not restrict root."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.wait()
    with os.fdopen(reading) as answer:
        response: dict[str, Any] = json.loads(answer.read())
    return response


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.E2BIG, "Argument list too long"), "its scriptArgument values, 3 bytes"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files. The function has no more files"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "no more files, processes or memory"),
    ],
)
def test_why_a_command_was_not_started_is_told(
    error: OSError, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("shell.command.subprocess.Popen", refuse)
    response = run("true", {"scriptArgument": ["a", "bc"]})
    assert response["errorId"] == "CommandNotStarted"
    assert says in response["errorMessage"]
    assert "first line" not in response["errorMessage"]


def test_an_argument_list_that_is_too_long_is_told_by_its_name() -> None:
    response = run("true", {"scriptArgument": ["x" * 200_000]})
    assert response["errorId"] == "CommandNotStarted"
    assert "its scriptArgument values, 200,000 bytes" in response["errorMessage"]


def test_an_input_that_does_not_fit_is_told_before_it_is_fetched(
    s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.objects["b", "big"] = b"x" * 1_000

    class Usage:
        free = 999

    monkeypatch.setattr("shell.staging.shutil.disk_usage", lambda _: Usage)
    response = run(
        "true", {"stage": "true", "input": Ref("In")}, objects={"In": data_node(filePath="s3://b/big")}
    )
    assert response["errorId"] == "EphemeralStorageFull"
    assert "ephemeral_mb" in response["errorMessage"]


# Preconditions.


@pytest.mark.parametrize(
    ("command", "response"),
    [("true", {"status": "FINISHED"}), ("exit 1", {"status": "FALSE"}), ("kill $$", {"status": "FALSE"})],
)
def test_a_precondition_holds_or_does_not_hold_yet(command: str, response: dict[str, str]) -> None:
    fields = {"type": "ShellCommandPrecondition", "command": command}
    assert run_handler(shell_command_precondition.handler, fields) == response


def test_a_command_has_time_zones_and_its_own_choice_of_them(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda's image has none, and an unknown time zone is silently UTC."""
    run('echo "$TZDIR"; ls "$TZDIR/Europe/Berlin"; echo "$PYTHONTZPATH"; TZ=Europe/Berlin date -d @0 +%R:%Z')
    directory, berlin, of_python, time = lines(log)
    assert directory.endswith("/tzdata/zoneinfo")
    assert (berlin, of_python, time) == (f"{directory}/Europe/Berlin", directory, "01:00:CET")
    monkeypatch.setenv("TZDIR", "/opt/zones")
    run('echo "$TZDIR"')
    assert lines(log)[-1] == "/opt/zones"
