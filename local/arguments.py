"""Types for command-line arguments, with error messages that say what is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def whole(least: int, most: int, why: str = "") -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``. ``why`` explains the limits in the error message."""

    def read(text: str) -> int:
        reason = f" ({why})" if why else ""
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not in {least:,} to {most:,}{reason}")
        return value

    return read


def pair(text: str) -> tuple[str, str]:
    """KEY=VALUE. Raises ArgumentTypeError for anything else."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return name, value


def number(text: str) -> float:
    """Any number. Raises ArgumentTypeError if the text is not a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def add_context(parser: argparse.ArgumentParser) -> None:
    """The option ``--context``, whose value is a list of pairs."""
    parser.add_argument(
        "--context",
        type=pair,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a CDK context value for the app; repeatable",
    )
