"""What `python -m pipelines check` says is confirmed by running the converted definitions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra.database_access import database_access
from infra.handlers import s3_access
from local.ecs.image import SYSTEM_PATH
from local.emr.spark_service import why_not
from pipelines.checking.check import check
from pipelines.checking.verdict import ActivityVerdict, Verdict
from pipelines.checking.worker_group import on_worker_group
from pipelines.converting.convert import Options, convert
from pipelines.converting.documents import parse
from pipelines.reading.files import read_definitions, read_text
from pipelines.reading.source import Source
from tests.databases.server import DatabaseServer
from tests.system.deployments import WORKER_GROUP, Deployment, eventually
from tests.system.emr_cluster import emr_cluster
from tests.system.examples import Examples
from tests.system.granted import COPY, EXISTS, SHELL, SHELL_PRECONDITION, SQL, grant

FILES = sorted((Path(__file__).parent / "to_move").iterdir())
BUCKET = "moving"
AT_ONCE = 3
ROLES = {
    "ShellCommandActivity": SHELL,
    "ShellCommandPrecondition": SHELL_PRECONDITION,
    "Exists": EXISTS,
    "CopyActivity": COPY,
    "SqlActivity": SQL,
}
"""The role that app.py grants something, by the handler's route."""
OVER = {"FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED"}


@dataclass(frozen=True)
class Run:
    """A pipeline that ran; ``ends`` is empty if the service refused its definition."""

    name: str
    ends: Mapping[str, str]
    verdicts: Mapping[str, ActivityVerdict]


@pytest.fixture(scope="module")
def runs(examples: Examples, postgresql_server: DatabaseServer) -> list[Run]:
    """All definitions, converted, with what check asks for granted, and run to their end.

    A few at a time: all at once, each task would get a new execution environment, and their starts would take
    most of the time.
    """
    deployment = examples.deployment
    prepare(deployment, postgresql_server)
    values = [
        ("myJdbc", postgresql_server.url),
        ("myUser", postgresql_server.user),
        ("*myPassword", postgresql_server.password),
    ]
    sources = [with_values(source, values) for file in FILES for source in definitions(file)]
    verdicts = [check(source).activities for source in sources]
    grant_what_is_needed(deployment, [found for each in verdicts for found in each])
    converted = [
        with_values(source, values) for file in FILES for source in definitions(file, converted=True)
    ]
    with emr_cluster(deployment), ThreadPoolExecutor(AT_ONCE) as pool:
        # Those of EMR take longest: they begin, so that in the end nothing waits for them alone.
        ordered = sorted(converted, key=lambda source: "emr" not in source.name)
        ends_of = dict(
            zip(
                (source.name for source in ordered),
                pool.map(partial(run_to_its_end, deployment), ordered),
                strict=True,
            )
        )
    return [
        Run(source.name, ends_of[source.name], {found.id: found for found in each})
        for source, each in zip(converted, verdicts, strict=True)
    ]


def run_to_its_end(deployment: Deployment, source: Source) -> dict[str, str]:
    pipeline_id = activated(deployment, source)
    return {} if pipeline_id is None else ended(deployment, pipeline_id)


@pytest.mark.long
def test_every_verdict_is_confirmed(runs: Sequence[Run]) -> None:
    assert len(runs) >= 20
    assert {found.verdict for run in runs for found in run.verdicts.values()} == set(Verdict)
    wrong = [line for run in runs for line in differences(run)]
    assert wrong == []


@pytest.mark.long
def test_what_needs_a_container_is_confirmed_in_one(container_deployment: Deployment) -> None:
    """Local AWS gives containers this machine's programs, whatever packages they ask for."""
    (file,) = [each for each in FILES if "containers" in each.name]
    (source,) = definitions(file)
    (converted,) = definitions(file, converted=True)
    found = {each.id: each for each in check(source).activities}
    boxed = [each for each in found.values() if each.verdict is Verdict.SETTINGS and each.needs.in_container]
    assert len(boxed) >= 3
    ends = run_to_its_end(container_deployment, converted)
    path = ":".join(SYSTEM_PATH)
    lacking = [
        each.id for each in boxed if not all(shutil.which(one, path=path) for one in each.needs.programs)
    ]
    wrong = {
        each.id: (ends[each.id], each.as_json())
        for each in found.values()
        if each.id not in lacking and (ends[each.id] == "FINISHED") is not (each.verdict <= Verdict.SETTINGS)
    }
    assert wrong == {}


def differences(run: Run) -> Iterator[str]:
    """A line for each activity that did not end as its verdict says."""
    without_hive = why_not() is not None
    for component, found in run.verdicts.items():
        end = run.ends.get(component)
        if found.type in {"HiveActivity", "HiveCopyActivity"} and without_hive and end == "FAILED":
            continue
        # A container or a layer would bring what these need, and the deployed handlers are functions. Nor are
        # there JARs.
        lacks = (
            found.needs.in_container
            or bool(found.needs.layers)
            or any("the cluster fetches" in reason.message for reason in found.reasons)
        )
        expected = found.verdict <= Verdict.SETTINGS and not lacks
        if (end == "FINISHED") is not expected:
            yield f"{run.name}: {component} is {end} and was said to be {found.as_json()}"


