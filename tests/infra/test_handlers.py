"""What each kind of handler is, and what it may do on AWS."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from infra.configuration_error import ConfigurationError
from infra.handlers import (
    Handler,
    PythonHandler,
    copy,
    existing_function,
    exists,
    s3_access,
    shell_command,
    shell_command_precondition,
    sql,
)
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.policies import actions, statements
from tests.infra.state_machines import definitions

RUNTIME = {
    "datapipeline:ReportTaskProgress",
    "datapipeline:DescribeObjects",
    "datapipeline:EvaluateExpression",
    "s3:GetObject",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}
LIST_TABLES = iam.PolicyStatement(actions=["dynamodb:ListTables"], resources=["*"])
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:resize-images"
LAYER = "arn:aws:lambda:eu-west-1:111122223333:layer"


@pytest.fixture(scope="module")
def shells() -> Template:
    """Two shell handlers, one of them with statements."""
    handlers: dict[str, Handler] = {
        "Shell": shell_command(statements=[LIST_TABLES]),
        "Check": shell_command_precondition(),
        "Exists": exists(statements=[LIST_TABLES]),
    }
    return synthesize(handlers=handlers)


def function(template: Template, name: str) -> Any:
    """The properties of the function for a route."""
    found = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"FunctionName": f"TaskRunner-{name}"}}
    )
    (resource,) = found.values()
    return resource["Properties"]


def test_a_python_handler_may_do_what_the_runtime_needs_and_its_statements() -> None:
    module = PythonHandler(module="exists", statements=[LIST_TABLES])
    template = synthesize(handlers={"count": module})
    assert actions(statements(template, "Handlercount")) == RUNTIME | {"dynamodb:ListTables"}


def test_commands_have_a_role_that_can_do_their_statements_and_nothing_else(shells: Template) -> None:
    assert actions(statements(shells, "HandlerShellCommandRole")) == {"dynamodb:ListTables"}
    assert actions(statements(shells, "HandlerShellFunction")) == RUNTIME | {"sts:AssumeRole"}
    assert statements(shells, "HandlerCheckCommandRole") == []


@pytest.mark.parametrize("name", ["Shell", "Check"])
def test_only_the_function_can_assume_the_role_of_its_commands(shells: Template, name: str) -> None:
    roles = shells.find_resources("AWS::IAM::Role")
    (command_role,) = [role for role in roles if role.startswith(f"Handler{name}CommandRole")]
    (trusted,) = roles[command_role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    own_role = function(shells, name)["Role"]
    assert (trusted["Action"], trusted["Principal"]) == ("sts:AssumeRole", {"AWS": own_role})

    (assume,) = [s for s in statements(shells, f"Handler{name}Function") if s["Action"] == "sts:AssumeRole"]
    arn = {"Fn::GetAtt": [command_role, "Arn"]}
    assert assume["Resource"] == arn
    assert function(shells, name)["Environment"]["Variables"]["COMMAND_ROLE_ARN"] == arn


def test_all_shell_handlers_share_one_layer_with_the_aws_cli(shells: Template) -> None:
    (layer,) = shells.find_resources("AWS::Lambda::LayerVersion")
    assert function(shells, "Shell")["Layers"] == function(shells, "Check")["Layers"] == [{"Ref": layer}]
    assert "Layers" not in function(shells, "Exists")


def test_exists_looks_with_its_own_role(shells: Template) -> None:
    assert function(shells, "Exists")["Handler"] == "activities.exists.handler"
    assert actions(statements(shells, "HandlerExists")) == RUNTIME | {"dynamodb:ListTables"}


@pytest.mark.parametrize("make", [shell_command, shell_command_precondition, exists, sql, copy])
def test_the_users_settings_reach_the_function(make: Any) -> None:
    layer_arn = f"{ARN.replace('function', 'layer')}:1"
    stack = cdk.Stack()
    layer = lambda_.LayerVersion.from_layer_version_arn(stack, "Tools", layer_arn)
    handler = make(
        memory_mb=300, timeout_minutes=3, ephemeral_mb=700, environment={"STAGE": "test"}, layers=[layer]
    )
    made = function(synthesize(handlers={"It": handler}), "It")
    assert (made["MemorySize"], made["Timeout"], made["EphemeralStorage"]) == (300, 180, {"Size": 700})
    assert made["Environment"]["Variables"]["STAGE"] == "test"
    assert made["Layers"][-1] == layer_arn


def in_template(made: list[iam.PolicyStatement]) -> Any:
    return [statement.to_statement_json() for statement in made]


def s3(path: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{path}"


def test_s3_access_is_to_what_begins_with_the_prefixes() -> None:
    made = s3_access(read=["s3://sales/in/", "s3://sales/scripts/a.sh"], write=["s3://results/out"])
    assert in_template(made) == [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [s3("sales/in/*"), s3("sales/scripts/a.sh*")],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": s3("results/out*"),
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": s3("sales"),
            "Condition": {"StringLike": {"s3:prefix": ["in/*", "scripts/a.sh*"]}},
        },
    ]


def test_s3_access_to_a_whole_bucket_needs_no_condition() -> None:
    get, listing = in_template(s3_access(read=["s3://sales", "s3://sales/in/"]))
    assert get["Resource"][0] == s3("sales/*")
    assert listing == {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": s3("sales")}


def test_s3_access_to_a_bucket_of_the_same_app() -> None:
    bucket = cdk.aws_s3.Bucket(cdk.Stack(), "Sales")
    (put,) = in_template(s3_access(write=[f"s3://{bucket.bucket_name}/out/"]))
    assert put["Resource"] == s3(f"{bucket.bucket_name}/out/*")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "sales/in",
        "s3:/sales/in",
        "s3://",
        "s3:///in",
        "S3://sales",
        "s3://Sales/in",
        "s3://sa/in",
        "s3://sales/*",
        "s3://sales/in?",
        "s3://sales/#{myDirectory}/",
        "s3://sales/${aws:username}",
        "arn:aws:s3:::sales/in",
        "https://sales.s3.amazonaws.com/in",
    ],
)
def test_what_is_not_an_s3_uri_is_refused(uri: str) -> None:
    for access in ({"read": [uri]}, {"write": [uri]}):
        with pytest.raises(ConfigurationError, match="s3://bucket/prefix"):
            s3_access(**access)


def test_one_uri_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\['s3://sales/in/'\]"):
        s3_access(read="s3://sales/in/")


@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        f"{ARN}:7",
        f"{ARN}:prod",
        f"{ARN}:$LATEST",
        ARN.replace("aws:", "aws-us-gov:").replace("eu-", "us-gov-"),
    ],
)
def test_run_task_may_invoke_a_function_known_by_its_arn(arn: str) -> None:
    template = synthesize(handlers={"resize": existing_function(arn)})
    (invoke,) = [s for s in statements(template, "RunTask") if s["Action"] == "lambda:InvokeFunction"]
    assert invoke["Resource"] == [arn, f"{arn}:*"]
    state = definitions(template)["TaskRunner-RunTask"]["States"]["resize"]
    assert state["Arguments"]["FunctionName"] == arn


def test_nothing_is_made_for_an_existing_function() -> None:
    names = [
        made["Properties"]["FunctionName"]
        for made in synthesize(handlers={"resize": existing_function(ARN)})
        .find_resources("AWS::Lambda::Function")
        .values()
    ]
    assert set(names) == {"TaskRunner-poll-etl", "TaskRunner-execution-ended"}


def test_an_existing_function_of_another_stack() -> None:
    app = cdk.App()
    images = cdk.Stack(app, "Images")
    code = lambda_.Code.from_inline("exports.handler = async () => ({status: 'FINISHED'})")
    resize = lambda_.Function(
        images, "Resize", runtime=lambda_.Runtime.NODEJS_22_X, handler="index.handler", code=code
    )
    runner = TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[WorkerGroup("etl")],
        handlers={"resize": existing_function(resize.current_version)},
    )
    found = statements(Template.from_stack(runner), "RunTask")
    assert "lambda:InvokeFunction" in actions(found)
    assert "Resize" in json.dumps(found)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "resize-images",
        "arn:aws:lambda:eu-west-1:111122223333:resize-images",
        "arn:aws:lambda:eu-west-1:1111:function:resize-images",
        "arn:aws:lambda:eu-west-1:111122223333:function:",
        "arn:aws:lambda:eu-west-1:111122223333:function:resize images",
        "arn:aws:lambda:eu-west-1:111122223333:function:resize:prod:1",
        "arn:aws:lambda::111122223333:function:resize",
        "arn:aws:states:eu-west-1:111122223333:stateMachine:resize",
        f"{ARN}\n",
    ],
)
def test_what_is_not_a_functions_arn_is_refused(arn: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the ARN of a Lambda function"):
        existing_function(arn)


def test_a_function_of_another_region_is_refused_where_the_stacks_is_known() -> None:
    oregon = cdk.Environment(account="111122223333", region="us-west-2")
    with pytest.raises(ConfigurationError, match="is not in us-west-2"):
        synthesize(handlers={"resize": existing_function(ARN)}, env=oregon)


@pytest.mark.parametrize("make", [shell_command, shell_command_precondition])
def test_a_layer_with_another_aws_cli_takes_the_place_of_cdks(make: Any) -> None:
    """Together they may exceed a function's limit of 250 MB."""
    app = cdk.App()
    layers = cdk.Stack(app, "Layers")
    tools = lambda_.LayerVersion.from_layer_version_arn(layers, "Tools", f"{LAYER}:tools:1")
    cli = lambda_.LayerVersion.from_layer_version_arn(layers, "AwsCli2", f"{LAYER}:aws-cli-2:1")
    stack = TaskRunnerStack(
        app,
        "TaskRunner",
        worker_groups=[WorkerGroup("etl")],
        handlers={"Shell": make(aws_cli=cli, layers=[tools])},
    )
    template = Template.from_stack(stack)
    assert function(template, "Shell")["Layers"] == [f"{LAYER}:aws-cli-2:1", f"{LAYER}:tools:1"]
    assert not template.find_resources("AWS::Lambda::LayerVersion")
    with pytest.raises(
        ConfigurationError, match=r"aws_cli of the handler for 'Shell'.*from_layer_version_arn"
    ):
        synthesize(handlers={"Shell": make(aws_cli=f"{LAYER}:aws-cli-2:1")})
