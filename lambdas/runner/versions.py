"""Versions of what outlives a deployment: envelopes, and the states of deferred tasks.

A RunTask execution that began before a deployment ends after it, with the new code (docs/upgrading.md). What
has no version was written before there was a second one, so it is of version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.outcome import Failed, TaskFailed

ENVELOPE = 1
"""The version of the poller's envelopes. A member that old handlers can ignore does not raise it."""

STATE = 1
"""The version of the states with which the built-in handlers defer."""


def refused_envelope(envelope: Mapping[str, Any]) -> Failed | None:
    """Why this release cannot read the envelope: a later release made it. None if it can."""
    version = envelope.get("version", 1)
    if version <= ENVELOPE:
        return None
    return Failed(
        "LaterVersion",
        f"The task's envelope is of version {version}, and this handler knows version {ENVELOPE}: an earlier "
        "release was deployed while the task was running. A retry gets an envelope that it knows.",
    )


def versioned(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a built-in handler, to defer with."""
    return {"version": STATE, **state}


def known_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of a built-in handler, if a release up to this one wrote it. Raises TaskFailed otherwise."""
    version = state.get("version", 1)
    if version > STATE:
        raise TaskFailed(
            f"The task was deferred with a state of version {version}, and this handler knows version "
            f"{STATE}: an earlier release was deployed meanwhile. What it had started may still be running: "
            f"{dict(state)}.",
            error_id="LaterVersion",
        )
    return state
