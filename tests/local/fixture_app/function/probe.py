"""A function that does what its event asks for."""

import json
import logging
import os
import subprocess
import sys
import time
from typing import Any

logger = logging.getLogger()
logger.setLevel(logging.INFO)

invocations = 0


class ProbeError(Exception):
    """Raised on demand."""


def handler(event: dict[str, Any], context: Any) -> Any:
    global invocations
    invocations += 1
    match event["do"]:
        case "describe":
            return {
                "pid": os.getpid(),
                "invocations": invocations,
                "environment": dict(os.environ),
                "arn": context.invoked_function_arn,
                "requestId": context.aws_request_id,
                "remaining": context.get_remaining_time_in_millis(),
                "cwd": os.getcwd(),  # noqa: PTH109
                "path": sys.path,
            }
        case "import":
            __import__(event["module"])
        case "log":
            print("printed")
            logger.info("logged")
            subprocess.run(["echo", "by a child process"], check=True)
            sys.stdout.write("unfinished line")
        case "raise":
            raise ProbeError("as asked")
        case "exit":
            os._exit(event["code"])
        case "kill":
            os.kill(os.getpid(), event.get("signal", 9))
        case "sleep":
            time.sleep(event["seconds"])
        case "children":
            options: dict[str, Any] = {"start_new_session": True} if event.get("own_session") else {}
            child = subprocess.Popen(["sleep", "600"], **options)
            print(f"child {child.pid}", flush=True)
            if event.get("wait", True):
                child.wait()
        case "return":
            return event["bytes"] * "x"
        case "run":
            result = subprocess.run(event["command"], capture_output=True, text=True, check=False)
            return {"code": result.returncode, "out": result.stdout, "err": result.stderr}
        case "emf":
            print(json.dumps(event["line"]))
        case "call":
            import boto3

            client = boto3.client("sts")
            return client.get_caller_identity()["Account"]
    return None
