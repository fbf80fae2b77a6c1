"""Definitions in every form that people have, and files that hold none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.datapipeline.objects import Field
from pipelines.reading.files import read_definitions, read_each
from pipelines.reading.source import UNKNOWN, UnreadableError

OBJECTS: list[Any] = [
    {"id": "Default", "name": "Default", "scheduleType": "ondemand"},
    {
        "id": "A",
        "type": "ShellCommandActivity",
        "command": "true",
        "scriptArgument": ["1", "2"],
        "runsOn": {"ref": "Ec2"},
    },
]
FIELDS = (
    Field("type", "ShellCommandActivity"),
    Field("command", "true"),
    Field("scriptArgument", "1"),
    Field("scriptArgument", "2"),
    Field("runsOn", "Ec2", is_reference=True),
)


def api_fields(key: str, string: str, reference: str) -> list[Any]:
    return [{key: field.key, (reference if field.is_reference else string): field.value} for field in FIELDS]


CLI = {"objects": OBJECTS, "parameters": [{"id": "myX", "type": "String"}], "values": {"myX": ["a", "b"]}}
API = {
    "pipelineObjects": [{"id": "A", "name": "A", "fields": api_fields("key", "stringValue", "refValue")}],
    "parameterObjects": [{"id": "myX", "attributes": [{"key": "type", "stringValue": "String"}]}],
    "parameterValues": [{"id": "myX", "stringValue": "a"}, {"id": "myX", "stringValue": "b"}],
}
TEMPLATE = {
    "Resources": {
        "Other": {"Type": "AWS::S3::Bucket"},
        "Pipe": {
            "Type": "AWS::DataPipeline::Pipeline",
            "Properties": {
                "Name": "x",
                "PipelineObjects": [
                    {"Id": "A", "Name": "A", "Fields": api_fields("Key", "StringValue", "RefValue")}
                ],
                "ParameterObjects": [{"Id": "myX", "Attributes": [{"Key": "type", "StringValue": "String"}]}],
                "ParameterValues": [{"Id": "myX", "StringValue": "a"}, {"Id": "myX", "StringValue": "b"}],
            },
        },
    }
}
BLOCKS = {
    "pipeline_id": "${aws_datapipeline_pipeline.x.id}",
    "pipeline_object": [{"id": "A", "name": "A", "field": api_fields("key", "string_value", "ref_value")}],
    "parameter_object": {"id": "myX", "attribute": {"key": "type", "string_value": "String"}},
    "parameter_value": [{"id": "myX", "string_value": "a"}, {"id": "myX", "string_value": "b"}],
}
TERRAFORM = {"resource": {"aws_datapipeline_pipeline_definition": {"x": BLOCKS}}}
PLAN = {
    "planned_values": {
        "root_module": {
            "child_modules": [
                {
                    "resources": [
                        {
                            "type": "aws_datapipeline_pipeline_definition",
                            "address": "module.m.x",
                            "values": BLOCKS,
                        }
                    ]
                }
            ]
        }
    }
}


@pytest.mark.parametrize(
    "document", [CLI, API, TEMPLATE, TERRAFORM, PLAN], ids=["cli", "api", "cfn", "tf", "plan"]
)
def test_one_definition_in_each_form(document: Any) -> None:
    (source,) = read_definitions("file", json.dumps(document))
    assert source.problems == ()
    assert source.definition.by_id["A"].fields == FIELDS
    assert source.definition.parameter("myX") == ["a", "b"]
    assert [each.strings("type") for each in source.definition.parameters] == [["String"]]


def test_what_systems_manager_and_secrets_manager_hold_is_not_known() -> None:
    text = """
Parameters: {Bucket: {Type: "AWS::SSM::Parameter::Value<String>", Default: /my/bucket}}
Resources:
  Pipe:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: x
      PipelineObjects:
        - Id: A
          Name: A
          Fields:
            - {Key: sub, StringValue: !Sub "s3://${Bucket}/{{resolve:ssm:/my/key}}"}
            - {Key: plain, StringValue: "s3://{{resolve:ssm:/my/bucket:1}}/x"}
"""
    (source,) = read_definitions("t.yaml", text)
    fields = {field.key: field.value for field in source.definition.by_id["A"].fields}
    assert fields == {
        "sub": "s3://value-of-bucket/value-of-ssm-my-key",
        "plain": "s3://value-of-ssm-my-bucket-1/x",
    }
    assert source.unknown["value-of-bucket"] == "the value of the stored parameter Bucket"


def test_yaml_keeps_what_is_written_and_evaluates_functions() -> None:
    text = """
