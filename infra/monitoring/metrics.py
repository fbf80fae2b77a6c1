"""The metrics that the stack's functions write, and those of AWS. docs/monitoring.md lists them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

NAMESPACE = "DataPipelineTaskRunner"

PERIOD = Duration.minutes(5)


class Metrics:
    """Metrics of one stack. Its name is their ``service`` dimension."""

    def __init__(self, service: str) -> None:
        self._service = service

    def of_stack(self, name: str, *, label: str | None = None) -> cloudwatch.Metric:
        """A sum over the stack."""
        return self._metric(name, {}, label=label, statistic="Sum")

    def of_group(
        self, name: str, worker_group: str, *, label: str | None = None, statistic: str = "Sum"
    ) -> cloudwatch.Metric:
        """A metric of one worker group."""
        return self._metric(name, {"WorkerGroup": dimension(worker_group)}, label=label, statistic=statistic)

    def of_type(self, name: str, route: str, *, label: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A metric of one type, or of one value of ``myHandler``."""
        return self._metric(name, {"Type": dimension(route)}, label=label, statistic=statistic)

    def by(self, other: str, name: str) -> cloudwatch.MathExpression:
        """A metric by a dimension whose values nobody knows in advance. Alarms cannot use it."""
        schema = f"{{{NAMESPACE},service,{other}}}"
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{schema} MetricName=\"{name}\" service=\"{self._service}\"', 'Sum')",
            using_metrics={},
            label="",
            period=PERIOD,
        )

    def _metric(
        self, name: str, dimensions: dict[str, str], *, label: str | None, statistic: str
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": self._service, **dimensions},
            label=label,
            statistic=statistic,
            period=PERIOD,
        )


def dimension(text: str) -> str:
    """The value of a dimension as lambdas/runner/telemetry.py writes it."""
    return text.encode("ascii", "backslashreplace").decode().strip()[:255] or "none"


def waiting(queue: sqs.IQueue, label: str | None = None) -> cloudwatch.Metric:
    """Messages that wait in a queue."""
    return queue.metric_approximate_number_of_messages_visible(
        period=PERIOD, statistic="Maximum", label=label
    )


def errors(function: lambda_.IFunction, label: str | None = None) -> cloudwatch.Metric:
    """Invocations that ended with an error."""
    return function.metric_errors(period=PERIOD, label=label)


def throttles(function: lambda_.IFunction, label: str) -> cloudwatch.Metric:
    """Invocations that Lambda refused for want of concurrency."""
    return function.metric_throttles(period=PERIOD, label=label)


def busy(function: lambda_.IFunction, label: str) -> cloudwatch.Metric:
    """The sum of the milliseconds that a function ran."""
    return function.metric_duration(period=PERIOD, statistic="Sum", label=label)


def succeeded(
    machine: sfn.StateMachine, period: Duration = PERIOD, label: str | None = None
) -> cloudwatch.Metric:
    """Executions that succeeded."""
    return machine.metric_succeeded(period=period, label=label)


def started(machine: sfn.StateMachine, label: str) -> cloudwatch.Metric:
    """Executions that were started."""
    return machine.metric_started(period=PERIOD, label=label)
