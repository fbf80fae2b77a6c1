"""Parallel states whose first failing branch ends all the others, and waits that end with their execution.

Source: Step Functions developer guide, "Parallel workflow state": if a branch fails, the state fails and all
its branches are stopped; with JSONata it has Arguments, Output and Assign. ministack waits for all branches,
lets them share their variables, does not look at these fields, and leaves branches out of the history.
"""

from __future__ import annotations

import contextvars
import copy
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

LOOK_SECONDS = 0.25
"""How soon a state that waits notices that its execution has been stopped."""


class AbortedError(SystemExit):
    """Ends the thread of a branch, or of an execution, whatever state it is in."""


class Branch:
    """A branch of a Parallel state. ``outer`` is the branch that contains the state."""

    def __init__(self, outer: Branch | None) -> None:
        self.outer = outer
        self.over = threading.Event()

    def aborted(self) -> bool:
        """Whether this branch, or one around it, has been aborted."""
        return self.over.is_set() or (self.outer is not None and self.outer.aborted())


class Branches:
    """Replaces ministack's Parallel state and waits. ``running()`` tells whether the execution still runs."""

    def __init__(self, step_functions: Any, running: Callable[[], bool]) -> None:
        self._step_functions = step_functions
        self._running = running
        self._branch: contextvars.ContextVar[Branch | None] = contextvars.ContextVar("branch", default=None)
        step_functions._run_parallel_branches = self._run
        step_functions._scaled_sleep = self._sleep
        step_functions._sleep_until = self._sleep_until
        self._add_events_of_branches_one_by_one()

    def aborted(self) -> bool:
        """Whether the state that this thread runs has to end."""
        branch = self._branch.get()
        return (branch is not None and branch.aborted()) or not self._running()

    def end_if_aborted(self) -> None:
        """Raises AbortedError if the state that this thread runs has to end."""
        if self.aborted():
            raise AbortedError

    def _run(self, state: dict[str, Any], raw_input: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        module = self._step_functions
        is_jsonata = module._state_query_language(state, ctx) == "JSONata"
        if is_jsonata:
            given = module._apply_jsonata_arguments(state, raw_input, ctx)
        else:
            given = module._apply_parameters(state, module._apply_input_path(state, raw_input, ctx), ctx)
        module._add_event(execution, "ParallelStateStarted")
        try:
            results = self._results(state["Branches"], given, execution, ctx)
        except module._ExecutionError:
            module._add_event(execution, "ParallelStateFailed")
            raise
        module._add_event(execution, "ParallelStateSucceeded")
        if is_jsonata:
            output = module._apply_jsonata_output(state, raw_input, ctx, result=results, default=results)
            module._apply_state_assign(state, raw_input, ctx, result=results)
        else:
            selected = module._apply_result_selector(state, results)
            output = module._apply_result_path(state, raw_input, selected)
            output = module._apply_output_path(state, output, ctx)
        return output, module._next_or_end(state)

    def _results(
        self, branches: list[dict[str, Any]], given: Any, execution: Any, ctx: dict[str, Any]
    ) -> list[Any]:
        module = self._step_functions
        own = Branch(self._branch.get())
        results: list[Any] = [None] * len(branches)
        failures: list[Exception] = []
        changed = threading.Semaphore(0)

        def run(number: int, branch: dict[str, Any]) -> None:
            self._branch.set(own)
            # Developer guide, "Passing data between states with variables": those of a branch are its own.
            inner = {**ctx, "variables": dict(ctx.get("variables") or {})}
            try:
                results[number] = self._run_branch(branch, given, execution, inner)
            except Exception as error:
                failures.append(error)
            finally:
                changed.release()

        for number, branch in enumerate(branches):
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(run, number, branch), daemon=True).start()
        for _ in branches:
            while not changed.acquire(timeout=LOOK_SECONDS):
                if self.aborted():
                    own.over.set()
                    raise AbortedError
            if failures:
                own.over.set()
                error = failures[0]
                known = isinstance(error, module._ExecutionError)
                raise error if known else module._ExecutionError("States.BranchFailed", str(error))
        self.end_if_aborted()
        return results

    def _run_branch(self, branch: dict[str, Any], given: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        """Run a branch's states, and note when each is entered and left. Returns the branch's result."""
        module = self._step_functions
        name, data = branch["StartAt"], copy.deepcopy(given)
        while name:
            state = branch["States"][name]
            kind = state["Type"]
            entered = datetime.now(UTC).isoformat()
            ctx["State"] = {"Name": name, "EnteredTime": entered, "RetryCount": 0}
            details = {"name": name, "input": json.dumps(data)}
            module._add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})
            left = name
            if kind == "Fail":
                raise module._ExecutionError(*module._fail_state_error(state, data, ctx))
            if kind == "Succeed":
                data = module._apply_output_path(state, module._apply_input_path(state, data, ctx), ctx)
                name = None
            else:
                execute = getattr(module, f"_execute_{kind.lower()}")
                running = (execution,) if kind in ("Task", "Parallel", "Map") else ()
                data, name = execute(state, data, *running, ctx)
            details = {"name": left, "output": json.dumps(data)}
            module._add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})
        return data

    def _sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of scaled time, or until the execution or the branch ends."""
        until = time.monotonic() + seconds * self._step_functions._SFN_WAIT_SCALE
        branch = self._branch.get()
        while (left := until - time.monotonic()) > 0:
            if branch is None:
                time.sleep(min(left, LOOK_SECONDS))
            else:
                branch.over.wait(min(left, LOOK_SECONDS))
            self.end_if_aborted()

    def _sleep_until(self, timestamp: str) -> None:
        try:
            until = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
        except ValueError:
            return
        self._sleep((until - datetime.now(UTC)).total_seconds())

    def _add_events_of_branches_one_by_one(self) -> None:
        """An event's id is its place in the history, also if branches add events at the same time.

        Branches that have been aborted add none.
        """
        original = self._step_functions._add_event
        one = threading.Lock()

        def add(execution: Any, event_type: str, details: Any = None) -> Any:
            branch = self._branch.get()
            if branch is not None and branch.aborted():
                raise AbortedError
            with one:
                return original(execution, event_type, details)

        self._step_functions._add_event = add
