"""Calls that IAM allows or denies, and the wording of a denial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One action on one resource, with the condition keys that the request itself provides (lower case)."""

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict, hash=False)

    @property
    def service(self) -> str:
        """The action's service prefix."""
        return self.action.partition(":")[0]


CallsOf = Callable[[str, Mapping[str, Any]], list[Call]]
"""(operation, request) -> the calls that must be allowed."""


@dataclass(frozen=True)
class Denied:
    """A call that no policy allows, or that a policy denies."""

    principal: str
    call: Call
    explicit: bool = False
    by_resource: bool = False
    """Whether it is the resource's own policy that denies the call or fails to allow it."""

    @property
    def message(self) -> str:
        """As most services word it (IAM user guide, "Troubleshoot access denied error messages")."""
        call, policy = (
            self.call,
            "a resource-based policy" if self.by_resource else "an identity-based policy",
        )
        reason = (
            f"with an explicit deny in {policy}"
            if self.explicit
            else f"because no {policy.partition(' ')[2]} allows the {call.action} action"
        )
        return (
            f"User: {self.principal} is not authorized to perform: {call.action} "
            f"on resource: {call.resource} {reason}"
        )


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The environment variables that the SDKs read."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


class CannotAssumeError(Exception):
    """A service may not assume a role: it does not exist, or its trust policy does not allow the service."""
