"""One logger, and metrics as CloudWatch's embedded metric format, both by Powertools.

Names come from the environment that the stack sets: ``POWERTOOLS_SERVICE_NAME`` is the stack's name and
the metrics' ``service`` dimension, ``POWERTOOLS_METRICS_NAMESPACE`` their namespace. Powertools is imported
with the first line or metric, so that the poller sends its poll before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    logger: Logger

NAMESPACE = "DataPipelineTaskRunner"

HIDDEN = "***"


_secrets: tuple[str, ...] = ()


def hide(secrets: Iterable[str]) -> None:
    """Keep these texts out of every line that is logged from now on, whoever logs it."""
    global _secrets
    # The longest first: a secret that is part of another one must not break it up.
    _secrets = tuple(sorted(filter(None, set(secrets)), key=len, reverse=True))


def hidden(text: str) -> str:
    """``text`` without the secrets that are to be hidden."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    return text


def _serialize(line: Mapping[str, Any]) -> str:
    return json.dumps(_without_secrets(line) if _secrets else line, default=str, separators=(",", ":"))


def _without_secrets(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _without_secrets(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in value]
    return hidden(str(value))


def __getattr__(name: str) -> Any:
    """``logger``, made when it is first asked for (PEP 562)."""
    if name != "logger":
        raise AttributeError(f"module 'runner.telemetry' has no attribute '{name}'")
    from aws_lambda_powertools import Logger

    # By default a message that happens to be JSON, such as a command's output "NaN", is taken for more than
    # text.
    made = Logger(json_serializer=_serialize, json_deserializer=str)
    globals()["logger"] = made
    return made


def emit(metrics: Mapping[str, float], *, unit: str = "Count", **dimensions: str) -> None:
    """Write one metric line: ``emit({"Polls": 1}, WorkerGroup="etl")``; ``unit`` is one of CloudWatch's.

    Dimension values are cut to CloudWatch's 255 characters, and kept to ASCII, which it asks for.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics

    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE))
    for name, text in dimensions.items():
        ascii_value = text.encode("ascii", "backslashreplace").decode().strip()
        line.add_dimension(name, ascii_value[:255] or "none")
    for name, value in metrics.items():
        line.add_metric(name=name, unit=unit, value=value)
    line.flush_metrics()


_cold = True


def count_cold_start() -> None:
    """Count this execution environment, once."""
    global _cold
    if _cold:
        _cold = False
        emit({"ColdStarts": 1})
