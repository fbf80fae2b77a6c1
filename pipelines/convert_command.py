"""``python -m pipelines convert``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pipelines.app_file import DEFAULT_GROUP
from pipelines.commands.credentials import SECRET_NAME, without_credentials
from pipelines.converting.back import convert_back
from pipelines.converting.convert import MASK, USE_SECRET, Conversion, Options, convert
from pipelines.converting.documents import difference, parse, read
from pipelines.converting.forms import forms_of
from pipelines.converting.nodes import Document
from pipelines.converting.record import with_records, without_records
from pipelines.converting.resources import where_it_went
from pipelines.reading.source import UnreadableError

DESCRIPTION = """\
Make a definition for a worker group: `workerGroup` takes the place of `runsOn`, and resources that nothing
refers to any more go. Everything else stays as it was, to the byte. The definition goes to standard output,
or to --output; what changed, and where the settings of the resources went, to standard error.

FILE is JSON or YAML, with one definition or a list of several: of the AWS CLI or the console (`objects`), the
API's answer (`pipelineObjects`), a CloudFormation template (`Resources`; of a function If, both branches are
converted), or Terraform's configuration in JSON (`resource`, *.tf.json). Terraform does not read its plans
and states back, so those are refused.

The document keeps a record of what was changed, outside of the pipeline, so that --back can undo it.

Exit code: 0 if a definition was written, 2 if a file could not be read or written.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        file = read(options.file)
        document = parse(file.text)
        original = _original(options.original) if options.original else None
        secrets = [*_secrets(document), *(_secrets(original) if original else ())]
        if options.back:
            changed, told = convert_back(document, original)
            written, lines = changed.text, iter(told)
        else:
            changed, done = convert(document, _options(options))
            lines = chain(_told(done, options), _without_resource(changed))
            records = [{} if options.no_record else each.record for each in done]
            recorded = with_records(changed, records)
            written = recorded.text
            if any(records):
                lines = iter([*lines, *_how_back(document, recorded, options.file)])
        shown = without_records(document), without_records(changed)
    except UnreadableError as error:
        print(f"convert: {options.file}: {error}", file=sys.stderr)
        return 2
    what = "as it was" if options.back else f"for the worker group '{options.worker_group}'"
    for line in difference(*shown, options.file, f"{options.file}, {what}"):
        print(without_credentials(_masked(line, secrets)), file=sys.stderr)
    for line in lines:
        print(_masked(line, secrets), file=sys.stderr)
    return _write(file.bytes_of(written), options.output)


def _write(content: bytes, output: str | None) -> int:
    if not output:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    try:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).write_bytes(content)
    except OSError as error:
        print(f"convert: {output} cannot be written: {error}", file=sys.stderr)
        return 2
    return 0


def _original(name: str) -> Document:
    try:
        return parse(read(name).text)
    except UnreadableError as error:
        raise UnreadableError(f"--original {name}: {error}") from None


def _options(options: argparse.Namespace) -> Options:
    return Options(
        group=options.worker_group,
        secrets=options.secrets,
        only_supported=options.only_supported,
        region=options.region,
    )


def _secrets(document: Document) -> Iterator[str]:
    """What is not to be shown: secret fields, and values of a Property such as a password."""
    for form in forms_of(document):
        for found in form.objects:
            named = {each.key: form.text(each) for each in found.fields}
            values = [text for key, text in named.items() if key.startswith("*")]
            if SECRET_NAME.search(named.get("key") or ""):
                values.append(named.get("value"))
            yield from (each for each in values if each and each not in {USE_SECRET, MASK})


def _masked(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        # As JSON and YAML write it.
        for written in {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
            line = line.replace(written, MASK)
    return line


def _told(done: Sequence[Conversion], options: argparse.Namespace) -> Iterator[str]:
    """What was done to each pipeline, and what is left to do."""
    for each in done:
        where = f"{each.name}: " if each.name else ""
        yield ""
        if not each.record:
            yield f"{where}nothing to change: no activity has a runsOn that would have to go"
        for moved in each.moved:
            yield f"{where}{moved} is now for the worker group '{options.worker_group}'"
        for gone in each.removed:
            settings = list(where_it_went(gone.fields, gone.type))
            told = "is gone. What to do about its settings:" if settings else "is gone"
            yield f"{where}{gone.id} ({gone.type}) {told}"
            yield from (f"  {name}: {what}" for name, what in settings)
        for database in each.secrets:
            yield (
                f"{where}{database}: create a secret with its password in AWS Secrets Manager, write the "
                "secret's ARN into myPasswordSecretArn, where an invented one stands, and give it to "
                "`secrets` of the handler in app.py"
            )
        for activity in each.without_handler:
            if options.only_supported:
                yield f"{where}{activity} stays on its resource, because no handler here runs its type"
            else:
                yield (
                    f"{where}{activity}: no handler here runs its type, so its tasks would be FAILED. Write "
                    "one (docs/writing-handlers.md), or convert with --only-supported, which leaves the "
                    "activity on its resource"
                )


def _without_resource(document: Document) -> Iterator[str]:
    """A line for each expression that reads a field of the resource that is gone."""
    for form in forms_of(document):
        for found in form.objects:
            if any(field.key == "runsOn" for field in found.fields):
                continue
            for field in found.fields:
                if re.search(r"#\{[^}]*\brunsOn\.", form.text(field) or ""):
                    yield (
                        f"{found.id}: {field.key} has an expression with runsOn, which is gone: write the "
                        "value itself"
                    )


def _how_back(document: Document, recorded: Document, name: str) -> Iterator[str]:
    """A line if the record would not bring back every byte."""
    try:
        before, _ = convert_back(document, document)
        back, _ = convert_back(parse(recorded.text), document)
        is_same = before.text == back.text
    except (UnreadableError, LookupError, ValueError):
        is_same = False
    if not is_same:
        yield f"--back will not bring back every byte of {name}: keep that file"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines convert",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the definition; - is standard input")
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
        "--original",
        metavar="FILE",
        help="with --back: the definition before, for the passwords alone, which no record keeps",
    )
    return parser
