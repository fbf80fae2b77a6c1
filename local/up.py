"""`python -m local up`: starts local AWS, deploys the app, and removes everything at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local.account import connection
from local.console.files import PATH as CONSOLE_PATH
from local.deploy import CdkApp, DeployError
from local.environment import forget_aws_settings
from local.http.listener import HOST, PortInUseError, listen
from local.permissions.decisions import noting
from local.processes.orphans import ORPHANS
from local.redeploy import remember
from local.server import DataPipeline, Emr, LocalAws, NewDataPipeline, RedshiftData

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(
    *,
    port: int,
    project: Path,
    context: Mapping[str, str] | None,
    settings: Sequence[str],
    time_scale: float,
    redshift: str | None,
    end_with_stdin: bool = False,
) -> int:
    """Run local AWS until a signal, or until standard input ends. Without a `context`, nothing is deployed.

    Returns an exit code only if startup fails before anything runs. Otherwise it ends the process, with all
    threads: some of ministack's would sleep through hours of a state machine's waits.
    """
    try:
        data_pipeline = _data_pipeline(settings, time_scale)
        listener = listen(port)
        endpoint_url = f"http://{HOST}:{listener.getsockname()[1]}"
        redshift_data = None if redshift is None else _redshift_data(redshift, endpoint_url)
    except (ValueError, PortInUseError, PermissionError) as error:
        _say(f"error: {error}")
        return 1
    forget_aws_settings()
    ORPHANS.adopt()
    aws = LocalAws(
        listener,
        data_pipeline=data_pipeline,
        time_scale=time_scale,
        note=noting(_say),
        redshift_data=redshift_data,
        emr=_emr(endpoint_url, time_scale),
    )
    if context is not None and time_scale != 1:
        context = {"timeScale": f"{time_scale:g}"} | dict(context)
    exit_code = 1
    try:
        exit_code = asyncio.Runner().run(_run(aws, project, context, end_with_stdin=end_with_stdin))
    except Exception as error:
        _say(f"error: local AWS failed: {error!r}")
    finally:
        aws.kill()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)


async def _run(
    aws: LocalAws, project: Path, context: Mapping[str, str] | None, *, end_with_stdin: bool
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    if end_with_stdin:
        _at_the_end_of(sys.stdin.fileno(), stop.set, loop)
    stopping = asyncio.create_task(stop.wait())
    work = asyncio.create_task(_start(aws, project, context))
    await asyncio.wait({stopping, work}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return 0
    try:
        work.result()
    except DeployError as error:
        _say(f"error: {error}")
        return 1
    print(f"ready {aws.endpoint_url}", flush=True)
    await stopping
    return 0


def _at_the_end_of(pipe: int, call: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    """Call back when the process at the other end of the pipe has ended, even by SIGKILL."""

    def read() -> None:
        if not os.read(pipe, 4096):
            loop.remove_reader(pipe)
            call()

    loop.add_reader(pipe, read)


async def _start(aws: LocalAws, project: Path, context: Mapping[str, str] | None) -> None:
    began = time.monotonic()
    app = None
    remember(project, aws.port, context)
    if context is not None:
        log = project / ".build" / "local" / f"deploy-{aws.port}.log"
        scratch = aws.state / "cdk"
        app = CdkApp(project, endpoint_url=aws.endpoint_url, scratch=scratch, log=log)
    _say(f"starting local AWS on {aws.endpoint_url}")
    await aws.start()
    _say(f"console {aws.endpoint_url}{CONSOLE_PATH}")
    for notice in (aws.why_root, aws.why_more):
        if notice:
            _say(notice)
    if app is not None:
        _say("deploying with the CDK CLI ...")
        await app.deploy(context or {})
        aws.note_grants()
        _say(f"deployed after {time.monotonic() - began:.0f} s")


def _data_pipeline(settings: Sequence[str], time_scale: float) -> NewDataPipeline:
    """Raises ValueError for an unknown setting."""
    from local.datapipeline.endpoint import DataPipelineEndpoint
    from local.datapipeline.settings import Settings

    parsed = Settings.parse(list(settings))

    def new(endpoint_url: str) -> DataPipeline:
        return DataPipelineEndpoint(settings=parsed, time_scale=time_scale, aws_endpoint_url=endpoint_url)

    return new


def _redshift_data(url: str, endpoint_url: str) -> RedshiftData:
    """Raises ValueError for a malformed URL."""
    import boto3

    from local.redshift_data.endpoint import RedshiftDataEndpoint

    def new_s3() -> S3Client:
        return boto3.client("s3", **connection(endpoint_url))

    return RedshiftDataEndpoint(url, new_s3)


def _emr(endpoint_url: str, time_scale: float) -> Emr:
    import boto3

    from local.emr.endpoint import EmrEndpoint

    def new_s3() -> S3Client:
        return boto3.client("s3", **connection(endpoint_url))

    return EmrEndpoint(endpoint_url=endpoint_url, new_s3=new_s3, time_scale=time_scale)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
