"""Deploys the CDK app to local AWS with the unmodified CDK CLI."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.account import ACCOUNT, REGION
from local.environment import for_local_aws
from local.launch import ROOT
from local.processes.tree import ProcessTree

SHOWN_LINES = 30
APP = "app.py"
CDK_CLI = "aws-cdk@2.1148.1"
"""The release that package.json pins."""


class DeployError(Exception):
    """The app was not deployed. The message tells the user why."""


def find_cdk(project: Path) -> Path:
    """The project's CDK CLI, else this repository's, else that on the PATH.

    Raises DeployError if there is none, no Node.js to run it, or no app.
    """
    if shutil.which("node") is None:
        raise DeployError(
            "Node.js is not on PATH: the CDK CLI needs version 20 or newer (https://nodejs.org)"
        )
    installed = [directory / "node_modules" / ".bin" / "cdk" for directory in (project, ROOT)]
    cdk = next((path for path in installed if path.exists()), None) or shutil.which("cdk")
    if cdk is None:
        # Without a version, npm takes 3.0.0, an older build that refuses what today's library writes.
        raise DeployError(
            f"the CDK CLI is not installed: run `npm install {CDK_CLI}`, or `make setup` in a clone"
        )
    if not any((project / name).exists() for name in ("cdk.json", APP)):
        raise DeployError(f"there is no cdk.json in {project}, and no {APP}")
    return Path(cdk)


def cdk_environment(endpoint_url: str, scratch: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the CDK CLI. It is local only: the developer's AWS settings are left out."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("CDK_")}
    return for_local_aws(endpoint_url, kept) | {
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "CDK_HOME": str(scratch / "cdk-home"),
        # jsii also works on Node.js releases that it has not tested yet or no longer tests: no warnings.
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "true",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "TMPDIR": str(scratch),
    }


class CdkApp:
    """One CDK app and one local AWS. The CLI writes its files to `scratch` and its output to `log`."""

    def __init__(self, project: Path, *, endpoint_url: str, scratch: Path, log: Path) -> None:
        self._cdk = find_cdk(project)
        self._project = project
        self._environment = cdk_environment(endpoint_url, scratch, os.environ)
        self._scratch = scratch
        self._assembly = scratch / "cdk.out"
        self._log = log
        scratch.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    async def deploy(self, context: Mapping[str, str]) -> None:
        """Bootstrap, synthesize and deploy all stacks. Raises DeployError with the CLI's last output."""
        synth = ["synth", "--quiet", "--output", str(self._assembly)]
        if not (self._project / "cdk.json").exists():
            synth += ["--app", f"{shlex.quote(sys.executable)} {APP}"]
        for name, value in context.items():
            synth += ["--context", f"{name}={value}"]
        try:
            async with asyncio.TaskGroup() as together:
                # Not in the app's directory, because `cdk bootstrap` would synthesize the app there as well.
                bootstrap = self._run(["bootstrap", f"aws://{ACCOUNT}/{REGION}"], directory=self._scratch)
                together.create_task(bootstrap)
                together.create_task(self._run(synth))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        assembly = ["--app", str(self._assembly)]
        await self._run(["deploy", *assembly, "--all", "--require-approval", "never", "--progress", "events"])

    async def _run(self, arguments: Sequence[str], *, directory: Path | None = None) -> None:
        processes = ProcessTree()
        with self._log.open("ab") as log:
            await processes.start(
                [str(self._cdk), *arguments, "--no-color", "--no-notices", "--no-version-reporting"],
                environment=self._environment,
                directory=directory or self._project,
                output=log.fileno(),
            )
        try:
            failed = await asyncio.shield(processes.exited)
        finally:
            processes.kill()
        if failed:
            lines = self._log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
            raise DeployError(f"`cdk {arguments[0]}` failed; {self._log} ends with:\n" + "\n".join(lines))
