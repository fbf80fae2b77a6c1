"""Least privilege: what the stack does is allowed, and what it is allowed it does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.handlers import s3_access
from local.launch import ROOT
from tests.infra.test_security import ALLOWED, ALLOWED_TO_OTHERS, ALLOWED_WITH_KEY
from tests.looking_back import LookingBack
from tests.system.deployments import Deployment, eventually
from tests.system.granted import SHELL, grant
from tests.system.least_privilege import (
    NOT_EXERCISED,
    NOT_EXERCISED_BY_SERVICES,
    OF_THE_APPS,
    shortcomings,
)
from tests.system.ledger import Ledger, Right
from tests.system.pipelines import Pipeline, Ref, shell


@pytest.mark.parametrize(
    "deployment", ["as-assumed", pytest.param("otherwise", marks=pytest.mark.long)], indirect=True
)
def test_nothing_that_the_stack_does_is_denied(deployment: Deployment, record: Path) -> None:
    """Each step of a task: polled, stored, acknowledged, staged, run, reported, logged and counted."""
    deployment.s3.create_bucket(Bucket="permitted")
    deployment.s3.put_object(Bucket="permitted", Key="in/a", Body=b"a")
    grant(deployment, SHELL, s3_access(read=["s3://permitted/in/"], write=["s3://permitted/out/"]))
    pipeline = Pipeline.activated(
        deployment,
        {
            "Permitted": shell(
                'cp "$INPUT1_STAGING_DIR"/a "$OUTPUT1_STAGING_DIR"/b && aws s3 ls s3://permitted/in/',
                stage="true",
                input=Ref("In"),
                output=Ref("Out"),
                precondition=Ref("There"),
                **{"*secret": "kept"},
            ),
            "In": {"type": "S3DataNode", "directoryPath": "s3://permitted/in"},
            "Out": {"type": "S3DataNode", "directoryPath": "s3://permitted/out"},
            "There": {"type": "ShellCommandPrecondition", "command": "true"},
        },
    )
    pipeline.ended("Permitted", "FINISHED")
    assert deployment.s3.get_object(Bucket="permitted", Key="out/b")["Body"].read() == b"a"

    def ledger() -> Ledger | None:
        found = Ledger.of(record, deployment.pid)
        rights = [
            ("EventsFunctionRole*", "logs:PutLogEvents"),
            ("HandlerShellCommandActivityFunctionRole*", "logs:PutLogEvents"),
            ("HandlerShellCommandPreconditionFunctionRole*", "sts:AssumeRole"),
        ]
        return found if all(map(found.was_used, rights)) else None

    denied = eventually(ledger, "what ended was not counted").denied
    # What commands need is for their authors to know.
    assert [message for role, message in denied if "Command" not in role] == []


def made_up(*, used: set[Right], services: set[Right], granted: frozenset[Right] = frozenset()) -> Ledger:
    return Ledger(granted, frozenset(used), frozenset(), frozenset(services))


def test_looking_back_tells_what_no_test_needed_and_what_has_no_reason() -> None:
    """After all system tests: see tests/looking_back.py."""
    rights = {
        (role, action) for role, actions, *_ in {**ALLOWED, **ALLOWED_WITH_KEY} for action in actions.split()
    }
    # A pattern matches itself, with nothing for its wildcards.
    used = {(role.replace("*", ""), action) for role, action in {*rights, *OF_THE_APPS} - set(NOT_EXERCISED)}
    services = {
        (service, action) for _, actions, service, _ in ALLOWED_TO_OTHERS for action in actions.split()
    } - set(NOT_EXERCISED_BY_SERVICES)
    assert shortcomings(made_up(used=used, services=services)) == []
    for right in (
        ("PollLoopFunctionRole", "datapipeline:PollForTask"),
        ("EventsFunctionRole", "logs:PutLogEvents"),
    ):
        (told,) = shortcomings(made_up(used=used - {right}, services=services))
        assert told.startswith(f"no test needs: {right[1]} by ")
    publishing = ("cloudwatch.amazonaws.com", "sns:Publish")
    assert shortcomings(made_up(used=used, services=services - {publishing})) == [
        "no test needs: sns:Publish by cloudwatch.amazonaws.com"
    ]
    assert shortcomings(made_up(used=set(), services=set()), ["ContainerEnded*"])
    for line in shortcomings(made_up(used=set(), services=set()), ["ContainerEnded*"]):
        assert " by ContainerEnded" in line
    more = frozenset({("EventsFunctionRole", "s3:GetObject")})
    assert shortcomings(made_up(used=used, services=services, granted=more)) == [
        "granted without a reason: s3:GetObject by EventsFunctionRole"
    ]
    asked = ("HandlerFunctionRole", "datapipeline:EvaluateExpression")
    (told,) = shortcomings(made_up(used=used | {asked}, services=services))
    assert told.startswith("said to be not exercised, but is: datapipeline:EvaluateExpression")


@pytest.mark.parametrize(
    ("left_out", "chosen", "exit_code", "fails"),
    [
        ("", "", 0, True),
        ("tests/system/test_sql.py", "", 0, False),
        ("", "hello", 0, False),
        ("", "", 1, False),
    ],
)
def test_a_run_of_all_system_tests_fails_if_permissions_are_not_needed(
    tmp_path: Path, left_out: str, chosen: str, exit_code: int, *, fails: bool
) -> None:
    """Here, nothing was recorded at all."""
    options = SimpleNamespace(keyword=chosen, markexpr="", deselect=None)
    session: Any = SimpleNamespace(
        config=SimpleNamespace(option=options, rootpath=ROOT), exitstatus=exit_code
    )
    looking_back = LookingBack(tmp_path)
    for file in (ROOT / "tests/system").glob("test_*.py"):
        name = f"tests/system/{file.name}"
        if name != left_out:
            report: Any = SimpleNamespace(nodeid=f"{name}::test_it@group")
            looking_back.pytest_runtest_logreport(report)
    looking_back.pytest_sessionfinish(session, exit_code)
    assert session.exitstatus == (1 if fails else exit_code)
