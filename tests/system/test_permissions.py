"""Least privilege: what the stack does is allowed, and what is allowed is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.handlers import s3_access
from tests.infra.test_security import ALLOWED, ALLOWED_TO_OTHERS, ALLOWED_WITH_KEY
from tests.system.deployments import Deployment, eventually
from tests.system.granted import SHELL, grant
from tests.system.ledger import Ledger, Right, matches
from tests.system.pipelines import Pipeline, Ref, shell

HERE = Path(__file__).parent

# (role, action): why. What docs/examples and the monitored app have beside the statements of every stack.
OF_THE_APPS: dict[Right, str] = {
    ("Handler*Role*", "s3:GetObject"): "`s3_access`: what is read.",
    ("Handler*Role*", "s3:PutObject"): "`s3_access`: what is written.",
    ("Handler*Role*", "s3:AbortMultipartUpload"): "`s3_access`: what is written in parts and given up.",
    ("Handler*Role*", "s3:ListBucket"): "`s3_access`: the objects of a directory.",
    ("Handler*FunctionRole*", "secretsmanager:GetSecretValue"): "`secrets`: passwords of databases.",
    ("HandlerRedshift*", "redshift-data:*"): "`redshift`: its own statements on the named cluster.",
    ("HandlerRedshift*", "redshift:GetClusterCredentials"): "`redshift`: the login of the named user.",
    ("Handlerrunstatemachine*", "states:*"): "The example runs state machines of some names.",
}

# (role, action): why no test needs it.
NOT_EXERCISED: dict[Right, str] = {
    ("Handler*FunctionRole*", "datapipeline:EvaluateExpression"): (
        "`task.evaluate` is for handlers of one's own; those of the project and of its examples do not ask."
    ),
}

# (service, action): the same of what policies of resources let services do.
NOT_EXERCISED_BY_SERVICES: dict[Right, str] = {
    ("events.amazonaws.com", "sqs:GetQueueAttributes"): "CDK lets whoever may send look at the queue.",
    ("events.amazonaws.com", "sqs:GetQueueUrl"): "CDK lets whoever may send look at the queue.",
}


def needed() -> set[Right]:
    """Each action of each line of reasons."""
    lines = [*ALLOWED, *ALLOWED_WITH_KEY]
    return {(role, action) for role, actions, *_ in lines for action in actions.split()} | set(OF_THE_APPS)


@pytest.mark.parametrize("deployment", ["as-assumed", "otherwise"], indirect=True)
def test_nothing_that_the_stack_does_is_denied(deployment: Deployment, record: Path) -> None:
    """Each step of a task: polled, put aside, acknowledged, staged, run, reported, logged and counted."""
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
    # What commands may do is theirs to know.
    assert [message for role, message in denied if "Command" not in role] == []


def test_every_statement_is_needed_or_has_its_reason(request: pytest.FixtureRequest, record: Path) -> None:
    """Looks back on all system tests of this run: each statement was needed by one of them."""
    files = {file.name for file in HERE.glob("test_*.py")}
    if not files <= {item.path.name for item in request.session.items} or request.config.option.keyword:
        pytest.skip("not all system tests are run")
    ledger = Ledger.of(record)
    lines = needed()
    assert [one for one in ledger.granted if not any(matches(line, one) for line in lines)] == []
    unused = {line for line in lines if not ledger.was_used(line)}
    assert unused == set(NOT_EXERCISED)
    allowed = {
        (service, action) for _, actions, service, _ in ALLOWED_TO_OTHERS for action in actions.split()
    }
    assert allowed - ledger.services == set(NOT_EXERCISED_BY_SERVICES)
