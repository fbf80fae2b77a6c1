"""Runs the script in a task's ``command`` or ``scriptUri`` under bash."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from data_nodes.s3_uri import S3Uri
from runner import TaskCanceled, TaskFailed, clients, environment
from runner.environment import in_container
from runner.packages import package_manager
from runner.task import Task
from shell import aws_cli
from shell.command import run_command
from shell.command_role import OF_THE_CONTAINER, CommandRole
from shell.log_files import NAMES, LogFile, log_place
from shell.missing_programs import MissingPrograms, advice
from shell.output import LineLog, Redactor, Sink, Tail, Tee, close_all
from shell.scratch import scratch_directory
from shell.staging import Staging, make_directories, stage_in, stage_out

_NOT_FOR_COMMANDS = {
    # The Lambda runtime's variables: a command that calls the Runtime API would respond in our place. The
    # runtime's PYTHONPATH, too, would shadow the command's Python packages.
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    # The stack's own.
    "COMMAND_ROLE_ARN",
    "PROGRESS_INTERVAL_SECONDS",
    "TASK_AWS_CLI",
    "TASK_CODE",
    "TASK_FAMILY",
    "TASK_HANDLER",
    "TASK_MEMORY_MB",
    "TASK_OBJECTS",
    "TASK_PACKAGES",
    *OF_THE_CONTAINER,
}

_HOST_COMMANDS = Path(__file__).with_name("bin")
"""``sudo``, ``yum`` and ``dnf``, with which the commands in AWS's own templates begin: ``(sudo yum -y update
aws-cli) && …``. A function has none of them."""

_FALLBACKS = Path(__file__).with_name("fallbacks")
"""Programs that hosts have and Lambda's image lacks. Those in a layer take precedence."""

_BACKSLASHES = (
    "These fields hold two backslashes in a row, which the command gets as two. AWS's runner may have "
    "removed one; docs/moving-from-task-runner.md, Doubled backslashes, says how to tell, and what to do."
)


def _time_zones() -> str | None:
    """The directory with time zones in the bundled package tzdata, in glibc's form."""
    package = find_spec("tzdata")
    return str(Path(package.origin).with_name("zoneinfo")) if package and package.origin else None


_TIME_ZONES = _time_zones()


@dataclass(frozen=True)
class ScriptResult:
    """How a script ended."""

    exit_code: int
    """Negative if a signal ended it: the signal's number."""
    stderr_tail: str = ""

    @property
    def how(self) -> str:
        """``exit code 3`` or ``signal 9``."""
        return f"exit code {self.exit_code}" if self.exit_code >= 0 else f"signal {-self.exit_code}"


def run_script(task: Task) -> ScriptResult:
    """Stage the inputs, run the script, and stage the outputs if it ends with exit code 0.

    The script's output goes to the log and to S3. Raises FieldError, TaskFailed, and TaskCanceled.
    """
    environment.connect()  # While files can be opened: a command may take that away.
    with scratch_directory() as directory, CommandRole.for_task(task) as role:
        staging = Staging.of(task, directory)
        script = directory / "script"
        write_script(task, script, role)
        _warn_of_backslashes(task)
        make_directories(staging)
        if staging.inputs:
            stage_in(staging, role.s3, check_canceled=task.check_canceled)
        result = _run(task, script, directory, staging, role)
        if staging.outputs and result.exit_code == 0:
            stage_out(staging, role.s3, check_canceled=task.check_canceled)
    return result


def write_script(task: Task, script: Path, role: CommandRole) -> None:
    """Write the text of ``command``, or the object at ``scriptUri``, to an executable file.

    AWS's Task Runner uses a file as well. Quoting, comments and here-documents mean what they mean in a file,
    and a long command does not reach the kernel's limit on arguments.
    Raises FieldError, and TaskFailed if the script cannot be read from S3.
    """
    if "command" in task or "scriptUri" not in task:
        script.write_text(task.string("command"), encoding="utf-8")
    else:
        uri = S3Uri.of_object(task.attempt, "scriptUri")
        try:
            role.s3.download_file(uri.bucket, uri.key, str(script))
        except clients.aws_errors() as error:
            raise TaskFailed(
                f"Object '{task.attempt_id}', field 'scriptUri': '{uri}' could not be read: {error}. "
                "Commands may do what `statements` of the handler in app.py grant: see s3_access.",
                error_id="ScriptNotRead",
            ) from error
    script.chmod(0o700)


def interpreter(script: Path) -> list[str]:
    """bash, unless the script's first line names another program (``#!``)."""
    with script.open("rb") as file:
        return [] if file.read(2) == b"#!" else ["bash"]


