"""ministack's IAM evaluator for all callers: clients, and services that act with a role.

ministack evaluates the calls of clients by itself (``AUTH=true``). This module adds what it lacks: roles that
services assume, resource policies for calls of services, policy variables, and AWS's wording of a denial.
"""

from __future__ import annotations

import contextvars
import functools
import importlib
import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs

from local.ministack_hooks.denials import worded
from local.ministack_hooks.policy_variables import with_values
from local.permissions.calls import Call, CannotAssumeError, Credentials, Denied

T = TypeVar("T")
Answer = tuple[int, dict[str, str], bytes]

JSON_AUTH_STATUS = 400


class Permissions:
    """The permissions of one account. `account` and `region` apply where there is no request."""

    def __init__(self, *, account: str, region: str, note: Callable[..., None]) -> None:
        """Calls ``note(decision, principal, **members)`` for each decision: see permissions/decisions.py."""
        self._evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
        self._actions: Any = importlib.import_module("ministack.core.iam_actions")
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._router: Any = importlib.import_module("ministack.core.router")
        self._app: Any = importlib.import_module("ministack.app")
        self._iam: Any = importlib.import_module("ministack.services.iam")
        self._sts: Any = importlib.import_module("ministack.services.sts")
        self._account = account
        self._region = region
        self._note = note
        self._sessions: dict[tuple[str, str, str], Credentials] = {}
        self._last_denied: contextvars.ContextVar[Denied | None] = contextvars.ContextVar(
            "last_denied", default=None
        )
        self._of_resource: contextvars.ContextVar[str | None] = contextvars.ContextVar(
            "of_resource", default=None
        )
        self._take_the_loopback_for_tls()
        self._evaluate_variables_and_note()
        self._note_denials()
        self._word_denials()

    # What runs with a role

    def assume(
        self,
        role_arn: str,
        session_name: str,
        *,
        service: str,
        context: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Credentials:
        """Credentials of a role for `service`, such as ``lambda.amazonaws.com``.

        ``context`` has the condition keys that the service provides, in lower case. They expire after
        ``seconds``, if given. Raises CannotAssumeError.
        """
        return self._in_scope(lambda: self._assume(role_arn, session_name, service, context or {}, seconds))

    def _assume(
        self,
        role_arn: str,
        session_name: str,
        service: str,
        context: Mapping[str, str],
        seconds: float | None,
    ) -> Credentials:
        name = role_arn.rpartition("/")[2]
        account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
        role = self._iam._roles.get_scoped(account, None, name) if account else None
        if role is None or role["Arn"] != role_arn:
            raise CannotAssumeError(f"The role {role_arn} does not exist.")
        call = Call("sts:AssumeRole", role_arn, context)
        if self._evaluated(role["AssumeRolePolicyDocument"], call, service) != "Allow":
            raise CannotAssumeError(f"The trust policy of {role_arn} does not let {service} assume it.")
        key = f"ASIA{secrets.token_hex(8).upper()}"
        made = Credentials(key, secrets.token_hex(20), secrets.token_hex(40))
        self._sts.register_session(
            key,
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name[:64]}",
                "UserId": f"{role['RoleId']}:{session_name[:64]}",
                "SecretAccessKey": made.secret_access_key,
                "SessionToken": made.session_token,
                "AccountId": account,
                "PrincipalType": "AssumedRole",
                **({} if seconds is None else {"Expiration": time.time() + seconds}),
            },
        )
        return made

    def role_denied(
        self,
        role_arn: str,
        call: Call,
        *,
        service: str,
        session_name: str,
        context: Mapping[str, str] | None = None,
    ) -> Denied | None:
        """The denial if `service` may not make a call with a role: its policies and the resource's own."""
        try:
            credentials = self._session(role_arn, session_name, service, context)
        except CannotAssumeError:
            denied = Denied(service, Call("sts:AssumeRole", role_arn), by_resource=True)
            self._note_denied(denied)
            return denied
        return self.caller_denied(credentials.access_key_id, call)

    def caller_denied(self, access_key_id: str, call: Call) -> Denied | None:
        """The denial if the policies of whoever has this key, or the resource's own, do not allow a call."""
        return self._in_scope(lambda: self._denied(access_key_id, call))

    def note_grants(self) -> None:
        """Record every statement of every role that exists now, whether or not anything needs it."""
        for role in list(self._iam._roles._data.values()):
            for document in role["InlinePolicies"].values():
                for statement in self._evaluator.parse_policy_document(document):
                    self._note(
                        "granted", role["RoleName"], effect=statement.effect, statement=_statement(statement)
                    )

    def _session(
        self, role_arn: str, session_name: str, service: str, context: Mapping[str, str] | None
    ) -> Credentials:
        known = (role_arn, session_name, service)
        if known not in self._sessions:
            self._sessions[known] = self.assume(role_arn, session_name, service=service, context=context)
        return self._sessions[known]

    def _denied(self, key: str, call: Call) -> Denied | None:
        result = self._evaluator.enforce(
            key, call.action, call.service, self._region, call.resource, dict(call.context)
        )
        if result is None:
            return None
        if isinstance(result, self._evaluator.AuthError):
            return Denied(key, call)
        return _denied(result, call)

    # What services do by themselves

    def service_denied(self, service: str, call: Call, *, policy: str | None = None) -> Denied | None:
        """The denial if the resource's policy, or ``policy`` in its place, does not let a service call.

        ``service`` is the principal of the calling service, such as ``events.amazonaws.com``.
        """
        return self._in_scope(lambda: self._service_denied(service, call, policy))

    def _service_denied(self, service: str, call: Call, policy: str | None) -> Denied | None:
        found = self._evaluator._resource_policy(call.service, call.resource)
        document = found[0] if policy is None and found else policy
        decision = self._evaluated(document, call, service)
        if decision == "Allow":
            return None
        denied = Denied(service, call, explicit=decision == "Deny", by_resource=True)
        self._note_denied(denied)
        return denied

    def _evaluated(self, document: Any, call: Call, service: str) -> str:
        context = self._evaluator.EvalContext(
            principal_arn=service,
            principal_type="Service",
            principal_account="",
            action=call.action,
            resource_arn=call.resource,
            region=self._region,
            service_context={
                "aws:principalisawsservice": "true",
                "aws:principalservicename": service,
                "aws:sourceaccount": self._account,
                # The default policy of a topic, and older example policies, ask for this key.
                "aws:sourceowner": self._account,
                **call.context,
            },
        )
        decision: str = self._evaluator.evaluate_resource_policy(document, context, service=service).decision
        return decision

    # Clients of services that are not ministack's own

    def refusal(
        self, service: str, scope: Mapping[str, Any], body: bytes, calls: Callable[[], list[Call]]
    ) -> Answer | None:
        """The answer to an HTTP request with bad credentials or missing permissions; None if it is allowed.

        ``calls`` returns the calls that the request makes. It runs only once the credentials have been
        verified.
        """
        return contextvars.copy_context().run(self._refusal, service, scope, body, calls)

    def _refusal(
        self, service: str, scope: Mapping[str, Any], body: bytes, calls: Callable[[], list[Call]]
    ) -> Answer | None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        evaluator = self._evaluator
        key = self._router.extract_access_key_id(headers, query)
        if key:
            self._responses.set_request_account_id(self._app._request_account_scope(key))
        self._responses.set_request_region(self._router.extract_region(headers, query))
        evaluator.pin_signed_request(scope["method"], raw_path, query, scope["headers"])
        evaluator.pin_signed_body(body)
        form = functools.partial(
            self._actions.access_denied_response, request_id=str(uuid.uuid4()), headers=headers
        )
        unknown = evaluator.check_credentials(key, service) if not evaluator._anonymous.get() else None
        if unknown is not None:
            return form(service, "", "", error_code=unknown.code, message=unknown.message)  # type: ignore[no-any-return]
        for call in calls():
            region = self._responses.get_region()
            result = evaluator.enforce(key, call.action, service, region, call.resource, dict(call.context))
            if isinstance(result, evaluator.AuthError):
                return form(service, "", "", error_code=result.code, message=result.message)  # type: ignore[no-any-return]
            if result is not None:
                return form(service, call.action, result.principal_arn, resource_arn=call.resource)  # type: ignore[no-any-return]
        return None

    def user_id(self, scope: Mapping[str, Any]) -> str:
        """The ``aws:userid`` of an HTTP request's caller."""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        key = self._router.extract_access_key_id(headers)
        identity = self._in_scope(lambda: self._evaluator.resolve_caller_identity(key)) or {}
        return str(identity.get("userId", ""))

    def _in_scope(self, work: Callable[[], T]) -> T:
        """Run `work` in the context of a request of this account, isolated from other requests."""

        def run() -> T:
            self._responses.set_request_account_id(self._account)
            self._responses.set_request_region(self._region)
            return work()

        return contextvars.Context().run(run)

    # What is changed in the evaluator

    def _take_the_loopback_for_tls(self) -> None:
        """Local AWS stands for TLS endpoints. Resource policies refuse all other calls."""
        self._evaluator._request_origin = contextvars.ContextVar("origin", default=("127.0.0.1", True))
        original = self._evaluator.pin_request_origin

        def pin(source_ip: str, secure_transport: bool) -> None:  # noqa: ARG001
            original(source_ip, True)

        self._app.pin_request_origin = pin

    def _evaluate_variables_and_note(self) -> None:
        evaluator = self._evaluator
        evaluate, of_resource = evaluator.evaluate, evaluator.evaluate_resource_policy

        def evaluated(context: Any, policies: list[list[Any]], *limits: list[list[Any]]) -> Any:
            def value_of(name: str) -> object:
                return evaluator._resolve_condition_key(name, context)

            layers = [
                [with_values(statements, value_of) for statements in layer] for layer in (policies, *limits)
            ]
            result = evaluate(context, *layers)
            if result.decision == "Allow":
                statements = [statement for policy in layers[0] for statement in policy]
                self._note_allowed(context, evaluator._first_match(context, statements, "Allow"))
            return result

        def evaluated_of_resource(document: Any, context: Any, *arguments: Any, **options: Any) -> Any:
            token = self._of_resource.set(context.resource_arn)
            try:
                return of_resource(document, context, *arguments, **options)
            finally:
                self._of_resource.reset(token)

        evaluator.evaluate = evaluated
        evaluator.evaluate_resource_policy = evaluated_of_resource

    def _note_allowed(self, context: Any, statement: Any) -> None:
        self._note(
            "allowed",
            _principal(context.principal_arn),
            action=context.action,
            resource=context.resource_arn,
            policy_of=self._of_resource.get(),
            statement=_statement(statement),
        )

    def _note_denials(self) -> None:
        original = self._evaluator.enforce

        def enforce(
            access_key_id: str,
            iam_action: str,
            service: str,
            region: str,
            resource_arn: str = "*",
            service_context: dict[str, Any] | None = None,
        ) -> Any:
            # When another service uses a key, it calls KMS, and the key's policy applies.
            asked = "kms" if iam_action.startswith("kms:") else service
            result = original(access_key_id, iam_action, asked, region, resource_arn, service_context)
            if isinstance(result, self._evaluator.EvalResult):
                denied = _denied(result, Call(iam_action, resource_arn))
                self._last_denied.set(denied)
                self._note_denied(denied)
            return result

        self._evaluator.enforce = enforce

    def _note_denied(self, denied: Denied) -> None:
        self._note(
            "denied",
            _principal(denied.principal),
            action=denied.call.action,
            resource=denied.call.resource,
            message=denied.message,
        )

    def _word_denials(self) -> None:
        """AWS's wording, and the status of JSON protocols, in which AccessDeniedException is a 400."""
        original = self._actions.access_denied_response

        def response(service: str, action: str, principal: str, request_id: str, **options: Any) -> Answer:
            if options.get("error_code"):
                return original(service, action, principal, request_id, **options)  # type: ignore[no-any-return]
            last = self._last_denied.get()
            call = Call(action, options.get("resource_arn") or "*")
            denied = last if last and last.call.action == action else Denied(principal, call)
            status, headers, body = original(
                service, action, principal, request_id, **{**options, "message": worded(service, denied)}
            )
            if service == "lambda":
                body = json.dumps({"Message": worded(service, denied)}).encode()
            by_target = (options.get("headers") or {}).get("x-amz-target")
            if status == 403 and by_target and service != "sqs":
                status = JSON_AUTH_STATUS
            return status, headers, body

        self._actions.access_denied_response = response


def _denied(result: Any, call: Call) -> Denied:
    return Denied(
        result.principal_arn,
        call,
        explicit=result.decision == "Deny",
        by_resource=bool(result.resource_policy_arn),
    )


def _statement(parsed: Any) -> dict[str, Any]:
    return {
        "actions": parsed.actions,
        "resources": parsed.resources,
        "conditions": parsed.conditions,
    }


def _principal(arn: str) -> str:
    """The name of the role for the ARN of a session; anything else unchanged."""
    _, assumed, session = arn.partition(":assumed-role/")
    return session.partition("/")[0] if assumed else arn
