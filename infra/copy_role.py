"""The role with which Amazon Redshift reads and writes other services."""

from __future__ import annotations

import re

from aws_cdk import Token

from infra.configuration_error import ConfigurationError

_ROLE = r"arn:aws[a-zA-Z-]*:iam::\d{12}:role/[\w+=.@/-]{1,576}"
# Amazon Redshift developer guide, IAM_ROLE: several are a chain, of which each assumes the next.
_CHAIN = re.compile(rf"{_ROLE}(,{_ROLE})*", re.ASCII)


def copy_role(arn: str) -> str:
    """``arn``, if it is that of a role, or a chain of them. Raises ConfigurationError."""
    if not Token.is_unresolved(arn) and not _CHAIN.fullmatch(arn):
        raise ConfigurationError(
            f"redshift_copy: '{arn}' is not the ARN of a role, such as "
            "arn:aws:iam::111122223333:role/redshift-copy."
        )
    return arn
