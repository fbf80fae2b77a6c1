"""RunTask: one execution runs one task.

    ReportProgress -> Route -> <handler> -> Outcome -> SetTaskStatus

Its input is the envelope (lambdas/poller/envelope.py), read everywhere as the execution's input, so that
what flows from state to state is small: ``{canceled, resume?, unacknowledged?}`` before the handler, its
outcome after it. Five states a task, and each deferral costs Wait and the first four again.

The execution's output says how the task ended, for people and for lambdas/execution_ended.py:
``{status, deferrals, errorId?, crashed?, refused?, unhandled?}``. An execution that fails has not told Data
Pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra import lambda_errors
from infra.encryption import of_state_machine
from infra.naming import slug
from infra.shared_settings import SharedSettings

RUN_TASK = "RunTask"
"""The state machine is named ``<stack>-RunTask``."""

TASK = "$states.context.Execution.Input"

# Step Functions names SDK errors <service prefix>.<Java exception> (developer guide, AWS SDK integrations).
NO_LONGER_OURS = [
    "DataPipeline.TaskNotFoundException",
    "DataPipeline.PipelineNotFoundException",
    "DataPipeline.PipelineDeletedException",
]
INVALID_REQUEST = "DataPipeline.InvalidRequestException"

# The function certainly did not start, so to invoke it again keeps "at most once an attempt".
NOT_STARTED = [
    *lambda_errors.NOT_STARTED,
    # What an execution environment answers that ends itself instead of taking a task (runner/environment.py).
    "EnvironmentNotClean",
]

LONGEST_WAIT_SECONDS = 240
"""Between two progress reports of deferred work. The service's model takes a task away after 5 minutes
without a report, its developer guide after 15: this is safe under both."""

CAPACITY_WAIT_SECONDS = 60


class RunTask(Construct):
    """The state machine, with one visible state for each route."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handlers: Mapping[str, lambda_.IFunction],
        shared: SharedSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._handlers = dict(sorted(handlers.items()))
        stack = Stack.of(self)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=f"{stack.stack_name}-{RUN_TASK}",
            comment="Runs one AWS Data Pipeline task: acknowledge, handle, report.",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            encryption_configuration=of_state_machine(shared.encryption_key),
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Logs",
                    log_group_name=f"/aws/vendedlogs/states/{stack.stack_name}-RunTask",
                    retention=shared.log_retention,
                    encryption_key=shared.encryption_key,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ERROR,
                include_execution_data=False,
            ),
            tracing_enabled=shared.tracing,
        )
        self.state_machine.add_to_role_policy(
            iam.PolicyStatement(
                # The developer guide knows no resource for this action, the Service Authorization
                # Reference does: "*" is right under both. ReportProgress brings its own statement.
                actions=["datapipeline:SetTaskStatus"],
                resources=["*"],
            )
        )

    def _definition(self) -> sfn.IChainable:
        canceled = sfn.Succeed.jsonata(
            self,
            "Canceled",
            comment="The service wants no more of this task: no status is reported.",
            outputs=self._end("'CANCELED'"),
        )
        no_longer_ours = sfn.Succeed.jsonata(
            self,
            "NoLongerOurs",
            comment="The service no longer knows the task: nothing is left to report.",
            outputs=self._end("'NO_LONGER_OURS'"),
        )
        not_acknowledged = sfn.Fail(
            self,
            "NotAcknowledged",
            error="NotAcknowledged",
            cause="ReportTaskProgress failed again and again, so the work was not begun. "
            "Data Pipeline offers the task again 2 minutes after it was taken.",
        )
        set_status = self._set_task_status(no_longer_ours)
        report = self._report_progress()
        wait = sfn.Wait.jsonata(
            self,
            "Wait",
            time=sfn.WaitTime.seconds("{% $states.input.waitSeconds %}"),
            outputs="{% {'resume': $states.input.resume} %}",
        )
        outcome = (
            sfn.Choice.jsonata(self, "Outcome")
            .when(sfn.Condition.jsonata("{% $states.input.status = 'DEFERRED' %}"), wait, outputs=_DEFERRAL)
            .when(sfn.Condition.jsonata("{% $states.input.status = 'CANCELED' %}"), canceled)
            .otherwise(set_status)
        )
        route = (
            sfn.Choice.jsonata(self, "Route")
            .when(
                sfn.Condition.jsonata("{% $states.input.canceled and $not($exists($states.input.resume)) %}"),
                canceled,
            )
            .when(
                sfn.Condition.jsonata(
                    "{% $exists($states.input.unacknowledged) and $not($exists($states.input.resume)) %}"
                ),
                not_acknowledged,
            )
            .when(
                sfn.Condition.jsonata(f"{{% $exists({TASK}.refusal) %}}"),
                set_status,
                outputs=f"{{% $merge([{{'status': 'FAILED'}}, {TASK}.refusal]) %}}",
            )
        )
        for name, function in self._handlers.items():
            handler = self._handler(name, function, outcome, wait)
            handler.next(outcome)
            route.when(sfn.Condition.jsonata(f"{{% {TASK}.route = {_literal(name)} %}}"), handler)
        route.when(
            sfn.Condition.jsonata(f"{{% {self._has_no_handler()} %}}"),
            set_status,
            outputs=_no_handler(list(self._handlers)),
        )
        wait.next(report)
        return (
            report.add_catch(
                route,
                errors=[*NO_LONGER_OURS, INVALID_REQUEST],
                outputs="{% {'canceled': true, 'resume': $states.input.resume} %}",
            )
            .add_catch(
                route,
                errors=["States.ALL"],
                outputs="{% {'canceled': false, 'unacknowledged': true, 'resume': $states.input.resume} %}",
            )
            .next(route)
        )

    def _has_no_handler(self) -> str:
        """It is decided here alone: what took the task may have been deployed before this was."""
        return f"$not({TASK}.route in {json.dumps(list(self._handlers))})"

    def _end(self, status: str, *others: str) -> str:
        """The execution's output; ``status``, and the objects ``others``, are JSONata of the last state."""
        deferrals = "$exists($states.input.deferrals) ? $states.input.deferrals : 0"
        parts = [
            f"{{'status': {status}, 'deferrals': {deferrals}}}",
            "$states.input.crashed ? {'crashed': true} : {}",
            f"$exists({TASK}.refusal) or {self._has_no_handler()} ? {{'unhandled': true}} : {{}}",
            *others,
        ]
        return f"{{% $merge([{', '.join(parts)}]) %}}"

    def _report_progress(self) -> sfn.TaskStateBase:
        report = tasks.CallAwsService.jsonata(
            self,
            "ReportProgress",
            comment="Acknowledges the task, and asks whether it is canceled.",
            service="datapipeline",
            action="reportTaskProgress",
            parameters={"TaskId": f"{{% {TASK}.taskId %}}"},
            iam_action="datapipeline:ReportTaskProgress",
            iam_resources=["*"],
            outputs="{% {'canceled': $states.result.Canceled = true, 'resume': $states.input.resume} %}",
        )
        report.add_retry(errors=[*NO_LONGER_OURS, INVALID_REQUEST], max_attempts=0)
        # 91 s in all: after 120 s without acknowledgement the service offers the task to the next poll.
        report.add_retry(
            errors=["States.ALL"],
            interval=_seconds(1),
            backoff_rate=2,
            max_delay=_seconds(30),
            max_attempts=7,
            jitter_strategy=sfn.JitterType.FULL,
        )
        return report

    def _handler(
        self, route: str, function: lambda_.IFunction, outcome: sfn.State, wait: sfn.State
    ) -> sfn.TaskStateBase:
        invoke = tasks.LambdaInvoke.jsonata(
            self,
            f"Handler-{slug(route, 60)}",  # A construct's id may have no "/", and "Logs" is taken.
            state_name=route,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(
                {
                    "task": f"{{% {TASK} %}}",
                    "state": "{% $exists($states.input.resume.state) ? $states.input.resume.state : null %}",
                    "canceled": "{% $states.input.canceled %}",
                }
            ),
            outputs=_outcome(route),
            # CDK's default retries service exceptions, after some of which the function may have run.
            retry_on_service_exceptions=False,
        )
        invoke.add_retry(
            errors=NOT_STARTED,
            interval=_seconds(2),
            backoff_rate=2,
            max_attempts=4,
            max_delay=_seconds(30),
            jitter_strategy=sfn.JitterType.FULL,
        )
        # Still not ready: wait, report progress so that the task stays ours, and try again.
        invoke.add_catch(
            wait,
            errors=NOT_STARTED,
            outputs=f"{{% {{'resume': $states.input.resume, 'waitSeconds': {CAPACITY_WAIT_SECONDS}}} %}}",
        )
        # States.ALL does not catch this one (Step Functions developer guide, error names).
        invoke.add_catch(outcome, errors=["States.DataLimitExceeded"], outputs=_crash(route))
        invoke.add_catch(outcome, errors=["States.ALL"], outputs=_crash(route))
        return invoke

    def _set_task_status(self, no_longer_ours: sfn.State) -> sfn.State:
        not_reported = sfn.Fail(
            self,
            "StatusNotReported",
            error="StatusNotReported",
            cause="{% 'SetTaskStatus could not be called for task ' & " + TASK + ".taskId "
            "& '. Data Pipeline takes the task back after its progress timeout.' %}",
        )
        last_word = self._status_call(
            "ReportRefusedStatus",
            "{% {'TaskId': " + TASK + ".taskId, 'TaskStatus': 'FAILED', 'ErrorId': 'StatusRefused', "
            "'ErrorMessage': 'Data Pipeline refused the status that the handler gave. See execution ' "
            "& $states.context.Execution.Name} %}",
            output=self._end("'FAILED'", "{'errorId': 'StatusRefused', 'refused': true}"),
            refused=not_reported,
            no_longer_ours=no_longer_ours,
            failed=not_reported,
        )
        return self._status_call(
            "SetTaskStatus",
            _STATUS_ARGUMENTS,
            output=self._end(
                "$states.input.status",
                "$states.input.status = 'FAILED' ? {'errorId': $states.input.errorId} : {}",
            ),
            refused=last_word,
            no_longer_ours=no_longer_ours,
            failed=not_reported,
        )

    def _status_call(
        self,
        name: str,
        arguments: str,
        *,
        output: str,
        refused: sfn.State,
        no_longer_ours: sfn.State,
        failed: sfn.State,
    ) -> sfn.CustomState:
        """SetTaskStatus with its optional arguments left out, which CallAwsService cannot do."""
        call = sfn.CustomState(
            self,
            name,
            state_json={
                "Type": "Task",
                "Resource": f"arn:{Stack.of(self).partition}:states:::aws-sdk:datapipeline:setTaskStatus",
                "Arguments": arguments,
                "Output": output,
                "End": True,
            },
        )
        call.add_retry(errors=[*NO_LONGER_OURS, INVALID_REQUEST], max_attempts=0)
        # Half an hour on average, a quarter at the very least: the status is all that the task was run for.
        call.add_retry(
            errors=["States.ALL"],
            interval=_seconds(2),
            backoff_rate=2,
            max_delay=_seconds(60),
            max_attempts=60,
            jitter_strategy=sfn.JitterType.FULL,
        )
        call.add_catch(no_longer_ours, errors=NO_LONGER_OURS)
        call.add_catch(refused, errors=[INVALID_REQUEST])
        call.add_catch(failed, errors=["States.ALL"])
        return call


