"""The handler of RedshiftCopyActivity, and what it may do on AWS."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from infra.configuration_error import ConfigurationError
from infra.handlers import redshift_copy
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, statements

ROLE = "arn:aws:iam::111122223333:role/redshift-copy"
ROUTE = "RedshiftCopyActivity"


def test_the_function_knows_the_role_and_may_use_the_data_api_alone() -> None:
    template = synthesize(handlers={ROUTE: redshift_copy(copy_role_arn=ROLE, redshift=["sales/etl"])})
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"FunctionName": f"TaskRunner-{ROUTE}"}}
    ).values()
    assert function["Properties"]["Handler"] == "activities.redshift_copy_activity.handler"
    assert function["Properties"]["Environment"]["Variables"]["COPY_ROLE_ARN"] == ROLE

    found = statements(template, f"Handler{ROUTE}")
    assert {
        action for action in actions(found) if not action.startswith(("datapipeline:", "logs:", "s3:"))
    } == {
        "redshift-data:ExecuteStatement",
        "redshift-data:BatchExecuteStatement",
        "redshift-data:DescribeStatement",
        "redshift-data:CancelStatement",
        "redshift-data:GetStatementResult",
        "redshift:GetClusterCredentials",
    }
    for statement in found:
        if "redshift" not in json.dumps(statement["Action"]):
            continue
        if statement["Resource"] == "*":
            owner = {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
            assert statement["Condition"] == {"StringEquals": owner}
        else:
            assert "sales" in json.dumps(statement["Resource"])


def test_a_role_of_the_same_app_or_a_chain_of_roles() -> None:
    own = iam.Role(cdk.Stack(), "Copy", assumed_by=iam.ServicePrincipal("redshift.amazonaws.com"))
    for arn in (
        own.role_arn,
        f"{ROLE},{ROLE}2",
        ROLE.replace("aws:", "aws-cn:").replace("role/", "role/etl/"),
    ):
        handler = redshift_copy(copy_role_arn=arn, redshift=[])
        assert handler.environment == {"COPY_ROLE_ARN": arn}


@pytest.mark.parametrize(
    "arn", ["", "redshift-copy", "default", f"{ROLE}'", f"{ROLE},", f"{ROLE}\n", ROLE.replace("role", "user")]
)
def test_what_is_not_a_role_is_refused(arn: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the ARN of a role"):
        redshift_copy(copy_role_arn=arn, redshift=["sales"])


def test_a_cluster_is_checked_as_for_sql() -> None:
    wrong: Any = "sales"
    for redshift in (["sales db"], wrong):
        with pytest.raises(ConfigurationError):
            redshift_copy(copy_role_arn=ROLE, redshift=redshift)
