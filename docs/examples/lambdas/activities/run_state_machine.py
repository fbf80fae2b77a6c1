import boto3

from runner import Deferred, Outcome, Task, TaskFailed, task_handler


@task_handler
def handler(task: Task) -> Outcome | None:
    states = boto3.client("stepfunctions")
    if task.state is None:
        started = states.start_execution(
            stateMachineArn=task.string("myStateMachine"), input=task.string("command")
        )
        return Deferred({"execution": started["executionArn"]}, wait_seconds=30)

    execution = task.state["execution"]
    if task.canceled:
        states.stop_execution(executionArn=execution, error="TaskCanceled")
        return None
    ended = states.describe_execution(executionArn=execution)
    if ended["status"] == "RUNNING":
        return Deferred(task.state, wait_seconds=30)
    if ended["status"] != "SUCCEEDED":
        raise TaskFailed(f"{execution} is {ended['status']}.", error_id="ExecutionFailed")
    return None
