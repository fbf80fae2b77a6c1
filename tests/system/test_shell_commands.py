"""ShellCommandActivity on the deployed stack: what pipelines' commands do, and where to read it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_iam as iam

from infra.handlers import s3_access
from local.account import ACCOUNT, REGION
from tests.system.compute import wherever_it_runs
from tests.system.deployments import STACK, Deployment, eventually, log_group_of
from tests.system.granted import EXISTS, SHELL, SHELL_PRECONDITION, grant
from tests.system.pipelines import Fields, Pipeline, Ref, Run, shell

DEFINITIONS = Path(__file__).parent / "definitions"
MEGABYTE = 1_000_000

in_functions = ("deployment", "as-assumed", pytest.param("otherwise", marks=pytest.mark.long))

COLLECT = r"""
set -e
printf '%s\n' "$@"
cat "$INPUT1_STAGING_DIR"/a.csv "$INPUT1_STAGING_DIR/2026/b c.csv" > "$OUTPUT1_STAGING_DIR/orders.csv"
mkdir -p "$OUTPUT1_STAGING_DIR/deep/er"
cp "$INPUT2_STAGING_DIR/today's rates.csv" "$OUTPUT1_STAGING_DIR/deep/er/"
cat ${INPUT3_STAGING_DIR}/*.csv > ${OUTPUT2_STAGING_DIR}/whatever
echo done >&2
"""


@pytest.fixture
def bucket(deployment: Deployment, request: pytest.FixtureRequest) -> str:
    name = f"bucket-{request.node.originalname[-40:].strip('_').replace('_', '-')}"
    deployment.s3.create_bucket(Bucket=name)
    everything = s3_access(read=[f"s3://{name}"], write=[f"s3://{name}"])
    for role in (SHELL, SHELL_PRECONDITION, EXISTS):
        grant(deployment, role, everything)
    return name


def put(deployment: Deployment, bucket: str, objects: Mapping[str, bytes]) -> None:
    for key, content in objects.items():
        deployment.s3.put_object(Bucket=bucket, Key=key, Body=content)


def get(deployment: Deployment, bucket: str, key: str) -> bytes:
    return deployment.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def printed(deployment: Deployment, bucket: str, pipeline: Pipeline, component: str, name: str) -> bytes:
    """What the only attempt of a component printed, from its place under s3://bucket/logs."""
    attempt = pipeline.attempts(component)[0].id
    instance = attempt.removesuffix("_Attempt=1")
    return get(deployment, bucket, f"logs/{pipeline.id}/{component}/{instance}/{attempt}/{name}")


def failed(pipeline: Pipeline, component: str) -> Mapping[str, str]:
    pipeline.ended(component, "FAILED")
    return pipeline.attempts(component)[0].fields


@wherever_it_runs(*in_functions, telling=False)
def test_a_definition_with_staging_and_a_script_in_s3(deployment: Deployment, bucket: str) -> None:
    put(
        deployment,
        bucket,
        {
            "scripts/collect.sh": COLLECT.encode(),
            "orders/a.csv": b"1,a\n",
            "orders/2026/b c.csv": "2,ü\n".encode(),
            "orders2/not-this.csv": b"",
            "rates/today's rates.csv": b"EUR,1\n",
            "old/2024.csv.gz": gzip.compress(b"2024\n"),
            "old/2025.csv.gz": gzip.compress(b"2025\n"),
            "archive.manifest": json.dumps(
                {
                    "entries": [
                        {"url": f"s3://{bucket}/old/2024.csv.gz", "mandatory": True},
                        {"url": f"s3://{bucket}/old/2025.csv.gz"},
                        {"url": f"s3://{bucket}/old/2026.csv.gz", "mandatory": False},
                    ]
                }
            ).encode(),
        },
    )
    created = deployment.aws_json("datapipeline", "create-pipeline", "--name", "s", "--unique-id", "staging")
    selected = ("--pipeline-id", created["pipelineId"])
    deployment.aws(
        *("datapipeline", "put-pipeline-definition", *selected),
        *("--pipeline-definition", f"file://{DEFINITIONS / 'staging.json'}"),
        *("--parameter-values", f"myBucket=s3://{bucket}"),
    )
    deployment.aws("datapipeline", "activate-pipeline", *selected)
    pipeline = Pipeline(deployment, created["pipelineId"])
    pipeline.ended("Collect", "FINISHED")

    assert get(deployment, bucket, "report/orders.csv").decode() == "1,a\n2,ü\n"
    assert get(deployment, bucket, "report/deep/er/today's rates.csv") == b"EUR,1\n"
    assert gzip.decompress(get(deployment, bucket, "packed/all.csv.gz")) == b"2024\n2025\n"
    assert printed(deployment, bucket, pipeline, "Collect", "StdOutput").decode().splitlines() == [
        "two words",
        'it\'s "quoted" and Ünïcødé 日本',
        "$HOME `date` *",
        f"s3://{bucket}",
    ]
    assert printed(deployment, bucket, pipeline, "Collect", "StdError") == b"done\n"


SPLIT = r"""
set -o pipefail
[[ -z $(find ${INPUT1_STAGING_DIR} -maxdepth 1 -type f ! -name '.*' -size +0) ]] \
  && touch ${OUTPUT1_STAGING_DIR}/rows-0 \
  || cat ${INPUT1_STAGING_DIR}/* | sed 's/;/,/g' | split -l 2 -d - ${OUTPUT1_STAGING_DIR}/rows-
find ${OUTPUT1_STAGING_DIR} -type f -exec basename {} ';' | sort
no-such-program ${OUTPUT1_STAGING_DIR} | cat
"""


@wherever_it_runs(*in_functions, telling=False)
def test_an_input_that_is_split_unless_it_is_empty(deployment: Deployment, bucket: str) -> None:
    """``[[ -z $(find …) ]]`` is true without find, and an empty output would be FINISHED."""
    put(deployment, bucket, {"in/a.csv": b"1;a\n2;b\n3;c\n", "none/empty.csv": b""})
    pipeline = Pipeline.activated(
        deployment,
        {
            "Split": shell(SPLIT + "true", stage="true", input=Ref("In"), output=Ref("Out")),
            "Nothing": shell(SPLIT + "true", stage="true", input=Ref("None"), output=Ref("OutNone")),
            "In": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/in"},
            "Out": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/out"},
            "None": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/none"},
            "OutNone": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/out-none"},
        },
    )
    pipeline.ended("Split", "FINISHED")
    pipeline.ended("Nothing", "FINISHED")
    assert get(deployment, bucket, "out/rows-00") == b"1,a\n2,b\n"
    assert get(deployment, bucket, "out/rows-01") == b"3,c\n"
    assert get(deployment, bucket, "out-none/rows-0") == b""
    missing = eventually(lambda: _logged(deployment, "Programs missing", "Split"), "the log has no warning")
    assert missing["programs"] == ["no-such-program"]


@wherever_it_runs(*in_functions, telling=True)
def test_what_commands_do(deployment: Deployment, bucket: str) -> None:
    """Many kinds of commands at once, as activities of one pipeline."""
    put(deployment, bucket, {"in.txt": b"from S3\n"})
    other = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-Exists"
    grant(deployment, SHELL, [iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[other])])
    commands: dict[str, Fields] = {
        "AwsCli": shell(f"aws s3 cp s3://{bucket}/in.txt - | aws s3 cp - s3://{bucket}/out.txt"),
        "AwsLambda": shell(
            f"aws lambda invoke --function-name {STACK}-Exists --payload '{{}}' answer.json; cat answer.json"
        ),
        "Identity": shell("aws sts get-caller-identity --query Arn --output text"),
        "Stdin": shell("cat; read line || echo nothing to read"),
        "Forks": shell("for i in 1 2 3; do (sleep 300; echo late) & done; echo forked"),
        "Daemon": shell("/usr/bin/setsid -f sleep 301; (sleep 302 &) ; echo started"),
        "OwnPath": shell("echo to a place of its own", stdout=f"s3://{bucket}/own/out.txt"),
        "LocalPath": shell("echo anyway", stdout="/home/ec2-user/out.txt"),
        "Python": shell("#!/usr/bin/env python3\nprint('any program')"),
        "TimeZone": shell(
            "TZ=Europe/Berlin date -d @0 +%H:%Z; TZ=Asia/Kolkata date -d @0 +%R; date -d @0 +%R"
        ),
        "Zoneinfo": shell("python3 -c 'import zoneinfo; print(zoneinfo.ZoneInfo(\"Europe/Berlin\"))'"),
        "Fails": shell("echo first; for i in 1 2 3; do echo problem $i >&2; done; exit 42"),
        "Missing": shell("no-such-program --flag"),
        "HalfDone": shell("echo x > ${OUTPUT1_STAGING_DIR}/x; exit 1", stage="true", output=Ref("Out")),
        # A link to the handler's own secrets. Staging follows it as the handler, which on Lambda is not root.
        "Secrets": shell("ln -s /proc/self/environ $OUTPUT1_STAGING_DIR/x", stage="true", output=Ref("Out")),
        "Out": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/half"},
        "NotThere": shell("true", stage="true", input=Ref("In")),
        "In": {"type": "S3DataNode", "filePath": f"s3://{bucket}/not/there"},
    }
    default = {"pipelineLogUri": f"s3://{bucket}/logs"}
    pipeline = Pipeline.activated(
        deployment,
        {
            name: {**fields, **(default if fields["type"] == "ShellCommandActivity" else {})}
            for name, fields in commands.items()
        },
    )

    def output(component: str) -> str:
        pipeline.ended(component, "FINISHED")
        return printed(deployment, bucket, pipeline, component, "StdOutput").decode()

    pipeline.ended("AwsCli", "FINISHED")
    assert get(deployment, bucket, "out.txt") == b"from S3\n"
    assert "errorType" in output("AwsLambda")
    assert "CommandRole" in output("Identity")
    assert output("Stdin") == "nothing to read\n"
    assert output("Forks") == "forked\n"
    assert output("Daemon") == "started\n"
    pipeline.ended("OwnPath", "FINISHED")
    assert get(deployment, bucket, "own/out.txt") == b"to a place of its own\n"
    assert output("LocalPath") == "anyway\n"
    assert output("Python") == "any program\n"
    assert output("TimeZone") == "01:CET\n05:30\n00:00\n"
    assert output("Zoneinfo") == "Europe/Berlin\n"

    error = failed(pipeline, "Fails")
    assert error["errorId"] == "CommandFailed"
    assert "exit code 42" in error["errorMessage"]
    assert "problem 1\nproblem 2\nproblem 3" in error["errorMessage"]
    assert printed(deployment, bucket, pipeline, "Fails", "StdOutput") == b"first\n"
    assert "exit code 127" in failed(pipeline, "Missing")["errorMessage"]
    assert "exit code 1" in failed(pipeline, "HalfDone")["errorMessage"]
    assert failed(pipeline, "Secrets")["errorId"] == "OutputNotStaged"
    assert "Contents" not in deployment.s3.list_objects_v2(Bucket=bucket, Prefix="half")
    assert failed(pipeline, "NotThere")["errorId"] == "InputNotFound"


@pytest.mark.long
@pytest.mark.parametrize("deployment", ["as-assumed"], indirect=True)
def test_output_of_any_size(deployment: Deployment, bucket: str) -> None:
    """The whole output is in S3, and as much as fits is in the log."""
    place = f"s3://{bucket}/big.txt"
    logs = f"s3://{bucket}/logs"
    pipeline = Pipeline.activated(
        deployment,
        {
            "Big": shell("seq 23000000", stdout=place, pipelineLogUri=logs),
            "Endless": shell("yes 0123456789abcdef | head -c 1000000000", stderr=place + "2"),
            "Staged": shell(
                "head -c 200000000 /dev/urandom > $OUTPUT1_STAGING_DIR/x; sha256sum < $OUTPUT1_STAGING_DIR/x",
                stage="true",
                output=Ref("Out"),
                pipelineLogUri=logs,
            ),
            "Again": shell(
                "sha256sum < $INPUT1_STAGING_DIR/x", stage="true", input=Ref("Out"), pipelineLogUri=logs
            ),
            "Out": {"type": "S3DataNode", "directoryPath": f"s3://{bucket}/staged"},
        },
    )
    pipeline.ended("Big", "FINISHED")
    size = deployment.s3.head_object(Bucket=bucket, Key="big.txt")["ContentLength"]
    assert size == sum(9 * 10**digits * (digits + 2) for digits in range(7)) + (23_000_000 - 10**7 + 1) * 9
    assert size > 195 * MEGABYTE
    pipeline.ended("Endless", "FINISHED")
    pipeline.ended("Again", "FINISHED")
    sums = {printed(deployment, bucket, pipeline, name, "StdOutput") for name in ("Staged", "Again")}
    assert len(sums) == 1
    assert deployment.s3.head_object(Bucket=bucket, Key="staged/x")["ContentLength"] == 200 * MEGABYTE

    cut = eventually(lambda: _cut(deployment, "Big"), "the log does not say that output was cut")
    assert cut["completeAt"] == place
    assert cut["lastLines"].endswith("22999999\n23000000")


@wherever_it_runs(*in_functions, telling=False)
def test_preconditions_hold_or_do_not_hold_yet(deployment: Deployment, bucket: str, tmp_path: Path) -> None:
    """ "Not yet" is FALSE, and the service asks again: nothing fails, and the activity waits."""
    tried = tmp_path / "tried"
    put(deployment, bucket, {"present/x": b""})
    pipeline = Pipeline.activated(
        deployment,
        {
            "Load": shell("true", precondition=Ref("Ready")),
            "Ready": {"type": "ShellCommandPrecondition", "command": f"echo >> {tried}; exit 1"},
            "Copy": shell("true", input=Ref("Data")),
            "Data": {
                "type": "S3DataNode",
                "filePath": f"s3://{bucket}/data",
                "precondition": Ref("Arrived"),
                "workerGroup": "default",
            },
            "Arrived": {"type": "Exists"},
            "Now": shell("true", precondition=Ref("Holds")),
            "Holds": {
                "type": "ShellCommandPrecondition",
                "command": 'test "$1" = "a b"',
                "scriptArgument": "a b",
            },
            "There": shell("true", input=Ref("Present")),
            "Present": {
                "type": "S3DataNode",
                "directoryPath": f"s3://{bucket}/present",
                "precondition": Ref("Seen"),
                "workerGroup": "default",
            },
            "Seen": {"type": "Exists"},
        },
    )
    pipeline.ended("Now", "FINISHED")
    pipeline.ended("There", "FINISHED")
    eventually(lambda: tried.exists() or None, "the precondition was not tried")

    def not_met() -> list[Run] | None:
        runs = [run for name in ("Ready", "Arrived") for run in pipeline.attempts(name)]
        return runs if len(runs) >= 2 else None

    runs = eventually(not_met, "the preconditions have no attempts")
    assert not any("errorId" in run.fields for run in runs)
    assert not {run.status for run in pipeline.runs("INSTANCE", "Load")} & {"FAILED", "FINISHED"}


def _cut(deployment: Deployment, component: str) -> Mapping[str, Any] | None:
    return _logged(deployment, "Output cut", component)


def _logged(deployment: Deployment, event_name: str, component: str) -> Mapping[str, Any] | None:
    group = log_group_of(deployment, "ShellCommandActivity")
    found = deployment.logs.filter_log_events(logGroupName=group, filterPattern=f'"{event_name}"')
    lines = [json.loads(event["message"]) for event in found["events"] if event_name in event["message"]]
    return next((line for line in lines if line["attemptId"].startswith(f"@{component}_")), None)


SPOILING = {
    "FewFiles": "/usr/bin/prlimit --pid $PPID --nofile=9:9",
    "FewerFiles": "/usr/bin/prlimit --pid $PPID --nofile=3:3",
    "DeepTree": "mkdir -p $TMPDIR/$(printf 'a/%.0s' {1..1500})",
    "ClosedStorage": "chmod 000 $(dirname $TMPDIR)",
}


@pytest.mark.parametrize("name", SPOILING)
def test_the_next_task_does_not_get_what_a_command_made_of_its_environment(
    name: str, deployment: Deployment
) -> None:
    objects: dict[str, Fields] = {f"{name}0": shell(f"{SPOILING[name]}; exit 0")}
    for number in range(1, 4):
        objects[f"{name}{number}"] = shell("echo well", dependsOn=Ref(f"{name}{number - 1}"))
    pipeline = Pipeline.activated(deployment, objects)
    for component in objects:
        pipeline.ended(component, "FINISHED")
