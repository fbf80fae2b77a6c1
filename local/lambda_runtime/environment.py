"""The environment variables of an execution environment.

Source: Lambda developer guide, "Defined runtime environment variables". Nothing of the developer's own
environment is passed on: a handler that works only with it would fail on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.lambda_runtime.function import Function


@dataclass(frozen=True)
class Places:
    """Where an environment has Lambda's /var/task, /opt, /var/lang, /var/runtime, /tmp and /usr/bin."""

    task_root: Path
    opt: Path
    language: Path
    runtime: Path
    scratch: Path
    programs: Path


def execution_environment(
    function: Function,
    places: Places,
    *,
    runtime_api: str,
    log_stream: str,
    endpoint_url: str,
    credentials: Mapping[str, str],
) -> dict[str, str]:
    """Every variable that a new process of `function` starts with.

    `runtime_api` is HOST:PORT. `endpoint_url` is local AWS. `credentials` are the variables of the role,
    which the function's own variables cannot replace. PATH contains only the image's programs, because other
    programs of the developer's machine do not exist on Lambda. HOME is the scratch directory, so that no
    ~/.aws is read.
    """
    own = {name: value for name, value in function.environment if not name.startswith("AWS_ENDPOINT_URL")}
    path = [places.language / "bin", places.programs, places.opt / "bin"]
    libraries = f"{places.task_root}:{places.task_root}/lib:{places.opt}/lib"
    json_logs = (
        {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": function.application_log_level or "INFO"}
        if function.log_format == "JSON"
        else {}
    )
    return {
        "LANG": "en_US.UTF-8",
        "PATH": ":".join(map(str, path)),
        "HOME": str(places.scratch),
        **own,
        "LD_LIBRARY_PATH": f"{places.language}/lib:{own.get('LD_LIBRARY_PATH', libraries)}",
        **credentials,
        **json_logs,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": function.region,
        "LAMBDA_RUNTIME_DIR": str(places.runtime),
        "LAMBDA_TASK_ROOT": str(places.task_root),
        "TMPDIR": str(places.scratch),
        "TZ": own.get("TZ", ":UTC"),
        "_HANDLER": function.handler,
    }
