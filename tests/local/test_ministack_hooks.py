"""ministack's private names are what local/ministack_hooks expects.

ministack does not promise any of them. If one of these tests fails after an upgrade, check that package. What
the hooks achieve is tested on a deployed app.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.ministack_hooks import add_resource_type
from local.ministack_hooks.emulator import BEGINNING_SECONDS, environment
from local.ministack_hooks.encrypted_executions import EncryptedExecutions

SERVICES = "ministack.services"
LAMBDA = f"{SERVICES}.lambda_svc"
STATES = f"{SERVICES}.stepfunctions"
ECS = f"{SERVICES}.ecs"
SCHEDULER = f"{SERVICES}.scheduler"
EVENTS = f"{SERVICES}.eventbridge"
LOGS = f"{SERVICES}.cloudwatch_logs"
CLOUDWATCH = f"{SERVICES}.cloudwatch"
SQS = f"{SERVICES}.sqs"
LOGS = f"{SERVICES}.cloudwatch_logs"
PROVISIONERS = f"{SERVICES}.cloudformation.provisioners"
SNS = f"{SERVICES}.sns"
S3 = f"{SERVICES}.s3"
IAM = f"{SERVICES}.iam"
APP = "ministack.app"
EVALUATOR = "ministack.core.iam_evaluator"
ACTIONS = "ministack.core.iam_actions"
ROUTER = "ministack.core.router"
LAMBDA_RUNTIME = "ministack.core.lambda_runtime"


@pytest.fixture(scope="module", autouse=True)
def _as_in_the_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    state = tmp_path_factory.mktemp("ministack")
    for name, value in environment(4566, state, time_scale=4).items():
        patch.setenv(name, value)
    yield
    patch.undo()


def private(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("module", "name", "parameters"),
    [
        ("ministack.core.responses", "set_request_account_id", ["access_key_id"]),
        ("ministack.core.responses", "set_request_region", ["region"]),
        (LAMBDA, "_execute_function_warm", ["func", "event", "request_id"]),
        (
            LAMBDA,
            "_emit_lambda_logs",
            ["func", "request_id", "log_text", "error", "duration_ms", "log_source"],
        ),
        (LAMBDA, "_emit_lambda_metrics", ["function_name", "duration_ms", "error", "throttle"]),
        (LAMBDA, "_resolve_layer_zip", ["attachment"]),
        (STATES, "_emit_execution_status_event", ["execution"]),
        (STATES, "_evaluate_jsonata", ["expression", "raw_input", "ctx", "result", "error_output"]),
        (STATES, "_add_event", ["execution", "event_type", "details"]),
        (STATES, "_call_lambda", ["func_ref", "event"]),
        (STATES, "_invoke_nested_start_execution", ["resource", "input_data"]),
        (STATES, "_ExecutionError", ["error", "cause"]),
        (STATES, "_error_matches", ["error_equals", "error"]),
        (STATES, "_invoke_resource", ["resource", "input_data"]),
        (SCHEDULER, "_tick_schedules", []),
        (EVENTS, "_parse_rate_seconds", ["expr"]),
        (EVENTS, "_invoke_target", ["target", "event", "rule", "view"]),
        (STATES, "_resolve_state_machine_arn", ["arn"]),
        (SQS, "_refresh_counts", ["q"]),
        (STATES, "_apply_output_path", ["state_def", "data", "ctx"]),
        (LOGS, "_compile_filter_pattern", ["raw"]),
        (
            STATES,
            "_apply_jsonata_output",
            ["state_def", "raw_input", "ctx", "result", "error_output", "default"],
        ),
        (CLOUDWATCH, "_evaluate_alarm", ["alarm"]),
        (CLOUDWATCH, "_evaluate_all_alarms", []),
        (CLOUDWATCH, "_evaluate_parent_alarms", ["child", "seen"]),
        (CLOUDWATCH, "_dispatch_alarm_actions", ["alarm", "old_state", "new_state", "reason"]),
        (CLOUDWATCH, "_dims_key", ["dims"]),
        (CLOUDWATCH, "_calc_stats", ["points"]),
        (CLOUDWATCH, "_stat_value", ["stats", "stat_name", "points"]),
        (PROVISIONERS, "_cw_metric_alarm_record", ["name", "props"]),
        (LOGS, "_filter_log_events", ["data"]),
        (EVALUATOR, "evaluate", ["ctx", "policies", "limits"]),
        (EVALUATOR, "evaluate_resource_policy", ["doc", "ctx", "service", "named_only", "direct_only"]),
        (
            EVALUATOR,
            "enforce",
            ["access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"],
        ),
        (EVALUATOR, "_resource_policy", ["service", "resource_arn"]),
        (EVALUATOR, "_resolve_condition_key", ["key", "ctx"]),
        (EVALUATOR, "_first_match", ["ctx", "stmts", "effect"]),
        (EVALUATOR, "parse_policy_document", ["doc"]),
        (EVALUATOR, "check_credentials", ["access_key_id", "service"]),
        (EVALUATOR, "resolve_caller_identity", ["access_key_id"]),
        (
            EVALUATOR,
            "pin_signed_request",
            ["method", "raw_path", "query_params", "raw_headers", "handshake"],
        ),
        (EVALUATOR, "pin_signed_body", ["body"]),
        (EVALUATOR, "pin_request_origin", ["source_ip", "secure_transport"]),
        (
            ACTIONS,
            "access_denied_response",
            [
                *("service", "action", "principal_arn", "request_id", "error_code", "message", "headers"),
                *("resource_arn", "explicit_deny", "resource_policy_arn"),
            ],
        ),
        (ACTIONS, "extract_iam_action", ["service", "method", "path", "headers", "body", "query_params"]),
        (
            ACTIONS,
            "extract_resource_arn",
            ["service", "method", "path", "headers", "body", "query_params", "region", "account_id"],
        ),
        (LAMBDA, "execution_credentials", ["config"]),
        (LAMBDA_RUNTIME, "execution_credentials", ["config"]),
        (ROUTER, "extract_access_key_id", ["headers", "query_params"]),
        (ROUTER, "extract_region", ["headers", "query_params"]),
        (APP, "_request_account_scope", ["access_key_id"]),
        (APP, "_routing_params", ["method", "path", "headers", "body", "query_params"]),
        (
            APP,
            "call_service_handler_sync",
            ["handler", "method", "path", "headers", "body", "query_params", "timeout"],
        ),
        (f"{SERVICES}.sts", "register_session", ["access_key", "session"]),
        (STATES, "_run_execution", ["exec_arn"]),
        (STATES, "_invoke_with_callback", ["resource", "input_data", "token", "state_def"]),
        (STATES, "_create_state_machine", ["data"]),
        (STATES, "_update_state_machine", ["data"]),
        (PROVISIONERS, "_sfn_state_machine_create", ["logical_id", "props", "stack_name"]),
        (SQS, "queue_policy_allows", ["queue_arn", "service", "source_arn", "source_account"]),
        (ACTIONS, "s3_additional_checks", ["method", "path", "headers", "body", "query_params"]),
        (ACTIONS, "_s3_action", ["method", "path", "query_params"]),
        (ACTIONS, "_s3_source_object", ["headers"]),
        (S3, "_bucket_default_sse_headers", ["bucket_name"]),
        (S3, "_stored_sse_headers", ["obj"]),
        (S3, "_put_bucket_encryption", ["name", "body"]),
        (S3, "_delete_bucket_encryption", ["name"]),
        (f"{SERVICES}.kms", "_resolve_key", ["key_id_or_arn"]),
        (STATES, "_start_execution", ["data"]),
        (STATES, "_service_model", ["service"]),
        (PROVISIONERS, "_cwlogs_create", ["logical_id", "props", "stack_name"]),
        (PROVISIONERS, "_sns_create", ["logical_id", "props", "stack_name"]),
        (STATES, "_run_parallel_branches", ["state_def", "raw_input", "execution", "ctx"]),
        (STATES, "_execute_pass", ["state_def", "raw_input", "ctx"]),
        (STATES, "_execute_choice", ["state_def", "raw_input", "ctx"]),
        (STATES, "_execute_wait", ["state_def", "raw_input", "ctx"]),
        (STATES, "_execute_task", ["state_def", "raw_input", "execution", "ctx"]),
        (STATES, "_execute_parallel", ["state_def", "raw_input", "execution", "ctx"]),
        (STATES, "_execute_map", ["state_def", "raw_input", "execution", "ctx"]),
        (STATES, "_fail_state_error", ["state_def", "raw_input", "ctx"]),
        (STATES, "_scaled_sleep", ["seconds"]),
        (STATES, "_sleep_until", ["iso_ts"]),
        (STATES, "_state_query_language", ["state_def", "ctx"]),
        (STATES, "_apply_jsonata_arguments", ["state_def", "raw_input", "ctx"]),
        (STATES, "_apply_state_assign", ["state_def", "raw_input", "ctx", "result", "error_output"]),
        (STATES, "_apply_input_path", ["state_def", "data", "ctx"]),
        (STATES, "_apply_parameters", ["state_def", "data", "ctx"]),
        (STATES, "_apply_result_selector", ["state_def", "data"]),
        (STATES, "_apply_result_path", ["state_def", "original", "result"]),
        (STATES, "_next_or_end", ["state_def"]),
        (STATES, "_invoke_resource_with_timeout", ["resource", "input_data", "timeout"]),
        (STATES, "_sdk_json_params", ["service_info", "service_key", "action", "input_data"]),
        (STATES, "_sdk_json_result", ["service_key", "action", "result"]),
        (ECS, "_resolve_cluster_name", ["ref"]),
        (ECS, "_resolve_td_key", ["ref"]),
        (ECS, "_put_cluster", ["data"]),
        (ECS, "_put_cluster_capacity_providers", ["data"]),
        (PROVISIONERS, "_ecs_task_def_create", ["logical_id", "props", "stack_name"]),
        ("ministack.core.responses", "request_scope", ["account_id", "region"]),
    ],
)
def test_a_function_has_the_parameters_that_the_hooks_use(
    module: str, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(private(module, name)).parameters) == parameters


@pytest.mark.parametrize(
    ("module", "caller", "called"),
    [
        (LAMBDA, "_execute_function_dispatch", "_execute_function_warm"),
        (LAMBDA, "_execute_function_dispatch", "_emit_lambda_logs"),
        (LAMBDA, "_provided_worker_env", "execution_credentials"),
        (LAMBDA, "_execute_function", "_throttle_response"),
        (LAMBDA, "_invoke", "_emit_lambda_metrics"),
        (STATES, "_call_lambda", "_execute_function_with_config_scope"),
        (STATES, "_invoke_resource", "_call_lambda"),
        (STATES, "_invoke_resource", "_invoke_nested_start_execution"),
        (STATES, "_start_execution", "_emit_execution_status_event"),
        (STATES, "_run_execution", "_emit_execution_status_event"),
        (STATES, "_fail_execution", "_emit_execution_status_event"),
        (STATES, "_stop_execution", "_emit_execution_status_event"),
        (STATES, "_prefix_sdk_error", "_AWS_SDK_ERROR_PREFIX"),
        (STATES, "_invoke_aws_sdk_integration", "_AWS_SDK_SERVICE_MAP"),
        (STATES, "_dispatch_aws_sdk_json", "SERVICE_HANDLERS"),
        (STATES, "_scaled_sleep", "_SFN_WAIT_SCALE"),
        (STATES, "_run_execution", "_apply_output_path"),
        (LOGS, "_filter_log_events", "_compile_filter_pattern"),
        (STATES, "_execute_task", "_scaled_sleep"),
        (STATES, "_execute_task", "_add_event"),
        (STATES, "_execute_task", "_invoke_resource"),
        (STATES, "_find_matching_retrier", "_error_matches"),
        (STATES, "_find_matching_catcher", "_error_matches"),
        (STATES, "_execute_wait", "_scaled_sleep"),
        (SCHEDULER, "_ticker_loop", "_tick_schedules"),
        (SCHEDULER, "_ticker_loop", "_SCHEDULE_TICK_INTERVAL"),
        (SCHEDULER, "_tick_schedules", "_parse_rate_seconds"),
        (SCHEDULER, "_tick_schedules", "_schedule_last_fired"),
        (EVENTS, "_scheduler_loop", "_SCHEDULER_TICK_INTERVAL"),
        (EVENTS, "_tick_scheduled_rules", "_parse_rate_seconds"),
        (SCHEDULER, "_tick_schedules", "_invoke_target"),
        (CLOUDWATCH, "_evaluate_all_alarms", "_evaluate_alarm"),
        (CLOUDWATCH, "_put_metric_data", "_evaluate_all_alarms"),
        (PROVISIONERS, "_cw_metric_alarm_put", "_cw_metric_alarm_record"),
        (LOGS, "handle_request", "_filter_log_events"),
        (EVALUATOR, "enforce", "evaluate"),
        (EVALUATOR, "combine_resource_policy", "evaluate_resource_policy"),
        (EVALUATOR, "evaluate_resource_policy", "evaluate"),
        (APP, "_dispatch_service_request", "enforce"),
        (APP, "_dispatch_service_request", "access_denied_response"),
        (APP, "_dispatch_service_request", "SERVICE_HANDLERS"),
        (APP, "app", "pin_request_origin"),
        (STATES, "_start_execution", "_run_execution"),
        (STATES, "_start_sync_execution", "_run_execution"),
        (STATES, "_execute_task", "_invoke_with_callback"),
        (STATES, "_dispatch_aws_sdk_json", "call_service_handler_sync"),
        (STATES, "_dispatch_aws_sdk_query", "call_service_handler_sync"),
        (STATES, "_dispatch_aws_sdk_rest_xml", "call_service_handler_sync"),
        (EVENTS, "_dispatch_event", "_invoke_target"),
        (CLOUDWATCH, "_set_alarm_state", "_dispatch_alarm_actions"),
        (SNS, "_deliver_to_sqs", "queue_policy_allows"),
        (SNS, "_fanout", "_deliver_to_lambda"),
        (PROVISIONERS, "_sfn_state_machine_update", "_update_state_machine"),
        (PROVISIONERS, "_s3_apply_configurations", "_S3_BUCKET_CONFIGURATIONS"),
        (APP, "_dispatch_service_request", "s3_additional_checks"),
        (STATES, "_invoke_nested_start_execution", "_start_execution"),
        (EVENTS, "_dispatch_to_stepfunctions", "_start_execution"),
        (STATES, "_execute_wait", "_sleep_until"),
        (STATES, "_with_retry_and_catch", "_scaled_sleep"),
        (STATES, "_execute_task", "_invoke_resource_with_timeout"),
        (STATES, "_invoke_resource", "_SERVICE_DISPATCH"),
        (PROVISIONERS, "_ecs_task_def_update", "_ecs_task_def_create"),
    ],
)
def test_a_replaced_name_is_looked_up_when_it_is_used(module: str, caller: str, called: str) -> None:
    assert called in private(module, caller).__code__.co_names


def test_a_parallel_state_looks_its_branches_up() -> None:
    assert "_run_parallel_branches(" in inspect.getsource(private(STATES, "_execute_parallel"))


def test_tasks_of_ecs_can_be_put_beside_clusters_and_definitions() -> None:
    for name in ("_clusters", "_task_defs", "_tasks", "_tags"):
        assert hasattr(private(ECS, name), "get"), name
    assert "arn:aws:states:::ecs:runTask" in private(STATES, "_SERVICE_DISPATCH")
    assert "ecs" in private(STATES, "_AWS_SDK_ERROR_PREFIX")
    assert "AWS::ECS::TaskDefinition" in private(PROVISIONERS, "_RESOURCE_HANDLERS")


def test_what_starts_a_node_process_asks_for_credentials() -> None:
    assert "execution_credentials" in private(LAMBDA_RUNTIME, "Worker")._spawn.__code__.co_names


def test_a_decision_and_a_statement_have_these_members() -> None:
    evaluator = importlib.import_module(EVALUATOR)
    document = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}
    (parsed,) = evaluator.parse_policy_document(document)
    assert (parsed.effect, parsed.actions, parsed.not_actions) == ("Allow", ["s3:GetObject"], [])
    assert (parsed.resources, parsed.not_resources, parsed.conditions) == (["arn:aws:s3:::b/*"], [], {})
    context = evaluator.EvalContext("arn", "Service", "", "s3:GetObject", "arn:aws:s3:::b/k", "us-east-1")
    assert evaluator._first_match(context, [parsed], "Allow") is parsed
    result = evaluator.evaluate(context, [[parsed]])
    assert (result.decision, result.principal_arn, result.resource_policy_arn) == ("Allow", "arn", "")
    assert evaluator.AuthError("code", "message").code == "code"


def test_the_callers_of_a_request_are_context_variables() -> None:
    assert private(EVALUATOR, "_request_origin").get() is not None
    assert private(EVALUATOR, "_anonymous").get() is False


def test_roles_are_kept_with_what_the_hooks_read() -> None:
    source = inspect.getsource(private(PROVISIONERS, "_iam_role_create"))
    for member in ("RoleName", "Arn", "RoleId", "AssumeRolePolicyDocument", "InlinePolicies"):
        assert f'"{member}":' in source
    assert hasattr(private(IAM, "_roles"), "get_scoped")
    assert isinstance(private(IAM, "_roles")._data, dict)


def test_what_makes_a_state_machine_of_a_stack_is_found_by_its_type() -> None:
    handlers = private(PROVISIONERS, "_RESOURCE_HANDLERS")["AWS::StepFunctions::StateMachine"]
    assert handlers["create"] is private(PROVISIONERS, "_sfn_state_machine_create")
    made_by = {"AWS::Logs::LogGroup": "_cwlogs_create", "AWS::SNS::Topic": "_sns_create"}
    for kind, name in made_by.items():
        assert private(PROVISIONERS, "_RESOURCE_HANDLERS")[kind]["create"] is private(PROVISIONERS, name)


def test_services_are_handlers_by_name() -> None:
    handlers = private("ministack.app", "SERVICE_HANDLERS")
    assert {"logs", "monitoring", "sqs", "s3"} <= set(handlers)
    assert "datapipeline" not in handlers
    parameters = list(inspect.signature(handlers["logs"]).parameters)
    assert parameters == ["method", "path", "headers", "body", "query_params"]


def test_an_sdk_integration_is_described_like_this() -> None:
    assert private(STATES, "_AWS_SDK_SERVICE_MAP")["kms"] == {
        "target_prefix": "TrentService",
        "protocol": "json",
    }
    assert private(STATES, "_AWS_SDK_ERROR_PREFIX")["kms"] == "Kms"
    assert "datapipeline" not in private(STATES, "_AWS_SDK_SERVICE_MAP")


def test_botocores_model_shapes_the_integrations_names() -> None:
    result = private(STATES, "_sdk_json_result")("datapipeline", "ReportTaskProgress", {"canceled": True})
    assert result == {"Canceled": True}
    parameters = private(STATES, "_sdk_json_params")({}, "datapipeline", "SetTaskStatus", {"TaskId": "t"})
    assert parameters == {"taskId": "t"}


def test_waits_are_scaled_by_the_environment() -> None:
    assert private(STATES, "_SFN_WAIT_SCALE") == 0.25


def test_an_event_leaves_out_what_is_larger_than_this() -> None:
    assert private(STATES, "_STATUS_EVENT_PAYLOAD_CAP") == 248 * 1024


def test_an_execution_sleeps_once_so_long_before_its_first_state() -> None:
    run = private(STATES, "_run_execution")
    assert run.__code__.co_consts.count(BEGINNING_SECONDS) == 1
    assert f"time.sleep({BEGINNING_SECONDS})" in inspect.getsource(run)


def test_schedules_are_kept_by_account_region_and_name() -> None:
    assert isinstance(private(SCHEDULER, "_schedules")._data, dict)
    assert isinstance(private(SCHEDULER, "_schedule_last_fired"), dict)
    assert private(SCHEDULER, "_SCHEDULE_TICK_INTERVAL") == 10
    assert private(EVENTS, "_SCHEDULER_TICK_INTERVAL") == 10
    assert private(EVENTS, "_parse_rate_seconds")("rate(5 minutes)") == 300


def test_queues_are_kept_by_account_region_and_url() -> None:
    assert isinstance(private(SQS, "_queues")._data, dict)
    queue: dict[str, Any] = {"messages": [], "attributes": {"MessageRetentionPeriod": "60"}}
    private(SQS, "_refresh_counts")(queue)
    assert queue["attributes"]["ApproximateNumberOfMessages"] == "0"


def test_a_throttled_invocation_has_a_body_with_a_message() -> None:
    throttled = private(LAMBDA, "_throttle_response")(reason_code="r", msg="m")
    assert throttled["body"]["message"] == "m"


def test_metrics_are_kept_by_namespace_name_and_dimensions() -> None:
    cloudwatch = importlib.import_module(CLOUDWATCH)
    key = cloudwatch._dims_key({"b": "2", "a": "1"})
    assert key == cloudwatch._dims_key({"a": "1", "b": "2"})
    point = {"Timestamp": 1.0, "Value": 2.0, "Count": 3.0}
    assert cloudwatch._stat_value(cloudwatch._calc_stats([point]), "Sum", [point]) == 6.0


class _Type:
    """A resource type that only records what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def create(self, logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        self.asked.append(("create", logical_id, properties, stack))
        return f"id-{len(self.asked)}", {"Id": "x"}

    def update(
        self, physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str
    ) -> tuple[str, dict[str, Any]]:
        self.asked.append(("update", physical_id, old, new, stack))
        return physical_id, {"Id": "y"}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        self.asked.append(("delete", physical_id, properties))


def test_a_type_of_resources_is_asked_like_this() -> None:
    kind, name = _Type(), "AWS::Local::Test"
    add_resource_type(name, kind, replacing=["Name"])
    provisioners = importlib.import_module(PROVISIONERS)
    old, new, renamed = {"Name": "a", "X": "1"}, {"Name": "a", "X": "2"}, {"Name": "b", "X": "2"}
    assert provisioners._provision_resource(name, "L", old, "s") == ("id-1", {"Id": "x"})
    assert provisioners._update_resource(name, "id-1", old, new, "s", "L", {}) == ("id-1", {"Id": "y"})
    assert provisioners._update_resource(name, "id-1", new, renamed, "s", "L", {}) == ("id-3", {"Id": "x"})
    provisioners._delete_resource(name, "id-3", renamed, "s", "L")
    assert kind.asked == [
        ("create", "L", old, "s"),
        ("update", "id-1", old, new, "s"),
        ("create", "L", renamed, "s"),
        ("delete", "id-1", new),
        ("delete", "id-3", renamed),
    ]
    assert "AWS::DataPipeline::Pipeline" not in provisioners._RESOURCE_HANDLERS


def test_ministack_listens_nowhere_else_when_told_so(tmp_path: Path) -> None:
    source = inspect.getsource(importlib.import_module("ministack.app"))
    for name in ("SFTP_ENABLED", "IOT_MTLS_ENABLED", "GATEWAY_PORT", "LOG_LEVEL"):
        assert name in source
        assert name in environment(1, tmp_path, time_scale=1)


EXECUTION = {
    "executionArn": "arn:aws:states:us-east-1:000000000000:execution:RunTask:x",
    "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:RunTask",
    "name": "x",
    "startDate": "2026-01-01T00:00:00Z",
    "stopDate": "2026-01-01T00:00:01Z",
    "input": "{}",
    "output": '{"status": "FINISHED"}',
    "error": "E",
    "cause": "why",
}


def event(monkeypatch: pytest.MonkeyPatch, key: str, status: str) -> dict[str, Any]:
    sent: list[Any] = []
    monkeypatch.setattr(importlib.import_module(EVENTS), "_put_events", lambda data, **_: sent.append(data))
    hooked = SimpleNamespace(
        _emit_execution_status_event=private(STATES, "_emit_execution_status_event"),
        _STATUS_EVENT_PAYLOAD_CAP=private(STATES, "_STATUS_EVENT_PAYLOAD_CAP"),
    )
    EncryptedExecutions(hooked)
    hooked._emit_execution_status_event(
        {**EXECUTION, "status": status, "encryptionConfiguration": {"type": key}}
    )
    ((entry,),) = [data["Entries"] for data in sent]
    detail: dict[str, Any] = json.loads(entry["Detail"])
    return detail


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "RUNNING"])
def test_events_of_executions_with_a_key_of_the_customers_hold_no_data(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    detail = event(monkeypatch, "CUSTOMER_MANAGED_KMS_KEY", status)
    assert [detail[key] for key in ("input", "output", "error", "cause")] == [None] * 4
    assert detail["inputDetails"] == {"included": False}
    assert (detail["status"], detail["name"], detail["startDate"]) == (status, "x", 1_767_225_600_000)
    assert len(json.dumps(detail)) < 2_000


def test_events_of_other_executions_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert event(monkeypatch, "AWS_OWNED_KEY", "FAILED")["cause"] == "why"
    assert event(monkeypatch, "AWS_OWNED_KEY", "SUCCEEDED")["output"] == EXECUTION["output"]
