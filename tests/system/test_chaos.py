"""A short run of `make chaos`."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.plan import plan
from tests.chaos.run import Run
from tests.system.deployments import CONTAINERS_TIME_SCALE, FAULTY_TIME_SCALE, Deployment

SEED = 20


def test_nothing_is_lost_stuck_or_falsely_finished(faulty_deployment: Deployment, tmp_path: Path) -> None:
    run = Run(faulty_deployment, tmp_path, seed=SEED, time_scale=FAULTY_TIME_SCALE)
    figures = run.carry_out(60, outages=False)
    assert figures.sound, (SEED, figures)
    assert figures.tasks == 60


def test_no_container_is_left_either(container_deployment: Deployment, tmp_path: Path) -> None:
    run = Run(container_deployment, tmp_path, seed=SEED, time_scale=CONTAINERS_TIME_SCALE, containers=True)
    figures = run.carry_out(20, outages=False)
    assert figures.sound, (SEED, figures)
    assert figures.tasks == 20


def test_a_seed_repeats_its_faults() -> None:
    assert list(plan(7, 2_000, outages=True)) == list(plan(7, 2_000, outages=True))
    assert list(plan(7, 2_000, outages=True)) != list(plan(8, 2_000, outages=True))