def _seconds(seconds: int) -> Duration:
    return Duration.seconds(seconds)


def _literal(text: str) -> str:
    """``text`` as a JSONata string literal: JSON's is one."""
    return json.dumps(text)


_DEFERRALS = "($exists($states.input.resume.deferrals) ? $states.input.resume.deferrals : 0)"
"""How often the handler has deferred before, in a handler's state."""


def _outcome(route: str) -> str:
    """The handler's return value, made one of the five outcomes whatever the handler returned."""
    invalid = _literal(
        f"The handler for '{route}' did not return an object whose status is FINISHED, FAILED, FALSE, "
        "DEFERRED or CANCELED."
    )
    return (
        "{% ("
        "$payload := $states.result.Payload; "
        "$outcome := $not($exists($payload)) or $type($payload) = 'null' ? {'status': 'FINISHED'} : "
        "$type($payload) = 'object' and "
        "$payload.status in ['FINISHED', 'FAILED', 'FALSE', 'DEFERRED', 'CANCELED'] ? $payload : "
        f"{{'status': 'FAILED', 'errorId': 'InvalidOutcome', 'errorMessage': {invalid}}}; "
        # Of a canceled task nothing is reported, whatever the handler says; it may need more time to stop.
        "$stopped := $states.input.canceled and $outcome.status != 'DEFERRED'; "
        "$said := $stopped ? {'status': 'CANCELED'} : $outcome; "
        f"$merge([$said, {{'deferrals': {_DEFERRALS}, 'crashed': false}}])"
        ") %}"
    )


