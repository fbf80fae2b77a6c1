"""Errors of Lambda's Invoke, as Step Functions names them: ``Lambda.`` and the API Reference's name."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_STARTED = (
    # No capacity at the moment.
    "TooManyRequests",
    "ServiceQuotaExceeded",
    # Lambda first makes a function ready that was idle for weeks, or is new or updated: about a minute in a
    # VPC.
    "ResourceConflict",
    "ResourceNotReady",
    "CodeArtifactUserPending",
    "SnapStartNotReady",
    "SnapStartTimeout",
    # The function has no network interface: its subnet has no free address, or the account no free interface.
    "ENILimitReached",
    "ENINotReady",
    "SubnetIPAddressLimitReached",
    "EC2Throttled",
    "EC2Unexpected",
    # The function could not reach its file system.
    "EFSMountConnectivity",
    "EFSMountTimeout",
    "S3FilesMountConnectivity",
    "S3FilesMountTimeout",
)


def _names(exceptions: Iterable[str]) -> list[str]:
    """Each name, and the name in the AWS SDK for Java 2 where it differs: the SDK writes EC2 as Ec2."""
    found: dict[str, None] = {}
    for name in exceptions:
        as_words = re.sub("EC2|ENI|EFS|IP(?=Address)", lambda match: match[0].capitalize(), name)
        found |= {f"Lambda.{name}Exception": None, f"Lambda.{as_words}Exception": None}
    return list(found)


NO_CAPACITY = _names(
    ("TooManyRequests", "ServiceQuotaExceeded", "ENILimitReached", "SubnetIPAddressLimitReached")
)
"""Those of NOT_STARTED that do not end by themselves: a quota, or the subnets' addresses, are used up."""

NOT_STARTED = _names(_NOT_STARTED)
"""The function certainly did not start, but may start later. This omits errors that its owner has to fix."""
