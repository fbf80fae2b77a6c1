"""ShellCommandActivity."""

from __future__ import annotations

from runner import Failed, Outcome, Task, task_handler
from shell.script import ScriptResult, run_script


@task_handler
def handler(task: Task) -> Outcome | None:
    """Run the task's script. Its exit code determines the outcome."""
    return outcome_of(run_script(task))


def outcome_of(result: ScriptResult) -> Outcome | None:
    """FINISHED for exit code 0. For any other FAILED, with the last lines of stderr."""
    if result.exit_code == 0:
        return None
    tail = result.stderr_tail[-4_000:]
    message = f"The command ended with {result.how}."
    return Failed("CommandFailed", message + (f" Last lines of stderr:\n{tail}" if tail else ""))