def _crash(route: str) -> str:
    """The outcome of an invocation that gave none: a crash, a timeout, too large an answer."""
    return (
        "{% ("
        "$error := $states.errorOutput.Error; "
        "$cause := $exists($states.errorOutput.Cause) ? $string($states.errorOutput.Cause) : ''; "
        # Of a canceled task nothing is reported, however its handler ended.
        "$outcome := $states.input.canceled ? {'status': 'CANCELED'} : {'status': 'FAILED', "
        "'errorId': $substring($error, 0, 8) = 'Service_' ? 'Handler' & $error : $error, "
        f"'errorMessage': {_literal(f'The handler for {route!r} ended without an outcome (')} "
        "& $error & '): ' & $substring($cause, 0, 4000)}; "
        f"$merge([$outcome, {{'deferrals': {_DEFERRALS}, 'crashed': true}}])"
        ") %}"
    )


def _no_handler(routes: list[str]) -> str:
    before = _literal("No handler is registered for '")
    # What to do comes first: the list may be longer than a message.
    after = _literal(
        "'. Add one to `handlers` in app.py and deploy again, or correct the object's type or myHandler. "
        f"Registered: {', '.join(routes)}."
    )
    return (
        "{% {'status': 'FAILED', 'errorId': 'NoHandlerForType', "
        f"'errorMessage': {before} & {TASK}.route & {after}}} %}}"
    )


