"""Today's code is deployed over the last release, while its tasks wait, defer and run: docs/upgrading.md."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from local.deploy import CdkApp
from local.launch import ROOT
from tests.databases.server import DATABASE, DatabaseServer
from tests.local.commands import running
from tests.system.deployments import Deployment, eventually
from tests.system.executions import RUN_TASK, executions, states_entered
from tests.system.pipelines import Pipeline, Ref, shell

APP = Path(__file__).parent / "upgraded_app" / "app.py"
CONTEXT = {"schedule": "rate(1 minute)", "pollTimeout": "95", "timeScale": "4"}
LOCK = 4_711
HANDLER = """
from datapipeline_runner import Deferred, Outcome, Task, task_handler

RELEASE = {release!r}


@task_handler
def handler(task: Task) -> Outcome | None:
    if task.state is not None and task.state["release"] != RELEASE:
        task.logger.info("Taken over", of=task.state["release"])
        return None
    return Deferred({{"release": RELEASE}}, wait_seconds=4)
"""


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as of the commit that made the latest release of CHANGELOG.md."""
    version = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version
    heading = f"## [{version[1]}]"
    log = git("log", "--reverse", "--format=%H", f"-S{heading}", "--", "CHANGELOG.md").decode().split()
    assert log, f"no commit of this clone has written {heading!r}"
    directory = tmp_path_factory.mktemp("last-release")
    archive = directory / "release.tar"
    archive.write_bytes(
        git("archive", "--format=tar", log[0], "infra", "lambdas", "cdk.json", "pyproject.toml")
    )
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")
    return as_project(directory, "the last")


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("today")
    for name in ("infra", "lambdas"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cdk.json", "pyproject.toml"):
        shutil.copy(ROOT / name, directory)
    return as_project(directory, "today's")


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def as_project(directory: Path, release: str) -> Path:
    shutil.copy(APP, directory)
    (directory / "deferring.py").write_text(HANDLER.format(release=release))
    (ROOT / ".build").mkdir(exist_ok=True)
    (directory / ".build").symlink_to(ROOT / ".build")
    return directory


@pytest.mark.long
def test_tasks_of_the_last_release_end_with_todays_code(
    last_release: Path, today: Path, postgresql_server: DatabaseServer, tmp_path: Path
) -> None:
    server = postgresql_server
    redshift = f"postgresql://{server.user}:{server.password}@127.0.0.1:{server.port}"
    options = ["--port", "0", "--time-scale", CONTEXT["timeScale"], "--redshift", redshift]
    with (
        running("up", *options, directory=last_release) as command,
        contextlib.closing(server.connect()) as holder,
    ):
        holder.cursor().execute(f"SELECT pg_advisory_lock({LOCK})")
        deployment = Deployment(command.ready(), tmp_path, command.process.pid)
        warehouse = {"clusterId": "warehouse", "databaseName": DATABASE, "username": "etl"}
        pipeline = Pipeline.activated(
            deployment,
            {
                "Statement": {
                    "type": "SqlActivity",
                    "database": Ref("Warehouse"),
                    "script": f"SELECT pg_advisory_lock({LOCK}), pg_advisory_unlock({LOCK})",
                },
                "Warehouse": {"type": "RedshiftDatabase", "*password": "unused", **warehouse},
                "Own": shell("unused", myHandler="deferring"),
                "Command": shell("sleep 20; echo done"),
            },
        )
        eventually(lambda: deferred(deployment) >= 2 or None, "the tasks do not defer")
        machine = executions(deployment, RUN_TASK)

        asyncio.run(upgrade(today, deployment, tmp_path))

        assert deferred(deployment) >= 2, "they were to be in flight"
        holder.cursor().execute(f"SELECT pg_advisory_unlock({LOCK})")
        for component in ("Statement", "Own", "Command"):
            assert len(pipeline.attempts(component)) == 1
            pipeline.ended(component, "FINISHED")
        assert len(executions(deployment, RUN_TASK)) == len(machine), "each task had one execution"
        taken = deployment.logs.filter_log_events(
            logGroupName="/aws/lambda/TaskRunner-deferring", filterPattern='"Taken over"'
        )["events"]
        assert '"of":"the last"' in taken[0]["message"]

        Pipeline.activated(deployment, {"After": shell("true")}).ended("After", "FINISHED")


async def upgrade(project: Path, deployment: Deployment, scratch: Path) -> None:
    """``cdk deploy`` of another directory to the same local AWS."""
    app = CdkApp(project, endpoint_url=deployment.endpoint_url, scratch=scratch / "cdk", log=scratch / "log")
    await app.deploy(CONTEXT)


def deferred(deployment: Deployment) -> int:
    """How many running executions of RunTask have waited after a deferral."""
    running_ones = [arn for arn, status in executions(deployment, RUN_TASK).items() if status == "RUNNING"]
    return sum("Wait" in states_entered(deployment, arn) for arn in running_ones)
