"""What a pipeline's run consists of: single tasks, chains, fans, retries and preconditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from random import Random
from typing import Any

SHORTEST_STEP_SECONDS = 20.0
LONGEST_STEP_SECONDS = 40 * 60.0
TASKS_OF_A_PIPELINE = 50
CHAIN_OF_FIVE = 5
DEFAULT_RETRY_MINUTES = 10
"""``retryDelay`` of a definition that sets none (object reference, ShellCommandActivity)."""


@dataclass(frozen=True)
class Step:
    """One activity: what it depends on, and how its attempts go."""

    name: str
    seconds: float
    after: tuple[str, ...] = ()
    failures: int = 0
    """How many attempts fail before one finishes."""
    retry_minutes: int = DEFAULT_RETRY_MINUTES
    refusals: int = 0
    """How often its precondition is not met before it is. With 0 there is no precondition."""
    asked_every_minutes: int = 1

    def objects(self) -> list[dict[str, Any]]:
        """The pipeline objects, as PutPipelineDefinition takes them."""
        fields = [("type", "ShellCommandActivity"), ("command", "true")]
        fields += [("maximumRetries", str(self.failures)), ("retryDelay", f"{self.retry_minutes} minutes")]
        references = [("dependsOn", name) for name in self.after]
        if not self.refusals:
            return [_object(self.name, fields, references)]
        guard = f"{self.name}Guard"
        asked = [
            *(("type", "ShellCommandPrecondition"), ("command", "true"), ("preconditionTimeout", "1 day")),
            ("retryDelay", f"{self.asked_every_minutes} minutes"),
        ]
        return [_object(self.name, fields, [*references, ("precondition", guard)]), _object(guard, asked, [])]


def _object(
    name: str, fields: Sequence[tuple[str, str]], references: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    wire = [{"key": key, "stringValue": value} for key, value in fields]
    wire += [{"key": key, "refValue": value} for key, value in references]
    return {"id": name, "name": name, "fields": wire}


def _work(random: Random) -> float:
    """Seconds of a step, as often short as long: its logarithm is uniform."""
    low, high = log(SHORTEST_STEP_SECONDS), log(LONGEST_STEP_SECONDS)
    return round(float(2.718281828459045 ** random.uniform(low, high)))


def chain(random: Random, seconds: float | None = None, steps: int | None = None) -> list[Step]:
    """3 to 8 steps, each after the one before it."""
    count = steps or random.randint(3, 8)
    return [
        Step(f"A{number}", seconds or _work(random), (f"A{number - 1}",) if number else ())
        for number in range(count)
    ]


def fan(random: Random) -> list[Step]:
    """One step, 2 to 6 at once after it, and one after all of these."""
    middle = [Step(f"B{number}", _work(random), ("A",)) for number in range(random.randint(2, 6))]
    return [Step("A", _work(random)), *middle, Step("C", _work(random), tuple(step.name for step in middle))]


def retried(random: Random) -> list[Step]:
    """A chain of which one step fails once, and is tried again after a ``retryDelay`` of 2 to 10 minutes."""
    steps = chain(random)
    chosen = random.randrange(len(steps))
    steps[chosen] = replace(steps[chosen], failures=1, retry_minutes=random.randint(2, 10))
    return steps


def guarded(random: Random) -> list[Step]:
    """A chain that begins with a precondition, asked up to 12 times every 1 to 10 minutes until it is met."""
    first, *others = chain(random)
    refusals, minutes = random.randint(1, 12), random.randint(1, 10)
    return [replace(first, refusals=refusals, asked_every_minutes=minutes), *others]


def patient(random: Random) -> list[Step]:
    """As ``retried`` and ``guarded`` at once, with Data Pipeline's default ``retryDelay`` everywhere."""
    first, *others = retried(random)
    asked = replace(first, refusals=random.randint(1, 12), asked_every_minutes=DEFAULT_RETRY_MINUTES)
    return [replace(step, retry_minutes=DEFAULT_RETRY_MINUTES) for step in (asked, *others)]


Shape = Callable[[Random], list[Step]]

SHAPES: dict[str, Shape] = {
    "chain": chain,
    "fan": fan,
    "retried": retried,
    "guarded": guarded,
    "patient": patient,
}


def mixed(random: Random) -> list[Step]:
    """Any of the shapes."""
    return random.choice([chain, fan, retried, guarded])(random)


SHAPES["mixed"] = mixed


def pipelines(shape: str, tasks: int, task_seconds: float, random: Random) -> list[list[Step]]:
    """The pipelines of a batch with ``tasks`` activities, at least.

    ``shape`` is ``single``, tasks that depend on nothing, or ``five``, chains of five steps, both of
    ``task_seconds`` each; or one of SHAPES.
    """
    found: list[list[Step]] = []
    left = tasks
    while left > 0:
        if shape == "single":
            count = min(left, TASKS_OF_A_PIPELINE)
            steps = [Step(f"A{number}", task_seconds) for number in range(count)]
        elif shape == "five":
            steps = chain(random, task_seconds, CHAIN_OF_FIVE)
        else:
            steps = SHAPES[shape](random)
        found.append(steps)
        left -= len(steps)
    return found
