"""What follows an invocation that ended without an outcome."""

from __future__ import annotations

import json

from infra.run_task.expressions import expression, state_expression

_WAIT_SECONDS = 60
_MOST = 5
"""Crashes in a row of a repeatable handler. With the waits, that is five minutes."""


def crash_outcome(route: str, *, repeatable: bool = False, again: str = "") -> str:
    """The outcome as JSONata: FAILED, or, if the handler is repeatable, a deferral for a while.

    ``again`` is JSONata for what takes its place instead.

    The wait is long enough for a request that was on its way to be carried out, or never. Progress is
    reported, and a cancellation noticed, before the next invocation.
    """
    if repeatable:
        again = expression("crash_again", most=str(_MOST), seconds=str(_WAIT_SECONDS))
    return state_expression("crash", route=json.dumps(repr(route)), again=again)
