"""IAM statements for databases: reading their secrets, finding instances, and using the Redshift Data API."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aws_cdk import Aws, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.configuration_error import ConfigurationError

Secret = secretsmanager.ISecret | str
"""A secret of the same app, or a secret's ARN."""

_SECRET_ARN = re.compile(r"arn:aws[a-zA-Z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[a-zA-Z0-9/_+=.@?-]+")
# API Reference of Amazon RDS and of Amazon Redshift: identifiers of instances and clusters, names of users.
_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{0,62}", re.IGNORECASE)
_USER = re.compile(r"[a-z_][a-z0-9_+.@-]{0,127}", re.IGNORECASE)
_WORKGROUP_ARN = re.compile(r"arn:aws[a-zA-Z-]*:redshift-serverless:[a-z0-9-]+:\d{12}:workgroup/[a-z0-9-]+")

OWN_STATEMENTS = {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
"""A condition: only statements that the same session of a role started."""


def database_access(
    *, secrets: Sequence[Secret] = (), rds_instances: Sequence[str] = (), redshift: Sequence[str] = ()
) -> list[iam.PolicyStatement]:
    """The statements for the arguments of these names that ``sql`` and ``redshift_copy`` take.

    Raises ConfigurationError for values of another form.
    """
    for name, names in {"secrets": secrets, "rds_instances": rds_instances, "redshift": redshift}.items():
        if isinstance(names, str):
            raise ConfigurationError(f"{name}: a list is expected, such as ['{names}'].")
    return [*_secrets(secrets), *_rds(rds_instances), *_redshift(redshift)]


def _secrets(secrets: Sequence[Secret]) -> list[iam.PolicyStatement]:
    for secret in secrets:
        if isinstance(secret, str) and not Token.is_unresolved(secret) and not _SECRET_ARN.fullmatch(secret):
            raise ConfigurationError(
                f"'{secret}' is not the ARN of a secret, such as "
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:etl-AbCdEf."
            )
    arns = [secret if isinstance(secret, str) else secret.secret_arn for secret in secrets]
    keys = [
        secret.encryption_key.key_arn
        for secret in secrets
        if not isinstance(secret, str) and secret.encryption_key
    ]
    return [
        *([_allow(["secretsmanager:GetSecretValue"], arns)] if arns else []),
        *([_allow(["kms:Decrypt"], keys)] if keys else []),
    ]


def _rds(instances: Sequence[str]) -> list[iam.PolicyStatement]:
    for instance in instances:
        _check(_IDENTIFIER, instance, "the identifier of an RDS instance, such as sales-db")
    arns = [_arn("rds", f"db:{instance}") for instance in instances]
    return [_allow(["rds:DescribeDBInstances"], arns)] if arns else []


def _redshift(places: Sequence[str]) -> list[iam.PolicyStatement]:
    if not places:
        return []
    targets: list[str] = []
    logins: list[str] = []
    for place in places:
        if _WORKGROUP_ARN.fullmatch(place):
            targets.append(place)
            continue
        cluster, _, user = place.partition("/")
        what = "a Redshift cluster, such as sales, or with a user, such as sales/etl, or a workgroup's ARN"
        _check(_IDENTIFIER, cluster, what)
        targets.append(_arn("redshift", f"cluster:{cluster}"))
        if user:
            _check(_USER, user, what)
            logins += [_arn("redshift", f"dbuser:{cluster}/{user}"), _arn("redshift", f"dbname:{cluster}/*")]
    own = _allow(["redshift-data:DescribeStatement", "redshift-data:CancelStatement"], ["*"])
    # Amazon Redshift management guide, "Authorizing access to the Data API": only its own statements.
    own.add_condition("StringEquals", OWN_STATEMENTS)
    return [
        _allow(
            ["redshift-data:ExecuteStatement", "redshift-data:BatchExecuteStatement"],
            list(dict.fromkeys(targets)),
        ),
        own,
        *([_allow(["redshift:GetClusterCredentials"], list(dict.fromkeys(logins)))] if logins else []),
    ]


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)


def _arn(service: str, resource: str) -> str:
    return f"arn:{Aws.PARTITION}:{service}:*:{Aws.ACCOUNT_ID}:{resource}"


def _check(form: re.Pattern[str], text: str, what: str) -> None:
    if not Token.is_unresolved(text) and not form.fullmatch(text):
        raise ConfigurationError(f"'{text}' is not {what}.")
