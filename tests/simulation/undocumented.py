"""What AWS leaves undocumented, as rows of choices, and pipelines in a world with such a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.datapipeline.settings import Settings
from tests.local.datapipeline.account import ON_DEMAND, values
from tests.simulation.pairs import pairwise
from tests.simulation.world import LIMITS, PERIOD_SECONDS, SCHEDULERS_MINUTE, World

CHOICES = {name: allowed.split("|") for name, allowed, _ in Settings.listing() if "|" in allowed}
WORST = {
    **{name: allowed[-1] for name, allowed in CHOICES.items()},
    "dead_poll": "swallows",
    "late_status": "refused",
    "report_progress_timeout": "5 minutes",
}
MATRIX = [*pairwise(CHOICES), WORST]
BOUND = timedelta(seconds=PERIOD_SECONDS + SCHEDULERS_MINUTE)
"""A task of a sleeping group starts within it."""
NEVER_AWAKE = replace(LIMITS, linger=0)
Machines = Mapping[str, Mapping[str, Any]]


def settings_of(row: Mapping[str, str]) -> Settings:
    """The service's settings with these choices."""
    # The tests make many pipelines, and are no measure of the rates that users may call with.
    given = [f"{name}={value}" for name, value in {**row, "throttling": "off"}.items()]
    return Settings.parse([*given, "maximum_pipelines=1000"])


def start(world: World, name: str, *objects: dict[str, Any]) -> str:
    """Define and activate an on-demand pipeline. Returns its id."""
    pipeline: str = world.call("CreatePipeline", name=name, uniqueId=name)["pipelineId"]
    answer = world.call("PutPipelineDefinition", pipelineId=pipeline, pipelineObjects=[ON_DEMAND, *objects])
    assert not answer["errored"], answer
    world.call("ActivatePipeline", pipelineId=pipeline)
    return pipeline


def instances(world: World, pipeline: str) -> dict[str, str]:
    """The status of each component's instance."""
    ids = world.call("QueryObjects", pipelineId=pipeline, sphere="INSTANCE")["ids"]
    found = world.call("DescribeObjects", pipelineId=pipeline, objectIds=ids)["pipelineObjects"]
    return {
        instance["id"].lstrip("@").partition("_")[0]: values(instance, "@status")[0] for instance in found
    }


def nothing_is_left(world: World) -> None:
    """Fails if anything still runs, or if a task was FINISHED twice."""
    assert [task.name for task in world.run_tasks.values() if task.status == "RUNNING"] == []
    assert len(world.finished) == len(set(world.finished))
    assert not any("States." in execution.status for execution in [*world.run_tasks.values(), *world.loops])


def lateness(world: World) -> dict[str, timedelta]:
    """How long after it was ready each component's work began, for those that were ready."""
    first: dict[str, datetime] = {}
    for component, moment in world.begun:
        first.setdefault(component, moment)
    components = {name.lstrip("@").partition("_")[0]: moment for name, moment in world.ready.items()}
    return {component: first[component] - moment for component, moment in components.items()}
