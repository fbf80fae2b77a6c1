"""The function that judges how a container ended, and leaves none behind: lambdas/container_ended.py."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.container_task import ContainerTask
from infra.naming import CONTAINER_ENDED
from infra.python_function import python_function
from infra.shared_settings import SharedSettings


def container_ended(
    scope: Construct, containers: Sequence[ContainerTask], shared: SharedSettings
) -> lambda_.Function:
    """The function, named ``<stack>-container-ended``, for all ``containers`` of the stack's cluster."""
    first = containers[0]
    cluster = first.cluster.attr_arn
    function = python_function(
        Construct(scope, "ContainerEnded"),
        CONTAINER_ENDED,
        handler="container_ended.handler",
        shared=shared,
        memory_mb=256,
        timeout=Duration.seconds(60),
        environment={"CLUSTER": cluster, "CLAIMS_BUCKET": shared.claims.bucket_name},
    )
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster}}
    function.add_to_role_policy(
        iam.PolicyStatement(
            # Fargate has no container instances, which are this action's resource type (Service Authorization
            # Reference): the cluster is a condition.
            actions=["ecs:ListTasks"],
            resources=["*"],
            conditions=in_cluster,
        )
    )
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["ecs:DescribeTasks", "ecs:StopTask"], resources=[first.task_arns])
    )
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["s3:GetObject"],
            resources=[
                shared.claims.arn_for_objects("containers/*/outcome.json"),
                shared.claims.arn_for_objects("containers/*/started"),
            ],
        )
    )
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["s3:PutObject"], resources=[shared.claims.arn_for_objects("containers/*/started")]
        )
    )
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[shared.claims.bucket_arn],
            conditions={"StringLike": {"s3:prefix": "containers/*"}},
        )
    )
    if shared.encryption_key is not None:
        shared.encryption_key.grant(function, "kms:Decrypt", "kms:GenerateDataKey")
    return function
