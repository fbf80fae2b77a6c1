"""How each service words a denial."""

from __future__ import annotations

from local.permissions.calls import Denied


def worded(service: str, denied: Denied) -> str:
    """The message of a service, by ministack's name for it."""
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
