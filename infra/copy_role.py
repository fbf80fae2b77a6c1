"""The role that Amazon Redshift assumes to read and write other services."""

from __future__ import annotations

import re

from aws_cdk import Token

from infra.configuration_error import ConfigurationError

_ROLE = r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/[\w+=.@/-]{1,576}"
# Amazon Redshift developer guide, IAM_ROLE: several ARNs are a chain, in which each role assumes the next.
_CHAIN = re.compile(rf"{_ROLE}(,{_ROLE})*", re.ASCII)


def copy_role(arn: str) -> str:
    """Return ``arn`` if it names a role or a chain of roles; raise ConfigurationError otherwise."""
    if not Token.is_unresolved(arn) and not _CHAIN.fullmatch(arn):
        raise ConfigurationError(
            f"redshift_copy: '{arn}' is not the ARN of a role, such as "
            "arn:aws:iam::111122223333:role/redshift-copy."
        )
    return arn
