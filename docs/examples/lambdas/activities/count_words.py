from runner import Task, TaskFailed, task_handler


@task_handler
def handler(task: Task) -> None:
    words = len(task.string("command").split())
    if words == 0:
        raise TaskFailed("There are no words.", error_id="NoWords")
    task.logger.info("Counted", words=words)
