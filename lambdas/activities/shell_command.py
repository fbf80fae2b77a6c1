"""ShellCommandActivity: ``command`` with ``scriptArgument`` under bash."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runner import Canceled, Failed, Outcome, Task, task_handler
from runner.command import CommandResult, run_command

_NOT_FOR_COMMANDS = {
    # The Lambda runtime's own: a command that spoke to the runtime API would answer in our place, and
    # its search path would shadow the command's own Python packages.
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "PYTHONPATH",
    "_HANDLER",
}


@task_handler
def handler(task: Task) -> Outcome | None:
    """Run the task's command; its output goes to the log, its exit code decides."""
    if "command" not in task and "scriptUri" in task:
        return Failed(
            "UnsupportedField",
            f"Object '{task.attempt_id}', field 'scriptUri': scripts in S3 are not supported yet. "
            "Put the script's text into 'command'.",
        )
    if task.boolean("stage", default=False) and (
        task.attempt.reference_ids("input") or task.attempt.reference_ids("output")
    ):
        return Failed(
            "UnsupportedField",
            f"Object '{task.attempt_id}', field 'stage': staging of S3DataNodes is not supported yet. "
            "Have the command itself copy what it needs.",
        )
    command = task.string("command")
    arguments = task.strings("scriptArgument")
    directory = Path(tempfile.mkdtemp(prefix="task-"))
    try:
        result = run_script(task, command, arguments, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return outcome_of(result, task)


def run_script(task: Task, script: str, arguments: list[str], directory: Path) -> CommandResult:
    """Run ``script`` with bash in an empty working directory, ``arguments`` as ``$1`` and on.

    The script is a file, as with AWS's Task Runner: quoting, comments and here-documents mean what they
    mean in a file, and a long command does not meet the kernel's limit on arguments.
    """
    script_file = directory / "command.sh"
    script_file.write_text(script, encoding="utf-8")
    work = directory / "work"
    work.mkdir()

    def log_line(stream: str, line: str) -> None:
        task.logger.info(task.redact(line), stream=stream)

    return run_command(
        ["bash", str(script_file), *arguments],
        cwd=work,
        env=command_environment(os.environ, work),
        on_line=log_line,
        should_stop=lambda: task.canceled,
    )


def command_environment(environment: Mapping[str, str], work: Path) -> dict[str, str]:
    """The environment of a command: the function's, without what belongs to the Lambda runtime."""
    kept = {
        key: value
        for key, value in environment.items()
        if key not in _NOT_FOR_COMMANDS and not key.startswith("POWERTOOLS_")
    }
    return {**kept, "HOME": str(work), "TMPDIR": str(work.parent), "PWD": str(work)}


def outcome_of(result: CommandResult, task: Task) -> Outcome | None:
    """Exit code 0 is FINISHED, any other FAILED with the last lines of stderr."""
    if result.stopped:
        return Canceled()
    if result.exit_code == 0:
        return None
    how = f"exit code {result.exit_code}" if result.exit_code > 0 else f"signal {-result.exit_code}"
    tail = task.redact(result.stderr_tail)[-4_000:]
    message = f"The command ended with {how}." + (f" Last lines of stderr:\n{tail}" if tail else "")
    return Failed("CommandFailed", message)
