from datapipeline_runner import Task, TaskFailed, task_handler
from words import count


@task_handler
def handler(task: Task) -> None:
    words = count(task.string("command"))
    if words == 0:
        raise TaskFailed("There are no words.", error_id="NoWords")
    task.logger.info("Counted", words=words)
