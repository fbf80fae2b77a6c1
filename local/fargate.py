"""Puts Amazon ECS on AWS Fargate together: the service, its containers, and the agent that they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.account import ACCOUNT, REGION
from local.datapipeline.faults import Faults
from local.datapipeline.settings import Settings
from local.ecs.agent import PRINCIPAL, Agent
from local.ecs.endpoint import EcsEndpoint
from local.ecs.image import make_programs, search_path
from local.ecs.life import Host, TaskLife
from local.ecs.task import Task
from local.ecs.wire import OPERATIONS, TARGET
from local.http.front import with_paths, with_service
from local.http.permitted import permitted
from local.lambda_runtime.sandbox import Sandbox
from local.ministack_hooks import Asgi, Ministack
from local.permissions.calls import Credentials
from local.telemetry import Telemetry


class Fargate:
    """One per local AWS, on its event loop.

    Containers run as the user of ``sandbox``, and find its Python. Files are in ``directory``, which is made.
    """

    def __init__(
        self,
        ministack: Ministack,
        telemetry: Telemetry,
        sandbox: Sandbox,
        *,
        directory: Path,
        endpoint_url: str,
        settings: Settings,
        faults: Faults,
        time_scale: float,
    ) -> None:
        directory.mkdir()
        directory.chmod(0o711)
        self._ministack = ministack
        self._agent = Agent(self._assume, credentials_seconds=settings.container_credentials.total_seconds())
        self._life = TaskLife(
            Host(
                directory=directory,
                path=search_path(make_programs(directory / "bin"), sandbox.runtime.python),
                libraries=sandbox.runtime.language / "lib",
                user=sandbox.user,
                endpoint_url=endpoint_url,
                region=REGION,
                open_log=telemetry.open_container_log,
                agent=self._agent,
                faults=faults,
                time_scale=time_scale,
                start_seconds=settings.container_start.total_seconds(),
            )
        )
        self._endpoint = EcsEndpoint(
            ministack.ecs_definitions,
            run=self._life.run,
            faults=faults,
            time_scale=time_scale,
            region=REGION,
            account=ACCOUNT,
        )
        ministack.run_tasks(self._endpoint)

    def before(self, others: Asgi) -> Asgi:
        """``others`` plus what containers ask their agent, and the operations on tasks."""
        application = with_paths(self._agent.knows, self._agent.asgi, others)
        service = permitted(
            "ecs",
            self._endpoint.asgi,
            permissions=self._ministack.permissions,
            calls_of=self._endpoint.calls,
        )
        for operation in OPERATIONS:
            application = with_service(f"{TARGET}{operation}", service, application)
        return application

    def kill(self) -> None:
        """End all containers at once."""
        self._life.kill()

    def _assume(self, task: Task, seconds: float) -> Credentials:
        context: dict[str, Any] = {"aws:sourcearn": task.arn}
        return self._ministack.permissions.assume(
            task.plan.task_role or "", task.id, service=PRINCIPAL, context=context, seconds=seconds
        )
