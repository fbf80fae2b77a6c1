"""The life of a task on an EMR cluster: its steps are added one after the other, looked at, and canceled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emr import calls, clusters, submission
from emr.naming import Names
from emr.progress import Progress
from emr.step_failure import failure, log_is_awaited
from emr.steps import Step, checked
from emr.where import Where
from runner import clients
from runner.deadline import HandlerTimeout
from runner.fields import FieldError
from runner.outcome import Canceled, Failed, Finished, Outcome, TaskFailed
from runner.task import Task

if TYPE_CHECKING:
    from mypy_boto3_emr.literals import ActionOnFailureType, StepCancellationOptionType

StepsOf = Callable[[Task], Sequence[Step]]
"""Makes the steps from the task's fields. Raises FieldError, and TaskFailed."""

ON_FAILURE_FIELD = "myActionOnFailure"
"""What EMR does with the cluster when a step fails; a field of this project."""

_ON_FAILURE: dict[str, ActionOnFailureType] = {
    "CONTINUE": "CONTINUE",
    "CANCEL_AND_WAIT": "CANCEL_AND_WAIT",
    "TERMINATE_CLUSTER": "TERMINATE_CLUSTER",
}

_PATIENT_CANCELS = 3
"""How often a step is asked to end before its process is terminated."""
_MOST_CANCELS = 60
_MOST_CLUSTERS = 3
"""How many shared clusters a task begins with: one that is just ending, and two that do not come up."""
_SECONDS_OF_CANCEL = 10
_SECONDS_TO_SETTLE = 20
_SECONDS_OF_FULL_QUEUE = 60
_SECONDS_OF_LOST_CALL = 30
"""A call without an answer may still be carried out: later, its step or cluster is found by its name."""
_SECONDS_OF_LOG = 60
_SECONDS_TO_RECORD = 1
_LONGEST_WHAT = 200


def run(
    task: Task, where: Where, steps_of: StepsOf, *, clock: Callable[[], float] = time.monotonic
) -> Outcome:
    """Go on from ``task.state``. ``clock`` is in seconds. Raises FieldError, and TaskFailed."""
    return _Run(task, where, calls.Changes(clock)).go_on(steps_of)


