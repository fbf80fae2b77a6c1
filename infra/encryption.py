"""A customer managed key for the data that tasks leave behind: state, logs and claims."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn


def let_logs_use(key: kms.IKey, stack: Stack) -> None:
    """Let CloudWatch Logs encrypt this account's log groups with ``key`` (its user guide, KMS).

    CDK cannot change the policy of an imported key: the key's owner adds this statement.
    """
    service = iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")
    log_groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service],
            actions=[
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        )
    )


def of_state_machine(key: kms.IKey | None) -> sfn.EncryptionConfiguration | None:
    """How a state machine encrypts its definition, input, output and history."""
    return sfn.CustomerManagedEncryptionConfiguration(key) if key is not None else None
