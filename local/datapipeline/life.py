"""The life of instances and attempts: created when due, waiting, offered, retried, ended.

Developer Guide, Interpreting Pipeline Status Codes and Scheduling Pipelines. Time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from local.datapipeline import attempt_fields
from local.datapipeline.definition import DEFAULT
from local.datapipeline.effects import CheckPrecondition, Effect, PublishAlarm
from local.datapipeline.expressions import ExpressionError
from local.datapipeline.field_texts import as_handed_out
from local.datapipeline.ids import Ids
from local.datapipeline.instantiation import make_instances
from local.datapipeline.model import Attempt, Failure, Instance, Pipeline, Task, TaskState
from local.datapipeline.object_types import SYSTEM_PRECONDITIONS, Kind
from local.datapipeline.objects import Field, PipelineObject
from local.datapipeline.plan import Component, Plan
from local.datapipeline.schedule import Interval, due
from local.datapipeline.scopes import ObjectScope
from local.datapipeline.settings import Settings
from local.datapipeline.statuses import PipelineState, Status
from local.datapipeline.tasks import TaskBoard
from local.datapipeline.timers import Timers
from local.datapipeline.views import find_object, instance_object, scope_of


class Life:
    """Moves instances along. Work for other AWS services is collected: see ``take_effects``."""

    def __init__(self, settings: Settings, timers: Timers, ids: Ids) -> None:
        self._settings = settings
        self._timers = timers
        self.board = TaskBoard(settings, timers, ids, self)
        self._effects: list[Effect] = []

    def take_effects(self) -> list[Effect]:
        """The effects since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    # Pipelines

    def run(self, pipeline: Pipeline, plan: Plan, now: datetime, start: datetime | None) -> None:
        """Activate a plan. On demand, all components run at once; otherwise, each runs when it is due.

        ``start`` is the first scheduled time to run. Without it, a pipeline that ran before continues where
        it was stopped (API Reference, ActivatePipeline).
        """
        pipeline.plan = plan
        pipeline.state = PipelineState.SCHEDULED
        pipeline.latest_run = now
        if plan.on_demand:
            self._instantiate(pipeline, list(plan.components.values()), Interval(now, now), now)
            self._settle(pipeline, now)
            return
        for component in plan.components.values():
            if component.recurrence is None:
                continue
            after = start or pipeline.next_start.get(component.id) or component.recurrence.start
            interval = component.recurrence.interval(component.recurrence.first_from(after))
            if interval is not None:
                pipeline.next_start[component.id] = interval.start
            else:
                pipeline.next_start.pop(component.id, None)
        self._create_due(pipeline, now)

    def stop(self, pipeline: Pipeline, now: datetime, *, cancel: bool) -> None:
        """DeactivatePipeline: create no more instances. Running ones are canceled, or allowed to finish."""
        self._stop_timer(pipeline, "schedule")
        pipeline.state = PipelineState.DEACTIVATING
        pipeline.deactivated = now
        for instance in pipeline.open_instances():
            if cancel or instance.status is Status.WAITING_ON_DEPENDENCIES:
                self.cancel(instance, "The pipeline was deactivated.", now)
        self._settle(pipeline, now)

    def delete(self, pipeline: Pipeline, now: datetime) -> None:
        self._stop_timer(pipeline, "schedule")
        pipeline.deleted = True
        for instance in pipeline.open_instances():
            self.cancel(instance, "The pipeline was deleted.", now)

    def resume(self, pipeline: Pipeline, now: datetime) -> None:
        """Check everything that waits: components may have been resumed."""
        self._create_due(pipeline, now)

    def _stop_timer(self, pipeline: Pipeline, name: str) -> None:
        if name in pipeline.timers:
            pipeline.timers.pop(name).cancel()

    def _create_due(self, pipeline: Pipeline, now: datetime) -> None:
        """Create the instances that are due, as many as may be active, and a timer for the next ones."""
        if pipeline.state is not PipelineState.SCHEDULED or pipeline.plan is None:
            return
        following: list[datetime] = []
        for component in pipeline.plan.components.values():
            self._create_due_of(pipeline, component, now)
            interval = self._next_interval(pipeline, component)
            if interval is not None:
                following.append(due(interval, component.schedule_type))
        self._stop_timer(pipeline, "schedule")
        later = [moment for moment in following if moment > now]
        if later:
            pipeline.timers["schedule"] = self._timers.at(
                min(later), lambda when: self._create_due(pipeline, when)
            )
        self._settle(pipeline, now)

    def _next_interval(self, pipeline: Pipeline, component: Component) -> Interval | None:
        start = pipeline.next_start.get(component.id)
        if start is None or component.recurrence is None:
            return None
        return component.recurrence.interval(component.recurrence.first_from(start))

    def _create_due_of(self, pipeline: Pipeline, component: Component, now: datetime) -> None:
        while (interval := self._next_interval(pipeline, component)) is not None:
            active = sum(i.component_id == component.id for i in pipeline.open_instances())
            if (
                due(interval, component.schedule_type) > now
                or active >= component.max_active
                or component.id in pipeline.paused
            ):
                return
            self._instantiate(pipeline, [component], interval, now)
            assert component.recurrence is not None  # noqa: S101 - it gave the interval
            after = component.recurrence.first_from(interval.start) + 1
            following = component.recurrence.interval(after)
            if following is None:
                del pipeline.next_start[component.id]
            else:
                pipeline.next_start[component.id] = following.start

    def _instantiate(
        self, pipeline: Pipeline, components: Iterable[Component], interval: Interval, now: datetime
    ) -> None:
        assert pipeline.plan is not None  # noqa: S101 - components are of a plan
        rewrite = self._settings.references == "instance"
        for component in components:
            for instance in make_instances(
                pipeline, pipeline.plan, component, interval, now, rewrite_references=rewrite
            ):
                instance.retries = attempt_fields.maximum_retries(instance, self._settings)
                pipeline.instances[instance.id] = instance
                self._watch_lateness(instance, now)

    def _watch_lateness(self, instance: Instance, now: datetime) -> None:
        allowed = attempt_fields.duration(instance, "lateAfterTimeout")
        if allowed is not None and instance.plan.components.get(instance.component_id) is not None:
            start = max(now, instance.due) + allowed
            instance.timers["late"] = self._timers.at(start, lambda _: self._late(instance))

    def _late(self, instance: Instance) -> None:
        instance.stop_timers("late")
        if instance.started is None and not instance.status.is_over:
            self._act(instance, "onLateAction")

    def _settle(self, pipeline: Pipeline, now: datetime) -> None:
        """Move everything that can move, and check whether the pipeline has ended."""
        moved = True
        while moved:
            moved = sum(self._advance(instance, now) for instance in pipeline.open_instances()) > 0
        if pipeline.open_instances() or pipeline.deleted:
            return
        if pipeline.state is PipelineState.DEACTIVATING:
            pipeline.state = PipelineState.INACTIVE
        elif pipeline.state is PipelineState.SCHEDULED and not pipeline.next_start:
            pipeline.state = PipelineState.FINISHED

    # Instances

    def _advance(self, instance: Instance, now: datetime) -> bool:
        """Start an instance that has nothing more to wait for. Returns whether it changed."""
        if (
            instance.status is not Status.WAITING_ON_DEPENDENCIES
            or instance.kind is Kind.RESOURCE
            or instance.component_id in instance.pipeline.paused
            or (instance.retry_at is not None and instance.retry_at > now)
            or instance.waiting_on()
        ):
            return False
        instance.retry_at = None
        if instance.kind is Kind.DATA_NODE:
            instance.started = instance.started or now
            self._end(instance, Status.FINISHED, None, now)
            return True
        self._open_attempt(instance, now)
        return True

    def _open_attempt(self, instance: Instance, now: datetime) -> None:
        number = len(instance.attempts) + 1
        attempt = Attempt(f"{instance.id}_Attempt={number}", number, now, instance.object.fields)
        instance.attempts.append(attempt)
        instance.started = instance.started or now
        instance.status = Status.WAITING_FOR_RUNNER
        try:
            attempt.fields = tuple(self._evaluated(instance))
        except ExpressionError as error:
            failure = Failure("Service_ExpressionError", str(error))
            self._end_attempt(instance, attempt, Status.FAILED, failure, now)
            return
        if instance.object.type in SYSTEM_PRECONDITIONS:
            attempt.status = instance.status = Status.RUNNING
            self._watch_precondition(instance, now)
            self._ask(instance, attempt)
            return
        group = attempt_fields.worker_group(instance)
        if group is not None:
            attempt.task = self.board.open(group, instance, attempt, now)

    def _evaluated(self, instance: Instance) -> Iterable[Field]:
        if self._settings.task_expressions == "raw":
            return instance.object.fields
        scope = scope_of(instance.pipeline, instance_object(instance))
        return as_handed_out(instance.object.fields, scope, self._settings)

    def _ask(self, instance: Instance, attempt: Attempt) -> None:
        attempt.tries += 1
        evaluated = PipelineObject(attempt.id, attempt.id, attempt.fields)
        self._effects.append(CheckPrecondition(evaluated, instance.pipeline.id, attempt.id, attempt.tries))

    def precondition_answered(self, instance: Instance, attempt: Attempt, met: bool, now: datetime) -> None:
        """Take the result of a CheckPrecondition. A result that comes too late changes nothing."""
        if attempt.status is not Status.RUNNING or attempt is not instance.attempt:
            return
        if met:
            self._end_attempt(instance, attempt, Status.FINISHED, None, now)
        else:
            self._try_later(instance, attempt, now)

    def _try_later(self, instance: Instance, attempt: Attempt, now: datetime) -> None:
        """The precondition is not met yet. Try again after its retryDelay, within the same attempt."""
        attempt.last_try = now
        when = now + attempt_fields.retry_delay(instance, self._settings)

        def again(moment: datetime) -> None:
            instance.stop_timers("try")
            if attempt.status.is_over:
                return
            if attempt.task is None:
                self._ask(instance, attempt)
            else:
                attempt.tries += 1
                self.board.offer(attempt.task, moment)

        instance.timers["try"] = self._timers.at(when, again)

    def _watch_precondition(self, instance: Instance, now: datetime) -> None:
        allowed = attempt_fields.duration(instance, "preconditionTimeout")
        if allowed is None or "precondition" in instance.timers:
            return

        def over(when: datetime) -> None:
            instance.stop_timers("precondition")
            current = instance.attempt
            if current is not None and not instance.status.is_over:
                instance.failures = instance.retries + 1
                failure = Failure("Service_PreconditionTimeout", "The precondition was not met in time.")
                self._end_attempt(instance, current, Status.FAILED, failure, when)

        instance.timers["precondition"] = self._timers.at(now + allowed, over)

    # What TaskBoard asks

    def not_acknowledged(self, task: Task, now: datetime) -> bool:
        if self._settings.reoffer_attempt == "same":
            return True
        self.board.close(task)
        task.attempt.status, task.attempt.ended = Status.FAILED, now
        task.attempt.failure = Failure("Service_NotAcknowledged", "No runner acknowledged the task in time.")
        self._open_attempt(task.instance, now)
        return False

    def stalled(self, task: Task, now: datetime) -> bool:
        if self._settings.stalled_task == "reoffered":
            task.attempt.status = task.instance.status = Status.WAITING_FOR_RUNNER
            task.instance.stop_timers("attempt")
            return True
        failure = Failure("Service_ReportProgressTimeout", "The runner reported no progress in time.")
        self._end_attempt(task.instance, task.attempt, Status.FAILED, failure, now)
        return False

    def acknowledged(self, task: Task, now: datetime) -> None:
        instance, attempt = task.instance, task.attempt
        attempt.status = instance.status = Status.RUNNING
        if instance.kind is Kind.PRECONDITION:
            self._watch_precondition(instance, now)
        allowed = attempt_fields.duration(instance, "attemptTimeout")
        if allowed is None:
            return

        def over(when: datetime) -> None:
            failure = Failure("Service_AttemptTimeout", f"The attempt took longer than {allowed}.")
            self._end_attempt(instance, attempt, Status.FAILED, failure, when, canceled=True)

        instance.stop_timers("attempt")
        instance.timers["attempt"] = self._timers.at(now + allowed, over)

    def progress_timeout(self, task: Task) -> timedelta:
        own = attempt_fields.duration(task.instance, "reportProgressTimeout")
        return own or self._settings.report_progress_timeout

    # What runners and users report

    def report(self, task: Task, status: Status | None, failure: Failure | None, now: datetime) -> None:
        """SetTaskStatus; ``status`` None is FALSE."""
        if task.state in (TaskState.READY, TaskState.OFFERED):
            self.board.acknowledge(task, now)
        instance, attempt = task.instance, task.attempt
        if status is not None:
            self._end_attempt(instance, attempt, status, failure, now)
        elif instance.kind is not Kind.PRECONDITION:
            wrong = Failure("Service_FalseActivity", "FALSE is a status of preconditions only.")
            self._end_attempt(instance, attempt, Status.FAILED, wrong, now)
        elif self._settings.precondition_false == "same-attempt":
            self.board.withdraw(task)
            attempt.status = instance.status = Status.WAITING_FOR_RUNNER
            self._try_later(instance, attempt, now)
        else:
            not_met = Failure(None, "The precondition is not met yet.")
            instance.failures -= 1  # "Not yet" is not a failure: only preconditionTimeout ends the waiting.
            self._end_attempt(instance, attempt, Status.FAILED, not_met, now)

    def cancel(self, instance: Instance, reason: str, now: datetime) -> None:
        """End an instance at once. Its runner learns of it at the next progress report."""
        if instance.status.is_over:
            return
        instance.cancellation_reason = reason
        self._cancel_attempt(instance, now)
        self._end(instance, Status.CANCELED, None, now)

    def _cancel_attempt(self, instance: Instance, now: datetime) -> None:
        attempt = instance.attempt
        if attempt is not None and not attempt.status.is_over:
            attempt.status, attempt.ended = Status.CANCELED, now
            if attempt.task is not None:
                self.board.close(attempt.task, canceled=True)

    def mark_finished(self, instance: Instance, now: datetime) -> None:
        self._cancel_attempt(instance, now)
        self._end(instance, Status.FINISHED, None, now)
        self._create_due(instance.pipeline, now)
        self._settle(instance.pipeline, now)

    def rerun(self, instance: Instance, now: datetime) -> None:
        """Run an instance again; with failureAndRerunMode cascade, also everything that depends on it."""
        if attempt_fields.cascades(instance):
            for dependent in self._consumers(instance):
                if dependent.status.is_over:
                    self.rerun(dependent, now)
        self.cancel(instance, "The instance is run again.", now)
        for guard in (instance.pipeline.instances[guard_id] for guard_id in instance.preconditions):
            if guard.status is not Status.FINISHED:
                self.rerun(guard, now)
        instance.status = Status.WAITING_ON_DEPENDENCIES
        instance.failures = 0
        instance.started = instance.ended = instance.retry_at = None
        instance.cancellation_reason, instance.failure, instance.cascade_failed_on = None, None, ()
        if instance.pipeline.state in (PipelineState.FINISHED, PipelineState.INACTIVE):
            instance.pipeline.state = PipelineState.SCHEDULED
        self._settle(instance.pipeline, now)

    # Ends

    def _end_attempt(
        self,
        instance: Instance,
        attempt: Attempt,
        status: Status,
        failure: Failure | None,
        now: datetime,
        *,
        canceled: bool = False,
    ) -> None:
        instance.stop_timers("attempt", "try")
        if attempt.task is not None:
            self.board.close(attempt.task, canceled=canceled)
        attempt.status, attempt.ended, attempt.failure = status, now, failure
        if status is Status.FAILED:
            instance.failures += 1
            if instance.failures <= instance.retries:
                self._retry(instance, now)
                return
        self._end(instance, status, failure, now)
        self._create_due(instance.pipeline, now)
        self._settle(instance.pipeline, now)

    def _retry(self, instance: Instance, now: datetime) -> None:
        instance.status = Status.WAITING_ON_DEPENDENCIES
        instance.retry_at = now + attempt_fields.retry_delay(instance, self._settings)

        def again(when: datetime) -> None:
            instance.stop_timers("retry")
            self._settle(instance.pipeline, when)

        instance.stop_timers("retry")
        instance.timers["retry"] = self._timers.at(instance.retry_at, again)

    def _end(self, instance: Instance, status: Status, failure: Failure | None, now: datetime) -> None:
        instance.stop_timers()
        instance.status, instance.ended, instance.failure = status, now, failure
        for guard_id in instance.preconditions:
            self.cancel(instance.pipeline.instances[guard_id], f"{instance.id} is over.", now)
        if status is Status.FINISHED:
            self._act(instance, "onSuccess")
        elif status is Status.FAILED:
            self._act(instance, "onFail")
            self._fail_owner(instance, now)
            if attempt_fields.cascades(instance):
                self._cascade(instance, instance.id, now)

    def _fail_owner(self, guard: Instance, now: datetime) -> None:
        """Fail the object that waits for a failed precondition: it can no longer run."""
        owner = guard.pipeline.instances.get(guard.node or "")
        if guard.kind is Kind.PRECONDITION and owner is not None and not owner.status.is_over:
            owner.cascade_failed_on = (guard.id,)
            self._end(owner, Status.FAILED, Failure("Service_PreconditionFailed", guard.id), now)

    def _cascade(self, instance: Instance, cause: str, now: datetime) -> None:
        """Developer Guide, Cascading Failures: consumers fail too, and their preconditions are canceled."""
        for consumer in self._consumers(instance):
            if consumer.status.is_over:
                continue
            self.cancel(consumer, f"{cause} failed.", now)
            if consumer.kind is Kind.PRECONDITION:
                continue
            consumer.status = Status.CASCADE_FAILED
            consumer.cascade_failed_on = (cause,)
            self._cascade(consumer, cause, now)

    def _consumers(self, instance: Instance) -> list[Instance]:
        return [other for other in instance.pipeline.instances.values() if instance.id in other.depends_on]

    def _act(self, instance: Instance, key: str) -> None:
        """onSuccess, onFail and onLateAction: send alarms. Terminate ends the instance's work."""
        for reference in instance.object.references(key):
            alarm = instance.plan.flattened(reference)
            if alarm is None or alarm.id == DEFAULT or alarm.type != "SnsAlarm":
                continue
            find = partial(find_object, instance.pipeline)
            scope = ObjectScope(alarm, instance.plan.definition, find, instance.id)
            try:
                evaluated = alarm.with_fields(as_handed_out(alarm.fields, scope, self._settings))
            except ExpressionError as error:
                evaluated = alarm.with_fields([*alarm.fields, Field("error", str(error))])
            self._effects.append(PublishAlarm(evaluated, instance.pipeline.id, instance.id))