def definitions(file: Path, *, converted: bool = False) -> list[Source]:
    text = read_text(file)
    if converted:
        text = convert(parse(text), Options(WORKER_GROUP))[0].text
    # Those that are on a worker group already name others than the deployed one.
    found = read_definitions(file.name, text)
    return [replace(source, definition=regrouped(source)) for source in found] if converted else found


def regrouped(source: Source) -> Any:
    objects = [
        each.with_fields(
            replace(field, value=WORKER_GROUP) if field.key == "workerGroup" else field
            for field in each.fields
        )
        for each in source.definition.objects
    ]
    return replace(source.definition, objects=tuple(objects))


def with_values(source: Source, values: Sequence[tuple[str, str]]) -> Source:
    declared = {parameter.id for parameter in source.definition.parameters}
    return replace(
        source, definition=source.definition.with_values([pair for pair in values if pair[0] in declared])
    )


def prepare(deployment: Deployment, server: DatabaseServer) -> None:
    s3 = deployment.s3
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="in/access.log", Body=b"GET /a\nPOST /b\nGET /c\n")
    s3.put_object(Bucket=BUCKET, Key="emr/in/1", Body=b"1,one\n2,two\n")
    s3.put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"1,one\n2,two\n")
    s3.put_object(Bucket=BUCKET, Key="scripts/count.sh", Body=b'test $# -eq 2 && test "$1" = "one two"\n')
    s3.put_object(Bucket=BUCKET, Key="scripts/one.sql", Body=b"SELECT ?")
    server.execute(
        "DROP TABLE IF EXISTS moving_people, moving_sql, moved_rows, moved_people, moving_created",
        "CREATE TABLE moving_people (id int, name varchar(80))",
        "INSERT INTO moving_people VALUES (1, 'Ada'), (2, 'Grace')",
    )


def grant_what_is_needed(deployment: Deployment, verdicts: Sequence[ActivityVerdict]) -> None:
    """Exactly what the printed app.py would grant."""
    for route, role in ROLES.items():
        needs = [found.needs for found in verdicts if found.needs.route == route]
        read, write = (
            sorted({place for one in needs for place in getattr(one, name)}) for name in ("read", "write")
        )
        redshift = sorted({place for one in needs for place in one.redshift})
        statements = [*s3_access(read=read, write=write), *database_access(redshift=redshift)]
        if statements:
            grant(deployment, role, statements)


def activated(deployment: Deployment, source: Source) -> str | None:
    client = deployment.datapipeline
    pipeline_id = client.create_pipeline(name=source.name, uniqueId=source.name)["pipelineId"]
    definition = source.definition
    request: Any = {
        "pipelineObjects": [each.wire() for each in definition.objects],
        "parameterObjects": [each.wire() for each in definition.parameters],
        "parameterValues": [{"id": name, "stringValue": value} for name, value in definition.values],
    }
    if client.put_pipeline_definition(pipelineId=pipeline_id, **request)["errored"]:
        return None
    client.activate_pipeline(pipelineId=pipeline_id)
    return pipeline_id


def ended(deployment: Deployment, pipeline_id: str) -> dict[str, str]:
    """How the first instance of each component ended, once nothing in the pipeline goes on."""
    seen: list[dict[str, str]] = []

    def settled() -> dict[str, str] | None:
        seen.append(statuses(deployment, pipeline_id))
        open_ones = {status for status in seen[-1].values() if status not in OVER}
        # What waits for something that failed waits for ever.
        quiet = open_ones <= {"WAITING_ON_DEPENDENCIES"} and len(seen) > 1 and seen[-1] == seen[-2]
        return seen[-1] if seen[-1] and quiet else None

    # On a busy machine, steps of EMR take minutes.
    return eventually(settled, lambda: f"{pipeline_id} goes on: {seen[-1:]}", every=0.5, patience=300)


def statuses(deployment: Deployment, pipeline_id: str) -> dict[str, str]:
    client = deployment.datapipeline
    ids = client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE")["ids"]
    found = {}
    for start in range(0, len(ids), 25):
        described = client.describe_objects(pipelineId=pipeline_id, objectIds=ids[start : start + 25])
        for each in described["pipelineObjects"]:
            fields = {
                field["key"]: field.get("stringValue", field.get("refValue", "")) for field in each["fields"]
            }
            found[fields["@componentParent"]] = fields["@status"]
    return found


def test_the_definitions_are_in_every_form() -> None:
    assert {"".join(file.suffixes[-2:]) for file in FILES} == {".json", ".yaml", ".tf.json"}
    # What is judged is what convert makes.
    for file in FILES:
        for before, after in zip(definitions(file), definitions(file, converted=True), strict=True):
            moved = on_worker_group(before.definition, WORKER_GROUP).definition
            assert [each.id for each in moved.objects] == [each.id for each in after.definition.objects]