_DEFERRAL = (
    "{% ("
    "$wait := $states.input.waitSeconds; "
    "$seconds := $type($wait) = 'number' ? $floor($wait) : 60; "
    "{'resume': {'state': $exists($states.input.state) ? $states.input.state : null, "
    "'deferrals': $states.input.deferrals + 1}, "
    f"'waitSeconds': $max([1, $min([$seconds, {LONGEST_WAIT_SECONDS}])])}}"
    ") %}"
)

# Lengths are the service model's; the control characters are those that it refuses. The message has no
# limit there, but the state has.
_STATUS_ARGUMENTS = (
    "{% ("
    "$o := $states.input; "
    r"$text := function($v, $default) { $exists($v) and $type($v) != 'null' ? "
    r"$replace($string($v), /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/, ' ') : $default }; "
    "$stack := $text($o.errorStackTrace, ''); "
    "$id := $text($o.errorId, 'HandlerFailed'); "
    f"$merge([{{'TaskId': {TASK}.taskId, 'TaskStatus': $o.status}}, "
    "$o.status = 'FAILED' ? $merge([{"
    "'ErrorId': $substring($substring($id, 0, 8) = 'Service_' ? 'Handler' & $id : $id, 0, 1024), "
    "'ErrorMessage': $substring($text($o.errorMessage, 'The handler gave no message.'), 0, 10000)}, "
    "$stack != '' ? {'ErrorStackTrace': $substring($stack, -1024)} : {}]) : {}])"
    ") %}"
)
