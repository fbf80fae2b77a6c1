"""PigActivity and HadoopActivity on local EMR: a part of Pig Latin, and streaming jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.emr_cluster import EmrCluster, emr_cluster, objects
from tests.system.examples import Examples
from tests.system.pipelines import Fields, Pipeline, Ref

pytestmark = pytest.mark.long

FIRST_TO_TENTH = [
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
]


@pytest.fixture(scope="module")
def cluster(examples: Examples) -> Iterator[EmrCluster]:
    with emr_cluster(examples.deployment) as started:
        yield started


def test_the_guides_pig_activities(cluster: EmrCluster) -> None:
    """Four in a row; where the guide has a table of Amazon RDS in the middle, this has a directory in S3."""
    deployment = cluster.deployment
    deployment.s3.create_bucket(Bucket="pig")
    rows = "".join(" ".join(f"{column}{row}" for column in "abcdefghij") + "\n" for row in range(5))
    deployment.s3.put_object(Bucket="pig", Key="in/log", Body=f"not a row\n{rows}".encode())
    script = (
        "B = LIMIT ${input1} $three; ${output1} = FOREACH B GENERATE $column1, $column2, Third, Fourth, "
        "Fifth, Sixth, Seventh, Eighth;"
    )
    deployment.s3.put_object(Bucket="pig", Key="script/pigTestScript.q", Body=script.encode())
    pig: Fields = {"type": "PigActivity", "stage": "true"}

    def columns(first: int, last: int) -> list[str]:
        return [f"{name} STRING" for name in FIRST_TO_TENTH[first:last]]

    def node(number: int) -> Fields:
        return {
            "type": "S3DataNode",
            "directoryPath": f"s3://pig/out{number}",
            "dataFormat": Ref(f"Format{number}"),
        }

    pipeline = Pipeline.activated(
        deployment,
        {
            "Pig1": {
                **pig,
                "scriptUri": "s3://pig/script/pigTestScript.q",
                "scriptVariable": ["column1=First", "column2=Second", "three=3"],
                "input": Ref("In"),
                "output": Ref("Out1"),
            },
            "Pig2": {
                **pig,
                "dependsOn": Ref("Pig1"),
                "script": "B = LIMIT ${input1} 3; ${output1} = FOREACH B GENERATE Third, Fourth, Fifth, "
                "Sixth, Seventh, Eighth;",
                "input": Ref("Out1"),
                "output": Ref("Out2"),
            },
            "Pig3": {
                **pig,
                "dependsOn": Ref("Pig2"),
                "script": "B = LIMIT ${input1} 2; ${output1} = FOREACH B GENERATE Fifth;",
                "input": Ref("Out2"),
                "output": Ref("Out3"),
            },
            "Pig4": {
                **pig,
                "dependsOn": Ref("Pig3"),
                "script": "B = LIMIT ${INPUT1} 1; ${OUTPUT1} = FOREACH B GENERATE one;",
                "input": Ref("Out3"),
                "output": Ref("Out4"),
            },
            "In": {"type": "S3DataNode", "directoryPath": "s3://pig/in", "dataFormat": Ref("Lines")},
            "Lines": {
                "type": "RegEx",
                "inputRegEx": "^" + " ".join([r"(\S+)"] * 10),
                "column": columns(0, 10),
            },
            "Format1": {"type": "Custom", "columnSeparator": "*", "column": columns(0, 8)},
            "Format2": {"type": "TSV", "column": columns(2, 8)},
            "Format3": {"type": "CSV", "column": "one STRING"},
            "Format4": {"type": "CSV", "column": "one STRING"},
            **{f"Out{number}": node(number) for number in range(1, 5)},
        },
    )
    for number in range(1, 5):
        pipeline.ended(f"Pig{number}", "FINISHED")
    found = [objects(deployment, "pig", f"out{number}/")["part-00000"] for number in range(1, 5)]
    assert found == [
        "a0*b0*c0*d0*e0*f0*g0*h0\na1*b1*c1*d1*e1*f1*g1*h1\na2*b2*c2*d2*e2*f2*g2*h2\n",
        "c0\td0\te0\tf0\tg0\th0\nc1\td1\te1\tf1\tg1\th1\nc2\td2\te2\tf2\tg2\th2\n",
        "e0\ne1\n",
        "e0\n",
    ]


def test_what_pig_refuses_is_told_with_its_stderr(cluster: EmrCluster) -> None:
    pipeline = Pipeline.activated(
        cluster.deployment, {"BadPig": {"type": "PigActivity", "script": "A = LIMIT nothing 1;"}}
    )
    pipeline.ended("BadPig", "FAILED")
    fields = pipeline.attempts("BadPig")[0].fields
    assert fields["errorId"] == "StepFailed"
    assert "Undefined alias: nothing" in fields["errorMessage"]


def test_the_guides_word_counts(cluster: EmrCluster) -> None:
    """As a HadoopActivity with scripts around it, and as the step of an EmrActivity."""
    deployment = cluster.deployment
    deployment.s3.create_bucket(Bucket="wordcount")
    mapper = (
        "#!/usr/bin/env python3\nimport re, sys\nfor line in sys.stdin:\n"
        "    for word in re.findall(r'[a-z]+', line.lower()):\n        print(f'LongValueSum:{word}\\t1')\n"
    )
    deployment.s3.put_object(Bucket="wordcount", Key="wordSplitter.py", Body=mapper.encode())
    deployment.s3.put_object(Bucket="wordcount", Key="input/1", Body=b"the quick, the lazy\nthe end\n")
    note = 'echo "$0 $*" | sed "s/.*task.sh //" | aws s3 cp - "s3://wordcount/notes/$1"'
    deployment.s3.put_object(Bucket="wordcount", Key="scripts/task.sh", Body=note.encode())
    config: Fields = {"type": "ShellScriptConfig", "scriptUri": "s3://wordcount/scripts/task.sh"}
    pipeline = Pipeline.activated(
        deployment,
        {
            "WordCount": {
                "type": "HadoopActivity",
                "jarUri": "/home/hadoop/contrib/streaming/hadoop-streaming.jar",
                "argument": [
                    *("-files", "s3://wordcount/wordSplitter.py", "-mapper", "wordSplitter.py"),
                    *("-reducer", "aggregate", "-input", "s3://wordcount/input/"),
                    *("-output", "s3://wordcount/output/#{@pipelineId}"),
                ],
                "hadoopQueue": "high",
                "preActivityTaskConfig": Ref("Before"),
                "postActivityTaskConfig": Ref("After"),
            },
            "Streaming": {
                "type": "EmrActivity",
                "step": "/home/hadoop/contrib/streaming/hadoop-streaming.jar,-input,s3n://wordcount/input,"
                "-output,s3://wordcount/steps/#{@scheduledStartTime},-mapper,s3n://wordcount/wordSplitter.py,"
                "-reducer,aggregate",
            },
            "Before": {**config, "scriptArgument": ["before", "test argument"]},
            "After": {**config, "scriptArgument": ["after"]},
        },
    )
    pipeline.ended("WordCount", "FINISHED")
    counted = objects(deployment, "wordcount", f"output/{pipeline.id}/")["part-00000"]
    assert counted == "end\t1\nlazy\t1\nquick\t1\nthe\t3\n"
    (step,) = cluster.steps("Streaming")
    words = step["Config"]["Args"]
    output = words[words.index("=-output") + 1].removeprefix("=s3://wordcount/")
    pipeline.ended("Streaming", "FINISHED")
    assert objects(deployment, "wordcount", f"{output}/")["part-00000"] == counted
    assert objects(deployment, "wordcount", "notes/") == {
        "before": "before test argument\n",
        "after": "after\n",
    }
