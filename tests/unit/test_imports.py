"""The modules that the poller imports before its poll: each adds to every cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LAMBDAS = Path(__file__).parents[2] / "lambdas"

FLOOR = "import botocore.session; botocore.session.get_session().create_client('datapipeline')"
MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"

ENVIRONMENT = {
    "WORKER_GROUP": "etl",
    "PERIOD_SECONDS": "300",
    "POLL_TIMEOUT_SECONDS": "10",
    "POLL_HOLD_SECONDS": "90",
    "RUN_TASK_ARN": "arn",
    "CLAIMS_BUCKET": "claims",
    "RUNNER_HOSTNAME": "runner",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PYTHONPATH": str(LAMBDAS),
}

POLLER = {
    "poll_for_task",
    "poller",
    "poller.envelope",
    "poller.executions",
    "poller.loop",
    "poller.pace",
    "poller.polling",
    "poller.ready_time",
    "poller.response",
    "poller.round",
    "runner",
    "runner.clients",
    "runner.fields",
    "runner.outcome",
    "runner.telemetry",
}


def modules_after(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; {MODULES}"],
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_the_poller_imports_its_own_few_modules_and_what_botocores_client_needs() -> None:
    assert modules_after("import poll_for_task") - modules_after(FLOOR) == POLLER


def test_a_handler_that_needs_no_client_imports_no_botocore() -> None:
    imported = modules_after("import activities.shell_command")
    assert not {name for name in imported if name.split(".")[0] in ("botocore", "boto3")}
