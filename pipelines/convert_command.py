"""``python -m pipelines convert``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.app_file import DEFAULT_GROUP
from pipelines.commands.credentials import SECRET_NAME, without_credentials
from pipelines.converting.convert import (
    MASK,
    Conversion,
    convert,
    convert_back,
    passwords_of,
    secrets_of,
)
from pipelines.converting.documents import Document, difference
from pipelines.converting.forms import Form, forms_of
from pipelines.converting.resources import where_it_went
from pipelines.reading.files import read_text
from pipelines.reading.source import UnreadableError

DESCRIPTION = """\
Make a definition for a worker group: `workerGroup` takes the place of `runsOn`, and resources that nothing
refers to any more go. Everything else stays as it was. The definition goes to standard output, or to
--output; what changed, and where the settings of the resources went, to standard error.

The document keeps a record of what was changed, outside of the pipeline, so that --back can undo it.

Exit code: 0 if a definition was written, 2 if a file could not be read or written.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        text = sys.stdin.read() if options.file == "-" else read_text(Path(options.file))
        document = Document.parse(text)
        before = document.text()
        secrets = _secrets(document)
        original = Document.parse(read_text(Path(options.original))) if options.original else None
        if original:
            secrets += _secrets(original)
        records: list[tuple[Form, Any]] = []
        lines = list(_undo(document, original) if options.back else _convert(document, options, records))
    except UnreadableError as error:
        print(f"convert: {options.file}: {error}", file=sys.stderr)
        return 2
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        print(
            f"convert: {options.file}: not in a form that convert knows ({error!r}); `check` tells more",
            file=sys.stderr,
        )
        return 2
    for line in [*difference(before, document.text(), options.file), *lines]:
        print(_masked(line, secrets), file=sys.stderr)
    for form, record in records:
        form.write_record(record or None)
    after = document.text()
    if not options.output:
        print(after, end="")
        return 0
    try:
        Path(options.output).parent.mkdir(parents=True, exist_ok=True)
        Path(options.output).write_text(after, encoding="utf-8")
    except OSError as error:
        print(f"convert: {options.output} cannot be written: {error}", file=sys.stderr)
        return 2
    return 0


def _secrets(document: Document) -> list[str]:
    """What is not to be shown: secret fields, and values of a Property such as a password."""
    found = []
    for _, form in forms_of(document.content):
        found += secrets_of(form)
        for each in form.objects:
            fields = {field.key: form.value(field) for field in form.fields(each)}
            if SECRET_NAME.search(fields.get("key") or "") and (value := fields.get("value")):
                found.append(value)
    return found


def _masked(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        # As JSON and YAML write it.
        for written in {secret, json.dumps(secret)[1:-1]}:
            line = line.replace(written, MASK)
    return without_credentials(line)


def _convert(
    document: Document, options: argparse.Namespace, records: list[tuple[Form, Any]]
) -> Iterator[str]:
    """Convert, and tell what was done. ``records`` gets what undoes it."""
    found = list(forms_of(document.content))
    if not found:
        raise UnreadableError("no pipeline of AWS Data Pipeline in it")
    for name, form in found:
        done = convert(
            form,
            options.worker_group,
            secrets=options.secrets,
            only_supported=options.only_supported,
            region=options.region,
        )
        if not options.no_record:
            records.append((form, done.record))
        yield from _told(form, done, f"{name}: " if name else "", only_supported=options.only_supported)


def _told(form: Form, done: Conversion, where: str, *, only_supported: bool) -> Iterator[str]:
    yield ""
    yield f"{where}{len(done.changed)} objects changed, {len(done.removed)} removed"
    for found in done.removed:
        fields = form.fields(found)
        kind = next((form.value(each) or "" for each in fields if each.key == "type"), "")
        yield f"{where}{form.id(found)} ({kind}) is gone; of its settings:"
        yield from (f"  {name}: {what}" for name, what in where_it_went([each.key for each in fields], kind))
    for database in done.secrets:
        yield f"{where}{database}: create the secret, and write its ARN into myPasswordSecretArn"
    for activity in done.without_handler:
        if only_supported:
            yield f"{where}{activity} stays on its resource: no handler here runs its type"
        else:
            yield (
                f"{where}{activity}: no handler here runs its type, so it would be FAILED; --only-supported "
                "leaves it on its resource"
            )


def _undo(document: Document, original: Document | None) -> Iterator[str]:
    originals = dict(forms_of(original.content)) if original is not None else {}
    for name, form in forms_of(document.content):
        if form.read_record() is None:
            yield f"{name}: " * bool(name) + "there is no record of a conversion, so nothing is undone"
        known = passwords_of(originals[name]) if name in originals else {}
        for database in convert_back(form, known):
            yield f"{database}: write its *password, which is not recorded (or give --original)"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines convert",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", help="the definition, in any form that check reads; - is stdin"
    )
    parser.add_argument(
        "--worker-group",
        metavar="NAME",
        default=DEFAULT_GROUP,
        help=f"the worker group; default {DEFAULT_GROUP}",
    )
    parser.add_argument("--output", metavar="FILE", help="write the definition to this file")
    parser.add_argument(
        "--secrets",
        action="store_true",
        help="have databases read their password from AWS Secrets Manager (myPasswordSecretArn)",
    )
    parser.add_argument(
        "--region", default="us-east-1", help="the region of these secrets; default us-east-1"
    )
    parser.add_argument(
        "--only-supported",
        action="store_true",
        help="leave activities that no handler runs on their resources",
    )
    parser.add_argument(
        "--no-record", action="store_true", help="keep no record, without which --back is impossible"
    )
    parser.add_argument("--back", action="store_true", help="undo a conversion, by its record")
    parser.add_argument(
        "--original", metavar="FILE", help="with --back: the definition before, for its passwords alone"
    )
    return parser
