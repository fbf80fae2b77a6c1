"""Puts the monitoring together: the topic, the alarms and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.container_task import ContainerTask
from infra.handler import Target
from infra.monitoring.alarms import RUNBOOK, Alarms
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.events import ExecutionEvents
from infra.monitoring.metrics import Metrics
from infra.monitoring.topic import alarm_topic
from infra.poll_loop import PollLoop


class Monitoring(Construct):
    """A stack's alarms, which all notify one SNS topic, and its dashboard if it has one."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        run_task: sfn.StateMachine,
        poll_loops: Sequence[PollLoop],
        targets: Mapping[str, Target],
        events: ExecutionEvents,
        undelivered: sqs.IQueue,
        alarm_email: str | None,
        failed_tasks: int | None,
        encryption_key: kms.IKey | None,
        dashboard: bool,
        runbook_url: str | None,
    ) -> None:
        super().__init__(scope, construct_id)
        name = Stack.of(self).stack_name
        metrics = Metrics(name)
        functions = {
            route: target for route, target in targets.items() if not isinstance(target, ContainerTask)
        }
        containers = len(functions) < len(targets)
        self.topic = alarm_topic(self, "Topic", encryption_key)
        if alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(alarm_email))
        self.alarms = Alarms(
            self,
            "Alarms",
            metrics=metrics,
            topic=self.topic,
            poll_loops=poll_loops,
            functions=bool(functions),
            containers=containers,
            execution_ended=events.function,
            not_reported=events.not_reported,
            undelivered=undelivered,
            failed_tasks=failed_tasks,
            runbook_url=runbook_url,
        )
        if dashboard:
            Dashboard(
                self,
                "Overview",
                name=name,
                metrics=metrics,
                run_task=run_task,
                poll_loops=poll_loops,
                routes=list(targets),
                handlers=functions,
                containers=containers,
                execution_ended=events.function,
                not_reported=events.not_reported,
                undelivered=undelivered,
                alarms=self.alarms.all,
                runbook=runbook_url or RUNBOOK,
            )
