"""What has to be known of a deployed function to run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PRINCIPAL = "lambda.amazonaws.com"


@dataclass(frozen=True)
class Layer:
    """One layer version: its ARN and its zip. A version never changes."""

    arn: str
    content: bytes = field(repr=False, compare=False)


@dataclass(frozen=True)
class Function:
    """One version of a function. Versions that compare equal may share execution environments."""

    name: str
    arn: str
    version: str
    runtime: str
    handler: str
    timeout_seconds: float
    memory_mb: int
    environment: tuple[tuple[str, str], ...]
    code_sha256: str
    layers: tuple[Layer, ...]
    log_group: str
    log_stream_prefix: str
    log_format: Literal["Text", "JSON"]
    application_log_level: str | None
    role: str
    """ARN."""
    code: bytes = field(repr=False, compare=False)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @classmethod
    def from_configuration(
        cls, configuration: Mapping[str, Any], *, code: bytes, layers: tuple[Layer, ...]
    ) -> Function:
        """Read the members of GetFunctionConfiguration's answer (API Reference, FunctionConfiguration).

        Log streams are named as in the developer guide ("Configuring CloudWatch log groups"): if the log
        group is not the function's own, the function's name precedes the version.
        """
        name = configuration["FunctionName"]
        version = configuration.get("Version") or "$LATEST"
        logging = configuration.get("LoggingConfig") or {}
        own_group = f"/aws/lambda/{name}"
        group = logging.get("LogGroup") or own_group
        json_logs = logging.get("LogFormat") == "JSON"
        variables = (configuration.get("Environment") or {}).get("Variables") or {}
        return cls(
            name=name,
            arn=":".join(configuration["FunctionArn"].split(":")[:7]),
            version=version,
            runtime=configuration["Runtime"],
            handler=configuration["Handler"],
            timeout_seconds=float(configuration.get("Timeout") or 3),
            memory_mb=int(configuration.get("MemorySize") or 128),
            environment=tuple(sorted(variables.items())),
            code_sha256=configuration["CodeSha256"],
            layers=layers,
            log_group=group,
            log_stream_prefix=f"[{version}]" if group == own_group else f"{name}[{version}]",
            log_format="JSON" if json_logs else "Text",
            application_log_level=(logging.get("ApplicationLogLevel") or "INFO") if json_logs else None,
            role=configuration.get("Role") or "",
            code=code,
        )
