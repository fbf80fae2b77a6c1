"""The command line: ``python -m pipelines check``, ``convert`` and ``verify``."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Sequence

DESCRIPTION = """\
Move pipelines of AWS Data Pipeline to this task runner.

  check     what of your pipelines runs here, what to change, what to grant, and the app.py for it
  convert   a definition for a worker group, instead of Ec2Resource or EmrCluster, and back
  verify    after `cdk deploy`: run one echo through every hop, or say what is wrong

`python -m pipelines COMMAND --help` shows the options of each.
"""

_COMMANDS = {
    "check": "pipelines.check_command",
    "convert": "pipelines.convert_command",
    "verify": "pipelines.verify_command",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Definitions may hold anything, and a terminal may show less.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(arguments)
    if words[:1] and words[0] in _COMMANDS:
        # Imported late: --help and a wrong word need none of it.
        exit_code: int = importlib.import_module(_COMMANDS[words[0]]).main(words[1:])
        return exit_code
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=_COMMANDS, metavar="COMMAND", help=", ".join(_COMMANDS))
    parser.parse_args(words)
    return 2
