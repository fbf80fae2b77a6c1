"""The program ``spark-submit`` of local EMR: fetches the application from S3, and runs that of PySpark.

Without PySpark, it runs an application in Python, which fails only where it uses Spark.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.emr import s3_files

_OF_CLUSTERS = {"--master", "--deploy-mode", "--queue"}


def main() -> None:
    """Become spark-submit, on this machine and with one core."""
    words: list[str] = []
    given = sys.argv[1:]
    while given:
        word = given.pop(0)
        if word in _OF_CLUSTERS:
            given.pop(0)
        else:
            words.append(
                _fetched(word) if word.startswith("s3://") and word.endswith((".py", ".jar")) else word
            )
    program = Path(sys.executable).with_name("spark-submit")
    if not program.exists():
        application = next((at for at, word in enumerate(words) if word.endswith(".py")), len(words))
        print("spark-submit: PySpark is not installed: make test-spark installs it", file=sys.stderr)
        os.execv(sys.executable, [sys.executable, *words[application:]])  # noqa: S606
    quiet = ["--master", "local[1]", "--conf", "spark.ui.enabled=false", "--driver-memory", "512m"]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    os.execve(program, [str(program), *quiet, *words], environment)  # noqa: S606


def _fetched(uri: str) -> str:
    bucket, key = s3_files.place(uri)
    file = Path(key).name
    s3_files.client().download_file(bucket, key, file)
    return file


if __name__ == "__main__":
    main()