def _run(task: Task, script: Path, directory: Path, staging: Staging, role: CommandRole) -> ScriptResult:
    work = directory / "work"
    work.mkdir()
    tail = Tail()
    files = {
        stream: LogFile(place, lambda: role.s3) for stream in NAMES if (place := log_place(task, stream))
    }
    streams: dict[str, Sink] = {
        stream: Redactor(
            task.secrets,
            Tee(
                _line_log(task, stream, files.get(stream)),
                *([files[stream]] if stream in files else []),
                *([tail] if stream == "stderr" else []),
            ),
        )
        for stream in NAMES
    }

    def should_stop() -> bool:
        for file in files.values():
            file.show_sometimes()
        return task.canceled

    missing = MissingPrograms(directory)
    variables = {
        **command_environment(os.environ, work, role),
        **aws_cli.fetch(directory),
        **staging.environment,
        **missing.environment,
    }
    try:
        ended = run_command(
            [*interpreter(script), str(script), *task.strings("scriptArgument")],
            cwd=work,
            env=variables,
            on_output=lambda stream, data: streams[stream].write(data),
            should_stop=should_stop,
        )
    except OSError as error:
        raise TaskFailed(_not_started(error, task, script), error_id="CommandNotStarted") from error
    finally:
        close_all(streams)
        if names := missing.names():
            task.logger.warning("Programs missing", programs=names, advice=advice())
    _check(task, files, ended.exit_code)
    if ended.stopped:
        raise TaskCanceled
    return ScriptResult(ended.exit_code, tail.text())


def _warn_of_backslashes(task: Task) -> None:
    """Warn of two backslashes in a row: the command gets both; AWS's runner may have removed one."""
    fields = {
        "command": [task.string("command")] if "command" in task else [],
        "scriptArgument": task.strings("scriptArgument"),
    }
    found = [name for name, values in fields.items() if any("\\\\" in value for value in values)]
    if found:
        task.logger.warning("Doubled backslashes", fields=found, advice=_BACKSLASHES)


def _not_started(error: OSError, task: Task, script: Path) -> str:
    """The message for a program that the kernel did not start (execve(2))."""
    if error.errno == errno.E2BIG:
        size = sum(len(value.encode("utf-8", "surrogatepass")) for value in task.strings("scriptArgument"))
        return (
            f"The command could not be started: its scriptArgument values, {size:,} bytes, and the "
            "environment are more than Linux hands to a program. Put them into an S3 object, and stage it as "
            "an input."
        )
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}:
        return (
            f"The command could not be started: {error.strerror}. The function has no more files, processes "
            "or memory left; `memory_mb` of the handler, or of its Container, in app.py gives it more memory."
        )
    first_line = script.read_bytes()[:200].split(b"\n")[0].decode("utf-8", "replace")
    if first_line.startswith("#!"):
        return (
            f"The script could not be started by the program of its first line, '{first_line}': "
            f"{error.strerror}."
        )
    return f"The command could not be started by bash: {error.strerror}."


def command_environment(environment: Mapping[str, str], work: Path, role: CommandRole) -> dict[str, str]:
    """The environment of a command.

    It is the function's, with the command's own credentials, and without variables of the Lambda runtime.
    """
    # A container's search path is its image's own.
    left_out = _NOT_FOR_COMMANDS if in_container() else {*_NOT_FOR_COMMANDS, "PYTHONPATH"}
    kept = {
        key: value
        for key, value in environment.items()
        if key not in left_out and not key.startswith("POWERTOOLS_")
    }
    # Lambda's image has no time zones: TZ=Europe/Berlin would silently be UTC.
    zones = {"TZDIR": _TIME_ZONES, "PYTHONTZPATH": _TIME_ZONES} if _TIME_ZONES else {}
    path = kept.get("PATH", os.defpath)
    own = {"PATH": search_path(path), "HOME": str(work), "PWD": str(work), "TMPDIR": str(work.parent)}
    manager = package_manager(path) if in_container() else None
    installs = {"_PACKAGE_MANAGER": manager} if manager else {}
    return {**zones, **kept, **own, **installs, **role.variables}


def search_path(path: str) -> str:
    """``path`` with the programs that commands expect: first sudo and yum, last the AWS CLI and find.

    CDK's AwsCliLayer has the CLI in /opt/awscli, beside the /opt/bin that Lambda adds.
    """
    candidates = [Path(entry).with_name("awscli") for entry in path.split(":") if entry.endswith("/bin")]
    found = [str(directory) for directory in candidates if os.access(directory / "aws", os.X_OK)]
    of_container = [str(aws_cli.PROGRAMS)] if in_container() else []
    return ":".join([str(_HOST_COMMANDS), path, *found, *of_container, str(_FALLBACKS)])


def _line_log(task: Task, stream: str, file: LogFile | None) -> LineLog:
    def log(line: str) -> None:
        task.logger.info(line, stream=stream)

    def beyond(left_out: int, text: str) -> None:
        place = str(file.place.uri) if file else None
        task.logger.warning(
            "Output cut", stream=stream, bytesNotLogged=left_out, completeAt=place, lastLines=text
        )

    return LineLog(log, beyond)


def _check(task: Task, files: Mapping[str, LogFile], exit_code: int) -> None:
    """Fail the task if output that a field asks for was not written. A missing log is only a warning."""
    for stream, file in files.items():
        if not file.problem:
            continue
        if file.place.required and exit_code == 0:
            raise TaskFailed(
                f"The command ended with exit code 0, but its {stream} could not be written to "
                f"'{file.place.uri}': {file.problem}. Commands may do what `statements` of the handler in "
                "app.py grant: see s3_access.",
                error_id="OutputNotWritten",
            )
        task.logger.warning(
            "Output not written", stream=stream, place=str(file.place.uri), error=file.problem
        )
