"""Every action, resource and condition key of every policy exists on AWS, and they fit together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.rules import variants
from tests.infra.rules.deployed import Deployed
from tests.infra.rules.iam_data import expanded, faults, faults_of_resource, overlap

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:sales-AbCdEf"


def of_identities(deployed: Deployed) -> list[dict[str, Any]]:
    policies = [policy["PolicyDocument"] for policy in deployed.of_type("IAM::Policy").values()]
    policies += [policy["PolicyDocument"] for policy in deployed.of_type("IAM::ManagedPolicy").values()]
    for role in deployed.of_type("IAM::Role").values():
        policies += [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    return [statement for policy in policies for statement in policy["Statement"]]


def of_resources(deployed: Deployed) -> list[dict[str, Any]]:
    policies = [role["AssumeRolePolicyDocument"] for role in deployed.of_type("IAM::Role").values()]
    for kind in ("S3::BucketPolicy", "SNS::TopicPolicy", "SQS::QueuePolicy"):
        policies += [resource["PolicyDocument"] for resource in deployed.of_type(kind).values()]
    policies += [key["KeyPolicy"] for key in deployed.of_type("KMS::Key").values()]
    return [statement for policy in policies for statement in policy["Statement"]]


@pytest.mark.parametrize("name", variants.NAMES)
def test_every_statement_is_one_that_aws_understands(name: str) -> None:
    deployed = Deployed(variants.template(name))
    identities, resources = of_identities(deployed), of_resources(deployed)
    assert len(identities) > 10
    assert len(resources) > 5
    assert [fault for policy in identities for fault in faults(policy)] == []
    assert [fault for policy in resources for fault in faults_of_resource(policy)] == []
    permissions = deployed.of_type("Lambda::Permission").values()
    assert [permission["Action"] for permission in permissions if not expanded(permission["Action"])] == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ({"Action": "datapipeline:PollForTasks", "Resource": "*"}, "there is no action"),
        ({"Action": "s4:GetObject", "Resource": "*"}, "there is no action"),
        ({"Action": "s3:ListBucket", "Resource": SECRET}, "s3:ListBucket is on none of"),
        (
            {"Action": "datapipeline:PollForTask", "Resource": "arn:aws:datapipeline:us-east-1:1:pipeline/x"},
            "no action of",
        ),
        (
            {"Action": ["s3:GetObject", "secretsmanager:GetSecretValue"], "Resource": [SECRET]},
            "s3:GetObject is on none of",
        ),
        (
            {
                "Action": "datapipeline:SetTaskStatus",
                "Resource": "*",
                "Condition": {"StringEquals": {"datapipeline:workerGroup": "etl"}},
            },
            "the condition key datapipeline:workerGroup",
        ),
    ],
)
def test_a_fault_is_found(statement: dict[str, Any], fault: str) -> None:
    """So that silence means something."""
    assert any(fault in found for found in faults(statement))


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        ("a:*", "a:b", True),
        ("a:*:c", "a:b:*", True),
        ("arn:*:key/*", "arn:aws:key/1", True),
        ("a*b", "b*a", False),
        ("a", "ab", False),
        ("", "*", True),
    ],
)
def test_patterns_overlap(one: str, other: str, holds: bool) -> None:
    assert overlap(one, other) is holds
    assert overlap(other, one) is holds
