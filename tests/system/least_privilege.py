"""The reason for each permission of the deployed stacks, compared with what the system tests needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from tests.infra.test_security import ALLOWED, ALLOWED_TO_OTHERS, ALLOWED_WITH_KEY
from tests.system.ledger import Ledger, Right, matches

# (role, action): the reason. Permissions that docs/examples and the monitored app have beyond every stack's.
OF_THE_APPS: Mapping[Right, str] = {
    ("Handler*Role*", "s3:GetObject"): "`s3_access`: what is read.",
    ("Handler*Role*", "s3:PutObject"): "`s3_access`: what is written.",
    ("Handler*Role*", "s3:AbortMultipartUpload"): "`s3_access`: what is written in parts and given up.",
    ("Handler*Role*", "s3:ListBucket"): "`s3_access`: the objects of a directory.",
    ("Handler*FunctionRole*", "secretsmanager:GetSecretValue"): "`secrets`: passwords of databases.",
    ("Handler*TaskRole*", "secretsmanager:GetSecretValue"): "The same, of a handler in a container.",
    ("HandlerRedshift*", "redshift-data:*"): "`redshift`: its own statements on the named cluster.",
    ("HandlerRedshift*", "redshift:GetClusterCredentials"): "`redshift`: the login of the named user.",
    ("Handler*", "elasticmapreduce:ListClusters"): "`cluster_name` of `emr`: the cluster that has the name.",
    ("Handler*", "elasticmapreduce:AddJobFlowSteps"): "The steps of a task.",
    ("Handler*", "elasticmapreduce:ListSteps"): "Steps that an earlier invocation or attempt has added.",
    ("Handler*", "elasticmapreduce:DescribeStep"): "What became of a step.",
    ("Handler*", "elasticmapreduce:CancelSteps"): "A canceled task ends its steps.",
    ("Handler*", "elasticmapreduce:DescribeCluster"): "Where the logs are, and why a cluster has ended.",
    ("Handleron*", "elasticmapreduce:RunJobFlow"): "`transient` of `emr`: a cluster is started.",
    ("Handleron*", "elasticmapreduce:AddTags"): "A cluster has a tag by which it can be used.",
    (
        "Handleron*",
        "elasticmapreduce:PutAutoTerminationPolicy",
    ): "A cluster that nobody needs ends by itself.",
    ("Handleron*", "elasticmapreduce:TerminateJobFlows"): "A cluster for a task ends with it.",
    ("Handleron*", "iam:PassRole"): "The roles of a cluster that is started, or of job runs.",
    ("Handleron*", "iam:CreateServiceLinkedRole"): "EMR's role for cleanup, of the account's first cluster.",
    ("Handleronemrserverless*", "emr-serverless:StartJobRun"): "`application_id`: a job run is started.",
    ("Handleronemrserverless*", "emr-serverless:ListJobRuns"): "Runs that an earlier attempt has left.",
    ("Handleronemrserverless*", "emr-serverless:GetJobRun"): "What became of a job run.",
    ("Handleronemrserverless*", "emr-serverless:CancelJobRun"): "A canceled task ends its job run.",
    ("Handlerrunstatemachine*", "states:*"): "The example runs state machines of some names.",
    ("Handlerinafunction*", "sts:AssumeRole"): "The role of commands, of the function beside the containers.",
}

# (role, action): why no test needs it.
NOT_EXERCISED: Mapping[Right, str] = {
    ("Handler*FunctionRole*", "datapipeline:EvaluateExpression"): (
        "`task.evaluate` is for handlers of one's own; those of the project and of its examples do not ask."
    ),
    ("Handler*TaskRole*", "datapipeline:EvaluateExpression"): "The same in a container.",
    ("Handleron*", "iam:CreateServiceLinkedRole"): "Local AWS has no service-linked roles.",
}

# (service, action): the same, for what resource policies let services do.
NOT_EXERCISED_BY_SERVICES: Mapping[Right, str] = {
    ("events.amazonaws.com", "sqs:GetQueueAttributes"): "CDK lets whoever may send look at the queue.",
    ("events.amazonaws.com", "sqs:GetQueueUrl"): "CDK lets whoever may send look at the queue.",
}


def shortcomings(ledger: Ledger, roles: Sequence[str] = ()) -> list[str]:
    """Permissions that no test needed or that have no reason, and reasons without a permission.

    ``roles`` are patterns of roles to look at; without any, it is all of them, and services.
    """
    found = _shortcomings(ledger)
    if not roles:
        return found
    return [line for line in found if any(fnmatchcase(line, f"* by {role}") for role in roles)]


def _shortcomings(ledger: Ledger) -> list[str]:
    lines = [*ALLOWED, *ALLOWED_WITH_KEY]
    rights = {(role, action) for role, actions, *_ in lines for action in actions.split()} | set(OF_THE_APPS)
    services = {
        (service, action) for _, actions, service, _ in ALLOWED_TO_OTHERS for action in actions.split()
    }
    unused = {right for right in rights if not ledger.was_used(right)}
    unused_by_services = services - ledger.services
    return sorted(
        [
            *(
                f"granted without a reason: {_described(right)}"
                for right in ledger.granted
                if not _any(rights, right)
            ),
            *(f"no test needs: {_described(right)}" for right in unused - set(NOT_EXERCISED)),
            *(
                f"no test needs: {_described(right)}"
                for right in unused_by_services - set(NOT_EXERCISED_BY_SERVICES)
            ),
            *(
                f"said to be not exercised, but is: {_described(right)}"
                for right in set(NOT_EXERCISED) - unused
            ),
            *(
                f"said to be not exercised, but is: {_described(right)}"
                for right in set(NOT_EXERCISED_BY_SERVICES) - unused_by_services
            ),
        ]
    )


def _any(patterns: set[Right], right: Right) -> bool:
    return any(matches(pattern, right) for pattern in patterns)


def _described(right: Right) -> str:
    return f"{right[1]} by {right[0]}"
