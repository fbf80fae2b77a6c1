"""One Spark session for all Hive scripts of a local AWS: its start takes longer than a script.

A request is a line of JSON on standard input, ``{script, variables, settings}``; the answer is one on
standard output, ``{code, stdout, stderr}``. It ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3

from local.account import connection
from local.emr.spark_hive import SparkHive
from local.emr.spark_session import spark_session

FAILED = 64
"""The exit code of the Hive CLI for a statement that fails."""


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What Spark itself prints.
    with tempfile.TemporaryDirectory(prefix="local-spark-") as directory:
        spark = spark_session(Path(directory))
        for number, line in enumerate(sys.stdin):
            place = Path(directory) / f"script-{number}"
            answers.write(f"{json.dumps(_run(spark, json.loads(line), place))}\n")
            answers.flush()
        spark.stop()


def _run(spark: Any, request: dict[str, Any], directory: Path) -> dict[str, Any]:
    endpoint_url = os.environ["AWS_ENDPOINT_URL"]

    def dynamodb(region: str | None) -> object:
        more = {"region_name": region} if region else {}
        return boto3.client("dynamodb", **connection(endpoint_url) | more)

    s3 = boto3.client("s3", **connection(endpoint_url))
    engine = SparkHive(spark.newSession(), s3, dynamodb, directory)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            engine.run(request["script"], request["variables"], request["settings"])
    except Exception as error:
        return {"code": FAILED, "stdout": printed.getvalue(), "stderr": f"FAILED: {error}\n"}
    return {"code": 0, "stdout": printed.getvalue(), "stderr": ""}


if __name__ == "__main__":
    main()
