"""Alarms for silent failures. Each description gives the meaning, what to do first, and where to read on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.monitoring.metrics import PERIOD, Metrics, errors, throttles, waiting
from infra.naming import slug
from infra.worker_group import WorkerGroup

RUNBOOK = "docs/operations.md"

_METRICS_AN_ALARM_MAY_HAVE = 10
"""Metrics and expressions in one alarm (CloudWatch quotas)."""

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
        worker_groups: Sequence[WorkerGroup],
        handlers: Mapping[str, lambda_.IFunction],
        containers: bool,
        execution_ended: lambda_.IFunction,
        not_reported: sqs.IQueue,
        undelivered: sqs.IQueue,
        failed_tasks: int | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self.all: list[cloudwatch.Alarm] = []
        for group in worker_groups:
            self._of_group(metrics, group)
        # A loop that fails at each tick makes one error a tick.
        slowest = Duration.seconds(max(300, *(group.period_seconds for group in worker_groups)))
        self._at_least_one(
            "PollsFailing",
            metrics.of_stack("PollErrors").with_(period=slowest),
            "PollForTask keeps failing: in two of three schedule periods at least one poll was answered by "
            "an error other than throttling. First look for 'Poll failed' in the poller's log: its 'advice' "
            "says what to mend.",
            datapoints=2,
            periods=3,
        )
        self._at_least_one(
            "PollLoopFailed",
            metrics.of_stack("PollLoopsFailed"),
            "A PollLoop execution failed: it could not poll, or could not start RunTask for a task that it "
            "had. First look at the error of that execution.",
        )
        self._at_least_one(
            "NoHandler",
            metrics.of_stack("TasksRefused"),
            "A task was refused: no handler is registered for its type, or it is malformed. First read the "
            "attempt's errorMessage, which names the type and the registered ones.",
        )
        self._at_least_one(
            "TasksNotReported",
            waiting(not_reported),
            "RunTask executions ended without telling Data Pipeline how their tasks ended: they failed, "
            "timed out or were stopped. First read a message of the queue: it names task, error and cause.",
        )
        self._at_least_one(
            "TicksNotDelivered",
            waiting(undelivered),
            "EventBridge Scheduler could not start PollLoop. First read a message of the queue: its "
            "attributes name the error.",
        )
        self._at_least_one(
            "HandlerCrashed",
            metrics.of_stack("HandlersCrashed"),
            "A handler ended without an outcome: it ran out of memory or into Lambda's timeout, raised, or "
            "could not be invoked. First read the attempt's errorId and errorMessage.",
        )
        self._throttled(handlers)
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

    def _of_group(self, metrics: Metrics, group: WorkerGroup) -> None:
        name, short = slug(group.name, 60), group.name[:200]
        self._alarm(
            f"NoPoll-{name}",
            _alive(metrics, group),
            f"No poll of worker group '{short}' has succeeded for 3 schedule periods, so none of its tasks "
            "is taken. First look whether its schedule is enabled, then at its latest PollLoop execution.",
            anchor="nopoll",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            periods=3,
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

    def _throttled(self, handlers: Mapping[str, lambda_.IFunction]) -> None:
        """One alarm for every nine handlers: its tenth metric is their sum."""
        size = _METRICS_AN_ALARM_MAY_HAVE - 1
        functions = list(handlers.items())
        for number, start in enumerate(range(0, len(functions), size)):
            using: dict[str, cloudwatch.IMetric] = {
                f"m{index}": throttles(function, route)
                for index, (route, function) in enumerate(functions[start : start + size])
            }
            self._at_least_one(
                "HandlerThrottled" + (f"-{number + 1}" if number else ""),
                cloudwatch.MathExpression(
                    expression=" + ".join(f"FILL({key}, 0)" for key in using),
                    using_metrics=using,
                    period=PERIOD,
                    label="Throttled",
                ),
                "Lambda refuses to run a handler for want of concurrency. Its tasks wait, and are tried "
                "again each minute. First compare the concurrency in use with the quota of the account and "
                "of the function.",
                anchor="handlerthrottled",
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
            alarm_description=f"{meaning} Then: {RUNBOOK}#{anchor or name.lower()}",
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


def _alive(metrics: Metrics, group: WorkerGroup) -> cloudwatch.IMetric:
    """Polls of a worker group. A loop that waits at max_concurrent_tasks is alive too, but does not poll."""
    period = Duration.seconds(group.period_seconds)
    polls = metrics.of_group("Polls", group.name).with_(period=period)
    if group.max_concurrent_tasks is None:
        return polls
    return cloudwatch.MathExpression(
        expression="SUM([polls, full])",
        using_metrics={"polls": polls, "full": metrics.of_group("LoopFull", group.name).with_(period=period)},
        period=period,
        label="Polls, and waits at the limit",
    )
