"""Checks whether Step Functions may set up the delivery of a state machine's log.

Sources: Step Functions developer guide, "Using CloudWatch Logs to log execution history", for the actions
that the role needs, which have no resource; and "Data at rest encryption", for the permissions on the key of
an encrypted state machine's log. ministack stores the configuration and delivers nothing.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from local.ministack_hooks.permissions import Permissions
from local.ministack_hooks.state_machine_roles import PRINCIPAL
from local.permissions.calls import Call, Denied

ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_DELIVERY = "delivery.logs.amazonaws.com"
_ERROR = "InvalidLoggingConfiguration"
_MESSAGE = "The state machine IAM Role is not authorized to access the Log Destination"
_STATE_MACHINE = "AWS::StepFunctions::StateMachine"


class LogDelivery:
    """Wraps what creates and changes state machines, through the API and through CloudFormation."""

    def __init__(self, step_functions: Any, permissions: Permissions) -> None:
        self._permissions = permissions
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._step_functions = step_functions
        for name in ("_create_state_machine", "_update_state_machine"):
            setattr(step_functions, name, self._checked(getattr(step_functions, name)))
        provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
        handlers = provisioners._RESOURCE_HANDLERS[_STATE_MACHINE]
        handlers["create"] = self._checked_in_a_stack(handlers["create"])

    def _checked(self, operation: Any) -> Any:
        def checked(data: dict[str, Any]) -> Any:
            known = self._step_functions._state_machines.get(data.get("stateMachineArn", "")) or {}
            role = data.get("roleArn") or known.get("roleArn", "")
            arn = data.get("stateMachineArn") or self._arn(data.get("name"))
            key = (data.get("encryptionConfiguration") or {}).get("kmsKeyId")
            if self._denied(arn, role, data.get("loggingConfiguration"), key) is not None:
                return self._responses.error_response_json(_ERROR, _MESSAGE, 400)
            return operation(data)

        return checked

    def _checked_in_a_stack(self, create: Any) -> Any:
        def checked(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            arn = self._arn(props.get("StateMachineName") or f"{stack_name}-{logical_id}")
            key = (props.get("EncryptionConfiguration") or {}).get("KmsKeyId")
            denied = self._denied(arn, props.get("RoleArn", ""), props.get("LoggingConfiguration"), key)
            if denied is not None:
                raise ValueError(f"{_ERROR}: {_MESSAGE}. {denied.message}")
            return create(logical_id, props, stack_name)

        return checked

    def _arn(self, name: object) -> str:
        region, account = self._responses.get_region(), self._responses.get_account_id()
        return f"arn:aws:states:{region}:{account}:stateMachine:{name}"

    def _denied(
        self, arn: str, role_arn: str, logging: Mapping[str, Any] | None, key: str | None
    ) -> Denied | None:
        # Member names start in lower case in the API, in upper case in CloudFormation.
        if "loggroup" not in json.dumps(logging or {}).lower():
            return None
        calls = [Call(action) for action in ACTIONS]
        if key:
            place = ":".join(arn.split(":")[3:5])
            calls.append(
                Call(
                    "kms:GenerateDataKey", key, {"kms:encryptioncontext:sourcearn": f"arn:aws:logs:{place}:*"}
                )
            )
            denied = self._permissions.service_denied(_DELIVERY, Call("kms:Decrypt", key))
            if denied is not None:
                return denied
        for call in calls:
            denied = self._permissions.role_denied(
                role_arn,
                call,
                service=PRINCIPAL,
                session_name="log-delivery",
                context={"aws:sourcearn": arn},
            )
            if denied is not None:
                return denied
        return None
