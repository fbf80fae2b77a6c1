"""Errors of Lambda's Invoke, as Step Functions names them.

They are those of the API Reference (Invoke, errors), behind ``Lambda.``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_STARTED = (
    # No room at the moment.
    "TooManyRequests",
    "ServiceQuotaExceeded",
    # A function that was idle for weeks, or is new or updated, is made ready first: about a minute in a VPC.
    "ResourceConflict",
    "ResourceNotReady",
    "CodeArtifactUserPending",
    "SnapStartNotReady",
    "SnapStartTimeout",
    # It has no network interface: a subnet without free addresses, an account without free interfaces.
    "ENILimitReached",
    "ENINotReady",
    "SubnetIPAddressLimitReached",
    "EC2Throttled",
    "EC2Unexpected",
    # Its file system was not reached.
    "EFSMountConnectivity",
    "EFSMountTimeout",
    "S3FilesMountConnectivity",
    "S3FilesMountTimeout",
)


def _names(exceptions: Iterable[str]) -> list[str]:
    """Each name, and where it differs that of the AWS SDK for Java 2, which writes EC2 as Ec2."""
    found: dict[str, None] = {}
    for name in exceptions:
        as_words = re.sub("EC2|ENI|EFS|IP(?=Address)", lambda match: match[0].capitalize(), name)
        found |= {f"Lambda.{name}Exception": None, f"Lambda.{as_words}Exception": None}
    return list(found)


NOT_STARTED = _names(_NOT_STARTED)
"""The function certainly did not start, and may do so later; what its owner has to mend is not here."""
