"""Checks whether Step Functions may make the rule with which it notices the end of a task of Amazon ECS.

Source: Step Functions developer guide, "Run Amazon ECS or Fargate tasks with Step Functions", IAM policies. A
state machine whose role may not do so cannot be created. ministack needs no rule.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from local.ministack_hooks.ecs_integration import RUN_TASK, SYNC
from local.ministack_hooks.permissions import Permissions
from local.ministack_hooks.state_machine_roles import PRINCIPAL
from local.permissions.calls import Call

RULE = "StepFunctionsGetEventsForECSTaskRule"
ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_STATE_MACHINE = "AWS::StepFunctions::StateMachine"


class ManagedRules:
    """Wraps what creates and changes state machines, through the API and through CloudFormation."""

    def __init__(self, step_functions: Any, permissions: Permissions) -> None:
        self._step_functions = step_functions
        self._permissions = permissions
        self._responses: Any = importlib.import_module("ministack.core.responses")
        for name in ("_create_state_machine", "_update_state_machine"):
            setattr(step_functions, name, self._checked(getattr(step_functions, name)))
        provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
        handlers = provisioners._RESOURCE_HANDLERS[_STATE_MACHINE]
        handlers["create"] = self._checked_in_a_stack(handlers["create"])

    def _checked(self, operation: Any) -> Any:
        def checked(data: dict[str, Any]) -> Any:
            known = self._step_functions._state_machines.get(data.get("stateMachineArn", "")) or {}
            refusal = self._refusal(
                data.get("stateMachineArn") or self._arn(data.get("name", "")),
                data.get("roleArn") or known.get("roleArn", ""),
                data.get("definition") or known.get("definition", ""),
            )
            if refusal is not None:
                return self._responses.error_response_json("AccessDeniedException", refusal, 400)
            return operation(data)

        return checked

    def _checked_in_a_stack(self, create: Any) -> Any:
        def checked(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            definition = props.get("DefinitionString") or json.dumps(props.get("Definition") or {})
            arn = self._arn(props.get("StateMachineName", ""))
            refusal = self._refusal(arn, props.get("RoleArn", ""), definition)
            if refusal is not None:
                raise ValueError(f"AccessDeniedException: {refusal}")
            return create(logical_id, props, stack_name)

        return checked

    def _arn(self, name: str) -> str:
        region, account = self._responses.get_region(), self._responses.get_account_id()
        return f"arn:aws:states:{region}:{account}:stateMachine:{name}"

    def _refusal(self, machine_arn: str, role_arn: str, definition: str) -> str | None:
        """Step Functions' own words, which do not say which action is missing."""
        if RUN_TASK + SYNC not in definition:
            return None
        region, account = self._responses.get_region(), self._responses.get_account_id()
        rule = f"arn:aws:events:{region}:{account}:rule/{RULE}"
        for action in ACTIONS:
            denied = self._permissions.role_denied(
                role_arn,
                Call(action, rule),
                service=PRINCIPAL,
                session_name="managed-rule",
                # The condition that CDK writes into the trust policy of a state machine's role.
                context={"aws:sourcearn": machine_arn},
            )
            if denied is not None:
                return f"'{role_arn}' is not authorized to create managed-rule."
        return None
