"""The topic that alarms notify, and who may publish to it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

_CLOUDWATCH = "cloudwatch.amazonaws.com"


def alarm_topic(scope: Construct, construct_id: str, encryption_key: kms.IKey | None) -> sns.Topic:
    """A TLS-only topic to which the alarms of this account and region may publish.

    Its policy replaces the default one, with which SNS lets CloudWatch publish. Without the statement here no
    alarm would reach a subscriber.

    ``encryption_key`` encrypts the topic if its policy can let CloudWatch use it. CDK cannot change the
    policy of an imported key. Such a key does not encrypt the topic: its messages contain no secrets, and
    none may be lost.
    """
    alarms = _alarms_of(Stack.of(scope))
    may_use = encryption_key is not None and _let_use(encryption_key, alarms)
    topic = sns.Topic(scope, construct_id, enforce_ssl=True, master_key=encryption_key if may_use else None)
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(_CLOUDWATCH)],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions=alarms,
        )
    )
    return topic


def _alarms_of(stack: Stack) -> dict[str, dict[str, str]]:
    """Conditions: CloudWatch acts for alarms of the stack's account (SNS developer guide, use cases)."""
    arns = f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm:*"
    return {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": arns}}


def _let_use(key: kms.IKey, alarms: dict[str, dict[str, str]]) -> bool:
    """Let CloudWatch use ``key``, which publishing takes (SNS developer guide, managing keys)."""
    return key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(_CLOUDWATCH)],
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions=alarms,
        )
    ).statement_added
