"""`python -m local architecture`: draws the state machines of a synthesized app."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from local.architecture.graph import definitions
from local.architecture.svg import draw


def main(arguments: Sequence[str]) -> int:
    """Write the picture and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        template = json.loads(options.template.read_text(encoding="utf-8"))
        picture = draw(definitions(template))
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(picture, encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"error: {error}. `make synth` writes cdk.out.", file=sys.stderr)
        return 1
    except (KeyError, StopIteration):
        print(
            f"error: {options.template} has no PollLoop and RunTask. Name a task runner's template.",
            file=sys.stderr,
        )
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local architecture",
        description="Draw the state machines of a synthesized template as an SVG picture.",
    )
    parser.add_argument(
        "template",
        type=Path,
        nargs="?",
        default=Path("cdk.out/TaskRunner.template.json"),
        metavar="TEMPLATE",
        help="the template (default cdk.out/TaskRunner.template.json)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the SVG file to write")
    return parser
