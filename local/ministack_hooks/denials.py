"""How services word a denial, each in its own spelling."""

from __future__ import annotations

from local.permissions.calls import Denied


def worded(service: str, denied: Denied) -> str:
    """The message of `service`, as ministack names it."""
    call = denied.call
    if service == "sqs":
        return denied.message.replace(call.action, call.action.lower())
    if service == "sns":
        return denied.message.replace(call.action, call.action.replace("sns:", "SNS:"))
    if service == "s3" and call.service == "s3":
        return denied.message.replace(f"resource: {call.resource} ", f'resource: "{call.resource}" ')
    if service == "sts":
        return denied.message.partition(" because ")[0]
    return denied.message
