"""Checks the permissions to use a KMS key. Services use it for their callers, with roles, or by themselves.

ministack stores the keys' names and encrypts nothing. Sources: S3 user guide, "Using server-side encryption
with AWS KMS keys"; Step Functions developer guide, "Data at rest encryption"; CloudWatch Logs user guide,
"Encrypt log data".
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from local.ministack_hooks.permissions import Answer, Permissions
from local.ministack_hooks.state_machine_roles import PRINCIPAL
from local.permissions.calls import Call, Denied

_ENCRYPTED_READS = {
    "DescribeStateMachine": "stateMachineArn",
    "DescribeStateMachineForExecution": "executionArn",
    "DescribeExecution": "executionArn",
    "GetExecutionHistory": "executionArn",
}
"""Step Functions operations whose callers must decrypt, and the member that says what they read."""

_OF_LOG_GROUPS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey")
_SSE = "x-amz-server-side-encryption"
_SSE_KEY = f"{_SSE}-aws-kms-key-id"


class KeyUse:
    """Wraps operations that read and write with a customer's key."""

    def __init__(self, step_functions: Any, permissions: Permissions) -> None:
        self._permissions = permissions
        self._step_functions = step_functions
        self._app: Any = importlib.import_module("ministack.app")
        self._actions: Any = importlib.import_module("ministack.core.iam_actions")
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._router: Any = importlib.import_module("ministack.core.router")
        self._kms: Any = importlib.import_module("ministack.services.kms")
        self._s3: Any = importlib.import_module("ministack.services.s3")
        provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
        self._keep_the_encryption_of_buckets(provisioners)
        self._check_objects()
        self._check_executions()
        self._check_readers_of_executions()
        self._check_log_groups(provisioners)

    # Amazon S3, for its callers

    def _keep_the_encryption_of_buckets(self, provisioners: Any) -> None:
        """A bucket in a stack is encrypted with the key that its template names, if any."""

        def put(name: str, configuration: bytes | None) -> None:
            if configuration is not None:
                self._s3._put_bucket_encryption(name, configuration)

        encryption = ("BucketEncryption", _encryption_xml, put, self._s3._delete_bucket_encryption)
        provisioners._S3_BUCKET_CONFIGURATIONS = (*provisioners._S3_BUCKET_CONFIGURATIONS, encryption)

    def _check_objects(self) -> None:
        original = self._actions.s3_additional_checks

        def checks(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> list[Any]:
            found: list[tuple[str, str]] = original(method, path, headers, body, query_params)
            bucket, _, key = path.strip("/").partition("/")
            action = self._actions._s3_action(method, path, query_params) if key else None
            if action == "PutObject":
                sse = {_SSE: headers.get(_SSE), _SSE_KEY: headers.get(_SSE_KEY)}
                sse = sse if sse[_SSE] else self._s3._bucket_default_sse_headers(bucket)
                in_parts = "uploadId" in query_params or "uploads" in query_params
                found += self._of_key(sse, "GenerateDataKey", *(["Decrypt"] if in_parts else []))
                source = self._actions._s3_source_object(headers)
                if source is not None:
                    copied, _, copied_key = source[0].removeprefix("arn:aws:s3:::").partition("/")
                    found += self._of_key(self._stored(copied, copied_key), "Decrypt")
            elif action in ("GetObject", "GetObjectVersion"):
                found += self._of_key(self._stored(bucket, key), "Decrypt")
            return found

        self._actions.s3_additional_checks = checks

    def _stored(self, bucket: str, key: str) -> Mapping[str, Any]:
        objects = (self._s3._buckets.get(bucket) or {}).get("objects", {})
        sse: Mapping[str, Any] = self._s3._stored_sse_headers(objects.get(key) or {})
        return sse

    def _of_key(self, sse: Mapping[str, Any], *actions: str) -> list[tuple[str, str]]:
        key = sse.get(_SSE_KEY) if sse.get(_SSE) == "aws:kms" else None
        return [(f"kms:{action}", self._arn(key)) for action in actions] if key else []

    def _arn(self, key: str) -> str:
        found = self._kms._resolve_key(key)
        return str(found["Arn"]) if found else key

    # Step Functions, for the role of the state machine

    def _check_executions(self) -> None:
        original = self._step_functions._start_execution

        def start(data: dict[str, Any]) -> Any:
            machine = self._machine(data.get("stateMachineArn", ""))
            denied = None if machine is None else self._role_cannot_use_key(machine)
            if denied is not None:
                return self._responses.error_response_json("KmsAccessDeniedException", denied.message, 400)
            return original(data)

        self._step_functions._start_execution = start

    def _role_cannot_use_key(self, machine: Mapping[str, Any]) -> Denied | None:
        for call in self._calls_on_data(machine, "kms:Decrypt", "kms:GenerateDataKey"):
            denied = self._permissions.role_denied(
                machine["roleArn"],
                call,
                service=PRINCIPAL,
                session_name="encryption",
                context={"aws:sourcearn": machine["stateMachineArn"]},
            )
            if denied is not None:
                return denied
        return None

    def _calls_on_data(self, machine: Mapping[str, Any], *actions: str) -> list[Call]:
        key = (machine.get("encryptionConfiguration") or {}).get("kmsKeyId")
        context = {"kms:encryptioncontext:aws:states:statemachinearn": machine["stateMachineArn"]}
        return [Call(action, self._arn(key), context) for action in actions] if key else []

    def _machine(self, arn: str) -> Mapping[str, Any] | None:
        module = self._step_functions
        execution = module._executions.get(arn)
        base = execution["stateMachineArn"] if execution else module._resolve_state_machine_arn(arn)
        machine: Mapping[str, Any] | None = module._state_machines.get(base) if base else None
        return machine

    def _check_readers_of_executions(self) -> None:
        """Whoever reads encrypted data must be able to decrypt it, unless they ask for the metadata only."""
        original = self._app.SERVICE_HANDLERS["states"]

        async def handle(method: str, path: str, headers: dict[str, str], body: Any, query: Any) -> Answer:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            if operation in _ENCRYPTED_READS:
                denied = self._reader_denied(operation, headers, json.loads(body or b"{}"))
                if denied is not None:
                    answer: Answer = self._responses.error_response_json(
                        "KmsAccessDeniedException", denied.message, 400
                    )
                    return answer
            passed: Answer = await original(method, path, headers, body, query)
            return passed

        self._app.SERVICE_HANDLERS["states"] = handle

    def _reader_denied(
        self, operation: str, headers: dict[str, str], request: Mapping[str, Any]
    ) -> Denied | None:
        machine = self._machine(str(request.get(_ENCRYPTED_READS[operation])))
        if machine is None or request.get("includedData") == "METADATA_ONLY":
            return None
        caller = self._router.extract_access_key_id(headers)
        for call in self._calls_on_data(machine, "kms:Decrypt"):
            denied = self._permissions.caller_denied(caller, call)
            if denied is not None:
                return denied
        return None

    # CloudWatch Logs, by itself

    def _check_log_groups(self, provisioners: Any) -> None:
        handlers = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]
        original = handlers["create"]

        def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            name, attributes = original(logical_id, props, stack_name)
            key = props.get("KmsKeyId")
            if key:
                arn = attributes["Arn"].removesuffix(":*")
                service = f"logs.{self._responses.get_region()}.amazonaws.com"
                context = {"kms:encryptioncontext:aws:logs:arn": arn}
                for action in _OF_LOG_GROUPS:
                    denied = self._permissions.service_denied(service, Call(action, self._arn(key), context))
                    if denied is not None:
                        raise ValueError(
                            "The specified KMS Key Id could not be found or is not allowed to be used with "
                            f"Arn '{arn}'. {denied.message}"
                        )
            return name, attributes

        handlers["create"] = create


def _encryption_xml(encryption: Mapping[str, Any]) -> bytes | None:
    """The request of PutBucketEncryption for CloudFormation's BucketEncryption; None if it names no key."""
    (rule,) = encryption["ServerSideEncryptionConfiguration"]
    default = rule["ServerSideEncryptionByDefault"]
    key = default.get("KMSMasterKeyID")
    if not key:
        return None
    return (
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
        f"<SSEAlgorithm>{default['SSEAlgorithm']}</SSEAlgorithm><KMSMasterKeyID>{key}</KMSMasterKeyID>"
        "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    ).encode()
