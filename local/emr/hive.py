"""The program ``hive`` of local EMR: has a script run on Spark SQL. Its options are those of the Hive CLI."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from local.emr.faults import HEADER
from local.emr.programs_path import CLUSTER
from local.emr.spark_service import PATH


def main() -> int:
    """Run the script. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="hive", allow_abbrev=False)
    parser.add_argument("-f", dest="file", type=Path)
    parser.add_argument("-e", dest="text")
    parser.add_argument("--hivevar", "-hivevar", "-d", "--define", action="append", default=[])
    parser.add_argument("-hiveconf", "--hiveconf", action="append", default=[])
    options = parser.parse_args()
    script = (
        options.text if options.text is not None else options.file.read_text()
    )  # In the locale's encoding, as Java.
    body = {
        "script": script,
        "variables": pairs(options.hivevar),
        "settings": pairs(options.hiveconf),
        "cluster": os.environ.get(CLUSTER, ""),
    }
    request = urllib.request.Request(  # noqa: S310 - local AWS
        os.environ["AWS_ENDPOINT_URL"] + PATH, json.dumps(body).encode(), {HEADER: "faults"}, method="POST"
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        answer = json.load(response)
    sys.stdout.write(answer["stdout"])
    sys.stderr.write(answer["stderr"])
    code: int = answer["code"]
    return code


def pairs(given: Sequence[str]) -> dict[str, str]:
    """Names and values of options. Commons CLI 1.2 takes a quote off each end, also if the other has none."""
    stripped = [pair.removeprefix('"').removesuffix('"') for pair in given]
    return dict(pair.partition("=")[::2] for pair in stripped)


if __name__ == "__main__":
    sys.exit(main())
