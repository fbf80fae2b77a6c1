"""Parameter objects, the values that they allow, and names in expressions that do not exist."""

from __future__ import annotations

from typing import Any

import pytest

from local.datapipeline.errors import InvalidRequestError
from local.datapipeline.settings import Settings
from tests.local.datapipeline.account import ON_DEMAND, Account, pipeline_object, shell, values

MISSING = "Value is missing for this parameter"


def parameter(parameter_id: str, **attributes: str | list[str]) -> dict[str, Any]:
    """A list stands for a repeated attribute."""
    pairs = [
        (key, string)
        for key, value in attributes.items()
        for string in ([value] if isinstance(value, str) else value)
    ]
    return {"id": parameter_id, "attributes": [{"key": key, "stringValue": value} for key, value in pairs]}


def given(**found: str | list[str]) -> list[dict[str, str]]:
    return [
        {"id": key, "stringValue": string}
        for key, value in found.items()
        for string in ([value] if isinstance(value, str) else value)
    ]


def put(
    *parameters: dict[str, Any],
    objects: tuple[dict[str, Any], ...] = (shell("A"),),
    settings: Settings | None = None,
    **found: str | list[str],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The errors and warnings of PutPipelineDefinition, by id."""
    account = Account(settings or Settings())
    answer = account.put(
        account.create(),
        [ON_DEMAND, *objects],
        parameterObjects=list(parameters),
        parameterValues=given(**found),
    )
    assert answer["errored"] is bool(answer["validationErrors"])
    errors = {entry["id"]: entry["errors"] for entry in answer["validationErrors"]}
    return errors, {entry["id"]: entry["warnings"] for entry in answer["validationWarnings"]}


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ({}, "any text, as #{@pipelineId} too"),
        ({"type": "String", "description": "d", "helpText": "h", "helpLink": "l", "watermark": "w"}, "x"),
        ({"type": "Integer"}, "-12"),
        ({"type": "Double"}, "0.25"),
        ({"type": "Double"}, "1e3"),
        ({"type": "Double"}, "1"),
        ({"type": "AWS::S3::ObjectKey"}, "s3://bucket/key with spaces/"),
        ({"type": "AWS::S3::ObjectKey"}, "s3://bucket"),
        ({"type": "AWS::S3::ObjectKey"}, "#{myOther}/key"),
        ({"type": "string", "myComment": "of the user's"}, "x"),
        ({"allowedValues": ["a", "b"]}, "b"),
        ({"allowedValues": ["a", "b"], "isArray": "true"}, ["b", "a"]),
        ({"type": "Integer", "isArray": "True"}, ["1", "2"]),
        ({"optional": "true", "type": "Integer"}, []),
        ({"default": "7", "type": "Integer"}, []),
        ({"default": ["7", "8"], "type": "Integer", "isArray": "true"}, []),
    ],
)
def test_values_of_their_types(attributes: dict[str, Any], value: str | list[str]) -> None:
    other = parameter("myOther", default="s3://bucket")
    assert put(parameter("myX", **attributes), other, myX=value) == ({}, {})


@pytest.mark.parametrize(
    ("attributes", "value", "message"),
    [
        ({"type": "Integer"}, "1.5", "'1.5' is not of the type Integer"),
        ({"type": "Integer"}, "many", "'many' is not of the type Integer"),
        ({"type": "Double"}, "0,25", "'0,25' is not of the type Double"),
        ({"type": "AWS::S3::ObjectKey"}, "bucket/key", "is not of the type AWS::S3::ObjectKey"),
        ({"type": "AWS::S3::ObjectKey"}, "s3:///key", "is not of the type AWS::S3::ObjectKey"),
        ({"type": "Integer", "isArray": "true"}, ["1", "x"], "'x' is not of the type Integer"),
        ({"type": "Integer", "default": "x"}, [], "'x' is not of the type Integer"),
        ({"allowedValues": ["a", "b"]}, "c", "'c' is not one of the allowed values a, b"),
        ({"allowedValues": ["a", "b"], "default": "A"}, [], "'A' is not one of the allowed values a, b"),
        ({"type": "Number"}, "1", "'type' is one of String, Integer, Double, AWS::S3::ObjectKey, not"),
        ({"optional": "perhaps"}, "1", "'optional' is true or false"),
        ({"isArray": "1"}, "1", "'isArray' is true or false"),
        ({"type": ["String", "Integer"]}, "1", "'type' is there more than once"),
        ({}, "", "A value is empty"),
        ({}, [], MISSING),
        ({"optional": "false", "type": "String"}, [], MISSING),
    ],
)
def test_values_that_are_refused(attributes: dict[str, Any], value: str | list[str], message: str) -> None:
    errors, _ = put(parameter("myX", **attributes), myX=value)
    assert list(errors) == ["myX"]
    assert message in errors["myX"][0]


def test_ids_of_parameters() -> None:
    errors, _ = put(parameter("shop", default="x"), parameter("myA", default="x"), parameter("myA"))
    assert errors == {
        "shop": ["The id of a parameter begins with 'my'"],
        "myA": ["There is more than one parameter with this id"] * 2,
    }
    assert put(parameter("*myPassword", default="x")) == ({}, {})


def test_more_parameters_than_there_can_be() -> None:
    errors, _ = put(*(parameter(f"my{number}", default="x") for number in range(51)))
    assert errors == {"Default": ["The definition has 51 parameters; 50 are possible"]}


@pytest.mark.parametrize(
    ("attributes", "value", "message"),
    [
        ({"default": "x", "waterMark": "w"}, [], "'waterMark' is not an attribute of a parameter"),
        ({}, ["x", "y"], "There are several values, and 'isArray' is not true"),
    ],
)
def test_what_a_person_may_not_have_meant(attributes: dict[str, Any], value: list[str], message: str) -> None:
    assert put(parameter("myX", **attributes), myX=value) == ({}, {"myX": [message]})


def test_a_value_may_be_missing_until_activation_by_a_setting() -> None:
    account = Account(Settings(missing_values="activation"))
    pipeline = account.create()
    objects = [ON_DEMAND, shell("A", command="echo #{myX}")]
    answer = account.put(pipeline, objects, parameterObjects=[parameter("myX", type="Integer")])
    assert answer["errored"] is False
    assert answer["validationWarnings"] == [{"id": "myX", "warnings": [MISSING]}]
    with pytest.raises(InvalidRequestError, match=f"myX: {MISSING}"):
        account("ActivatePipeline", pipelineId=pipeline)
    with pytest.raises(InvalidRequestError, match="myX: 'many' is not of the type Integer"):
        account("ActivatePipeline", pipelineId=pipeline, parameterValues=given(myX="many"))
    assert account.state(pipeline) == "PENDING"
    account("ActivatePipeline", pipelineId=pipeline, parameterValues=given(myX="7"))
    task = account.take()
    assert values(task["objects"][task["attemptId"]], "command") == ["echo 7"]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("absent", {"command": ["echo  end"], "scriptArgument": ["a"], "stdout": []}),
        ("kept", {"command": ["echo #{myX} end"], "scriptArgument": ["a", "#{myX}"], "stdout": ["#{myX}"]}),
    ],
)
def test_an_optional_parameter_without_a_value(setting: str, expected: dict[str, list[str]]) -> None:
    account = Account(Settings(optional_values=setting))
    fields: dict[str, Any] = {"scriptArgument": ["a", "#{myX}"], "stdout": "#{myX}"}
    pipeline = account.start(
        shell("A", command="echo #{myX} end", **fields),
        parameterObjects=[parameter("myX", optional="true")],
    )
    task = account.take()
    attempt = task["objects"][task["attemptId"]]
    assert {key: values(attempt, key) for key in expected} == expected
    described = account(
        "DescribeObjects",
        pipelineId=pipeline,
        objectIds=[task["attemptId"]],
        evaluateExpressions=True,
    )["pipelineObjects"][0]
    assert {key: values(described, key) for key in expected} == expected
    answer = account(
        "EvaluateExpression", pipelineId=pipeline, objectId=task["attemptId"], expression="echo #{myX} end"
    )
    assert [answer["evaluatedExpression"]] == expected["command"]


@pytest.mark.parametrize(
    ("setting", "command"), [("kept", r"sed 's/\\./\\\\/' a\b x\\y"), ("halved", r"sed 's/\./\\/' a\b x\y")]
)
def test_doubled_backslashes(setting: str, command: str) -> None:
    account = Account(Settings(doubled_backslashes=setting))
    written = r"sed 's/\\./\\\\/' a\b #{myX}"
    pipeline = account.start(shell("A", command=written), parameterValues=given(myX=r"x\\y"))
    task = account.take()
    assert values(task["objects"][task["attemptId"]], "command") == [command]

    def described(**how: bool) -> list[str]:
        ids = [task["attemptId"]]
        answer = account("DescribeObjects", pipelineId=pipeline, objectIds=ids, **how)
        return values(answer["pipelineObjects"][0], "command")

    assert described(evaluateExpressions=True) == [command]
    assert described() == [written]
    answer = account(
        "EvaluateExpression", pipelineId=pipeline, objectId=task["attemptId"], expression=written
    )
    assert answer["evaluatedExpression"] == command


IN = pipeline_object("In", type="S3DataNode", filePath="s3://b/#{@id}", myHour="#{hour(@scheduledStartTime)}")


@pytest.mark.parametrize(
    "command",
    [
        "#{myX} #{@scheduledStartTime.format('YYYY')} #{format(minusDays(@scheduledEndTime, 1), 'dd')}",
        "#{input.filePath} #{input.myHour} #{input.@scheduledStartTime} #{parent.@id} #{name} #{workerGroup}",
    ],
)
def test_names_that_stand_for_something(command: str) -> None:
    assert put(objects=(shell("A", command=command, input=("In",)), IN), myX="1") == ({}, {})


@pytest.mark.parametrize(
    ("command", "warning"),
    [
        (
            "echo #{myTypo}",
            "'command' uses 'myTypo': 'A' has no such field, and there is no such parameter; "
            "is 'myType' meant?",
        ),
        ("#{day(myGone)}", "'command' uses 'myGone': 'A' has no such field, and there is no such parameter"),
        (
            "#{input.filepath}",
            "'command' uses 'input.filepath': 'In' has no such field; is 'filePath' meant?",
        ),
        ("#{input.input}", "'command' uses 'input.input': 'In' has no such field"),
        ("#{output.filePath}", "'command' uses 'output.filePath': 'output' is not a reference of 'A'"),
        (
            "#{@scheduledStart}",
            "'command' uses '@scheduledStart': 'A' has no such field, and there is no such parameter; "
            "is '@scheduledStartTime' meant?",
        ),
        ("#{node.filePath}", "'command' uses 'node.filePath': 'node' is for alarms and preconditions"),
    ],
)
def test_names_that_stand_for_nothing(command: str, warning: str) -> None:
    objects = (shell("A", command=command, input=("In",)), IN)
    assert put(parameter("myType", default="x"), objects=objects) == ({}, {"A": [warning]})


def test_names_of_alarms_and_preconditions() -> None:
    alarm = pipeline_object(
        *("Alarm",),
        type="SnsAlarm",
        role="r",
        topicArn="t",
        subject="#{node.name}",
        message="#{node.@actualEndTime} #{node.output.directoryPath}",
    )
    check = pipeline_object("Check", type="Exists", myPath="#{node.filePath}")
    activity = shell("A", input=("In",), onFail=("Alarm",))
    guarded = {**IN, "fields": [*IN["fields"], {"key": "precondition", "refValue": "Check"}]}
    assert put(objects=(activity, guarded, alarm, check)) == ({}, {})


def test_fields_that_are_inherited_are_seen_where_they_are_used() -> None:
    base = pipeline_object("Base", command="cat #{input.filePath} #{myGone}")
    activity = pipeline_object("A", type="ShellCommandActivity", parent=("Base",), input=("In",))
    activity["fields"].append({"key": "workerGroup", "stringValue": "etl"})
    _, warnings = put(objects=(base, activity, IN))
    assert warnings == {
        "Base": ["'command' uses 'myGone': 'A' has no such field, and there is no such parameter"]
    }


def test_types_and_fields_of_the_guides_examples() -> None:
    """Attach EBS volumes to cluster nodes; HiveActivity; MySqlDataNode; Create a pipeline with the CLI."""
    database = {"connectionString": "jdbc:mysql://h/d", "username": "u", "_password": "p"}
    cluster: dict[str, Any] = {
        "releaseLabel": "emr-4.7.0",
        "coreEbsConfiguration": ("Ebs",),
        "hadoopVersion": "2.4",
    }
    objects = (
        pipeline_object("Cluster", type="EmrCluster", **cluster),
        pipeline_object(
            "Ebs", type="EbsConfiguration", ebsOptimized="true", ebsBlockDeviceConfig=("Device",)
        ),
        pipeline_object(
            *("Device",),
            type="EbsBlockDeviceConfig",
            volumesPerInstance="2",
            volumeSpecification=("Volume",),
        ),
        pipeline_object("Volume", type="VolumeSpecification", sizeInGB="500", volumeType="io1", iops="1000"),
        pipeline_object("Hive", type="HiveActivity", hiveScript="x", input=("In",), output=("Rows",)),
        pipeline_object("Rows", type="MySqlDataNode", table="t", **database),
        pipeline_object("More", type="SqlDataNode", table="t", **database),
        pipeline_object("Host", type="Ec2Resource", role="r", resourceRole="r", logUri="s3://b/logs"),
        IN,
    )
    assert put(objects=objects) == ({}, {})
