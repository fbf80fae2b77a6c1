"""Handles ended executions, and messages that could not be delivered.

EventBridge sends the ends of RunTask and the failures of PollLoop to lambdas/execution_ended.py, which logs
and counts them. Tasks whose end was not reported go to a queue, which keeps them for 14 days.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.naming import EXECUTION_ENDED
from infra.poll_loop import POLL_LOOP
from infra.python_function import python_function
from infra.run_task.state_machine import RUN_TASK
from infra.shared_settings import SharedSettings

_FAILED = ["FAILED", "TIMED_OUT", "ABORTED"]


def dead_letter_queue(scope: Construct, construct_id: str, name: str) -> sqs.Queue:
    """A queue named ``<stack>-<name>``: encrypted, TLS only, with the longest retention that SQS allows."""
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=f"{Stack.of(scope).stack_name}-{name}",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )


class ExecutionEvents(Construct):
    """The rules, the function that counts ends, and the queue of tasks whose end was not reported."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        run_task: sfn.StateMachine,
        container_ended: lambda_.IFunction | None,
        shared: SharedSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = python_function(
            self,
            EXECUTION_ENDED,
            handler="execution_ended.handler",
            shared=shared,
            memory_mb=256,
            timeout=Duration.seconds(30),
            environment={"RUN_TASK_ARN": run_task.state_machine_arn, **shared.counting},
        )
        self._let_describe(shared.encryption_key)
        self.not_reported = dead_letter_queue(self, "NotReported", "tasks-not-reported")
        count = targets.LambdaFunction(self.function)
        its_arn = [run_task.state_machine_arn]
        self._rule("RunTaskEnded", its_arn, ["SUCCEEDED", *_FAILED], count)
        # A pattern has at most 2,048 characters (EventBridge quotas), too few for the ARNs of many loops.
        stack = Stack.of(self)
        loops = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=f"{stack.stack_name}-{POLL_LOOP}-",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        # A person stopped an aborted loop: nothing is lost, the next tick polls.
        self._rule("PollLoopFailed", events.Match.prefix(loops), ["FAILED", "TIMED_OUT"], count)
        self._rule("RunTaskFailed", its_arn, _FAILED, targets.SqsQueue(self.not_reported))
        if container_ended is not None:
            # Step Functions stops the container of an aborted execution as well as it can (developer guide,
            # Run a Job). This does so too.
            self._rule("ContainerLeft", its_arn, _FAILED, targets.LambdaFunction(container_ended))

    def _let_describe(self, key: kms.IKey | None) -> None:
        """Let the function ask for what an event omits: RunTask's large data and, with a key, everything."""
        stack = Stack.of(self)

        def arns(kind: str, names: str) -> list[str]:
            machines = [RUN_TASK, *([f"{POLL_LOOP}-*"] if key is not None else [])]
            return [
                stack.format_arn(
                    service="states",
                    resource=kind,
                    resource_name=f"{stack.stack_name}-{machine}{names}",
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
                for machine in machines
            ]

        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=["states:DescribeExecution"], resources=arns("execution", ":*"))
        )
        if key is not None:
            self.function.add_to_role_policy(
                iam.PolicyStatement(
                    # Reading an execution decrypts it (Step Functions developer guide, encryption at rest).
                    actions=["kms:Decrypt"],
                    resources=[key.key_arn],
                    conditions={
                        "StringLike": {
                            "kms:EncryptionContext:aws:states:stateMachineArn": arns("stateMachine", "")
                        }
                    },
                )
            )

    def _rule(self, name: str, machines: list[str], statuses: list[str], target: events.IRuleTarget) -> None:
        events.Rule(
            self,
            name,
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": machines,
                    "status": statuses,
                },
            ),
            targets=[target],
        )
