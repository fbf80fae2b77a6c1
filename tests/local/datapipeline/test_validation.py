"""The errors and warnings for a definition, by object."""

from __future__ import annotations

from typing import Any

import pytest

from local.datapipeline.settings import Settings
from tests.local.datapipeline.account import ON_DEMAND, Account, pipeline_object, shell


def found(*objects: dict[str, Any], account: Account | None = None, **more: Any) -> dict[str, list[str]]:
    account = account or Account()
    answer = account.put(account.create(), [ON_DEMAND, *objects], **more)
    assert answer["errored"] is bool(answer["validationErrors"])
    return {entry["id"]: entry["errors"] for entry in answer["validationErrors"]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pipeline_object("X", type="ShellCommandActivity"), "One of 'command' and 'scriptUri' is missing"),
        (pipeline_object("X", type="SqlActivity", script="s"), "'database' is missing"),
        (shell("X", dependsOn=("Nowhere",)), "'dependsOn' refers to 'Nowhere', which does not exist"),
        (shell("X", stdout=""), "'stdout' is empty"),
        (shell("X", **{"@status": "RUNNING"}), "'@status' is set by the service only"),
        (pipeline_object("X", type="Wish"), "'Wish' is not a type of AWS Data Pipeline"),
        (pipeline_object("X", command="true"), "'type' is missing"),
        (shell("X", command="echo #{day("), "is not closed"),
        (shell("X", dependsOn=("X",)), "'dependsOn' goes in a circle: X -> X"),
        (shell("X", scheduleType="weekly"), "not 'weekly'"),
        (shell("X", maximumRetries="1", **{f"my{n}": "v" for n in range(60)}), "50 are possible"),
        (shell("X", **{f"my{n}": "v" * 4000 for n in range(4)}), "15360 are possible"),
        (
            pipeline_object("X", type="Schedule", period="10 minutes", startDateTime="2024-01-01T00:00:00"),
            "15 minutes at least",
        ),
        (
            pipeline_object("X", type="Schedule", period="soon", startAt="NOW"),
            "'startAt' is FIRST_ACTIVATION",
        ),
    ],
)
def test_a_mistake_is_named_at_its_object(wrong: dict[str, Any], message: str) -> None:
    errors = found(wrong)
    assert list(errors) == ["X"]
    assert message in errors["X"][0]


def test_a_circle_of_several_is_found() -> None:
    errors = found(shell("A", dependsOn=("B",)), shell("B", dependsOn=("C",)), shell("C", dependsOn=("A",)))
    ((_, (message,)),) = errors.items()
    assert "goes in a circle" in message


def test_an_id_twice_and_too_many_objects() -> None:
    assert "more than one object" in found(shell("A"), shell("A"))["A"][0]
    assert "100 are possible" in found(*(shell(f"A{n}") for n in range(100)))["Default"][0]


def test_a_refused_definition_is_not_kept() -> None:
    account = Account()
    pipeline = account.create()
    account.put(pipeline, [ON_DEMAND, shell("Good")])
    account.put(pipeline, [ON_DEMAND, shell("Bad", stdout="")])
    kept = account("GetPipelineDefinition", pipelineId=pipeline)["pipelineObjects"]
    assert [found["id"] for found in kept] == ["Default", "Good"]


def test_an_unknown_type_is_kept_where_the_setting_says_so() -> None:
    account = Account(Settings(unknown_types="kept"))
    account.start(pipeline_object("X", type="Wish", myWish="peace"))
    assert account.take()["attemptId"].startswith("@X_")


def test_values_at_activation_replace_those_of_the_definition() -> None:
    account = Account()
    pipeline = account.create()
    account.put(
        pipeline,
        [ON_DEMAND, shell("A", command="echo #{myWord} #{myOther}")],
        parameterObjects=[
            {"id": "myWord", "attributes": [{"key": "default", "stringValue": "default"}]},
            {"id": "myOther", "attributes": [{"key": "default", "stringValue": "other"}]},
        ],
        parameterValues=[{"id": "myWord", "stringValue": "put"}],
    )
    account(
        "ActivatePipeline",
        pipelineId=pipeline,
        parameterValues=[{"id": "myWord", "stringValue": "activated"}],
    )
    task = account.take()
    fields = task["objects"][task["attemptId"]]["fields"]
    assert {"key": "command", "stringValue": "echo activated other"} in fields