class _Run:
    def __init__(self, task: Task, where: Where, changes: calls.Changes) -> None:
        self._task, self._where = task, where
        self._names = Names.of(task)
        self._progress = Progress.of(task.state)
        self._changes = changes

    def go_on(self, steps_of: StepsOf) -> Outcome:
        try:
            if self._task.canceled:
                return self._stop()
            if self._progress.end is not None:
                return self._end()
            return self._work(steps_of)
        except (HandlerTimeout, calls.TooLateError):
            return self._progress.deferred()
        except clients.aws_errors() as error:
            return self._after(error)
        except (FieldError, TaskFailed) as error:
            if not (self._progress.cluster and clusters.is_for_one_task(self._where)):
                raise
            error_id = error.error_id if isinstance(error, TaskFailed) else "InvalidField"
            self._progress.end = {"errorId": error_id, "message": str(error)}
            return self._end()

    def _work(self, steps_of: StepsOf) -> Outcome:
        """Look at the step that was added last, and add the next one.

        The steps are made only where one is added: nothing that is wrong with them may end a task whose step
        runs.
        """
        progress = self._progress
        if progress.step:
            state = self._look()
            if state in submission.ACTIVE:
                return progress.deferred()
            if state != "COMPLETED":
                return self._failed()
            self._task.logger.info("Step completed", cluster=progress.cluster, step=progress.step)
            if progress.number == progress.total:
                return self._finished()
            progress.number, progress.step, progress.looks = progress.number + 1, "", 0
        on_failure = _on_failure(self._task)
        steps = checked(self._task, steps_of(self._task))
        if not progress.cluster:
            progress.cluster = clusters.find_or_start(self._task, self._where, self._names, self._changes)
            if not self._where.cluster:
                # Recorded before a step is added: otherwise, after a crash, the cluster of this name, or the
                # shared one, may be another, and the step would not be found there.
                return progress.deferred(_SECONDS_TO_RECORD)
        return self._add(steps, on_failure)

    def _add(self, steps: Sequence[Step], on_failure: ActionOnFailureType) -> Outcome:
        progress = self._progress
        if progress.number == 1:
            left = submission.left_by_other_attempts(progress.cluster, self._names)
            if left:
                # The launcher of an earlier attempt was ended, and its step runs on: never two at a time.
                submission.cancel(self._task, progress.cluster, left, _option(progress.cancels))
                progress.cancels += 1
                return progress.deferred(_SECONDS_OF_CANCEL)
            if self._settles():
                return progress.deferred(_SECONDS_TO_SETTLE)
        step = steps[progress.number - 1]
        progress.step = submission.add(
            self._task,
            progress.cluster,
            step,
            name=self._names.step(progress.number, len(steps)),
            on_failure=on_failure,
            changes=self._changes,
        )
        progress.total, progress.what, progress.looks = len(steps), step.what[:_LONGEST_WHAT], 0
        return progress.deferred()

    def _look(self) -> str:
        found = calls.reading().describe_step(ClusterId=self._progress.cluster, StepId=self._progress.step)
        return found["Step"]["Status"]["State"]

    def _failed(self) -> Outcome:
        progress = self._progress
        if progress.log_looks < 6 and log_is_awaited(progress.cluster, progress.step):
            progress.log_looks += 1
            return progress.deferred(_SECONDS_OF_LOG)
        raise failure(self._task, progress.cluster, progress.step, progress.what)

    def _finished(self) -> Outcome:
        if not clusters.is_for_one_task(self._where):
            return Finished()
        self._progress.end = {"errorId": ""}
        return self._end()

    def _end(self) -> Outcome:
        """Terminate the cluster, and then tell how the task ended."""
        end = self._progress.end or {}
        try:
            clusters.terminate(self._progress.cluster)
            self._task.logger.info("Cluster terminated", cluster=self._progress.cluster)
        except clients.aws_errors() as error:
            self._task.logger.warning(
                "Cluster not terminated", cluster=self._progress.cluster, error=str(error)
            )
            if not calls.is_final(error):
                return self._progress.deferred()
        return Failed(end["errorId"], end["message"]) if end.get("errorId") else Finished()

    def _stop(self) -> Outcome:
        """Cancel what waits and runs, until nothing does."""
        if clusters.is_for_one_task(self._where):
            known = {self._progress.cluster} if self._progress.cluster else set()
            for cluster in known or clusters.own_clusters(self._task, self._names):
                clusters.terminate(cluster)
                self._task.logger.info("Cluster terminated", cluster=cluster)
            return Canceled()
        cluster = self._progress.cluster or self._where.cluster
        left = submission.own_active(cluster, self._names) if cluster else []
        if not left:
            return self._progress.deferred(_SECONDS_TO_SETTLE) if self._settles() else Canceled()
        self._progress.cancels += 1
        if self._progress.cancels > _MOST_CANCELS:
            self._task.logger.error("Step runs on", cluster=cluster, steps=left)
            return Canceled()
        submission.cancel(self._task, cluster, left, _option(self._progress.cancels - 1))
        return self._progress.deferred(_SECONDS_OF_CANCEL)

    def _settles(self) -> bool:
        """Whether guards of canceled steps may still be ending what these have left (see emr.guarded)."""
        waits = self._progress.cancels > 0 and not self._progress.settled
        self._progress.settled = self._progress.settled or waits
        return waits

    def _after(self, error: Exception) -> Outcome:
        """What follows an error of EMR: another try, unless it would fail again."""
        if calls.queue_is_full(error):
            self._task.logger.info("Step queue full", cluster=self._progress.cluster)
            return self._progress.deferred(_SECONDS_OF_FULL_QUEUE)
        if not calls.is_final(error):
            self._task.logger.warning("Call to EMR failed", error=str(error))
            return self._progress.deferred(None if self._progress.step else _SECONDS_OF_LOST_CALL)
        if self._task.canceled:
            self._task.logger.warning("Call to EMR failed", error=str(error))
            return Canceled()
        if self._where.idle_minutes is not None and not self._progress.step and self._is_first(error):
            return self._start_another(error)
        if self._progress.cluster and clusters.is_for_one_task(self._where):
            refused = self._refused(error)
            self._progress.end = {"errorId": refused.error_id, "message": str(refused)}
            return self._end()
        raise self._refused(error) from error

    def _refused(self, error: Exception) -> TaskFailed:
        """EMR refuses for good, because the cluster has ended, and why it has, or for another reason."""
        refused = calls.refused(error)
        if self._progress.cluster and calls.cluster_has_ended(error):
            described = clusters.describe(self._progress.cluster)
            return TaskFailed(f"{refused} {described}".rstrip(), error_id=refused.error_id)
        return refused

    def _start_another(self, error: Exception) -> Outcome:
        """The shared cluster was idle for long enough in the meantime, or it does not come up.

        Raises TaskFailed for one after the other that does not.
        """
        progress = self._progress
        progress.ended_clusters += 1
        described = clusters.describe(progress.cluster)
        if progress.ended_clusters >= _MOST_CLUSTERS:
            raise TaskFailed(
                f"{progress.ended_clusters} clusters have ended before they took a step. {described}",
                error_id="ClusterTerminated",
            ) from error
        self._task.logger.warning("Shared cluster has ended", cluster=progress.cluster, reason=described)
        progress.cluster = ""
        return progress.deferred()

    def _is_first(self, error: Exception) -> bool:
        return self._progress.number == 1 and calls.cluster_has_ended(error)


def _on_failure(task: Task) -> ActionOnFailureType:
    """EMR's ActionOnFailure for the task's steps. Raises FieldError."""
    given = task.string(ON_FAILURE_FIELD, "CONTINUE").strip()
    if given not in _ON_FAILURE:
        problem = f"{', '.join(_ON_FAILURE)} are possible, but it is {given!r}"
        raise FieldError(task.attempt_id, ON_FAILURE_FIELD, problem)
    return _ON_FAILURE[given]


def _option(asked: int) -> StepCancellationOptionType:
    return "SEND_INTERRUPT" if asked < _PATIENT_CANCELS else "TERMINATE_PROCESS"
