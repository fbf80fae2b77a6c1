"""Alarms for silent failures. Each description gives the meaning, what to do first, and where to read on.

CloudWatch charges $0.10 a month for each metric in an alarm, and $0.30 for each metric that is not AWS's own.
So an alarm reads a metric that AWS publishes, or one that is written only when something fails, and there is
none for what another alarm tells in time. docs/monitoring.md has the reason of each.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.monitoring.metrics import Metrics, errors, succeeded, waiting
from infra.naming import slug
from infra.poll_loop import PollLoop
from infra.run_task.no_capacity import NO_CAPACITY

RUNBOOK = "docs/runbook.md"

_LATEST_END_SECONDS = 60 + 155 + 95
"""A loop may end so long after its slot: its tick comes up to a minute late (EventBridge Scheduler user
guide, schedule types), it may wait for the loop before it, and its last poll is waited for
(lambdas/poller/loop.py)."""

_PATIENCE_SECONDS = 3_600
"""If NoPoll takes longer to fire, because a schedule's period is long, lost ticks have their own alarm."""

_BREACHING = cloudwatch.TreatMissingData.BREACHING
_NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING


class Alarms(Construct):
    """All alarms of a stack. Each notifies ``topic`` when it fires and when it clears."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metrics: Metrics,
        topic: sns.ITopic,
        poll_loops: Sequence[PollLoop],
        functions: bool,
        containers: bool,
        execution_ended: lambda_.IFunction,
        not_reported: sqs.IQueue,
        undelivered: sqs.IQueue,
        failed_tasks: int | None,
        runbook_url: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._runbook = runbook_url or RUNBOOK
        self.all: list[cloudwatch.Alarm] = []
        for loop in poll_loops:
            self._of_group(metrics, loop)
        self._at_least_one(
            "PollLoopFailed",
            metrics.of_stack("PollLoopsFailed"),
            "A PollLoop execution failed: none of its polls was answered, or it could not start RunTask for "
            "a task that it had. First look at the error of that execution.",
        )
        self._at_least_one(
            "TasksNotReported",
            waiting(not_reported),
            "RunTask executions ended without telling Data Pipeline how their tasks ended: they failed, "
            "timed out or were stopped. First read a message of the queue: it names task, error and cause.",
        )
        if any(
            _periods_without_end(loop) * loop.worker_group.period_seconds > _PATIENCE_SECONDS
            for loop in poll_loops
        ):
            self._at_least_one(
                "TicksNotDelivered",
                waiting(undelivered),
                "EventBridge Scheduler could not start PollLoop. First read a message of the queue: its "
                "attributes name the error.",
            )
        if functions:
            self._at_least_one(
                "HandlerThrottled",
                metrics.of_stack(NO_CAPACITY),
                "Lambda has no capacity for a handler: the concurrency, or the addresses of a VPC, are used "
                "up. Its tasks wait, and are tried again each minute. First compare the concurrency in use "
                "with the quota of the account and of the function.",
            )
        if containers:
            self._at_least_one(
                "ContainersNotStarted",
                metrics.of_stack("ContainersNotStarted"),
                "Containers did not start for a quarter of an hour. Those that AWS has no room for are tried "
                "again; others failed their tasks. First look for 'Container ended' in the log of the "
                "function container-ended: its 'reason' says why.",
                datapoints=3,
                periods=3,
            )
        if failed_tasks != 1:
            # Otherwise TasksFailed fires for these tasks as well, as they are reported FAILED.
            self._of_handlers(metrics)
        if failed_tasks is not None:
            self._alarm(
                "TasksFailed",
                metrics.of_stack("TasksFailed"),
                f"{failed_tasks} or more tasks were reported FAILED within 5 minutes. First read the "
                "attempts' errorMessage in Data Pipeline.",
                threshold=failed_tasks,
            )
        self._at_least_one(
            "EndsNotCounted",
            errors(execution_ended),
            "The function that counts ended tasks fails, so that the alarms on tasks may stay silent. First "
            "look into its log.",
        )

    def _of_group(self, metrics: Metrics, loop: PollLoop) -> None:
        group = loop.worker_group
        name, short = slug(group.name, 60), group.name[:200]
        periods = _periods_without_end(loop)
        self._alarm(
            f"NoPoll-{name}",
            # An execution whose polls were all in vain fails (lambdas/poller/loop.py).
            succeeded(loop.state_machine, Duration.seconds(group.period_seconds)),
            f"No PollLoop execution of worker group '{short}' has succeeded for {periods} schedule "
            "periods: it is not polled, and none of its tasks is taken. First look whether its schedule is "
            "enabled, then at its latest PollLoop execution.",
            anchor="nopoll",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=periods,
            missing=_BREACHING,
        )
        if group.idle_alarm_hours is not None:
            self._alarm(
                f"Idle-{name}",
                metrics.of_group("TasksReceived", group.name).with_(period=Duration.hours(1)),
                f"Worker group '{short}' was given no task for {group.idle_alarm_hours} hours. First compare "
                "its name with the workerGroup of the pipelines, letter by letter.",
                anchor="idle",
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                periods=group.idle_alarm_hours,
                # An empty poll counts as 0. Before the first, and while no poll is answered, nobody knows.
                missing=cloudwatch.TreatMissingData.MISSING,
            )

    def _of_handlers(self, metrics: Metrics) -> None:
        self._at_least_one(
            "NoHandler",
            metrics.of_stack("TasksRefused"),
            "A task was refused: no handler is registered for its type, or it is malformed. First read the "
            "attempt's errorMessage, which names the type and the registered ones.",
        )
        self._at_least_one(
            "HandlerCrashed",
            metrics.of_stack("HandlersCrashed"),
            "A handler ended without an outcome: it ran out of memory or into Lambda's timeout, raised, or "
            "could not be invoked. First read the attempt's errorId and errorMessage.",
        )

    def _at_least_one(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        anchor: str = "",
        periods: int = 1,
        datapoints: int = 1,
    ) -> None:
        self._alarm(name, metric, meaning, anchor=anchor, periods=periods, datapoints=datapoints)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        anchor: str = "",
        threshold: int = 1,
        comparison: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        periods: int = 1,
        datapoints: int | None = None,
        missing: cloudwatch.TreatMissingData = _NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{Stack.of(self).stack_name}-{name}",
            alarm_description=f"{meaning} Then: {self._runbook}#{anchor or name.lower()}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=periods,
            datapoints_to_alarm=datapoints,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        alarm.add_ok_action(actions.SnsAction(self._topic))
        self.all.append(alarm)


def _periods_without_end(loop: PollLoop) -> int:
    """Of so many whole schedule periods, at least one has an execution's end, unless something is wrong."""
    period = loop.worker_group.period_seconds
    return max(3, (period + _LATEST_END_SECONDS) // period + 1)
