"""A handler that defers until its task is canceled."""

from runner import Canceled, Deferred, Outcome, Task, task_handler


@task_handler
def handler(task: Task) -> Outcome:
    if task.canceled:
        return Canceled()
    return Deferred({"calls": (task.state or {"calls": 0})["calls"] + 1})
