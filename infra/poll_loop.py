"""PollLoop: takes the tasks of one worker group, from one schedule tick to the next.

    Poll -> Next -> StartTask -> Poll ...   a task: three states
    Poll -> Next -> Done                    an idle tick: three states

lambdas/poller/loop.py decides what comes next; the state machine only follows. Held polls that bring no task
follow one another in one invocation of the poller, and so in one Poll state.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.encryption import of_state_machine
from infra.error_log import error_log
from infra.iam_condition import equals
from infra.lambda_errors import NOT_STARTED
from infra.naming import group_name
from infra.python_function import python_function
from infra.shared_settings import SharedSettings
from infra.worker_group import HOLD_SECONDS, WorkerGroup

POLL_LOOP = "PollLoop"
"""A loop's state machine is named ``<stack>-PollLoop-<worker group>``."""

_RETRIES = "($exists($states.context.State.RetryCount) ? $states.context.State.RetryCount : 0)"
"""How often the state was retried (Step Functions developer guide, context object)."""

# The poller counts the events of the history (lambdas/poller/loop.py); a failed try adds three.
_LOOP_AFTER_START = (
    "{% {'loop': $merge([$states.input.loop, "
    f"{{'events': $states.input.loop.events + 3 * {_RETRIES}}}])}} %}}"
)

_BEYOND_THE_POLL_SECONDS = 30
"""The poller's time for everything but the poll: heartbeat, ListExecutions, claim object."""

_LONGEST_POLL_SECONDS = 120
"""The longest poll timeout of a worker group: a slot's last poll may begin at its end."""

_LONGEST_FUNCTION_SECONDS = 900
"""The longest timeout of a function (Lambda quotas)."""


def _timeout_seconds(group: WorkerGroup) -> int:
    """The poller's timeout. Held polls follow one another in one invocation, if need be for a whole slot.

    If a slot is longer than a function may last, the poller returns in between (lambdas/poller/round.py).
    """
    if not (group.continuous or group.may_wake):
        return group.poll_timeout + _BEYOND_THE_POLL_SECONDS
    slot = group.period_seconds + _LONGEST_POLL_SECONDS + _BEYOND_THE_POLL_SECONDS
    return min(slot, _LONGEST_FUNCTION_SECONDS)


def _looks_for_earlier_loops(group: WorkerGroup) -> bool:
    return group.may_wake or (group.continuous and group.max_concurrent_tasks is not None)


