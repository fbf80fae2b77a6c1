"""``@task_handler``: the contract between RunTask and a handler."""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from poller.envelope import receive
from runner import Deferred, Failed, NotMet, Outcome, Task, TaskCanceled, TaskFailed, task_handler
from runner.testing import Context, FakeDataPipeline, Ref, run_handler
from tests.unit.pipeline_objects import ATTEMPT_ID, pipeline_object, task_object
from tests.unit.test_envelope import NOW


def event(*fields: tuple[str, str], **more: Any) -> dict[str, Any]:
    task = receive(task_object(*fields), worker_group="etl", received_at=NOW)
    return {"task": task.envelope, "state": None, "canceled": False, **more}


def run(work: Any, given: dict[str, Any] | None = None, *, seconds: float = 60) -> Any:
    return task_handler(work)(given or event(), Context(seconds))  # type: ignore[arg-type]


def test_no_return_value_is_finished(service: FakeDataPipeline) -> None:
    assert run(lambda task: None) == {"status": "FINISHED"}


@pytest.mark.parametrize("outcome", [NotMet(), Deferred({"query": "q1"}, 30), Failed("E", "why")])
def test_an_outcome_is_handed_on(outcome: Outcome, service: FakeDataPipeline) -> None:
    assert run(lambda task: outcome) == outcome.as_response()


def test_an_exception_is_failed_with_its_type_message_and_stack(service: FakeDataPipeline) -> None:
    def work(task: Task) -> None:
        raise KeyError("no such column")

    response = run(work)
    assert response["status"] == "FAILED"
    assert response["errorId"] == "KeyError"
    assert "no such column" in response["errorMessage"]
    assert "in work" in response["errorStackTrace"]


def test_task_failed_chooses_the_error_id(service: FakeDataPipeline) -> None:
    def work(task: Task) -> None:
        raise TaskFailed("bad row 7", error_id="BadData")

    assert run(work) == {"status": "FAILED", "errorId": "BadData", "errorMessage": "bad row 7"}


def test_sys_exit_is_a_failure_not_a_crash(service: FakeDataPipeline) -> None:
    assert run(lambda task: sys.exit(0))["status"] == "FAILED"


def test_a_missing_field_names_object_and_field(service: FakeDataPipeline) -> None:
    response = run(lambda task: task.string("command") and None)
    assert response["errorId"] == "InvalidField"
    assert ATTEMPT_ID in response["errorMessage"]
    assert "'command'" in response["errorMessage"]


def test_the_work_is_ended_before_lambdas_timeout_even_if_it_catches_exceptions(
    service: FakeDataPipeline,
) -> None:
    def work(task: Task) -> None:
        while True:
            try:
                time.sleep(5)
            except Exception:  # noqa: S112 - what a careless handler does
                continue

    response = run(work, seconds=0.5)
    assert response["errorId"] == "HandlerTimeout"
    assert "timeout" in response["errorMessage"]


