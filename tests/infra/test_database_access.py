"""What the handler of SqlActivity may do on AWS."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.configuration_error import ConfigurationError
from infra.database_access import database_access
from infra.handlers import copy, s3_access, sql
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, statements
from tests.infra.test_handlers import RUNTIME

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:etl/sales-AbCdEf"
WORKGROUP = (
    "arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/7e6f1a2b-0000-1111-2222-333344445555"
)


def made(**given: Any) -> Any:
    return [statement.to_statement_json() for statement in database_access(**given)]


def arn(service: str, resource: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:{service}:*:{cdk.Aws.ACCOUNT_ID}:{resource}"


def allowed(action: Any, resource: Any) -> Any:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_nothing_is_allowed_that_is_not_named() -> None:
    assert database_access() == []
    runtime = actions(statements(synthesize(handlers={"SqlActivity": sql()}), "HandlerSqlActivity"))
    assert runtime == RUNTIME


def test_secrets_and_their_keys() -> None:
    stack = cdk.Stack()
    key = kms.Key(stack, "Key")
    own = secretsmanager.Secret(stack, "Own", encryption_key=key)
    plain = secretsmanager.Secret(stack, "Plain")
    assert made(secrets=[SECRET, own, plain]) == [
        allowed("secretsmanager:GetSecretValue", [SECRET, own.secret_arn, plain.secret_arn]),
        allowed("kms:Decrypt", key.key_arn),
    ]


def test_rds_instances() -> None:
    assert made(rds_instances=["sales-db"]) == [allowed("rds:DescribeDBInstances", arn("rds", "db:sales-db"))]


def test_redshift_clusters_users_and_workgroups() -> None:
    run, own, log_in = made(redshift=["sales", "stock/etl", "stock/other", WORKGROUP])
    assert run == allowed(
        ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"],
        [arn("redshift", "cluster:sales"), arn("redshift", "cluster:stock"), WORKGROUP],
    )
    assert own == {
        **allowed(["redshift-data:DescribeStatement", "redshift-data:CancelStatement"], "*"),
        "Condition": {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}},
    }
    users = ["dbuser:stock/etl", "dbname:stock/*", "dbuser:stock/other"]
    assert log_in == allowed("redshift:GetClusterCredentials", [arn("redshift", user) for user in users])
    assert len(made(redshift=["sales"])) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"secrets": SECRET},
        {"secrets": ["etl"]},
        {"secrets": ["arn:aws:secretsmanager:*:*:secret:*"]},
        {"rds_instances": "sales-db"},
        {"rds_instances": ["*"]},
        {"rds_instances": ["sales-db.abc.eu-west-1.rds.amazonaws.com"]},
        {"redshift": "sales"},
        {"redshift": ["sales/*"]},
        {"redshift": ["*"]},
        {"redshift": ["arn:aws:redshift:eu-west-1:111122223333:cluster:sales"]},
    ],
)
def test_other_forms_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"is not|a list is expected"):
        sql(**given)


def test_the_function_has_all_of_it_in_its_network() -> None:
    vpc = ec2.Vpc.from_vpc_attributes(
        cdk.Stack(),
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-1"],
    )
    template = synthesize(
        handlers={
            "SqlActivity": sql(
                vpc=vpc,
                secrets=[SECRET],
                rds_instances=["sales-db"],
                redshift=["sales/etl"],
                statements=s3_access(read=["s3://sales/scripts/"]),
            )
        }
    )
    assert {
        "secretsmanager:GetSecretValue",
        "rds:DescribeDBInstances",
        "redshift-data:BatchExecuteStatement",
        "s3:ListBucket",
    } <= actions(statements(template, "HandlerSqlActivity"))
    (function,) = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"FunctionName": "TaskRunner-SqlActivity"}}
    ).values()
    assert function["Properties"]["Handler"] == "activities.sql_activity.handler"
    assert function["Properties"]["VpcConfig"]["SubnetIds"] == ["subnet-1"]


def test_a_copy_may_do_what_its_arguments_name() -> None:
    handler = copy(
        secrets=[SECRET], rds_instances=["sales-db"], statements=s3_access(read=["s3://sales/in/"])
    )
    own = actions(statements(synthesize(handlers={"CopyActivity": handler}), "HandlerCopyActivity"))
    assert own == RUNTIME | {"s3:ListBucket", "secretsmanager:GetSecretValue", "rds:DescribeDBInstances"}
