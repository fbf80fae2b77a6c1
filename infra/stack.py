"""Everything that runs the tasks of one or more worker groups: as a construct, and as a stack."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import (
    CfnOutput,
    CfnResource,
    CfnRule,
    CfnRuleAssertion,
    Duration,
    Fn,
    RemovalPolicy,
    Stack,
    Token,
)
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.bundling import lambda_code
from infra.configuration_error import ConfigurationError
from infra.console_urls import dashboard_url, state_machine_url
from infra.container_ended import container_ended
from infra.container_task import ContainerTask
from infra.context import Context
from infra.encryption import let_logs_use
from infra.limits import REGIONS, refuse_region, refuse_stack_name, refuse_too_many_resources
from infra.monitoring.events import ExecutionEvents, dead_letter_queue
from infra.monitoring.metrics import NAMESPACE
from infra.monitoring.monitoring import Monitoring
from infra.naming import slug
from infra.poll_loop import PollLoop
from infra.registration import (
    Handlers,
    handlers_by_route,
    refuse_equal_names,
    refuse_equal_states,
)
from infra.run_task.state_machine import RunTask
from infra.shared_settings import SharedSettings
from infra.worker_group import WorkerGroup

CLAIM_DAYS = 7
"""How long the objects of a task with secrets, or with more than 200 KB, stay available to its handler."""


class TaskRunner(Construct):
    """PollLoop for each worker group, RunTask, the handlers, and their monitoring, for a stack of yours.

    What it makes is named after the stack, so a stack has one. With the id ``Default``, the template is that
    of TaskRunnerStack.
    ``handlers``: pairs of a route and its handler. The route is a pipeline object's ``type``, or the value of
    its ``myHandler`` field. Two pairs with one route are refused. A mapping is accepted too, but Python
    silently keeps the last of two equal keys; ruff's F601 finds them.
    ``encryption_key`` encrypts what is kept of tasks: state, logs and claims. None: keys that AWS owns do.
    ``failed_tasks_alarm``: how many tasks FAILED within 5 minutes are an alarm; None for no such alarm.
    ``dashboard``: a CloudWatch dashboard, and the metrics that only it shows, for $3.00 a month and more.
    ``runbook_url``: where docs/runbook.md can be read, for the links in the alarms' messages.
    ``tracing``: X-Ray traces of all state machines, and of the functions that the stack creates.
    ``time_scale`` is for local AWS only: protocol times are divided by it. None: the context's ``timeScale``.
    Worker groups that leave out both ``schedule`` and ``poll_timeout`` take them from the context, if there.
    Raises ConfigurationError for anything that could not work once deployed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        worker_groups: Sequence[WorkerGroup],
        handlers: Handlers,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        alarm_email: str | None = None,
        encryption_key: kms.IKey | None = None,
        failed_tasks_alarm: int | None = 1,
        dashboard: bool = False,
        runbook_url: str | None = None,
        tracing: bool = False,
        time_scale: float | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        _refuse_second(self, stack)
        by_route = handlers_by_route(handlers)
        _check_worker_groups(worker_groups)
        context = Context(self.node.get_all_context())
        worker_groups = [group.with_context(context) for group in worker_groups]
        if time_scale is None:
            time_scale = context.number("timeScale", 1)
        refuse_stack_name(stack.stack_name)
        refuse_region(stack.region)
        _refuse_settings(failed_tasks_alarm, time_scale, tracing, encryption_key, log_retention)
        _refuse_address(alarm_email)
        _refuse_monitoring(dashboard, runbook_url)
        refuse_equal_names(stack.stack_name, worker_groups, by_route)
        if encryption_key is not None:
            let_logs_use(encryption_key, stack)
        claims = self._claims_bucket(encryption_key)
        shared = SharedSettings(
            code=lambda_code(),
            claims=claims,
            log_retention=log_retention,
            variables={
                "POWERTOOLS_SERVICE_NAME": stack.stack_name,
                "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "PROGRESS_INTERVAL_SECONDS": f"{60 / time_scale:g}",
            },
            encryption_key=encryption_key,
            tracing=tracing,
            dashboard=dashboard,
        )
        targets = {
            route: handler.target(Construct(self, f"Handler-{slug(route, 60)}"), route, shared)
            for route, handler in by_route.items()
        }
        repeatable = {route for route, handler in by_route.items() if getattr(handler, "repeatable", False)}
        containers = {route: target for route, target in targets.items() if isinstance(target, ContainerTask)}
        refuse_equal_states(by_route, containers)
        ended = container_ended(self, list(containers.values()), shared) if containers else None
        self.run_task = RunTask(
            self, "RunTask", handlers=targets, container_ended=ended, repeatable=repeatable, shared=shared
        )
        undelivered = dead_letter_queue(self, "TicksNotDelivered", "ticks-not-delivered")
        self.poll_loops = [
            PollLoop(
                self,
                f"PollLoop-{slug(group.name, 60)}",
                worker_group=group,
                run_task=self.run_task.state_machine,
                shared=shared,
                time_scale=time_scale,
                undelivered=undelivered,
            )
            for group in worker_groups
        ]
        events = ExecutionEvents(
            self,
            "Events",
            run_task=self.run_task.state_machine,
            container_ended=ended,
            shared=shared,
        )
        for loop in self.poll_loops:
            # Otherwise nobody would count how the first tasks ended.
            loop.schedule.node.add_dependency(events)
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            run_task=self.run_task.state_machine,
            poll_loops=self.poll_loops,
            targets=targets,
            events=events,
            undelivered=undelivered,
            alarm_email=alarm_email,
            failed_tasks=failed_tasks_alarm,
            encryption_key=encryption_key,
            dashboard=dashboard,
            runbook_url=runbook_url,
        )
        self._require_a_region_with_data_pipeline(stack)
        refuse_too_many_resources(
            stack.stack_name,
            _resources(stack),
            [
                _resources(loop) + 1 + (loop.worker_group.idle_alarm_hours is not None)
                for loop in self.poll_loops
            ],
        )
        CfnOutput(self, "RunTaskArn", value=self.run_task.state_machine.state_machine_arn)
        CfnOutput(self, "RunTaskUrl", value=state_machine_url(self.run_task.state_machine.state_machine_arn))
        CfnOutput(self, "AlarmTopicArn", value=self.monitoring.topic.topic_arn)
        if dashboard:
            CfnOutput(self, "DashboardUrl", value=dashboard_url(stack.stack_name))
        for loop in self.poll_loops:
            CfnOutput(loop, "Arn", value=loop.state_machine.state_machine_arn)
            CfnOutput(loop, "Url", value=state_machine_url(loop.state_machine.state_machine_arn))

    def _require_a_region_with_data_pipeline(self, stack: Stack) -> None:
        """Let CloudFormation check the region if it is that of whatever credentials deploy the stack."""
        if Token.is_unresolved(stack.region):
            CfnRule(
                self,
                "DataPipelineRegion",
                assertions=[
                    CfnRuleAssertion(
                        assert_=Fn.condition_contains(list(REGIONS), stack.region),
                        assert_description=f"AWS Data Pipeline exists in {', '.join(REGIONS)} only.",
                    )
                ],
            )

    def _claims_bucket(self, encryption_key: kms.IKey | None) -> s3.Bucket:
        """The bucket for what must not be in a state machine's history: private, encrypted and expiring."""
        return s3.Bucket(
            self,
            "Claims",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if encryption_key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=encryption_key,
            bucket_key_enabled=encryption_key is not None,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(CLAIM_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.DESTROY,
        )


class TaskRunnerStack(Stack):
    """A stack with a TaskRunner, which describes the arguments, and with what ``cdk.Stack`` takes besides."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        worker_groups: Sequence[WorkerGroup],
        handlers: Handlers,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        alarm_email: str | None = None,
        encryption_key: kms.IKey | None = None,
        failed_tasks_alarm: int | None = 1,
        dashboard: bool = False,
        runbook_url: str | None = None,
        tracing: bool = False,
        time_scale: float | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(scope, construct_id, **settings)
        # CDK leaves "Default" out of logical ids: deployed stacks keep their resources.
        runner = TaskRunner(
            self,
            "Default",
            worker_groups=worker_groups,
            handlers=handlers,
            log_retention=log_retention,
            alarm_email=alarm_email,
            encryption_key=encryption_key,
            failed_tasks_alarm=failed_tasks_alarm,
            dashboard=dashboard,
            runbook_url=runbook_url,
            tracing=tracing,
            time_scale=time_scale,
        )
        self.run_task = runner.run_task
        self.poll_loops = runner.poll_loops
        self.monitoring = runner.monitoring


def _refuse_second(runner: TaskRunner, stack: Stack) -> None:
    if any(isinstance(other, TaskRunner) and other is not runner for other in stack.node.find_all()):
        raise ConfigurationError(
            f"The stack '{stack.stack_name}' has a TaskRunner already, and its names are taken: give it all "
            "worker groups and handlers, or make a second stack."
        )


def _resources(construct: Construct) -> int:
    return sum(isinstance(node, CfnResource) for node in construct.node.find_all())


def _check_worker_groups(worker_groups: Sequence[WorkerGroup]) -> None:
    if not worker_groups:
        raise ConfigurationError("At least one worker group is needed.")
    if not all(isinstance(group, WorkerGroup) for group in worker_groups):
        raise ConfigurationError(
            f"worker_groups is {worker_groups!r}; a list is needed, such as [WorkerGroup('etl')]."
        )
    names = [group.name for group in worker_groups]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"Worker group '{name}' is given more than once.")


def _refuse_settings(
    failed_tasks: object, time_scale: object, tracing: object, key: object, retention: object
) -> None:
    """Check types here, because jsii's errors do not name the setting."""
    if failed_tasks is not None and (type(failed_tasks) is not int or failed_tasks < 1):
        raise ConfigurationError(
            f"failed_tasks_alarm is {failed_tasks!r}; so many failed tasks are an alarm, a whole number of 1 "
            "or more. None switches the alarm off."
        )
    if type(time_scale) not in (int, float) or not 0 < time_scale < math.inf:  # type: ignore[operator]
        raise ConfigurationError(f"time_scale is {time_scale!r}: a number above 0 is needed.")
    if not isinstance(tracing, bool):
        raise ConfigurationError(f"tracing is {tracing!r}: True or False is needed.")
    if isinstance(key, str):
        raise ConfigurationError(
            f"encryption_key is {key!r}: a construct is needed, such as "
            "kms.Key.from_key_arn(stack, 'Key', arn)."
        )
    if not isinstance(retention, logs.RetentionDays):
        raise ConfigurationError(
            f"log_retention is {retention!r}: one of logs.RetentionDays is needed, such as ONE_MONTH."
        )


def _refuse_monitoring(dashboard: object, runbook_url: object) -> None:
    if not isinstance(dashboard, bool):
        raise ConfigurationError(f"dashboard is {dashboard!r}: True or False is needed.")
    if runbook_url is None or Token.is_unresolved(runbook_url):
        return
    # The messages of alarms add the alarm's section, and their descriptions have an end (PutMetricAlarm).
    if not isinstance(runbook_url, str) or not re.fullmatch(r"https?://[^\s#]{1,500}", runbook_url):
        raise ConfigurationError(
            f"runbook_url is {runbook_url!r}: the address of docs/runbook.md is needed, without '#', such "
            "as https://git.example.com/task-runner/docs/runbook.md."
        )


def _refuse_address(address: str | None) -> None:
    """SNS accepts a text that is no address, but then the subscription fails, and with it the deployment."""
    if address is not None and not isinstance(address, str):
        raise ConfigurationError(f"alarm_email is {address!r}: one address is needed, as a string.")
    if address and not Token.is_unresolved(address) and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ConfigurationError(f"alarm_email is '{address}': an address such as you@example.com is needed.")
