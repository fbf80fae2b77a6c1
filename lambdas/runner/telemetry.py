"""The logger, and metrics in CloudWatch's embedded metric format. Powertools provides both.

The stack sets the names as environment variables: ``POWERTOOLS_SERVICE_NAME`` is the stack's name and the
metrics' ``service`` dimension, ``POWERTOOLS_METRICS_NAMESPACE`` is their namespace. Powertools is imported
with the first line or metric, so that the poller can send its poll first.
"""

from __future__ import annotations

import io
import json
import logging
import os
import traceback
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from runner.redaction import Redaction

    logger: Logger

NAMESPACE = "DataPipelineTaskRunner"

_KEPT_SECRETS = 32
_SHORTEST_KEPT_SECRET = 8

_level: int = logging.INFO
_logger_name = ""
"""The name of the logger in this module, whose lines are redacted as a whole."""

_redaction: Redaction | None = None
"""None while there is nothing to hide, which in the poller is always."""
_earlier: tuple[str, ...] = ()
"""Secrets of earlier tasks in this execution environment. Short ones would garble other tasks' lines."""


def hide(secrets: Collection[str]) -> None:
    """Keep these texts, in all their forms, out of every line written from now on, whoever writes it.

    The longer secrets of earlier tasks stay hidden as well: something in this process may still hold them.
    """
    global _redaction
    wanted = frozenset((*secrets, *_earlier)) - {""}
    if wanted != (_redaction.secrets if _redaction else frozenset()):
        from runner.redaction import Redaction

        _redaction = Redaction(wanted)
        logging.setLogRecordFactory(_hiding_record)


def hidden(text: str) -> str:
    """``text`` without the secrets given to ``hide``."""
    return _redaction.text(text) if _redaction else text


def end_task() -> None:
    """Forget what a handler has added to the logger, and remember its secrets for ``hide``."""
    global _earlier
    existing: Logger | None = globals().get("logger")
    if existing is not None:
        existing.clear_state()
        existing.thread_safe_clear_keys()
        existing.setLevel(_level)
    secrets = _redaction.secrets if _redaction else frozenset()
    longer = (secret for secret in sorted(secrets) if len(secret) >= _SHORTEST_KEPT_SECRET)
    _earlier = tuple(dict.fromkeys((*_earlier, *longer)))[-_KEPT_SECRETS:]


def _hiding_record(*given: Any, **more: Any) -> logging.LogRecord:
    """A log record of any logger, redacted before a formatter escapes or cuts it."""
    record = logging.LogRecord(*given, **more)
    if not _redaction:
        return record
    try:
        if isinstance(record.msg, Mapping):
            record.msg = _without_secrets(record.msg)
            return record
        record.msg, record.args = hidden(record.getMessage()), ()
    except (TypeError, ValueError):  # The format does not fit its arguments: logging reports that.
        return record
    if record.exc_info and record.exc_info[0] is not None and record.name != _logger_name:
        trace = "".join(traceback.format_exception(*record.exc_info))
        if hidden(trace) != trace:
            record.msg, record.exc_info = f"{record.msg}\n{hidden(trace)}", None
    return record


class HidingStream(io.TextIOBase):
    """A standard stream that redacts what a handler prints."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, redacted."""
        self._stream.write(hidden(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        """The file descriptor. What a process writes to it is not redacted."""
        return self._stream.fileno()

    @property
    def buffer(self) -> Any:
        """The stream of bytes, which is not redacted."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def _serialize(line: Mapping[str, Any]) -> str:
    return json.dumps(_without_secrets(line) if _redaction else line, default=str, separators=(",", ":"))


def _without_secrets(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if hidden(str(value)) == str(value) else hidden(str(value))
    if isinstance(value, Mapping):
        return {_without_secrets(key): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return hidden(str(value))


def __getattr__(name: str) -> Any:
    """``logger``, created when it is first used (PEP 562)."""
    if name != "logger":
        raise AttributeError(f"module 'runner.telemetry' has no attribute '{name}'")
    from aws_lambda_powertools import Logger

    # By default, Powertools parses a message that happens to be JSON, such as a command's output "NaN".
    global _level, _logger_name
    created = Logger(json_serializer=_serialize, json_deserializer=str)
    _level, _logger_name = created.log_level, created.name
    globals()["logger"] = created
    return created


def emit(metrics: Mapping[str, float], *, unit: str = "Count", **dimensions: str) -> None:
    """Write one metric line: ``emit({"Polls": 1}, WorkerGroup="etl")``; ``unit`` is one of CloudWatch's.

    Dimension values are reduced to ASCII, as CloudWatch requires, and to its 255 characters.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics

    line = EphemeralMetrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE))
    for name, text in dimensions.items():
        ascii_value = text.encode("ascii", "backslashreplace").decode().strip()
        line.add_dimension(name, ascii_value[:255] or "none")
    for name, value in metrics.items():
        line.add_metric(name=name, unit=unit, value=value)
    line.flush_metrics()


def emit_for_dashboard(metrics: Mapping[str, float], *, unit: str = "Count", **dimensions: str) -> None:
    """Write a metric line, as ``emit`` does, if the stack has the dashboard.

    CloudWatch charges for each metric and dimension value, however little it counts. So what only the
    dashboard shows is not counted without it.
    """
    if "DASHBOARD" in os.environ:
        emit(metrics, unit=unit, **dimensions)
