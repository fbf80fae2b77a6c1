"""``python -m pipelines check``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from local.datapipeline.definition import Definition
from pipelines import report
from pipelines.app_file import app_file
from pipelines.checking.check import NO_FACTS, Facts, check
from pipelines.checking.verdict import Verdict
from pipelines.reading.files import read_each, read_text
from pipelines.reading.source import Source, UnreadableError
from pipelines.summary import Summary

DESCRIPTION = """\
Say of each activity and precondition whether it runs here: as it is, with settings, with a change, or not
at all, with the reason, the field and the page. Nothing is changed and nothing is run.

FILE is JSON of the AWS CLI, the console or the API, a CloudFormation template (JSON or YAML), or JSON of
Terraform; - is standard input. A definition is judged as `convert` would make it, with a worker group.

Exit code: 0 if all of them run, 1 if some need a change or are not possible, 2 if something could not be
read.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not (options.files or options.all or options.pipeline):
        parser.error("name a FILE, --pipeline or --all")
    summary = Summary()
    as_json = report.JsonReport(sys.stdout) if options.json else None
    for source, facts in _sources(options):
        if isinstance(source, str):
            summary.unread += 1
            print(f"check: {source}", file=sys.stderr)
            continue
        try:
            verdict = check(_given(source, options.value), facts)
        except Exception as error:
            # A fault of ours in one definition is not to hide the verdicts on all others.
            summary.unread += 1
            print(f"check: {source.name}: not checked, please report this: {error!r}", file=sys.stderr)
            continue
        for line in verdict.unread:
            summary.unread += 1
            print(f"check: {source.name}: {line}", file=sys.stderr)
        summary.add(verdict)
        if as_json is not None:
            as_json.add(verdict)
        elif not options.app:
            report.print_pipeline(verdict)
    if as_json is not None:
        as_json.end(summary)
    elif options.app:
        print(app_file(summary, options.worker_group), end="")
    elif summary.pipelines:
        report.print_share(summary)
        print(f"\nThe app.py that would run them:\n\n{app_file(summary, options.worker_group)}", end="")
    return 2 if summary.unread else int(summary.worst > Verdict.SETTINGS)


Found = tuple[Source | str, Facts]
"""A definition with what is known of its runs; or, in its place, why there is none."""


def _sources(options: argparse.Namespace) -> Iterator[Found]:
    for name in options.files:
        yield from ((source, NO_FACTS) for source in _of_file(name))
    if options.all or options.pipeline:
        # botocore is imported only for live pipelines.
        from pipelines.live.pipelines import live_pipelines

        yield from live_pipelines(options)


def _of_file(name: str) -> Iterator[Source | str]:
    try:
        text = sys.stdin.read() if name == "-" else read_text(Path(name))
        for found in read_each("standard input" if name == "-" else name, text):
            yield f"{name}: {found}" if isinstance(found, UnreadableError) else found
    except UnreadableError as error:
        yield f"{name}: {error}"
    except Exception as error:  # Whatever one file has, the others are read.
        yield f"{name}: not in a form that check knows ({error!r})"


def _given(source: Source, values: Sequence[tuple[str, str]]) -> Source:
    """The definition with the values of ``--value``, as far as it declares the parameters."""
    declared = {parameter.id for parameter in source.definition.parameters}
    mine = [(name, value) for name, value in values if name in declared]
    definition: Definition = source.definition.with_values(mine)
    variants = tuple(replace(each, definition=each.definition.with_values(mine)) for each in source.variants)
    return replace(source, definition=definition, variants=variants)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines check",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="a file with definitions")
    parser.add_argument(
        "--all", action="store_true", help="all pipelines of the region, with your credentials"
    )
    parser.add_argument(
        "--pipeline", action="append", default=[], metavar="df-…", help="a pipeline of the region; repeatable"
    )
    parser.add_argument(
        "--region", help="the region of --all and --pipeline; else that of your AWS configuration"
    )
    parser.add_argument("--profile", help="the profile of --all and --pipeline")
    parser.add_argument(
        "--endpoint-url", help="the endpoint, such as that of local AWS; else AWS_ENDPOINT_URL"
    )
    parser.add_argument(
        "--no-runs", action="store_true", help="do not ask how long the last runs of live pipelines took"
    )
    parser.add_argument(
        "--value",
        action="append",
        type=_pair,
        default=[],
        metavar="PARAMETER=VALUE",
        help="a value for a parameter of the definitions; repeatable",
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON, and no app.py")
    parser.add_argument("--app", action="store_true", help="print nothing but the app.py")
    parser.add_argument(
        "--worker-group",
        metavar="NAME",
        help="the worker group that app.py has; else those that activities name",
    )
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not PARAMETER=VALUE")
    return name, value
