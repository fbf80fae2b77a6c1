"""Plans a run from a seed: the tasks, and what goes wrong before each batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

BATCH = 25
CHAINED = 12
"""About so many tasks of a batch are in chains: each but the first depends on the one before it."""
SHORTEST_CHAIN, LONGEST_CHAIN = 3, 6
RETRIES = "10"

Kind = Literal[
    "finishes",
    "works a while",
    "fails once",
    "fails",
    "has no handler",
    "is canceled",
    "spoils its environment",
    "kills its handler once",
    "leaves output that cannot be staged",
]
Earned = Literal["FINISHED", "FAILED", "CANCELED", "CASCADE_FAILED"]

EARNED: dict[Kind, Earned] = {
    "finishes": "FINISHED",
    "works a while": "FINISHED",
    "fails once": "FINISHED",
    "fails": "FAILED",
    "has no handler": "FAILED",
    "is canceled": "CANCELED",
    "spoils its environment": "FINISHED",
    "kills its handler once": "FINISHED",
    "leaves output that cannot be staged": "FAILED",
}
_WEIGHTS: dict[Kind, int] = {
    "finishes": 54,
    "works a while": 10,
    "fails once": 10,
    "fails": 7,
    "has no handler": 4,
    "is canceled": 3,
    "spoils its environment": 6,
    "kills its handler once": 3,
    "leaves output that cannot be staged": 3,
}

SPOILING = (
    "/usr/bin/prlimit --pid $PPID --nofile=9:9",
    "/usr/bin/prlimit --pid $PPID --fsize=0:0",
    "renice -n 19 -p $PPID > /dev/null",
    "mkdir -p $TMPDIR/$(printf 'a/%.0s' {1..300}); chmod 000 $TMPDIR/a",
    "chmod 000 $(dirname $TMPDIR)",
    "rm -rf $TMPDIR",
    "/usr/bin/setsid -f sleep 600; (sleep 600 &)",
    "for i in {1..100}; do (true &); done",
)
"""What a command does to the environment that the next task gets, after its own work is done."""
LEAVING = (
    "rm -r $OUTPUT1_STAGING_DIR",
    "rm -r $OUTPUT1_STAGING_DIR; touch $OUTPUT1_STAGING_DIR",
    "mkfifo $OUTPUT1_STAGING_DIR/pipe",
    r"touch $OUTPUT1_STAGING_DIR/$'\xff'",
)
"""What a command leaves behind so that it must not be FINISHED, though it exits with code 0."""

POLLER = "Lambda:TaskRunner-poll-default"
SHELL = "Lambda:TaskRunner-ShellCommandActivity"
START = "StepFunctions:StartExecution"

# (operation, kind, most calls in a row): for some, more than there are retries, so that they fail for good.
_FAULTS = (
    ("PollForTask", "drop", 2),
    ("PollForTask", "duplicate", 2),
    ("PollForTask", "error", 6),
    ("PollForTask", "throttle", 4),
    ("PollForTask", "delay", 2),
    ("ReportTaskRunnerHeartbeat", "error", 3),
    ("ReportTaskProgress", "error", 12),
    ("ReportTaskProgress", "throttle", 4),
    ("ReportTaskProgress", "drop", 2),
    ("ReportTaskProgress", "delay", 3),
    ("SetTaskStatus", "error", 12),
    ("SetTaskStatus", "throttle", 6),
    ("SetTaskStatus", "drop", 3),
    (START, "throttle", 3),
    (START, "drop", 2),
    (START, "error", 10),
    (POLLER, "error", 5),
    (POLLER, "drop", 3),
    (POLLER, "throttle", 3),
    (SHELL, "throttle", 8),
    (SHELL, "drop", 2),
    (SHELL, "error", 2),
)

_CONTAINER_FAULTS = (
    ("ECS:RunTask", "capacity", 3),
    ("ECS:RunTask", "limit", 2),
    ("ECS:RunTask", "throttle", 3),
    ("ECS:RunTask", "error", 3),
    ("ECS:RunTask", "drop", 1),
    ("ECS:RunTask", "twice", 1),
    ("ECS:StopTask", "error", 2),
    ("ECS:ListTasks", "error", 2),
    ("ECS:DescribeTasks", "error", 3),
    ("ECS:Container", "delay", 2),
    ("ECS:Container", "unstartable", 2),
    ("ECS:Container", "kill", 2),
    ("ECS:Container", "interrupt", 2),
    ("Lambda:TaskRunner-container-ended", "error", 5),
    ("Lambda:TaskRunner-container-ended", "drop", 3),
    ("Lambda:TaskRunner-container-ended", "throttle", 3),
)
_IN_CONTAINERS = 0.15
"""The share of tasks that run in a container."""

_TIMED = ("delay", "kill", "interrupt")

_DEEDS = ("abort a task", "abort a task", "abort the loops", "tick again")


@dataclass(frozen=True)
class PlannedTask:
    """One activity."""

    name: str
    kind: Kind
    hostile_act: str = ""
    in_container: bool = False
    after: PlannedTask | None = None
    """The task of the same batch that it depends on."""

    @property
    def earned(self) -> Earned:
        """The status that it must end in. What a task fails, the rest of its chain fails by."""
        if self.after is not None and self.after.earned != "FINISHED":
            return "CASCADE_FAILED"
        return EARNED[self.kind]


@dataclass(frozen=True)
class Batch:
    """Tasks of one pipeline, some of them in chains, and what goes wrong meanwhile."""

    tasks: tuple[PlannedTask, ...]
    faults: tuple[dict[str, Any], ...]
    deeds: tuple[str, ...]
    down_minutes: int = 0
    no_ticks_minutes: int = 0


def plan(seed: int, tasks: int, *, outages: bool, containers: bool = False) -> Iterator[Batch]:
    """The batches. With ``outages``, the service is down for 30 minutes, and no tick comes for an hour.

    With ``containers``, some tasks run in containers, to which much happens too.
    """
    random = Random(seed)  # noqa: S311 - a repeatable choice, no secret
    batches = -(-tasks // BATCH)
    down, silent = random.sample(range(batches), 2) if outages else (-1, -1)
    for number in range(batches):
        size = min(BATCH, tasks - number * BATCH)
        kinds = random.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=size)
        planned = [
            PlannedTask(f"Task{number * BATCH + index}", kind, _hostile_act(random, kind))
            for index, kind in enumerate(kinds)
        ]
        chained = list(_in_chains(random, planned))
        faults = [_fault(random, _FAULTS) for _ in range(random.randint(1, 3))]
        deeds = [random.choice(_DEEDS) for _ in range(random.randint(0, 2))]
        if containers:
            chained = list(_boxed(random, chained))
            faults += [_fault(random, _CONTAINER_FAULTS) for _ in range(random.randint(1, 3))]
        yield Batch(
            tasks=tuple(chained),
            faults=tuple(faults),
            deeds=tuple(deeds),
            down_minutes=30 if number == down else 0,
            no_ticks_minutes=60 if number == silent else 0,
        )


def _in_chains(random: Random, tasks: Sequence[PlannedTask]) -> Iterator[PlannedTask]:
    """The tasks, the first CHAINED or so of them in chains."""
    left, before = 0, None
    for index, task in enumerate(tasks):
        if left == 0 and index < CHAINED:
            left, before = random.randint(SHORTEST_CHAIN, LONGEST_CHAIN), None
        chained = replace(task, after=before if left else None)
        yield chained
        left = max(0, left - 1)
        # What depends on a canceled task waits for ever, so that one ends its chain.
        before, left = (chained, left) if task.kind != "is canceled" else (None, 0)


def _boxed(random: Random, tasks: Sequence[PlannedTask]) -> Iterator[PlannedTask]:
    """The tasks, some of them in containers."""
    boxed: dict[str, PlannedTask] = {}
    for task in tasks:
        in_container = task.kind != "has no handler" and random.random() < _IN_CONTAINERS
        after = boxed[task.after.name] if task.after is not None else None
        boxed[task.name] = replace(task, in_container=in_container, after=after)
        yield boxed[task.name]


def _hostile_act(random: Random, kind: Kind) -> str:
    if kind == "spoils its environment":
        return random.choice(SPOILING)
    return random.choice(LEAVING) if kind == "leaves output that cannot be staged" else ""


def _fault(random: Random, faults: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    operation, kind, most = random.choice(faults)
    fault: dict[str, Any] = {"operation": operation, "kind": kind, "count": random.randint(1, most)}
    return fault | ({"seconds": round(random.uniform(0.1, 1.0), 2)} if kind in _TIMED else {})
