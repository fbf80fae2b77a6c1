"""The shell handler: its memory, and its cold start compared with that of an empty Powertools handler."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

from bench.deployed import STACK, LocalAws, policy, up
from bench.figures import ratio, spread
from local.launch import ROOT
from runner.testing import FieldValue, Ref, task_event

COLD_STARTS = 20
SHELL = f"{STACK}-ShellCommandActivity"
EMPTY = "empty-powertools-handler"

EMPTY_HANDLER = """
from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="Bench")


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event, context):
    logger.info("Nothing to do")
    return {"status": "FINISHED"}
"""

COMMANDS = {
    "echo": "echo hello",
    "1 GB printed, short lines": "yes | head -c 1000000000",
    "1 GB printed, no line's end": "head -c 1000000000 /dev/zero",
    "1 GB printed to S3": "yes 0123456789abcdef | head -c 1000000000",
    "500 MB staged out": "head -c 500000000 /dev/urandom > $OUTPUT1_STAGING_DIR/x",
    "500 MB staged in": "true",
    "500 MB staged in and out, gzip": "mv $INPUT1_STAGING_DIR/x $OUTPUT1_STAGING_DIR/x",
}


def measure() -> dict[str, Any]:
    """Milliseconds and megabytes. Takes about two minutes."""
    with up() as aws:
        return {"cold start": _cold_starts(aws), "shell handler, peak memory, MB": _memory(aws)}


def _cold_starts(aws: LocalAws) -> dict[str, Any]:
    """Run both functions in turn, each time in a new environment."""
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=EMPTY,
        Runtime="python3.13",
        Role=functions.get_function(FunctionName=SHELL)["Configuration"]["Role"],
        Handler="empty.handler",
        Code={"ZipFile": _empty_zip()},
        MemorySize=512,
        Timeout=30,
        LoggingConfig={
            "LogFormat": "JSON",
            "LogGroup": f"/aws/lambda/{SHELL}",
        },  # Its role writes no other.
    )
    inits: dict[str, list[float]] = {SHELL: [], EMPTY: []}
    totals: dict[str, list[float]] = {SHELL: [], EMPTY: []}
    for number in range(COLD_STARTS):
        for name in (SHELL, EMPTY) if number % 2 else (EMPTY, SHELL):
            _force_cold_start(functions, name, number)
            report = _invoked(functions, name, _event("echo hello"))
            inits[name].append(report["initDurationMs"])
            totals[name].append(report["initDurationMs"] + report["durationMs"])
    return {
        "invocations of each": COLD_STARTS,
        "initialization, ms": {
            "shell handler": spread(inits[SHELL]),
            "empty Powertools handler": spread(inits[EMPTY]),
            "ratio of the medians": ratio(inits[SHELL], inits[EMPTY]),
        },
        "initialization and first task, ms": {
            "shell handler, echo": spread(totals[SHELL]),
            "empty Powertools handler": spread(totals[EMPTY]),
        },
    }


def _force_cold_start(functions: Any, name: str, number: int) -> None:
    """A new configuration forces a new environment. Lambda's code is read-only, so nothing is precompiled."""
    variables = functions.get_function_configuration(FunctionName=name).get("Environment", {})
    changed = {"BENCH": str(number), "PYTHONDONTWRITEBYTECODE": "1", "POWERTOOLS_SERVICE_NAME": STACK}
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables.get("Variables", {}), **changed}}
    )


def _memory(aws: LocalAws) -> dict[str, Any]:
    functions, s3 = aws.client("lambda"), aws.client("s3")
    s3.create_bucket(Bucket="bench")
    _let_commands_use(aws, "bench")
    found = {}
    for number, (name, command) in enumerate(COMMANDS.items()):
        _force_cold_start(functions, SHELL, 1000 + number)
        report = _invoked(functions, SHELL, _event(command, **_fields(name)))
        found[name] = {"MB": report["maxMemoryUsedMB"], "seconds": round(report["durationMs"] / 1000, 1)}
    return found


def _let_commands_use(aws: LocalAws, bucket: str) -> None:
    """Grant what an app.py would grant with ``s3_access``."""
    settings = aws.client("lambda").get_function_configuration(FunctionName=SHELL)
    role: str = settings["Environment"]["Variables"]["COMMAND_ROLE_ARN"]
    arn = f"arn:aws:s3:::{bucket}"
    aws.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="Bench",
        PolicyDocument=policy({"Action": "s3:*", "Resource": [arn, f"{arn}/*"]}),
    )


def _fields(name: str) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"stage": "true"} if "staged" in name else {}
    if "staged in" in name:
        fields |= {"input": Ref("Data")}
    if "out" in name:
        fields |= {"output": Ref("Packed" if "gzip" in name else "Data")}
    if "to S3" in name:
        fields |= {"stdout": "s3://bench/printed"}
    return fields


def _event(command: str, **fields: FieldValue) -> dict[str, Any]:
    objects = {
        "Data": {"type": "S3DataNode", "directoryPath": "s3://bench/data"},
        "Packed": {"type": "S3DataNode", "directoryPath": "s3://bench/packed", "compression": "gzip"},
    }
    return task_event({"command": command, **fields}, objects=objects)


def _invoked(functions: Any, name: str, event: dict[str, Any]) -> dict[str, Any]:
    """What Lambda reports about one invocation. Raises RuntimeError if the task did not finish."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    outcome = json.loads(answer["Payload"].read())
    if outcome.get("status") != "FINISHED":
        raise RuntimeError(f"{name} answered {outcome}")
    log = base64.b64decode(answer["LogResult"]).decode().splitlines()
    line = next(line for line in reversed(log) if '"platform.report"' in line)
    metrics: dict[str, Any] = json.loads(line)["record"]["metrics"]
    return metrics


def _empty_zip() -> bytes:
    """A handler that does nothing, with the same Powertools as in the app's asset."""
    vendor = max((ROOT / ".build").glob("vendor-*"), key=lambda path: path.stat().st_mtime)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(path for path in vendor.rglob("*") if path.is_file()):
            package.write(file, str(file.relative_to(vendor)))
        entry = zipfile.ZipInfo("empty.py")
        entry.external_attr = 0o644 << 16  # Lambda's user must be able to read it
        package.writestr(entry, EMPTY_HANDLER)
    return content.getvalue()
