"""`make protections`: take away each protection, one at a time; ends with 1 unless its tests fail."""

from __future__ import annotations

import argparse
import sys
import time

from tests.protections.page import page
from tests.protections.protections import PROTECTIONS
from tests.protections.trial import attempt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.protections", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="WORD", help="only those with WORD in their path, text or tests"
    )
    parser.add_argument("--list", action="store_true", help="print a line for each, and remove nothing")
    parser.add_argument("--page", action="store_true", help="print all as a page of Markdown")
    given = parser.parse_args()
    if given.page:
        print(page(), end="")
        return 0
    chosen = [protection for protection in PROTECTIONS if given.only in str(protection)]
    if given.list:
        for protection in chosen:
            print(f"{protection.path}: {protection.what}")
        return 0
    missed = []
    for number, protection in enumerate(chosen, 1):
        began = time.monotonic()
        print(f"{number}/{len(chosen)} {protection.path}: {protection.what}", flush=True)
        trial = attempt(protection)
        for test, reason in trial.failed.items():
            print(f"    failed: {test}\n        {reason}")
        for test in trial.unmoved:
            print(f"    DID NOT FAIL: {test}")
        print(f"    {time.monotonic() - began:.0f} s", flush=True)
        if trial.unmoved:
            print(trial.output[-4_000:])
            missed.append(protection)
    print(f"\n{len(chosen) - len(missed)} of {len(chosen)} protections were missed by each of their tests.")
    for protection in missed:
        print(f"not missed: {protection.path}: {protection.what}")
    return 1 if missed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