def test_progress_is_reported_and_a_cancellation_seen(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.02")
    service.canceled = True
    assert run(lambda task: task.wait(10) and None) == {"status": "CANCELED"}
    assert service.progress == ["AbC+/=:1"]


def test_a_task_that_the_service_no_longer_knows_is_canceled(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.02")
    service.progress_error = "TaskNotFoundException"
    assert run(lambda task: task.wait(10) and None) == {"status": "CANCELED"}


def test_work_that_checks_ends_once_the_task_is_canceled(service: FakeDataPipeline) -> None:
    steps: list[str] = []

    def work(task: Task) -> None:
        task.check_canceled()
        steps.append("before")
        task.cancel()
        task.check_canceled()
        steps.append("after")

    assert run(work) == {"status": "CANCELED"}
    assert steps == ["before"]


def test_a_handler_cleans_up_before_it_hands_the_cancellation_on(service: FakeDataPipeline) -> None:
    cleaned: list[bool] = []

    def work(task: Task) -> None:
        try:
            task.check_canceled()
        except TaskCanceled:
            cleaned.append(task.canceled)
            raise

    assert run(work, event(state={"n": 1}, canceled=True)) == {"status": "CANCELED"}
    assert cleaned == [True]


def test_refused_progress_reports_do_not_stop_the_work(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.01")
    service.progress_error = "ThrottlingException"

    def work(task: Task) -> None:
        while len(service.progress) < 3:
            assert not task.wait(0.005)

    assert run(work) == {"status": "FINISHED"}


def test_a_deferred_call_gets_its_state_and_whether_it_is_canceled(service: FakeDataPipeline) -> None:
    seen: list[tuple[Any, bool]] = []

    def work(task: Task) -> Outcome:
        seen.append((task.state, task.canceled))
        return Deferred({"n": 2})

    given = event(state={"n": 1}, canceled=True)
    assert run(work, given)["status"] == "DEFERRED"
    assert seen == [({"n": 1}, True)]


@pytest.mark.parametrize("answer", [False, True, "", "FINISHED", {}, {"status": "FINISHED"}, 0, [], object])
def test_only_none_and_an_outcome_are_answers(answer: object, service: FakeDataPipeline) -> None:
    response = run(lambda task: answer)
    assert response["errorId"] == "InvalidOutcome"
    assert repr(answer) in response["errorMessage"]
    assert "NotMet()" in response["errorMessage"]


@pytest.mark.parametrize(
    ("state", "wait_seconds", "says"),
    [
        (object(), 60, "Object of type object is not JSON serializable"),
        ({"at": NOW}, 60, "isoformat()"),
        ({1, 2}, 60, "Object of type set"),
        ({"ratio": float("nan")}, 60, "Out of range float values"),
        ({"text": "x" * 100_000}, 60, "100,000 are the limit"),
        ({}, "60", "wait_seconds of Deferred is '60'"),
        ({}, True, "wait_seconds of Deferred is True"),
        ({}, -1, "0 or more"),
        ({}, float("inf"), "0 or more"),
    ],
)
def test_a_deferral_that_cannot_be_kept_is_a_failure_where_it_is_made(
    state: object, wait_seconds: Any, says: str, service: FakeDataPipeline
) -> None:
    made: list[Deferred] = []

    def work(_: Task) -> Outcome:
        made.append(Deferred(state, wait_seconds))
        return made[0]

    response = run(work)
    assert response["status"] == "FAILED"
    assert says in response["errorMessage"]
    assert "in work" in response["errorStackTrace"]
    assert not made


def test_references_come_from_the_task_or_else_from_the_service(service: FakeDataPipeline) -> None:
    service.described = [pipeline_object("Out", directoryPath="s3://b/out")]
    raw = task_object(("input", "ref:In"), ("output", "ref:Out"), ("broken", "ref:Gone"))
    raw["objects"]["In"] = pipeline_object("In", directoryPath="s3://b/in")
    envelope = receive(raw, worker_group="etl", received_at=NOW).envelope

    def work(task: Task) -> None:
        assert task.reference("input").string("directoryPath") == "s3://b/in"
        assert task.reference("output").string("directoryPath") == "s3://b/out"
        assert task.evaluate("#{x}") == f"{ATTEMPT_ID}: #{{x}}"
        task.reference("broken")

    response = run(work, {"task": envelope})
    assert response["errorId"] == "InvalidField"
    assert "'Gone'" in response["errorMessage"]


def test_an_expression_that_stands_for_nothing_leaves_no_field(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An optional parameter without a value: the object from the service has no such field."""
    raw = task_object(
        ("command", "#{a}"), ("stage", "#{none}"), ("scriptArgument", "#{none}"), ("told", "#{late}")
    )
    envelope = receive(raw, worker_group="etl", received_at=NOW).envelope
    service.described = [pipeline_object(ATTEMPT_ID, ("command", "true"))]
    answers = {"#{none}": "", "#{late}": "now"}
    monkeypatch.setattr(
        service, "evaluate_expression", lambda **asked: {"evaluatedExpression": answers[asked["expression"]]}
    )

    def work(task: Task) -> None:
        assert task.string("command") == "true"
        assert task.boolean("stage", False) is False
        assert task.strings("scriptArgument") == []
        assert task.string("told") == "now"

    assert run(work, {"task": envelope}) == {"status": "FINISHED"}


def test_expressions_are_evaluated_by_the_service_before_the_handler_reads_them(
    service: FakeDataPipeline,
) -> None:
    written = [
        ("scriptArgument", "#{a}"),
        ("scriptArgument", "b"),
        ("command", "echo #{a}"),
        ("kept", "as is"),
    ]
    evaluated = [("scriptArgument", "1"), ("scriptArgument", "b"), ("command", "echo 1"), ("kept", "changed")]
    raw = task_object(*written)
    envelope = receive(raw, worker_group="etl", received_at=NOW).envelope
    service.described = [pipeline_object(ATTEMPT_ID, *evaluated)]

    def work(task: Task) -> None:
        assert task.string("command") == "echo 1"
        assert task.strings("scriptArgument") == ["1", "b"]
        assert task.string("kept") == "as is"
        assert task.type == "ShellCommandActivity"

    assert run(work, {"task": envelope}) == {"status": "FINISHED"}


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "DescribeObjects"), True),
        (
            ClientError(
                {"Error": {"Code": "InternalServiceError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},  # type: ignore[typeddict-item]
                "DescribeObjects",
            ),
            True,
        ),
        (ReadTimeoutError(endpoint_url="https://datapipeline"), True),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeObjects"), False),
    ],
    ids=["throttled", "failed", "not answered", "denied"],
)
@pytest.mark.parametrize("state", [None, {"step": "s-1"}], ids=["first", "resumed"])
def test_a_service_that_cannot_evaluate_fields_now_does_not_end_the_work(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch, error: Exception, passes: bool, state: Any
) -> None:
    def describe(**_: Any) -> Any:
        raise error

    monkeypatch.setattr(service, "paginate", describe)
    began: list[Task] = []
    response = run(began.append, event(("command", "#{a}"), state=state))
    assert not began
    assert response == Deferred(state).as_response() if passes else response["status"] == "FAILED"


def test_a_resumed_task_whose_fields_take_too_long_is_looked_at_again(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "paginate", lambda **_: time.sleep(30))
    state = {"step": "s-1"}
    response = run(lambda task: None, event(("command", "#{a}"), state=state), seconds=0.5)
    assert response == Deferred(state).as_response()
    assert run(lambda task: None, event(("command", "#{a}")), seconds=0.5)["errorId"] == "HandlerTimeout"


def test_a_canceled_task_has_time_to_stop_its_work_after_its_attempt_timeout(
    service: FakeDataPipeline,
) -> None:
    """The invocation that would have recorded the work may have crashed, so that there is no state."""
    late = event(("attemptTimeout", "1 minute"))
    late["task"]["receivedAt"] = "2026-01-01T00:00:00.000Z"
    stopped: list[Task] = []
    assert run(stopped.append, {**late, "canceled": True}) == {"status": "CANCELED"}
    assert stopped
    assert run(lambda task: time.sleep(5), late)["errorId"] == "AttemptTimeout"


def test_the_full_objects_are_read_from_the_claim_and_secrets_never_told(
    service: FakeDataPipeline, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    raw = task_object(("*password", "canary-1"), command="true")
    received = receive(raw, worker_group="etl", received_at=NOW)

    class S3:
        def get_object(self, **request: str) -> dict[str, Any]:
            assert request == {"Bucket": "claims", "Key": "claims/x.json"}
            return {"Body": io.BytesIO(json.dumps(received.claim).encode())}

    monkeypatch.setattr("runner.handler.clients.s3", S3)

    def work(task: Task) -> None:
        secret = task.string("*password")
        assert secret == "canary-1"
        task.logger.info("Logging in", secret=secret, nested={"with": [secret]})
        raise RuntimeError(f"login failed with {secret}")

    response = run(work, {"task": received.with_claim("s3://claims/claims/x.json")})
    assert "canary" not in json.dumps(response)
    assert "Logging in" in log.getvalue()
    assert "canary" not in log.getvalue()
    assert "***" in response["errorMessage"]


def test_a_secret_with_quotes_and_newlines_is_hidden_too(log: io.StringIO) -> None:
    def work(task: Task) -> Outcome:
        task.logger.info(f"got {task.string('*key')}")
        return Failed("Key", f"bad key {task.string('*key')}")

    response = run_handler(task_handler(work), {"*key": 'can"ary\n-2'})
    assert response["errorMessage"] == "bad key ***"
    assert "got ***" in log.getvalue()


def test_a_secret_of_a_described_object_is_hidden_as_well(log: io.StringIO) -> None:
    service = FakeDataPipeline(described=[pipeline_object("Db", ("*password", "canary-3"))])

    def work(task: Task) -> Outcome:
        secret = task.reference("database").string("*password")
        task.logger.info("Logging in", secret=secret)
        raise RuntimeError(secret)

    response = run_handler(task_handler(work), {"database": Ref("Db")}, service=service)
    assert "canary" not in json.dumps(response) + log.getvalue()


def test_a_state_with_a_secret_in_it_is_refused() -> None:
    response = run_handler(
        task_handler(lambda task: Deferred({"password": task.string("*password")})), {"*password": "canary-4"}
    )
    assert response["errorId"] == "SecretInState"
    assert "canary" not in json.dumps(response)


def test_an_attempt_is_ended_after_its_attempt_timeout() -> None:
    def work(task: Task) -> None:
        task.wait(10)

    response = run_handler(task_handler(work), {"attemptTimeout": "0 seconds"})
    assert response["errorId"] == "AttemptTimeout"
    assert run_handler(task_handler(lambda task: None), {"attemptTimeout": "1 hour"}) == {
        "status": "FINISHED"
    }


def test_deferred_work_whose_attempt_timeout_is_over_can_still_be_stopped() -> None:
    response = run_handler(
        task_handler(lambda task: Deferred(task.state)),
        {"attemptTimeout": "0 seconds"},
        state={"n": 1},
        canceled=True,
    )
    assert response["status"] == "DEFERRED"
