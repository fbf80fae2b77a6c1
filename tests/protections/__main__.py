"""`make protections`: take away each protection, one at a time; ends with 1 unless its tests fail."""

from __future__ import annotations

import argparse
import sys
import time

from tests.protections.page import PAGE, page
from tests.protections.protections import PROTECTIONS
from tests.protections.trial import attempt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.protections", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="WORD", help="those that have it in path, text or tests"
    )
    parser.add_argument("--list", action="store_true", help="print them, and remove nothing")
    parser.add_argument("--docs", action="store_true", help=f"write docs/{PAGE.name}")
    given = parser.parse_args()
    if given.docs:
        PAGE.write_text(page())
        return 0
    chosen = [one for one in PROTECTIONS if given.only in f"{one.what} {one.path} {one.removed} {one.tests}"]
    if given.list:
        for one in chosen:
            print(f"{one.path}: {one.what}")
        return 0
    missed = []
    for number, one in enumerate(chosen, 1):
        began = time.monotonic()
        print(f"{number}/{len(chosen)} {one.path}: {one.what}", flush=True)
        trial = attempt(one)
        for test, reason in trial.failed.items():
            print(f"    failed: {test}\n        {reason}")
        for test in trial.unmoved:
            print(f"    DID NOT FAIL: {test}")
        print(f"    {time.monotonic() - began:.0f} s", flush=True)
        if trial.unmoved:
            print(trial.output[-4_000:])
            missed.append(one)
    print(f"\n{len(chosen) - len(missed)} of {len(chosen)} protections were missed by each of their tests.")
    for one in missed:
        print(f"not missed: {one.path}: {one.what}")
    return 1 if missed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
