"""ShellCommandPrecondition."""

from __future__ import annotations

from runner import NotMet, Outcome, Task, task_handler
from shell.script import ScriptResult, run_script


@task_handler
def handler(task: Task) -> Outcome | None:
    """Run the precondition's script. Its exit code determines the outcome."""
    result = run_script(task)
    if result.exit_code:
        task.logger.info("Not met", how=result.how, stderr=result.stderr_tail)
    return outcome_of(result)


def outcome_of(result: ScriptResult) -> Outcome | None:
    """FINISHED for exit code 0, else FALSE: the service tries again (developer guide, preconditions)."""
    return None if result.exit_code == 0 else NotMet()
