"""Local AWS: ministack, the deployed functions and Data Pipeline, in one process on one loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.console.files import PATH as CONSOLE_PATH
from local.console.files import console
from local.datapipeline import pipeline_resource
from local.datapipeline.faults import Faults
from local.datapipeline.settings import Settings
from local.directories import remove_tree
from local.emr.serverless import is_serverless, with_target
from local.fargate import Fargate
from local.http.front import front, with_rest_service, with_service
from local.http.listener import HOST
from local.http.permitted import permitted
from local.lambda_runtime.function import Function
from local.lambda_runtime.pool import Pool
from local.lambda_runtime.worker import Result
from local.ministack_hooks import Asgi, Ministack, Note, add_resource_type
from local.permissions.calls import Call
from local.sdk_errors import modelled_errors, with_sdk_errors
from local.telemetry import Telemetry

HEALTH_PATH = "/_ministack/health"


class DataPipeline(Protocol):
    """What this server needs of AWS Data Pipeline: HTTP, and calls from Step Functions in this process."""

    faults: Faults
    settings: Settings

    async def start(self) -> None: ...
    def now(self) -> datetime: ...
    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]: ...
    async def asgi(self, scope: Any, receive: Any, send: Any) -> None: ...
    async def handle(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> tuple[int, dict[str, str], bytes]: ...
    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]: ...


class RedshiftData(Protocol):
    """What this server needs of the Redshift Data API."""

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None: ...
    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]: ...


class Emr(Protocol):
    """What this server needs of Amazon EMR."""

    @property
    def serverless(self) -> RedshiftData:
        """What it needs of EMR Serverless."""
        ...

    def kill(self) -> None: ...
    async def asgi(self, scope: Any, receive: Any, send: Any) -> None: ...
    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]: ...


NewDataPipeline = Callable[[str], DataPipeline]
"""(endpoint URL of local AWS) -> a Data Pipeline service that has not been started."""


class LocalAws:
    """One per process, because ministack keeps its state in globals. `kill` leaves nothing behind."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        data_pipeline: NewDataPipeline,
        time_scale: float,
        note: Note,
        redshift_data: RedshiftData | None = None,
        emr: Emr | None = None,
    ) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self.endpoint_url = f"http://{HOST}:{self.port}"
        self.state = Path(tempfile.mkdtemp(prefix="local-aws-"))
        self.state.chmod(0o711)  # So that the users that functions run as can enter it.
        self._new_data_pipeline = data_pipeline
        self._time_scale = time_scale
        self._redshift_data = redshift_data
        self._emr = emr
        self._note = note
        self._pool: Pool | None = None
        self._ministack: Ministack | None = None
        self._telemetry: Telemetry | None = None
        self._data_pipeline: DataPipeline | None = None
        self._fargate: Fargate | None = None
        self._serving: asyncio.Task[None] | None = None
        self._alarm_clock: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start all services. Returns when they answer."""
        loop = asyncio.get_running_loop()
        ministack = Ministack(self.port, self.state, time_scale=self._time_scale, note=self._note)
        self._ministack = ministack
        self._telemetry = Telemetry(ministack, loop, time_scale=self._time_scale)
        self._pool = Pool(
            self.state / "lambda",
            endpoint_url=self.endpoint_url,
            deliver_to=self._telemetry.deliver_to,
            credentials_of=ministack.credentials_of,
        )
        self._data_pipeline = self._new_data_pipeline(self.endpoint_url)
        await self._data_pipeline.start()
        ministack.run_python_functions(self._invoke, loop)
        ministack.make_state_machines_calls_fail(self._data_pipeline.faults)
        ministack.limit_chained_roles(self._data_pipeline.settings.chained_role.total_seconds())
        self._fargate = Fargate(
            ministack,
            self._telemetry,
            self._pool.sandbox,
            directory=self.state / "ecs",
            endpoint_url=self.endpoint_url,
            settings=self._data_pipeline.settings,
            faults=self._data_pipeline.faults,
            time_scale=self._time_scale,
        )
        self._alarm_clock = asyncio.create_task(self._telemetry.each_minute())
        ministack.observe_executions(self._telemetry.count_execution)
        ministack.observe_undelivered(self._telemetry.keep_dead_letter)
        ministack.add_sdk_integration(
            "datapipeline",
            target_prefix="DataPipeline",
            error_prefix="DataPipeline",
            handler=with_sdk_errors(
                self._data_pipeline.handle,
                service="DataPipeline",
                modelled=modelled_errors("datapipeline"),
            ),
            calls_of=self._data_pipeline.calls,
        )
        add_resource_type(
            pipeline_resource.TYPE,
            pipeline_resource.PipelineResource(self._data_pipeline.call),
            replacing=pipeline_resource.REPLACING,
        )

        def behind(service: str, of: DataPipeline | RedshiftData | Emr) -> Asgi:
            return permitted(service, of.asgi, permissions=ministack.permissions, calls_of=of.calls)

        others = self._fargate.before(ministack.asgi)
        if self._redshift_data is not None:
            others = with_service("RedshiftData.", behind("redshift-data", self._redshift_data), others)
        if self._emr is not None:
            emr = behind("elasticmapreduce", self._emr)
            others = with_service("ElasticMapReduce.", emr, others, control_path="/_local/emr/")
            serverless = with_target(behind("emr-serverless", self._emr.serverless))
            others = with_rest_service(is_serverless, serverless, others)
        application = front(
            console=console(at=CONSOLE_PATH, settings=self._console_settings),
            data_pipeline=behind("datapipeline", self._data_pipeline),
            others=others,
        )
        config = Config()
        config.bind = [f"fd://{self._listener.detach()}"]
        config.keep_alive_timeout = 75
        config.loglevel = "ERROR"
        never = asyncio.Event()
        self._serving = asyncio.create_task(serve(application, config, shutdown_trigger=never.wait))
        await self._answers()

    def _console_settings(self) -> dict[str, Any]:
        """What the console's page says of this AWS. No operation of Data Pipeline returns its time."""
        assert self._data_pipeline is not None  # noqa: S101
        return {
            "name": "Local AWS",
            "isLocal": True,
            "stack": "",
            "timeScale": self._time_scale,
            "serviceTime": self._data_pipeline.now().isoformat(timespec="milliseconds"),
        }

    def note_grants(self) -> None:
        """Record what each role may do, to find grants that nothing needs."""
        if self._ministack is not None:
            self._ministack.permissions.note_grants()

    @property
    def why_root(self) -> str | None:
        """Why functions run as root, if they do. Known after the start."""
        return None if self._pool is None else self._pool.why_root

    @property
    def why_more(self) -> str | None:
        """Why functions see more of this machine than on Lambda, if they do. Known after the start."""
        return None if self._pool is None else self._pool.why_more

    def kill(self) -> None:
        """Kill the processes of functions and containers at once, and remove the files on disk."""
        if self._fargate is not None:
            self._fargate.kill()
        if self._emr is not None:
            self._emr.kill()
        if self._pool is not None:
            self._pool.kill()
        remove_tree(self.state)

    async def _invoke(
        self, function: Function, request_id: str, event: bytes, invoked_function_arn: str
    ) -> Result:
        assert self._pool is not None  # noqa: S101
        assert self._telemetry is not None  # noqa: S101
        result = await self._pool.invoke(
            function, request_id=request_id, event=event, invoked_function_arn=invoked_function_arn
        )
        await self._telemetry.count_invocation(function, result)
        return result

    async def _answers(self) -> None:
        request = f"GET {HEALTH_PATH} HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(request)
        assert self._serving is not None  # noqa: S101
        answer = asyncio.ensure_future(reader.readline())
        await asyncio.wait({answer, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await self._serving
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
