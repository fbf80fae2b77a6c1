"""The program ``yarn`` of local EMR: ``application -list -appTags TAG`` and ``application -kill ID``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.parse
import urllib.request

from local.emr.applications import PATH
from local.emr.faults import HEADER


def main() -> int:
    """Do it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="yarn", allow_abbrev=False)
    parser.add_argument("command", choices=["application"])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-list", action="store_true")
    what.add_argument("-kill")
    parser.add_argument("-appTags", dest="tags", default="")
    parser.add_argument("-appStates")
    options = parser.parse_args()
    if options.list:
        print("Total number of applications")
        for name in _ask("GET", tags=options.tags)["applications"]:
            print(name, "HIVE", "RUNNING", sep="\t")
        return 0
    return 0 if _ask("DELETE", id=options.kill)["killed"] else 1


def _ask(method: str, **query: str) -> dict[str, list[str]]:
    url = f"{os.environ['AWS_ENDPOINT_URL']}{PATH}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={HEADER: "faults"}, method=method)  # noqa: S310 - local AWS
    with urllib.request.urlopen(request) as response:  # noqa: S310
        answer: dict[str, list[str]] = json.load(response)
    return answer


if __name__ == "__main__":
    sys.exit(main())
