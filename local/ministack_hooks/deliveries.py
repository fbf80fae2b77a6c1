"""Checks policies when services send something to others: rules, schedules, alarms and topics.

ministack delivers without asking. The principals and condition keys are those in each service's guide. The
service principals of EventBridge and CloudWatch come with ``aws:SourceArn``, the rule or alarm. EventBridge
Scheduler uses the target's role.
"""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from local.ministack_hooks.integrations import function_arn
from local.ministack_hooks.permissions import Permissions
from local.permissions.calls import Call, Denied

Undelivered = Callable[[Mapping[str, Any], Mapping[str, Any], str, str], None]
"""(schedule, target, error code, error message)."""

_RULES = "events.amazonaws.com"
_SCHEDULES = "scheduler.amazonaws.com"
_ALARMS = "cloudwatch.amazonaws.com"
_TOPICS = "sns.amazonaws.com"

_BY_POLICY = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
_BY_ROLE = {**_BY_POLICY, "states": "states:StartExecution"}
"""The action that a delivery needs, by the service in the target's ARN."""

_ACTIONS_BY_STATE = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


class Deliveries:
    """Wraps ministack's deliveries. A denied delivery does not happen."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._session_name = secrets.token_hex(16)
        self._undelivered: Undelivered | None = None
        self._step_functions: Any = importlib.import_module("ministack.services.stepfunctions")
        self._check_targets(importlib.import_module("ministack.services.eventbridge"))
        self._sns: Any = importlib.import_module("ministack.services.sns")
        self._kms: Any = importlib.import_module("ministack.services.kms")
        self._keep_the_keys_of_topics(
            importlib.import_module("ministack.services.cloudformation.provisioners")
        )
        self._check_alarms(importlib.import_module("ministack.services.cloudwatch"))
        self._check_subscriptions(self._sns, importlib.import_module("ministack.services.sqs"))

    def observe_undelivered(self, observe: Undelivered) -> None:
        """Call `observe` when a schedule cannot deliver an event but may use its dead-letter queue."""
        self._undelivered = observe

    # EventBridge and EventBridge Scheduler

    def _check_targets(self, event_bridge: Any) -> None:
        original = event_bridge._invoke_target

        def invoke(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
            if event.get("Source") == "aws.scheduler":
                reason = self._schedule_cannot(target, rule)
                if reason is None:
                    original(target, event, rule, view)
                else:
                    self._to_dead_letters(rule, target, *reason)
            elif self._rule_denied(target, rule) is None:
                original(target, event, rule, view)

        event_bridge._invoke_target = invoke

    def _rule_denied(self, target: Mapping[str, Any], rule: Mapping[str, Any]) -> Denied | None:
        arn, source = str(target["Arn"]), {"aws:sourcearn": str(rule["Arn"])}
        service = arn.split(":")[2]
        if service in _BY_POLICY:
            return self._permissions.service_denied(_RULES, Call(_BY_POLICY[service], arn, source))
        if service not in _BY_ROLE:
            return None
        return self._with_role(target, Call(_BY_ROLE[service], arn), service=_RULES, source=source)

    def _schedule_cannot(
        self, target: Mapping[str, Any], schedule: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """The error code and message if a schedule's target fails, else None."""
        arn = str(target["Arn"])
        service = arn.split(":")[2]
        if service in _BY_ROLE:
            denied = self._by_schedule(target, schedule, Call(_BY_ROLE[service], arn))
            if denied is not None:
                return "AccessDeniedException", denied.message
        if service == "states" and self._step_functions._resolve_state_machine_arn(arn) is None:
            return "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'"
        return None

    def _to_dead_letters(
        self, schedule: Mapping[str, Any], target: Mapping[str, Any], code: str, message: str
    ) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None or self._undelivered is None:
            return
        if self._by_schedule(target, schedule, Call("sqs:SendMessage", queue)) is None:
            self._undelivered(schedule, target, code, message)

    def _by_schedule(
        self, target: Mapping[str, Any], schedule: Mapping[str, Any], call: Call
    ) -> Denied | None:
        # EventBridge Scheduler user guide, "Confused deputy prevention": the source is the schedule's group.
        group = str(schedule["Arn"]).replace(":schedule/", ":schedule-group/").rpartition("/")[0]
        return self._with_role(target, call, service=_SCHEDULES, source={"aws:sourcearn": group})

    def _with_role(
        self, target: Mapping[str, Any], call: Call, *, service: str, source: Mapping[str, str]
    ) -> Denied | None:
        return self._permissions.role_denied(
            str(target.get("RoleArn")), call, service=service, session_name=self._session_name, context=source
        )

    # CloudWatch

    def _check_alarms(self, cloudwatch: Any) -> None:
        original = cloudwatch._dispatch_alarm_actions

        def dispatch(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
            member = _ACTIONS_BY_STATE[new_state]
            source = {"aws:sourcearn": alarm["AlarmArn"]}
            allowed = [arn for arn in alarm.get(member) or () if self._may_publish(arn, source)]
            original({**alarm, member: allowed}, old_state, new_state, reason)

        cloudwatch._dispatch_alarm_actions = dispatch

    def _may_publish(self, topic_arn: str, source: Mapping[str, str]) -> bool:
        if topic_arn.split(":")[2] != "sns":
            return True
        if self._permissions.service_denied(_ALARMS, Call("sns:Publish", topic_arn, source)) is not None:
            return False
        topic = self._sns._topics.get(topic_arn) or {}
        key = self._kms._resolve_key(topic.get("attributes", {}).get("KmsMasterKeyId"))
        # SNS developer guide, managing keys: the service that publishes uses the topic's key.
        uses = ("kms:GenerateDataKey", "kms:Decrypt") if key else ()
        return all(
            self._permissions.service_denied(_ALARMS, Call(action, key["Arn"], source)) is None
            for action in uses
        )

    # SNS

    def _keep_the_keys_of_topics(self, provisioners: Any) -> None:
        handlers = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]
        original = handlers["create"]

        def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            arn, attributes = original(logical_id, props, stack_name)
            if props.get("KmsMasterKeyId"):
                self._sns._topics[arn]["attributes"]["KmsMasterKeyId"] = props["KmsMasterKeyId"]
            return arn, attributes

        handlers["create"] = create

    def _check_subscriptions(self, sns: Any, sqs: Any) -> None:
        deliver = sns._deliver_to_lambda

        def allows(queue_arn: str, service: str, source_arn: str, source_account: str) -> bool:
            source = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_account}
            return (
                self._permissions.service_denied(service, Call("sqs:SendMessage", queue_arn, source)) is None
            )

        def deliver_to_lambda(endpoint: str, envelope: str, topic_arn: str, *more: Any) -> None:
            function = function_arn(endpoint, "")
            call = Call("lambda:InvokeFunction", function, {"aws:sourcearn": topic_arn})
            if self._permissions.service_denied(_TOPICS, call) is None:
                deliver(endpoint, envelope, topic_arn, *more)

        sqs.queue_policy_allows = allows
        sns._deliver_to_lambda = deliver_to_lambda
