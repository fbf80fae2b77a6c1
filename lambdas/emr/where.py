"""Where the steps of tasks run, as app.py says it: the function's variable EMR_WHERE, which is JSON.

One of ``cluster`` (an id), ``cluster_name`` (of a running cluster), ``transient`` (the request with which
RunJobFlow starts a cluster) and ``application_id`` (of EMR Serverless).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.outcome import TaskFailed

VARIABLE = "EMR_WHERE"


@dataclass(frozen=True)
class Where:
    """One of ``cluster``, ``cluster_name``, ``transient`` and ``application_id`` is set."""

    cluster: str = ""
    cluster_name: str = ""
    transient: Mapping[str, Any] | None = None
    idle_minutes: int | None = None
    """A transient cluster stays this long for other tasks of the group; None: it is for one task."""
    shared_name: str = ""
    """The first part of the name of transient clusters that stay."""
    application_id: str = ""
    execution_role_arn: str = ""
    log_uri: str = ""
    """Where EMR Serverless writes the logs of job runs."""
    scripts: str = ""
    """Where the handler writes Hive scripts, which EMR Serverless reads from S3; empty: nowhere."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Where:
        """Read the variable. Raises TaskFailed if the handler was made without it."""
        try:
            return cls(**json.loads(environment[VARIABLE]))
        except (KeyError, TypeError, ValueError) as error:
            raise TaskFailed(
                f"{VARIABLE} is not set as emr(...) or emr_serverless(...) in app.py sets it: make the "
                "handler with one of them.",
                error_id="NoCluster",
            ) from error
