"""The dashboard. From top to bottom: is it alive, is it keeping up, what ends, what fails, what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.console_urls import insights_url, state_machine_url
from infra.monitoring.metrics import PERIOD, Metrics, busy, errors, started, succeeded, throttles, waiting
from infra.poll_loop import PollLoop

_WIDTH = 24
_HEIGHT = 6
_GRAPHS_IN_A_ROW = 3


class Dashboard(Construct):
    """One dashboard, named as the stack. Its lines are labelled with the names of worker groups and types."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        metrics: Metrics,
        run_task: sfn.StateMachine,
        poll_loops: Sequence[PollLoop],
        routes: Sequence[str],
        handlers: Mapping[str, lambda_.IFunction],
        containers: bool,
        execution_ended: lambda_.IFunction,
        not_reported: sqs.IQueue,
        undelivered: sqs.IQueue,
        alarms: Sequence[cloudwatch.Alarm],
        runbook: str,
    ) -> None:
        super().__init__(scope, construct_id)
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=name, default_interval=Duration.hours(12)
        )
        links = _links(name, run_task, poll_loops, runbook)
        dashboard.add_widgets(
            cloudwatch.TextWidget(markdown=links, width=_WIDTH, height=2 + len(poll_loops) // 10)
        )
        dashboard.add_widgets(
            cloudwatch.AlarmStatusWidget(
                title="Alarms", alarms=list(alarms), width=_WIDTH, height=1 + (len(alarms) + 5) // 6
            )
        )
        rows = _rows(
            metrics,
            run_task,
            poll_loops,
            routes,
            handlers,
            execution_ended,
            not_reported,
            undelivered,
            containers=containers,
        )
        for question, graphs in rows.items():
            dashboard.add_widgets(cloudwatch.TextWidget(markdown=f"## {question}", width=_WIDTH, height=1))
            for first in range(0, len(graphs), _GRAPHS_IN_A_ROW):
                row = graphs[first : first + _GRAPHS_IN_A_ROW]
                dashboard.add_widgets(*(_graph(title, lines) for title, lines in row))


def _rows(
    metrics: Metrics,
    run_task: sfn.StateMachine,
    poll_loops: Sequence[PollLoop],
    routes: Sequence[str],
    handlers: Mapping[str, lambda_.IFunction],
    execution_ended: lambda_.IFunction,
    not_reported: sqs.IQueue,
    undelivered: sqs.IQueue,
    *,
    containers: bool,
) -> dict[str, list[tuple[str, list[cloudwatch.IMetric]]]]:
    """The graphs that answer each question: their titles and lines."""

    def of_groups(metric: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
        groups = [loop.worker_group.name for loop in poll_loops]
        return [metrics.of_group(metric, group, label=group[:60], statistic=statistic) for group in groups]

    def of_types(metric: str, *, label: str = "", statistic: str = "Sum") -> list[cloudwatch.IMetric]:
        return [metrics.of_type(metric, route, label=label + route, statistic=statistic) for route in routes]

    return {
        "Is it alive?": [
            (
                "Loops that succeeded, by worker group",
                [succeeded(loop.state_machine, label=loop.worker_group.name[:60]) for loop in poll_loops],
            ),
            ("Polls that failed, by error", [metrics.by("Error", "PollErrors")]),
            (
                "Loops failed, ticks not delivered",
                [
                    metrics.of_stack("PollLoopsFailed", label="loops failed"),
                    waiting(undelivered, "ticks not delivered"),
                ],
            ),
        ],
        "Is it keeping up?": [
            ("Tasks received, by worker group", of_groups("StartDelay", "SampleCount")),
            (
                "Seconds from ready to received, the longest, by worker group",
                of_groups("StartDelay", "Maximum"),
            ),
            ("Waits at max_concurrent_tasks, by worker group", of_groups("LoopFull")),
        ],
        "What ends?": [
            ("Tasks ended, by type", of_types("TaskDuration", statistic="SampleCount")),
            ("Tasks failed, by type", of_types("TasksFailed")),
            (
                "Seconds from start to end, 90th percentile, by type",
                of_types("TaskDuration", statistic="p90"),
            ),
            (
                "Tasks canceled, and preconditions that did not hold, by type",
                [*of_types("TasksCanceled", label="canceled "), *of_types("TasksNotMet", label="not met ")],
            ),
            (
                "Tasks that the service had forgotten, or was not told of, by type",
                [
                    *of_types("TasksLost", label="forgotten "),
                    metrics.of_stack("TasksNotReported", label="not told"),
                ],
            ),
            ("Deferrals of tasks that ended, by type", of_types("TasksDeferred")),
        ],
        "What fails?": [
            (
                "Tasks failed, and why it was not their own work",
                [
                    metrics.of_stack("TasksFailed", label="failed"),
                    metrics.of_stack("TasksRefused", label="no handler, or malformed"),
                    metrics.of_stack("HandlersCrashed", label="handler crashed"),
                    metrics.of_stack("StatusesRefused", label="status refused by the service"),
                    *(
                        [metrics.of_stack("ContainersNotStarted", label="container not started, or not yet")]
                        if containers
                        else []
                    ),
                ],
            ),
            (
                "Handlers throttled, by type",
                [throttles(function, route) for route, function in handlers.items()],
            ),
            (
                "Nobody was told: tasks in the queue, ends not counted",
                [waiting(not_reported, "tasks not reported"), errors(execution_ended, "ends not counted")],
            ),
        ],
        "What does it cost?": [
            ("State transitions, at least", [_transitions(run_task, poll_loops)]),
            (
                "Milliseconds that functions ran",
                [
                    _total("pollers", [busy(loop.poller, "") for loop in poll_loops]),
                    *(busy(function, route) for route, function in handlers.items()),
                ],
            ),
            ("Objects put into the claims bucket", [metrics.of_stack("ClaimObjects", label="claim objects")]),
        ],
    }


def _graph(title: str, left: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        left_y_axis=cloudwatch.YAxisProps(min=0),
        # A long legend below a graph leaves no room for the graph.
        legend_position=(
            cloudwatch.LegendPosition.RIGHT if len(left) > 6 else cloudwatch.LegendPosition.BOTTOM
        ),
        width=_WIDTH // 3,
        height=_HEIGHT,
    )


def _transitions(run_task: sfn.StateMachine, poll_loops: Sequence[PollLoop]) -> cloudwatch.MathExpression:
    """A task takes three of PollLoop and five of RunTask, a tick three. Waits and deferrals add to that."""
    loops: dict[str, cloudwatch.IMetric] = {
        f"loop{number}": started(loop.state_machine, "") for number, loop in enumerate(poll_loops)
    }
    return cloudwatch.MathExpression(
        expression=f"8 * FILL(tasks, 0) + 3 * SUM([{', '.join(loops)}])",
        using_metrics={"tasks": started(run_task, ""), **loops},
        label="transitions",
        period=PERIOD,
    )


def _total(label: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.MathExpression:
    using = {f"m{number}": metric for number, metric in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=f"SUM([{', '.join(using)}])", using_metrics=using, label=label, period=PERIOD
    )


def _links(name: str, run_task: sfn.StateMachine, poll_loops: Sequence[PollLoop], runbook: str) -> str:
    def machine(text: str, machine: sfn.StateMachine) -> str:
        return f"[{text}]({state_machine_url(machine.state_machine_arn)})"

    loops = ", ".join(machine(loop.worker_group.name[:60], loop.state_machine) for loop in poll_loops)
    return (
        f"# {name}\n"
        f"Executions: {machine('RunTask', run_task)}; PollLoop of {loops}. "
        f"Logs: [Logs Insights]({insights_url()}) on `/aws/lambda/{name}-*` with the queries in "
        f"`docs/queries/`. What to do: {f'[the runbook]({runbook})' if '://' in runbook else f'`{runbook}`'}."
    )
