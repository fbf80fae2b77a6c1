"""One task's story: finds the task that an id belongs to, and everything that was said about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.logs.lines import ENDS, Line
from local.logs.sources import Sources

_IDS = ("attemptId", "taskId", "execution")


class NotFoundError(Exception):
    """No line mentions the id, or several tasks have it. The message says what to do."""


class NoTaskError(NotFoundError):
    """No line is about such a task, yet."""


@dataclass(frozen=True)
class Task:
    """An attempt of a pipeline object, which may have been offered more than once."""

    pipeline: str
    attempt: str
    type: str
    worker_group: str


@dataclass(frozen=True)
class Story:
    """A task and its lines in the order of time."""

    task: Task
    lines: Sequence[Line]

    @property
    def over(self) -> bool:
        """Whether each execution of RunTask that was started for the task has ended."""
        ended = {line.entry.get("execution") for line in self.lines if line.entry.get("message") in ENDS}
        started = set(executions(self.lines))
        return bool(started) and started <= ended

    def heading(self) -> Iterator[str]:
        """Whose story it is."""
        yield f"attempt    {self.task.attempt}"
        yield f"pipeline   {self.task.pipeline}"
        yield f"type       {self.task.type}, of worker group {self.task.worker_group}"
        for execution in executions(self.lines):
            yield f"execution  {execution}"


def executions(lines: Iterable[Line]) -> list[str]:
    """The executions of RunTask that the lines name, in their order."""
    named = (line.entry.get("execution") for line in lines)
    return list(dict.fromkeys(str(name) for name in named if name))


def read_story(sources: Sources, wanted: str, since: datetime, *, pipeline: str | None = None) -> Story:
    """The story of the task with this attemptId, taskId, or execution of RunTask.

    Raises NotFoundError, and ClientError for what AWS refuses.
    """
    known_as = wanted.rpartition(":")[2] if wanted.startswith("arn:") else wanted
    groups = sources.log_groups()
    if not groups:
        raise NotFoundError("there are no logs of such a stack: check --stack, --profile and --region")
    mentioned = [line for group in groups for line in sources.lines(group, known_as, since)]
    named = [line for line in mentioned if any(line.entry.get(key) == known_as for key in _IDS)]
    tasks = {
        (line.entry["pipelineId"], line.entry["attemptId"]) for line in named if line.entry.get("attemptId")
    }
    if pipeline is not None:
        tasks = {task for task in tasks if task[0] == pipeline}
    if not tasks:
        raise NoTaskError(
            f"no log line since {since:%Y-%m-%d %H:%M} UTC is about '{wanted}': "
            "give an attemptId, a taskId or an execution of RunTask, or an earlier --since"
        )
    if len(tasks) > 1:
        pipelines = ", ".join(sorted({str(pipeline_id) for pipeline_id, _ in tasks}))
        raise NotFoundError(f"several pipelines have '{wanted}': add --pipeline and one of {pipelines}")
    ((pipeline_id, attempt),) = tasks
    # An execution, or a taskId, need not be in every line; the attempt is.
    about = (
        mentioned
        if known_as == attempt
        else [line for group in groups for line in sources.lines(group, attempt, since)]
    )
    lines = [line for line in about if _is_about(line.entry, pipeline_id, attempt)]
    states = [line for execution in executions(sorted(lines)) for line in sources.states(execution)]
    first = next(line.entry for line in lines if line.entry.get("type"))
    task = Task(pipeline_id, attempt, str(first["type"]), str(first.get("workerGroup")))
    return Story(task, sorted([*lines, *states]))


def _is_about(entry: Mapping[str, Any], pipeline: str, attempt: str) -> bool:
    return (entry.get("pipelineId"), entry.get("attemptId")) == (pipeline, attempt)
