"""The definitions of live pipelines, with what their last runs tell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace

from pipelines.checking.check import NO_FACTS, Facts
from pipelines.live.calls import Calls
from pipelines.live.client import Connection, NotConnectedError
from pipelines.live.progress import tracked
from pipelines.live.runs import longest_minutes
from pipelines.reading.objects import DefinitionReader
from pipelines.reading.source import Source, UnreadableError


def live_pipelines(options: argparse.Namespace) -> Iterator[tuple[Source | str, Facts]]:
    """Each pipeline of the region, or each that is named; in its place a line if it cannot be read."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = Connection(options.region, options.profile, options.endpoint_url)
    try:
        calls = Calls(connection.client("datapipeline"))
        found = list(calls.pipelines()) if options.all else []
    except (NotConnectedError, BotoCoreError, ClientError) as error:
        yield f"the pipelines cannot be listed: {error}", NO_FACTS
        return
    listed = {pipeline_id for pipeline_id, _ in found}
    found += [(named, "") for named in options.pipeline if named not in listed]
    for pipeline_id, name in tracked(found, "Pipelines"):
        shown = f"{pipeline_id} ({name})" if name else pipeline_id
        try:
            document = calls.definition(pipeline_id)
            source = replace(DefinitionReader().api(shown, document), is_live=True)
        except (BotoCoreError, ClientError, UnreadableError) as error:
            yield f"{shown}: {error}", NO_FACTS
            continue
        try:
            minutes = {} if options.no_runs else longest_minutes(calls, pipeline_id)
        except (BotoCoreError, ClientError) as error:
            # The definition says most. Whoever may read it may not be allowed to read the runs.
            print(f"check: {shown}: how long its runs took is not known: {error}", file=sys.stderr)
            minutes = {}
        yield source, Facts(minutes)
