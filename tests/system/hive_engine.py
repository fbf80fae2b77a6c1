"""The Hive of local EMR, which is Spark SQL: runs scripts without a step around them."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from emr.hive import HiveWork
from emr.hive_program import statements
from local.emr import applications
from local.emr.faults import HEADER
from local.emr.spark_service import PATH, why_not
from tests.system.deployments import Deployment

_START_SECONDS = 300


class HiveEngine:
    """Hive of one local AWS."""

    def __init__(self, deployment: Deployment) -> None:
        self._url = deployment.endpoint_url + PATH

    def run(self, script: str, variables: Mapping[str, str] | None = None) -> str:
        """What the script prints. Fails with Spark's error."""
        answer = self.answer(script, variables)
        assert answer["code"] == 0, answer["stderr"]
        return str(answer["stdout"])

    def answer(self, script: str, variables: Mapping[str, str] | None = None) -> Any:
        body = {"script": script, "variables": dict(variables or {}), "settings": {}}
        request = urllib.request.Request(self._url, json.dumps(body).encode(), {HEADER: "faults"})
        with urllib.request.urlopen(request, timeout=_START_SECONDS) as response:
            return json.load(response)

    def applications(self) -> list[str]:
        """The ids of scripts that wait or run on YARN."""
        url = self._url.removesuffix(PATH) + applications.PATH
        with urllib.request.urlopen(urllib.request.Request(url, headers={HEADER: "faults"})) as response:
            return list(json.load(response)["applications"])

    def work(self, work: HiveWork) -> str:
        """Run a HiveActivity's script with its tables."""
        script = statements(work.before) + work.script + "\n;\n" + statements(work.after)
        return self.run(script, dict(work.variables))


def hive_engine(deployment: Deployment) -> HiveEngine:
    """Hive, started. Without PySpark or Java the test, which is marked ``spark``, is skipped.

    ``make test-spark`` skips none.
    """
    missing = why_not()
    if missing is not None and os.environ.get("SPARK") != "required":
        pytest.skip(f"{missing} (make test-spark)")
    engine = HiveEngine(deployment)
    assert engine.run("SELECT 1") == "1\n"
    return engine


def read_lines(texts: Sequence[str]) -> list[str]:
    """All lines, sorted: the order of rows in files is not determined."""
    return sorted(line for text in texts for line in text.splitlines())
