"""The names of exports in a directory."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copying.export_name import export_name
from runner.handler import open_task
from runner.testing import task_event


def name(attempt_id: str, instance: str = "", extension: str = "csv", pipeline: str = "df-TEST") -> str:
    event = task_event({"type": "CopyActivity"})
    envelope = event["task"]
    fields = [{"key": "@instanceParent", "refValue": instance}] if instance else []
    envelope["attemptId"] = attempt_id
    envelope["pipelineId"] = pipeline
    envelope["objects"] = {attempt_id: {"id": attempt_id, "name": attempt_id, "fields": fields}}
    return export_name(open_task(event, seconds_left=lambda: 60.0), extension)


@pytest.mark.parametrize("attempt", [1, 2, 13])
@pytest.mark.parametrize("instance", ["", "@Export_2026-11-24T12:04:09"])
def test_all_attempts_of_an_instance_have_one_name(attempt: int, instance: str) -> None:
    found = name(f"@Export_2026-11-24T12:04:09_Attempt={attempt}", instance)
    assert found == "Export_2026-11-24T12-04-09_df-TEST.csv"


def test_runs_and_activities_have_names_of_their_own() -> None:
    ids = [
        "@Export_2026-11-24T12:04:09",
        "@Export_2026-11-24T12:04:10",
        "@Other_2026-11-24T12:04:09",
        "@Über_2026-11-24T12:04:09",
        "@Öber_2026-11-24T12:04:09",
        "@_x_2026-11-24T12:04:09",
        "@-x_2026-11-24T12:04:09",
        "@a b_2026-11-24T12:04:09",
        "@a/b_2026-11-24T12:04:09",
        "@a:1_2026-11-24T12:04:09",
        "@a-1_2026-11-24T12:04:09",
    ]
    assert len({name(f"{instance}_Attempt=1") for instance in ids}) == len(ids)
    pipelines = ["df-0123456789ABC", "df-0123456789ABD"]
    assert len({name(f"{ids[0]}_Attempt=1", pipeline=pipeline) for pipeline in pipelines}) == 2


@given(st.text(min_size=1, max_size=300))
def test_any_id_makes_a_name_that_scripts_hadoop_and_windows_take(text: str) -> None:
    found = name(f"@{text}_2026-11-24T12:04:09_Attempt=1")
    assert re.fullmatch(r"[A-Za-z0-9=-][A-Za-z0-9._=-]*\.csv", found)
    assert len(found) < 255
