"""The demo's three pipelines, and how each of their attempts should end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient
    from mypy_boto3_datapipeline.type_defs import FieldTypeDef, PipelineObjectUnionTypeDef

TYPE = "ShellCommandActivity"
# Long enough to see RUNNING before the status changes again.
PAUSE = "sleep 2"

EXTRACT = f'{PAUSE}; seq 1 10 > "$1/numbers"; echo "wrote $(wc -l < "$1/numbers" | tr -d " ") numbers"'
ADD = f'{PAUSE}; awk "{{ sum += \\$1 }} END {{ print sum }}" "$1/numbers" > "$1/sum"; echo "added them up"'
REPORT = f'{PAUSE}; echo "the sum is $(cat "$1/sum")"'
UNSTEADY = f"""\
{PAUSE}
if [ -e "$1/tried" ]; then echo "recovered"; else touch "$1/tried"; echo "not yet" >&2; exit 3; fi
"""


class RefusedError(Exception):
    """The service refused a pipeline; the message says why."""


@dataclass(frozen=True)
class ExpectedAttempt:
    """How an attempt should end, and a line that its command should print."""

    activity: str
    number: int
    status: str
    prints: str


@dataclass(frozen=True)
class Activity:
    name: str
    command: str
    argument: str | None = None
    depends_on: str | None = None
    retries: int = 0

    def as_object(self) -> PipelineObjectUnionTypeDef:
        fields: list[FieldTypeDef] = [
            {"key": "type", "stringValue": TYPE},
            {"key": "command", "stringValue": self.command},
            {"key": "maximumRetries", "stringValue": str(self.retries)},
            {"key": "retryDelay", "stringValue": "2 minutes"},
        ]
        if self.argument is not None:
            fields.append({"key": "scriptArgument", "stringValue": self.argument})
        if self.depends_on is not None:
            fields.append({"key": "dependsOn", "refValue": self.depends_on})
        return {"id": self.name, "name": self.name, "fields": fields}


@dataclass(frozen=True)
class SamplePipeline:
    name: str
    activities: tuple[Activity, ...]
    expected: tuple[ExpectedAttempt, ...]

    def put_in(self, client: DataPipelineClient, worker_group: str) -> str:
        """Create, define and activate the pipeline. Returns its id; raises RefusedError."""
        created = client.create_pipeline(name=self.name, uniqueId=f"demo-{self.name}")
        pipeline_id = created["pipelineId"]
        answer = client.put_pipeline_definition(
            pipelineId=pipeline_id,
            pipelineObjects=[
                {
                    "id": "Default",
                    "name": "Default",
                    "fields": [
                        {"key": "scheduleType", "stringValue": "ondemand"},
                        {"key": "workerGroup", "stringValue": worker_group},
                        {"key": "failureAndRerunMode", "stringValue": "CASCADE"},
                    ],
                },
                *(activity.as_object() for activity in self.activities),
            ],
        )
        if answer["errored"]:
            problems = [
                f"{found['id']}: {text}" for found in answer["validationErrors"] for text in found["errors"]
            ]
            raise RefusedError(f"pipeline {self.name} is not valid: {'; '.join(problems)}")
        client.activate_pipeline(pipelineId=pipeline_id)
        return pipeline_id


def sample_pipelines(directory: Path) -> list[SamplePipeline]:
    """The sample pipelines. Their commands keep files in `directory`."""
    shared = str(directory)
    return [
        SamplePipeline(
            "hello",
            (Activity("SayHello", f'{PAUSE}; echo "Hello, $1!"', argument="pipeline"),),
            (ExpectedAttempt("SayHello", 1, "FINISHED", "Hello, pipeline!"),),
        ),
        SamplePipeline(
            "chain",
            (
                Activity("Extract", EXTRACT, shared),
                Activity("Add", ADD, shared, depends_on="Extract"),
                Activity("Report", REPORT, shared, depends_on="Add"),
            ),
            (
                ExpectedAttempt("Extract", 1, "FINISHED", "wrote 10 numbers"),
                ExpectedAttempt("Add", 1, "FINISHED", "added them up"),
                ExpectedAttempt("Report", 1, "FINISHED", "the sum is 55"),
            ),
        ),
        SamplePipeline(
            "retry",
            (Activity("Unsteady", UNSTEADY, shared, retries=1),),
            (
                ExpectedAttempt("Unsteady", 1, "FAILED", "not yet"),
                ExpectedAttempt("Unsteady", 2, "FINISHED", "recovered"),
            ),
        ),
    ]