class PollLoop(Construct):
    """The schedule, the loop and the poller of one worker group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        worker_group: WorkerGroup,
        run_task: sfn.IStateMachine,
        shared: SharedSettings,
        time_scale: float,
        undelivered: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        name = group_name(stack.stack_name, worker_group.name)
        most = worker_group.max_concurrent_tasks
        machine_name = f"{stack.stack_name}-{POLL_LOOP}-{name}"
        # By its name, as the state machine itself refers to the poller.
        poll_loop_arn = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=machine_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.worker_group = worker_group
        self.poller = python_function(
            self,
            f"poll-{name}",
            handler="poll_for_task.handler",
            shared=shared,
            # The poller mostly waits, and waiting is billed by memory.
            memory_mb=128,
            timeout=Duration.seconds(_timeout_seconds(worker_group)),
            environment={
                "WORKER_GROUP": worker_group.name,
                "POLL_TIMEOUT_SECONDS": f"{worker_group.poll_timeout / time_scale:g}",
                "POLL_HOLD_SECONDS": f"{HOLD_SECONDS / time_scale:g}",
                "PERIOD_SECONDS": f"{worker_group.period_seconds / time_scale:g}",
                "RUN_TASK_ARN": run_task.state_machine_arn,
                "CLAIMS_BUCKET": shared.claims.bucket_name,
                "RUNNER_HOSTNAME": f"{stack.stack_name}-{name}",
                **(
                    {"LINGER_SECONDS": f"{60 * worker_group.linger_minutes / time_scale:g}"}
                    if worker_group.may_wake
                    else {}
                ),
                **({"MAX_CONCURRENT_TASKS": str(most)} if most is not None else {}),
                **({"POLL_LOOP_ARN": poll_loop_arn} if _looks_for_earlier_loops(worker_group) else {}),
                # A metric costs $0.30 a month, so tasks are counted only for the alarm that needs it.
                **shared.counting,
                **({"COUNT_TASKS": "1"} if worker_group.idle_alarm_hours is not None else {}),
            },
        )
        self._grant(run_task, poll_loop_arn, shared)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=machine_name,
            comment=f"Takes the tasks of worker group {worker_group.name} and starts RunTask for each.",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(self._definition(run_task)),
            encryption_configuration=of_state_machine(shared.encryption_key),
            logs=error_log(self, "LoopLogs", state_machine=machine_name, shared=shared),
            tracing_enabled=shared.tracing,
        )
        ticker = iam.Role(
            self,
            "ScheduleRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        self.schedule = scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=f"{stack.stack_name}-{name}",
            description=f"Starts PollLoop for worker group {name}.",
            schedule=scheduler.ScheduleExpression.expression(worker_group.schedule),
            target=targets.StepFunctionsStartExecution(
                self.state_machine,
                role=ticker,
                input=scheduler.ScheduleTargetInput.from_object({}),
                # A tick that is not delivered within its minute is worthless: the next tick polls.
                # The default, 185 retries over 24 hours, would let late ticks pile up.
                retry_attempts=2,
                max_event_age=Duration.minutes(1),
                dead_letter_queue=undelivered,
            ),
        )

        # A rate begins when the schedule is created (EventBridge Scheduler user guide, schedule types), and
        # the reference to the role does not make CloudFormation wait for the role's policy.
        self.schedule.node.add_dependency(ticker)

    def _grant(self, run_task: sfn.IStateMachine, poll_loop_arn: str, shared: SharedSettings) -> None:
        self.poller.add_to_role_policy(
            iam.PolicyStatement(
                # PollForTask has no resource type, only this condition (Service Authorization Reference).
                actions=["datapipeline:PollForTask"],
                resources=["*"],
                conditions=equals("datapipeline:workerGroup", self.worker_group.name),
            )
        )
        self.poller.add_to_role_policy(
            iam.PolicyStatement(actions=["datapipeline:ReportTaskRunnerHeartbeat"], resources=["*"])
        )
        self.poller.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"], resources=[shared.claims.arn_for_objects("claims/*")]
            )
        )
        if shared.encryption_key is not None:
            # Putting an object takes only this action (S3 user guide, SSE-KMS).
            shared.encryption_key.grant(self.poller, "kms:GenerateDataKey")
        # To count the tasks that run, and to see whether the group has work.
        if self.worker_group.max_concurrent_tasks is not None or self.worker_group.may_wake:
            self.poller.add_to_role_policy(
                iam.PolicyStatement(actions=["states:ListExecutions"], resources=[run_task.state_machine_arn])
            )
        # To see whether the execution before still polls.
        if _looks_for_earlier_loops(self.worker_group):
            self.poller.add_to_role_policy(
                iam.PolicyStatement(actions=["states:ListExecutions"], resources=[poll_loop_arn])
            )

    def _definition(self, run_task: sfn.IStateMachine) -> sfn.IChainable:
        poll = tasks.LambdaInvoke.jsonata(
            self,
            "Poll",
            lambda_function=self.poller,
            payload=sfn.TaskInput.from_object(
                {
                    "loop": "{% $exists($states.input.loop) ? $states.input.loop : {} %}",
                    "startedAt": "{% $states.context.Execution.StartTime %}",
                    "retries": f"{{% {_RETRIES} %}}",
                }
            ),
            outputs="{% $states.result.Payload %}",
            retry_on_service_exceptions=False,
        )
        # A poll whose answer was lost loses nothing: the service offers its task again. The lost invocation
        # may poll on, up to its timeout, beside the one that is tried again.
        poll.add_retry(
            errors=[
                *NOT_STARTED,
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
            ],
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=3,
            jitter_strategy=sfn.JitterType.FULL,
        )
        start = tasks.StepFunctionsStartExecution.jsonata(
            self,
            "StartTask",
            state_machine=run_task,
            integration_pattern=sfn.IntegrationPattern.REQUEST_RESPONSE,
            name="{% $states.input.name %}",
            input=sfn.TaskInput.from_text("{% $states.input.task %}"),
            outputs=_LOOP_AFTER_START,
        )
        exists = "StepFunctions.ExecutionAlreadyExistsException"
        start.add_retry(errors=[exists], max_attempts=0)
        # Less than the 2 minutes after which the service offers an unacknowledged task again.
        start.add_retry(
            errors=["States.ALL"],
            interval=Duration.seconds(1),
            backoff_rate=2,
            max_delay=Duration.seconds(15),
            max_attempts=7,
            jitter_strategy=sfn.JitterType.FULL,
        )
        # The name is unique to the task: an earlier try was answered too late, and the task is running.
        start.add_catch(poll, errors=[exists], outputs=_LOOP_AFTER_START)
        wait = sfn.Wait.jsonata(self, "Wait", time=sfn.WaitTime.seconds("{% $states.input.waitSeconds %}"))
        following = (
            sfn.Choice.jsonata(self, "Next")
            .when(sfn.Condition.jsonata("{% $states.input.next = 'START' %}"), start.next(poll))
            .when(sfn.Condition.jsonata("{% $states.input.next = 'WAIT' %}"), wait.next(poll))
            .when(sfn.Condition.jsonata("{% $states.input.next = 'POLL' %}"), poll)
            .otherwise(sfn.Succeed(self, "Done"))
        )
        return poll.next(following)
