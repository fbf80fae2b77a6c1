"""The dashboard, and the alarms that wake somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.naming import slug
from infra.poll_loop import PollLoop

NAMESPACE = "DataPipelineTaskRunner"

_PERIODS_WITHOUT_POLL = 3
_METRICS_AN_ALARM_MAY_HAVE = 10
"""Metrics and expressions in one alarm (CloudWatch quotas)."""


class Monitoring(Construct):
    """One dashboard a stack, and its alarms on one SNS topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        poll_loops: Sequence[PollLoop],
        handlers: Mapping[str, lambda_.IFunction],
        alarm_email: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._service = Stack.of(self).stack_name
        self.topic = sns.Topic(self, "Alarms", enforce_ssl=True)
        if alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(alarm_email))
        self._no_poll_alarms(poll_loops)
        self._failure_alarms(handlers)
        self._dashboard(poll_loops, handlers)

    def _metric(self, name: str, *, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._service, **dimensions},
            statistic=statistic,
            period=Duration.minutes(5),
        )

    def _of_group(self, name: str, loop: PollLoop) -> cloudwatch.Metric:
        # As lambdas/runner/telemetry.py writes it.
        text = loop.worker_group.name.encode("ascii", "backslashreplace").decode().strip()
        return self._metric(name, WorkerGroup=text[:255] or "none")

    def _no_poll_alarms(self, poll_loops: Sequence[PollLoop]) -> None:
        for loop in poll_loops:
            group = loop.worker_group
            self._alarm(
                f"NoPoll-{slug(group.name, 60)}",
                metric=self._of_group("Polls", loop).with_(period=Duration.seconds(group.period_seconds)),
                threshold=1,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                evaluation_periods=_PERIODS_WITHOUT_POLL,
                missing=cloudwatch.TreatMissingData.BREACHING,
                description=(
                    f"No poll of worker group '{group.name[:200]}' has succeeded for {_PERIODS_WITHOUT_POLL} "
                    "schedule periods, so none of its tasks is taken. First look at the latest execution of "
                    "its PollLoop state machine, then whether its schedule is enabled."
                ),
            )

    def _failure_alarms(self, handlers: Mapping[str, lambda_.IFunction]) -> None:
        """Tasks that a handler failed, that crashed one, or that no handler takes."""
        failed: list[cloudwatch.IMetric] = [
            self._metric("TasksFailed", Type=_dimension(route)) for route in handlers
        ]
        failed += [function.metric_errors(period=Duration.minutes(5)) for function in handlers.values()]
        failed.append(self._metric("TasksRefused"))
        size = _METRICS_AN_ALARM_MAY_HAVE - 1
        for number, start in enumerate(range(0, len(failed), size)):
            part = failed[start : start + size]
            using = {f"m{index}": metric for index, metric in enumerate(part)}
            self._alarm(
                "TasksFailed" + (f"-{number + 1}" if number else ""),
                metric=cloudwatch.MathExpression(
                    expression=" + ".join(f"FILL({key}, 0)" for key in using),
                    using_metrics=using,
                    period=Duration.minutes(5),
                    label="Tasks failed",
                ),
                threshold=1,
                comparison=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                evaluation_periods=1,
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
                description=(
                    "A task was reported FAILED, or its handler crashed, or no handler takes its type. First "
                    "look at the attempt's errorMessage in Data Pipeline, then at the RunTask execution."
                ),
            )

    def _alarm(
        self,
        name: str,
        *,
        metric: cloudwatch.IMetric,
        threshold: float,
        comparison: cloudwatch.ComparisonOperator,
        evaluation_periods: int,
        missing: cloudwatch.TreatMissingData,
        description: str,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._service}-{name}",
            metric=metric,
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=evaluation_periods,
            treat_missing_data=missing,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))

    def _dashboard(self, poll_loops: Sequence[PollLoop], handlers: Mapping[str, lambda_.IFunction]) -> None:
        def graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=list(metrics), width=12, height=6)

        def by_type(name: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
            return [self._metric(name, statistic=statistic, Type=_dimension(route)) for route in handlers]

        crashes = [
            function.metric_errors(period=Duration.minutes(5), label=f"crashed {route}")
            for route, function in handlers.items()
        ]
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._service)
        dashboard.add_widgets(
            graph(
                "Is it alive? Polls, and polls that failed",
                [self._of_group(name, loop) for loop in poll_loops for name in ("Polls", "PollErrors")],
            ),
            graph(
                "Is it keeping up? Tasks received, and waits at max_concurrent_tasks",
                [self._of_group(name, loop) for loop in poll_loops for name in ("TasksReceived", "LoopFull")],
            ),
        )
        dashboard.add_widgets(
            graph(
                "What fails? Tasks failed, crashed, refused",
                [*by_type("TasksFailed"), *crashes, self._metric("TasksRefused")],
            ),
            graph(
                "What ends? Tasks by outcome",
                [
                    *by_type("TasksFinished"),
                    *by_type("TasksNotMet"),
                    *by_type("TasksCanceled"),
                    *by_type("TasksDeferred"),
                ],
            ),
        )
        dashboard.add_widgets(graph("Handler seconds, 90th percentile", by_type("HandlerDuration", "p90")))


def _dimension(route: str) -> str:
    return route.encode("ascii", "backslashreplace").decode()[:255]
