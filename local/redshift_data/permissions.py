"""What IAM is asked for an operation of the Redshift Data API.

Service authorization reference, Amazon Redshift Data API; and its API reference, ExecuteStatement: the caller
needs the permission to get the credentials that a request asks for, of a secret or temporary ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.http.requests import json_object
from local.permissions.calls import Call

_OF_STATEMENTS = {"CancelStatement", "DescribeStatement", "GetStatementResult", "ListStatements"}

OwnerOf = Callable[[str], str | None]
"""Statement's id -> the user id of who started it."""


def calls(operation: str, body: bytes, *, owner_of: OwnerOf, place: str) -> list[Call]:
    """What has to be allowed; ``place`` is ``REGION:ACCOUNT``."""
    request = json_object(body)
    action = f"redshift-data:{operation}"
    if operation in _OF_STATEMENTS:
        owner = owner_of(str(request.get("Id")))
        return [Call(action, context={"redshift-data:statement-owner-iam-userid": owner} if owner else {})]
    cluster, workgroup = request.get("ClusterIdentifier"), request.get("WorkgroupName")
    target = (
        f"arn:aws:redshift:{place}:cluster:{cluster}"
        if cluster
        # A workgroup's ARN ends in its id, which local AWS takes to be its name.
        else f"arn:aws:redshift-serverless:{place}:workgroup/{workgroup}"
    )
    return [Call(action, target), *_credentials(request, target, place)]


def _credentials(request: Mapping[str, Any], target: str, place: str) -> list[Call]:
    if secret := request.get("SecretArn"):
        return [Call("secretsmanager:GetSecretValue", str(secret))]
    if "WorkgroupName" in request:
        return [Call("redshift-serverless:GetCredentials", target)]
    cluster, user = request.get("ClusterIdentifier"), request.get("DbUser")
    database = f"arn:aws:redshift:{place}:dbname:{cluster}/{request.get('Database')}"
    return [
        Call("redshift:GetClusterCredentials", f"arn:aws:redshift:{place}:dbuser:{cluster}/{user}"),
        Call("redshift:GetClusterCredentials", database),
    ]
