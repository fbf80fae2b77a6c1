"""A task that is handled again does not run its statements on Amazon Redshift again."""

from __future__ import annotations

from typing import Any

import pytest

from activities import sql_activity
from runner.testing import Context, Ref, run_handler, task_event
from tests.databases.redshift_data import RedshiftData

DATABASE = {
    "type": "RedshiftDatabase",
    "clusterId": "warehouse",
    "databaseName": "sales",
    "username": "etl",
    "*password": "redshift-canary-77ab",
}
ACTIVITY: dict[str, Any] = {"type": "SqlActivity", "database": Ref("Db")}


@pytest.mark.parametrize("queue", [{}, {"queue": "night"}], ids=["alone", "batch"])
def test_a_task_that_is_handled_again_runs_its_script_once(
    queue: dict[str, str], data_api: RedshiftData
) -> None:
    """RunTask repeats an invocation whose answer was lost, and the service may offer a task twice."""
    data_api.server.execute("CREATE TABLE shop.orders (id int)")
    fields = {**ACTIVITY, **queue, "script": "INSERT INTO shop.orders VALUES (1)"}
    first, second = (run_handler(sql_activity.handler, fields, objects={"Db": DATABASE}) for _ in range(2))
    assert first["status"] == "DEFERRED"
    assert first == second
    data_api.settle()
    assert data_api.server.query("SELECT * FROM shop.orders") == [(1,)]


def test_the_next_attempt_runs_the_script_again(data_api: RedshiftData, service: object) -> None:
    data_api.server.execute("CREATE TABLE shop.orders (id int)")
    fields = {**ACTIVITY, "script": "INSERT INTO shop.orders VALUES (1)"}
    event = task_event(fields, objects={"Db": DATABASE})
    first = event["task"]["attemptId"]
    second = first.replace("_Attempt=1", "_Attempt=2")
    objects = event["task"]["objects"]
    retry = {**event["task"], "attemptId": second, "objects": {**objects, second: objects[first]}}
    for task in (event["task"], retry):
        assert sql_activity.handler({"task": task}, Context())["status"] == "DEFERRED"  # type: ignore[arg-type]
        data_api.settle()
    assert data_api.server.query("SELECT * FROM shop.orders") == [(1,), (1,)]
