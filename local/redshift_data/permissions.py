"""The calls that IAM must allow for an operation of the Redshift Data API.

Service authorization reference, Amazon Redshift Data API. By its API reference, ExecuteStatement, the caller
also needs permission to get the credentials that a request asks for: a secret, or temporary ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.permissions.calls import Call

_OF_STATEMENTS = {"CancelStatement", "DescribeStatement", "GetStatementResult", "ListStatements"}

OwnerOf = Callable[[str], str | None]
"""(statement's id) -> the user id of whoever started it; None for an unknown statement."""


class NeededCalls:
    """Finds the owners of statements by the statements' ids."""

    def __init__(self, *, owner_of: OwnerOf, region: str, account: str) -> None:
        self._owner_of = owner_of
        self._place = f"{region}:{account}"

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that must be allowed."""
        action = f"redshift-data:{operation}"
        if operation in _OF_STATEMENTS:
            owner = self._owner_of(str(request.get("Id")))
            return [
                Call(action, context={"redshift-data:statement-owner-iam-userid": owner} if owner else {})
            ]
        cluster, workgroup = request.get("ClusterIdentifier"), request.get("WorkgroupName")
        target = (
            f"arn:aws:redshift:{self._place}:cluster:{cluster}"
            if cluster
            # A workgroup's ARN ends with its id. Local AWS takes its name for the id.
            else f"arn:aws:redshift-serverless:{self._place}:workgroup/{workgroup}"
        )
        return [Call(action, target), *self._credentials(request, target)]

    def _credentials(self, request: Mapping[str, Any], target: str) -> list[Call]:
        if secret := request.get("SecretArn"):
            return [Call("secretsmanager:GetSecretValue", str(secret))]
        if "WorkgroupName" in request:
            return [Call("redshift-serverless:GetCredentials", target)]
        cluster, arn = request.get("ClusterIdentifier"), f"arn:aws:redshift:{self._place}"
        user, database = request.get("DbUser"), request.get("Database")
        return [
            Call("redshift:GetClusterCredentials", f"{arn}:dbuser:{cluster}/{user}"),
            Call("redshift:GetClusterCredentials", f"{arn}:dbname:{cluster}/{database}"),
        ]