Parameters: {Bucket: {Type: String, Default: data}, Other: {Type: String}}
Mappings: {Sizes: {us-east-1: {Box: m1.small}}}
Resources:
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: logs}}
  Pipe:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: x
      PipelineObjects:
        - Id: A
          Name: A
          Fields:
            - {Key: startDateTime, StringValue: 2016-01-01T00:00:00}
            - {Key: maximumRetries, StringValue: 010}
            - {Key: enabled, StringValue: yes}
            - {Key: sub, StringValue: !Sub "s3://${Bucket}/${Other}/${!HOME}/${AWS::Region}"}
            - {Key: join, StringValue: !Join ["/", ["s3:/", !Ref Named, a]]}
            - {Key: map, StringValue: !FindInMap [Sizes, !Ref AWS::Region, Box]}
            - {Key: att, StringValue: !GetAtt Named.Arn}
            - !If [Production, {Key: if, StringValue: "1"}, !Ref AWS::NoValue]
            - !If [Production, !Ref AWS::NoValue, {Key: unless, StringValue: "2"}]
            - !Ref AWS::NoValue
"""
    (source,) = read_definitions("t.yaml", text)
    fields = {field.key: field.value for field in source.definition.by_id["A"].fields}
    assert fields == {
        "startDateTime": "2016-01-01T00:00:00",
        "maximumRetries": "010",
        "enabled": "yes",
        "sub": f"s3://data/{UNKNOWN}other/${{HOME}}/us-east-1",
        "join": "s3://logs/a",
        "map": "m1.small",
        "att": f"{UNKNOWN}named-arn",
        "if": "1",
    }
    assert source.unknown[f"{UNKNOWN}other"] == "the template's Other"
    (variant,) = source.variants
    assert variant.condition == "if the condition 'Production' does not hold"
    assert variant.definition.by_id["A"].fields[-1] == Field("unless", "2")


def test_each_condition_of_a_template_is_a_variant_and_all_of_them_together() -> None:
    template = json.loads(json.dumps(TEMPLATE))
    (entry,) = template["Resources"]["Pipe"]["Properties"]["PipelineObjects"]
    inner = {"Fn::If": ["Big", "sleep 2", "sleep 1"]}
    entry["Fields"].append({"Key": "command", "StringValue": {"Fn::If": ["Real", "sleep 3", inner]}})
    (source,) = read_definitions("t.json", json.dumps(template))
    found = {each.condition: each.definition.objects[0].fields[-1].value for each in source.variants}
    assert source.definition.objects[0].fields[-1].value == "sleep 3"
    assert found == {
        "if the condition 'Real' does not hold": "sleep 2",
        "if the condition 'Big' does not hold": "sleep 3",
        "if none of the conditions 'Real', 'Big' holds": "sleep 1",
    }


def test_one_pipeline_that_cannot_be_read_does_not_take_the_others_of_its_file() -> None:
    template = json.loads(json.dumps(TEMPLATE))
    resources = template["Resources"]
    resources["Before"] = {
        "Type": "AWS::DataPipeline::Pipeline",
        "Properties": {"PipelineObjects": {"Ref": "X"}},
    }
    resources["After"] = {"Type": "AWS::DataPipeline::Pipeline", "Properties": {"PipelineObjects": 5}}
    configuration = json.loads(json.dumps(TERRAFORM))
    blocks = configuration["resource"]["aws_datapipeline_pipeline_definition"]
    blocks["a"] = {"dynamic": {"pipeline_object": {"for_each": "${local.x}", "content": {}}}}
    blocks["b"] = {"pipeline_object": '${jsondecode(file("objects.json"))}'}
    for document, told in (
        (template, ["'Before': its PipelineObjects are the template's X", "'After': 'pipelineObjects' is"]),
        (
            configuration,
            ["'a': it has a dynamic pipeline_object", "'b': its pipeline_object is Terraform's jsondecode"],
        ),
        ([CLI, 5, {"objects": 3}], ["entry 2: no definition", "entry 3: 'objects' is the number 3"]),
    ):
        found = list(read_each("file", json.dumps(document)))
        assert len([each for each in found if not isinstance(each, UnreadableError)]) == 1
        errors = [str(each) for each in found if isinstance(each, UnreadableError)]
        assert len(errors) == 2
        for error, part in zip(errors, told, strict=True):
            assert part in error


def test_files_that_terraform_would_read_are_read_if_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "load.sh").write_text("jq . $HOME/x\n")
    (tmp_path / "load.tpl").write_text("ls ${bucket} ${prefix} $${HOME}")
    document = json.loads(json.dumps(TERRAFORM))
    document["variable"] = {"bucket": {"default": "data"}}
    (entry,) = document["resource"]["aws_datapipeline_pipeline_definition"]["x"]["pipeline_object"]
    texts = (
        '${file("${path.module}/load.sh")}',
        'set -e; ${trimspace(file("load.sh"))}',
        '${templatefile("load.tpl", {bucket = var.bucket, prefix = "in"})}',
        '${file("other.sh")}',
    )
    entry["field"] = [{"key": "command", "string_value": text} for text in texts]
    name = str(tmp_path / "x.tf.json")
    (source,) = read_definitions(name, json.dumps(document))
    one, two, three, four = [field.value for field in source.definition.by_id["A"].fields]
    assert (one, two) == ("jq . $HOME/x\n", "set -e; jq . $HOME/x")
    assert three == "ls data in ${HOME}"
    assert source.unknown[four] == 'Terraform\'s file("other.sh")'


def test_terraform_variables_and_escapes() -> None:
    document = json.loads(json.dumps(TERRAFORM))
    document["variable"] = {"bucket": {"default": "data"}, "unset": {}}
    document["locals"] = {"prefix": "s3://${var.bucket}/in"}
    (entry,) = document["resource"]["aws_datapipeline_pipeline_definition"]["x"]["pipeline_object"]
    entry["field"] = [{"key": "command", "string_value": "ls ${local.prefix} ${var.unset} $${HOME} #{myX}"}]
    (source,) = read_definitions("x.tf.json", json.dumps(document))
    assert (
        source.definition.by_id["A"].fields[0].value == f"ls s3://data/in {UNKNOWN}unset ${{HOME}} #{{myX}}"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ('{"objects": [', "not valid JSON: Expecting value in line 1, column 14"),
        ('{"objects": 3}', "'objects' is the number 3"),
        ("[" * 100_000, "nested too deeply"),
        ("{" * 50, "not valid JSON"),
        ("a: [", "neither valid JSON nor YAML"),
        ("&a [*a]", "neither valid JSON nor YAML"),
        ("? {a: 1}\n: b", "YAML"),
        ("just a sentence", "no definition"),
        ("5", "no definition"),
        ('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}', "without a resource of the type"),
        ('{"resource": {"aws_s3_bucket": {}}}', "without a resource of the type"),
        ('{"name": "x"}', "no definition: a definition has 'objects'"),
    ],
)
def test_what_is_no_definition_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_definitions("file", text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_what_the_aws_cli_would_refuse_is_a_problem_of_its_object() -> None:
    document = {"objects": [{"id": "A", "attemptTimeout": 5, "stage": True}, {"name": "nameless"}, "text"]}
    (source,) = read_definitions("file", json.dumps(document))
    told = {(problem.object_id, problem.field): problem.message for problem in source.problems}
    assert "the number 5" in told["A", "attemptTimeout"]
    assert "write it in quotes" in told["A", "stage"]
    assert told["nameless", "id"] == "it is missing"
    assert "a text" in told["objects[3]", "objects"]


def test_characters_that_the_service_refuses_are_problems_of_their_field() -> None:
    document = {"objects": [{"id": "A", "command": "a\0b", "stdout": "\ud800", "stderr": "ü…\n"}]}
    (source,) = read_definitions("file", json.dumps(document))
    assert [problem.field for problem in source.problems] == ["command", "stdout"]
    assert "\ud800" not in "".join(field.value for field in source.definition.objects[0].fields)


def test_two_megabytes_are_read() -> None:
    objects = [{"id": f"O{number}", "type": "S3DataNode", "myField": "x" * 10_000} for number in range(200)]
    (source,) = read_definitions("file", json.dumps({"objects": objects}))
    assert len(source.definition.objects) == 200
    entries = "".join(
        f"        - {{Id: O{number}, Name: n, Fields: [{{Key: a, StringValue: {'x' * 10_000}}}]}}\n"
        for number in range(200)
    )
    template = f"""
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      PipelineObjects:
{entries}"""
    (source,) = read_definitions("t.yaml", template)
    assert len(source.definition.objects) == 200


def _planned(member: str, command: dict[str, str], log: dict[str, str]) -> str:
    """What ``terraform show -json`` prints of a plan, or of a state."""
    objects = [
        {
            "id": "Run",
            "name": "Run",
            "field": [{"key": "type", "string_value": "ShellCommandActivity"}, {"key": "command", **command}],
        },
        {"id": "Default", "name": "Default", "field": [{"key": "pipelineLogUri", **log}]},
    ]
    values = {"pipeline_id": "df-1", "pipeline_object": objects}
    resource = {"type": "aws_datapipeline_pipeline_definition", "address": "x", "values": values}
    return json.dumps({member: {"root_module": {"resources": [resource]}}})


@pytest.mark.parametrize("member", ["planned_values", "values"])
def test_texts_of_a_plan_and_of_a_state_are_evaluated_already(member: str) -> None:
    command = "d=/tmp; ls ${INPUT1_STAGING_DIR} > ${d}/out; echo $${d} %{x}"
    text = _planned(member, {"string_value": command}, {"string_value": "s3://logs/"})
    (source,) = read_definitions("plan.json", text)
    fields = {field.key: field.value for field in source.definition.by_id["Run"].fields}
    assert fields["command"] == command
    assert source.unknown == {}


def test_what_a_plan_does_not_know_yet_is_not_empty() -> None:
    (source,) = read_definitions("plan.json", _planned("planned_values", {}, {}))
    assert source.problems == ()
    fields = {
        field.key: field.value
        for name in ("Run", "Default")
        for field in source.definition.by_id[name].fields
    }
    assert fields["command"] == f"{UNKNOWN}command"
    assert fields["pipelineLogUri"] == f"{UNKNOWN}pipeline-log-uri"
    assert set(source.unknown) == {f"{UNKNOWN}command", f"{UNKNOWN}pipeline-log-uri"}
