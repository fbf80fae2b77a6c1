"""IAM on local AWS: every caller without a permission gets AWS's error."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError

from local.account import ACCOUNT
from tests.local.commands import Command, running
from tests.local.iam_account import PLACE, IamAccount, allow, by_service, policy_of

T = TypeVar("T")
PATIENCE_SECONDS = 20
REDSHIFT = "postgresql://user:password@127.0.0.1:1"
"""Nothing listens there: these tests are about requests, not about statements."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    arguments = ("--no-deploy", "--port", "0", "--redshift", REDSHIFT, "--setting", "poll_hold=0 seconds")
    with running("up", *arguments, directory=tmp_path_factory.mktemp("nothing")) as command:
        yield command


@pytest.fixture(scope="module")
def aws(up: Command) -> IamAccount:
    account = IamAccount(up.ready())
    account.client("s3").create_bucket(Bucket="bucket")
    return account


def eventually(holds: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (result := holds()) is None:
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return result


def refused(call: Callable[[], Any]) -> tuple[str, int, str]:
    """Code, HTTP status and message of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


# Clients

DENIALS: list[tuple[str, Callable[[Any], Any], str, int, str, str]] = [
    (
        "s3",
        lambda s3: s3.put_object(Bucket="bucket", Key="k", Body=b""),
        "AccessDenied",
        403,
        "s3:PutObject",
        '"arn:aws:s3:::bucket/k"',
    ),
    (
        "sqs",
        lambda sqs: sqs.send_message(QueueUrl=f"http://q/{ACCOUNT}/q", MessageBody="m"),
        "AccessDenied",
        403,
        "sqs:sendmessage",
        f"arn:aws:sqs:{PLACE}:q",
    ),
    (
        "sns",
        lambda sns: sns.publish(TopicArn=f"arn:aws:sns:{PLACE}:t", Message="m"),
        "AuthorizationError",
        403,
        "SNS:Publish",
        f"arn:aws:sns:{PLACE}:t",
    ),
    (
        "lambda",
        lambda lambda_: lambda_.invoke(FunctionName="f"),
        "AccessDeniedException",
        403,
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{PLACE}:function:f",
    ),
    (
        "stepfunctions",
        lambda states: states.start_execution(stateMachineArn=f"arn:aws:states:{PLACE}:stateMachine:m"),
        "AccessDeniedException",
        400,
        "states:StartExecution",
        f"arn:aws:states:{PLACE}:stateMachine:m",
    ),
    (
        "secretsmanager",
        lambda secrets: secrets.get_secret_value(SecretId=f"arn:aws:secretsmanager:{PLACE}:secret:s-AbCdEf"),
        "AccessDeniedException",
        400,
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{PLACE}:secret:s-AbCdEf",
    ),
    (
        "kms",
        lambda kms: kms.generate_data_key(KeyId=f"arn:aws:kms:{PLACE}:key/k", KeySpec="AES_256"),
        "AccessDeniedException",
        400,
        "kms:GenerateDataKey",
        f"arn:aws:kms:{PLACE}:key/k",
    ),
    (
        "logs",
        lambda logs: logs.create_log_group(logGroupName="g"),
        "AccessDeniedException",
        400,
        "logs:CreateLogGroup",
        f"arn:aws:logs:{PLACE}:log-group:g",
    ),
    (
        "events",
        lambda events: events.put_rule(Name="r", EventPattern="{}"),
        "AccessDeniedException",
        400,
        "events:PutRule",
        f"arn:aws:events:{PLACE}:rule/default/r",
    ),
    (
        "rds",
        lambda rds: rds.describe_db_instances(DBInstanceIdentifier="db"),
        "AccessDenied",
        403,
        "rds:DescribeDBInstances",
        f"arn:aws:rds:{PLACE}:db:db",
    ),
    (
        "datapipeline",
        lambda pipelines: pipelines.poll_for_task(workerGroup="etl"),
        "AccessDeniedException",
        400,
        "datapipeline:PollForTask",
        "*",
    ),
    (
        "redshift-data",
        lambda redshift: redshift.execute_statement(
            ClusterIdentifier="sales", Database="dev", DbUser="etl", Sql="SELECT 1"
        ),
        "AccessDeniedException",
        400,
        "redshift-data:ExecuteStatement",
        f"arn:aws:redshift:{PLACE}:cluster:sales",
    ),
]


@pytest.mark.parametrize(
    ("service", "call", "code", "status", "action", "resource"),
    DENIALS,
    ids=[denial[0] for denial in DENIALS],
)
def test_a_role_without_the_permission_is_denied(
    up: Command,
    aws: IamAccount,
    service: str,
    call: Callable[[Any], Any],
    code: str,
    status: int,
    action: str,
    resource: str,
) -> None:
    keys = aws.session()
    said = refused(lambda: call(aws.client(service, keys)))
    assert said[:2] == (code, status)
    assert (
        f"is not authorized to perform: {action} on resource: {resource} because no identity-based" in said[2]
    )
    assert said[2].startswith(f"User: arn:aws:sts::{ACCOUNT}:assumed-role/role-")
    # With the permission, the same call gets further, even if it finds nothing.
    allowed = action.replace("sendmessage", "SendMessage").replace("SNS:", "sns:")
    able = aws.session(allow(allowed), allow("redshift:GetClusterCredentials"), name="able")
    with contextlib.suppress(ClientError):
        call(aws.client(service, able))
    assert not any("/able is not authorized" in line for line in up.err)


def test_a_role_that_may_not_be_assumed(aws: IamAccount) -> None:
    """The caller's own policies allow it, but the role's trust policy does not name the caller."""
    role = aws.role(service="lambda.amazonaws.com")
    client = aws.client("sts", aws.session(allow("sts:AssumeRole")))
    code, status, message = refused(lambda: client.assume_role(RoleArn=role, RoleSessionName="s"))
    assert (code, status) == ("AccessDenied", 403)
    assert message.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {role}")


def test_a_role_that_a_role_assumes_lasts_an_hour_at_most(aws: IamAccount) -> None:
    other = aws.role()
    client = aws.client("sts", aws.session(allow("sts:AssumeRole")))
    given = client.assume_role(RoleArn=other, RoleSessionName="s", DurationSeconds=3600)["Credentials"]
    assert 3500 < given["Expiration"].timestamp() - time.time() <= 3600
    asked = {"RoleArn": other, "RoleSessionName": "s", "DurationSeconds": 3601}
    code, status, message = refused(lambda: client.assume_role(**asked))
    assert (code, status) == ("ValidationError", 400)
    assert "1 hour session limit for roles assumed by role chaining" in message
    aws.client("sts").assume_role(**asked)  # The account's own keys are no role.


def test_the_accounts_own_keys_may_do_everything(aws: IamAccount) -> None:
    assert aws.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert aws.client("datapipeline").list_pipelines()["pipelineIdList"] == []


def test_who_may_not_list_is_told_of_a_missing_key_that_access_is_denied(aws: IamAccount) -> None:
    aws.client("s3").create_bucket(Bucket="missing")
    reading = allow("s3:GetObject", "arn:aws:s3:::missing/*")
    listing = allow("s3:ListBucket", "arn:aws:s3:::missing")
    under = {**listing, "Condition": {"StringLike": {"s3:prefix": "in/*"}}}

    def code(*statements: dict[str, Any]) -> str:
        client = aws.client("s3", aws.session(*statements))
        return refused(lambda: client.get_object(Bucket="missing", Key="in/gone"))[0]

    assert code(reading) == "AccessDenied"
    assert code(reading, listing) == "NoSuchKey"
    # GetObject has no prefix, so a statement for certain prefixes does not apply to it.
    assert code(reading, under) == "AccessDenied"


# Data Pipeline and Redshift


def test_a_poller_is_kept_to_its_worker_group(aws: IamAccount) -> None:
    own = {"datapipeline:workerGroup": "etl"}
    client = aws.client("datapipeline", aws.session(allow("datapipeline:PollForTask", StringEquals=own)))
    assert "taskObject" not in client.poll_for_task(workerGroup="etl")
    assert refused(lambda: client.poll_for_task(workerGroup="other"))[0] == "AccessDeniedException"


def test_a_pipeline_is_a_resource_and_its_tags_are_conditions(aws: IamAccount) -> None:
    owner = aws.client("datapipeline")
    ours, theirs = (
        owner.create_pipeline(name=team, uniqueId=team, tags=[{"key": "team", "value": team}])["pipelineId"]
        for team in ("ours", "theirs")
    )
    arn = f"arn:aws:datapipeline:{PLACE}:pipeline/{ours}"
    tagged = allow("datapipeline:GetPipelineDefinition", StringEquals={"datapipeline:Tag/team": "ours"})
    for statement in (allow("datapipeline:GetPipelineDefinition", arn), tagged):
        client = aws.client("datapipeline", aws.session(statement))
        client.get_pipeline_definition(pipelineId=ours)
        code, _, message = refused(lambda: client.get_pipeline_definition(pipelineId=theirs))  # noqa: B023
        assert code == "AccessDeniedException"
        assert f"pipeline/{theirs}" in message


def test_who_may_write_definitions_for_a_worker_group(aws: IamAccount) -> None:
    pipeline = aws.client("datapipeline").create_pipeline(name="g", uniqueId="g")["pipelineId"]
    own = {"datapipeline:workerGroup": "etl"}
    keys = aws.session(allow("datapipeline:PutPipelineDefinition", StringEquals=own))
    client = aws.client("datapipeline", keys)

    def put(group: str) -> Any:
        fields = [{"key": "workerGroup", "stringValue": group}]
        objects = [{"id": "Default", "name": "Default", "fields": fields}]
        return client.put_pipeline_definition(pipelineId=pipeline, pipelineObjects=objects)

    put("etl")
    assert refused(lambda: put("finance"))[0] == "AccessDeniedException"


def test_a_statement_is_its_sessions_own(aws: IamAccount) -> None:
    """Also, a role that runs statements needs permission to get the credentials that they name."""
    own = {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
    run = allow("redshift-data:ExecuteStatement", f"arn:aws:redshift:{PLACE}:cluster:sales")
    describe = allow("redshift-data:DescribeStatement", StringEquals=own)
    log_in = allow("redshift:GetClusterCredentials")
    request = {"ClusterIdentifier": "sales", "Database": "dev", "DbUser": "etl", "Sql": "SELECT 1"}

    first, second = (
        aws.client("redshift-data", aws.session(run, describe, log_in, name=name)) for name in ("one", "two")
    )
    statement = first.execute_statement(**request)["Id"]
    assert first.describe_statement(Id=statement)["Id"] == statement
    code, _, message = refused(lambda: second.describe_statement(Id=statement))
    assert (code, "redshift-data:DescribeStatement" in message) == ("AccessDeniedException", True)
    without = aws.client("redshift-data", aws.session(run))
    assert "redshift:GetClusterCredentials" in refused(lambda: without.execute_statement(**request))[2]


@pytest.mark.parametrize("target", ["DataPipeline.ListPipelines", "RedshiftData.ListStatements"])
def test_a_request_without_or_with_a_wrong_signature_is_refused(aws: IamAccount, target: str) -> None:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(aws.endpoint_url, b"{}", headers), timeout=10)
    assert json.load(caught.value)["__type"] == "MissingAuthenticationTokenException"
    keys = {**aws.session(allow("datapipeline:*")), "aws_secret_access_key": "guessed"}
    code, _, _ = refused(lambda: aws.client("datapipeline", keys).list_pipelines())
    assert code == "InvalidSignatureException"


# Functions

TRIES = """
    import boto3

    def handler(event, context):
        print("here it is")
        try:
            boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody="m")
        except Exception as error:
            return str(error)
        return boto3.client("sts").get_caller_identity()["Arn"]
"""


def test_a_function_has_the_permissions_of_its_role(aws: IamAccount) -> None:
    url, arn = aws.queue()
    role = aws.role(service="lambda.amazonaws.com")
    function = aws.function(TRIES, role)
    event = json.dumps({"queue": url})

    def said() -> str:
        answer = aws.client("lambda").invoke(FunctionName=function, Payload=event)
        return str(json.load(answer["Payload"]))

    assert f"not authorized to perform: sqs:sendmessage on resource: {arn}" in said()
    aws.let(role, allow("sqs:SendMessage", arn))
    name = role.rpartition("/")[2]
    assert said() == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{function.rpartition(':')[2]}"


def test_a_function_whose_role_may_not_write_has_no_log(aws: IamAccount) -> None:
    role = aws.role(service="lambda.amazonaws.com")
    function = aws.function(TRIES, role)
    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    invoke = aws.client("lambda").invoke
    invoke(FunctionName=function, Payload=b'{"queue": ""}')
    logs = aws.client("logs")
    aws.let(role, allow("logs:*", f"arn:aws:logs:{PLACE}:log-group:{group}:*"))
    # On a line of its own, after anything the first invocation would have logged.
    invoke(FunctionName=function, Payload=b'{"queue": ""}')

    def lines() -> list[str] | None:
        groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        found = logs.filter_log_events(logGroupName=group)["events"] if groups else []
        return [event["message"].strip() for event in found] or None

    assert eventually(lines, "no log").count("here it is") == 1


NODE = {"runtime": "nodejs22.x", "module": "code.js"}
TELLS_ITS_KEYS = """
    exports.handler = async () => {
        console.log("here it is");
        const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
        return [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN];
    };
"""


def test_a_function_in_another_language_has_the_keys_and_the_log_of_its_role(aws: IamAccount) -> None:
    role = aws.role(service="lambda.amazonaws.com")
    function = aws.function(TELLS_ITS_KEYS, role, **NODE)
    name = function.rpartition(":")[2]

    def invoked() -> Any:
        return json.load(aws.client("lambda").invoke(FunctionName=function, Payload=b"{}")["Payload"])

    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    keys = dict(zip(names, invoked(), strict=True))
    identity = aws.client("sts", keys).get_caller_identity()["Arn"]
    assert identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name}"
    assert refused(aws.client("s3", keys).list_buckets)[0] == "AccessDenied"
    group = f"/aws/lambda/{name}"
    aws.let(role, allow("logs:*", f"arn:aws:logs:{PLACE}:log-group:{group}:*"))
    invoked()
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert sum("here it is" in event["message"] for event in events) == 1


@pytest.mark.parametrize(("code", "settings"), [(TRIES, {}), (TELLS_ITS_KEYS, NODE)], ids=["Python", "Node"])
def test_a_role_that_is_not_for_lambda(aws: IamAccount, code: str, settings: dict[str, str]) -> None:
    function = aws.function(code, aws.role(service="states.amazonaws.com"), **settings)
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert "does not let lambda.amazonaws.com assume it" in json.load(answer["Payload"])["errorMessage"]


# State machines


def ended(aws: IamAccount, machine: str) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return eventually(over, "it is still running")


CHILD = {"Type": "Pass"}


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "action"),
    [
        (
            "lambda:invoke",
            lambda aws: {
                "FunctionName": aws.function(
                    "def handler(e, c): pass", aws.role(service="lambda.amazonaws.com")
                )
            },
            "Lambda.AWSLambdaException",
            "lambda:InvokeFunction",
        ),
        (
            "states:startExecution",
            lambda aws: {
                "StateMachineArn": aws.state_machine(CHILD, aws.role(service="states.amazonaws.com"))
            },
            "StepFunctions.AWSStepFunctionsException",
            "states:StartExecution",
        ),
        (
            "aws-sdk:datapipeline:reportTaskProgress",
            lambda _: {"TaskId": "t"},
            "DataPipeline.DataPipelineException",
            "datapipeline:ReportTaskProgress",
        ),
        (
            "aws-sdk:sqs:sendMessage",
            lambda aws: {"QueueUrl": aws.queue()[0], "MessageBody": "m"},
            "Sqs.SqsException",
            "sqs:SendMessage",
        ),
        (
            "sqs:sendMessage",
            lambda aws: {"QueueUrl": aws.queue()[0], "MessageBody": "m"},
            "SQS.AmazonSQSException",
            "sqs:SendMessage",
        ),
        (
            "aws-sdk:cloudwatchlogs:describeLogGroups",
            lambda _: {},
            "CloudWatchLogs.AccessDeniedException",
            "logs:DescribeLogGroups",
        ),
    ],
)
def test_a_state_machine_calls_with_its_role(
    aws: IamAccount, resource: str, arguments: Callable[[IamAccount], Any], error: str, action: str
) -> None:
    role = aws.role(service="states.amazonaws.com")
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": arguments(aws)}
    machine = aws.state_machine(task, role)
    failed = ended(aws, machine)
    assert (failed["status"], failed["error"]) == ("FAILED", error)
    said = f"assumed-role/{role.rpartition('/')[2]}/"
    assert said in failed["cause"]
    assert f"is not authorized to perform: {action} on resource: " in failed["cause"]
    aws.let(role, allow(action))
    again = ended(aws, machine)
    assert "not authorized" not in again.get("cause", ""), again


def test_a_state_machine_whose_log_its_role_may_not_set_up(aws: IamAccount) -> None:
    group = "/aws/vendedlogs/states/log"
    aws.client("logs").create_log_group(logGroupName=group)
    destination = {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:{PLACE}:log-group:{group}:*"}}
    logging = {"level": "ERROR", "destinations": [destination]}
    role = aws.role(allow("logs:CreateLogDelivery"), service="states.amazonaws.com")
    code, status, message = refused(lambda: aws.state_machine(CHILD, role, loggingConfiguration=logging))
    assert (code, status) == ("InvalidLoggingConfiguration", 400)
    assert "not authorized to access the Log Destination" in message
    aws.let(role, allow("logs:*"))
    aws.state_machine(CHILD, role, loggingConfiguration=logging)


# Keys


def key_with(aws: IamAccount, *statements: dict[str, Any]) -> str:
    """Create a key whose policy leaves permissions to the roles' own policies. Returns its ARN."""
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
    }
    policy = policy_of([owner, *statements], "*")
    return str(aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_an_encrypted_object_takes_the_key_of_its_reader_and_writer(aws: IamAccount) -> None:
    key = key_with(aws)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="encrypted")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket="encrypted", ServerSideEncryptionConfiguration=rule)
    objects = allow("s3:*", "arn:aws:s3:::encrypted/*")
    writer = aws.client("s3", aws.session(objects, allow("kms:GenerateDataKey", key)))
    reader = aws.client("s3", aws.session(objects, allow("kms:Decrypt", key)))

    def get(client: Any) -> Any:
        return client.get_object(Bucket="encrypted", Key="k")["Body"].read()

    def put(client: Any) -> Any:
        return client.put_object(Bucket="encrypted", Key="k", Body=b"b")

    code, status, message = refused(lambda: put(reader))
    assert (code, status) == ("AccessDenied", 403)
    assert f"is not authorized to perform: kms:GenerateDataKey on resource: {key} because" in message
    put(writer)
    assert get(reader) == b"b"
    assert "kms:Decrypt" in refused(lambda: get(writer))[2]
    # Parts are encrypted one by one, which takes decrypting the data key again.
    begin = {"Bucket": "encrypted", "Key": "parts"}
    assert "kms:Decrypt" in refused(lambda: writer.create_multipart_upload(**begin))[2]


def test_an_encrypted_state_machine_takes_the_key_of_its_role_and_of_its_readers(aws: IamAccount) -> None:
    key = key_with(aws)
    role = aws.role(service="states.amazonaws.com")
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key}
    machine = aws.state_machine(CHILD, role, encryptionConfiguration=encryption)
    starter = aws.client("stepfunctions", aws.session(allow("states:*")))
    code, status, message = refused(lambda: starter.start_execution(stateMachineArn=machine))
    assert (code, status) == ("KmsAccessDeniedException", 400)
    assert f"kms:Decrypt on resource: {key}" in message
    own = {"kms:EncryptionContext:aws:states:stateMachineArn": machine}
    aws.let(
        role, allow("kms:Decrypt", key, StringEquals=own), allow("kms:GenerateDataKey", key, StringEquals=own)
    )
    # The starter needs no permission on the key, but whoever reads the execution does.
    execution = starter.start_execution(stateMachineArn=machine)["executionArn"]
    code, _, _ = refused(lambda: starter.describe_execution(executionArn=execution))
    assert code == "KmsAccessDeniedException"
    starter.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    reader = aws.client("stepfunctions", aws.session(allow("states:*"), allow("kms:Decrypt", key)))
    assert reader.describe_execution(executionArn=execution)["executionArn"] == execution


def put_alarm(aws: IamAccount, name: str, topic: str) -> None:
    """An alarm that notifies a topic."""
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )


def notifications_of(aws: IamAccount, alarm: str, queue_url: str) -> int:
    """How many messages a queue gets when the alarm goes off."""
    before = len(aws.received(queue_url))
    for state in ("OK", "ALARM"):
        aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test's")
    return len(aws.received(queue_url)) - before


def test_an_encrypted_topic_takes_the_key_of_the_service_that_publishes(aws: IamAccount) -> None:
    sns = aws.client("sns")
    url, queue = aws.queue(by_service("sns.amazonaws.com", "sqs:SendMessage"))
    key = key_with(aws)
    topic = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    put_alarm(aws, "e", topic)

    def notifications() -> int:
        return notifications_of(aws, "e", url)

    assert notifications() == 0
    use = by_service("cloudwatch.amazonaws.com", "kms:*", SourceArn=f"arn:aws:cloudwatch:{PLACE}:alarm:e")
    owner = json.loads(aws.client("kms").get_key_policy(KeyId=key)["Policy"])["Statement"]
    aws.client("kms").put_key_policy(KeyId=key, Policy=policy_of([*owner, use], "*"))
    assert notifications() == 1


# Services among each other


def test_an_alarm_and_a_topic_deliver_what_the_policies_allow(aws: IamAccount) -> None:
    """CloudWatch to SNS by the topic's policy, SNS to SQS by the queue's."""
    sns = aws.client("sns")
    url, queue = aws.queue(by_service("sns.amazonaws.com", "sqs:SendMessage"))
    deaf_url, deaf = aws.queue(
        by_service("sns.amazonaws.com", "sqs:SendMessage", SourceArn="arn:aws:sns:*:t")
    )
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    for endpoint in (queue, deaf):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint)
    put_alarm(aws, "a", topic)

    def notifications() -> int:
        return notifications_of(aws, "a", url)

    def set_policy(*statements: dict[str, Any]) -> None:
        policy = policy_of(statements, topic)
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)

    assert notifications() == 1, "the policy that SNS gives a topic lets alarms of its account publish"
    tls_alone = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    set_policy(tls_alone)
    assert notifications() == 0
    set_policy(tls_alone, by_service("cloudwatch.amazonaws.com", "sns:Publish", SourceArn="arn:*:alarm:b"))
    assert notifications() == 0
    alarms = f"arn:aws:cloudwatch:{PLACE}:alarm:*"
    set_policy(tls_alone, by_service("cloudwatch.amazonaws.com", "sns:Publish", SourceArn=alarms))
    assert notifications() == 1
    assert aws.received(deaf_url) == []


def test_a_rule_delivers_what_the_targets_policies_allow(aws: IamAccount) -> None:
    events, lambda_ = aws.client("events"), aws.client("lambda")
    url, queue = aws.queue(by_service("events.amazonaws.com", "sqs:SendMessage"))
    deaf_url, deaf = aws.queue(
        by_service("events.amazonaws.com", "sqs:SendMessage", SourceArn="arn:*:rule/b")
    )
    heard_url, _ = aws.queue()
    function = aws.function(
        "import boto3\n"
        f"def handler(e, c): boto3.client('sqs').send_message(QueueUrl={heard_url!r}, MessageBody='m')",
        aws.role(allow("sqs:SendMessage"), service="lambda.amazonaws.com"),
    )
    rule = events.put_rule(Name="a", EventPattern=json.dumps({"source": ["test"]}))["RuleArn"]
    targets = [{"Id": str(number), "Arn": arn} for number, arn in enumerate((queue, deaf, function))]
    events.put_targets(Rule="a", Targets=targets)

    def happens() -> None:
        events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": "{}"}])

    happens()
    assert len(aws.received(url)) == 1
    permission = {
        "FunctionName": function,
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
    }
    lambda_.add_permission(**permission, StatementId="other", SourceArn=rule.replace("/a", "/b"))
    happens()
    lambda_.add_permission(**permission, StatementId="own", SourceArn=rule)
    happens()
    eventually(lambda: aws.received(heard_url) or None, "the function was not invoked")
    time.sleep(0.2)
    assert len(aws.received(heard_url)) == 1, "it was invoked before it was allowed"
    assert aws.received(deaf_url) == []


def test_a_schedule_starts_with_its_role_and_uses_its_dead_letter_queue_with_it(aws: IamAccount) -> None:
    machine = aws.state_machine(CHILD, aws.role(service="states.amazonaws.com"))
    (url, queue), (deaf_url, deaf) = aws.queue(), aws.queue()
    role = aws.role(allow("sqs:SendMessage", queue), service="scheduler.amazonaws.com")
    scheduler, states = aws.client("scheduler"), aws.client("stepfunctions")

    def at_once(name: str, dead_letters: str) -> None:
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dead_letters}},
        )

    at_once("without", queue)
    (letter,) = eventually(lambda: aws.received(url) or None, "no dead letter")
    attributes = {key: attribute["StringValue"] for key, attribute in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "AccessDeniedException"
    assert (
        f"not authorized to perform: states:StartExecution on resource: {machine}"
        in attributes["ERROR_MESSAGE"]
    )
    assert states.list_executions(stateMachineArn=machine)["executions"] == []
    at_once("lost", deaf)
    aws.let(role, allow("states:StartExecution", machine))
    at_once("with", queue)
    eventually(
        lambda: states.list_executions(stateMachineArn=machine)["executions"] or None, "it was not started"
    )
    assert aws.received(deaf_url) == []


def test_a_role_for_schedules_of_another_account(aws: IamAccount) -> None:
    machine = aws.state_machine(CHILD, aws.role(service="states.amazonaws.com"))
    url, queue = aws.queue()
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    role = aws.role(allow("states:StartExecution"), allow("sqs:SendMessage"), trust=trust)
    aws.client("scheduler").create_schedule(
        Name="foreign",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": queue}},
    )
    time.sleep(1)
    assert aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"] == []
    assert aws.received(url) == []


def test_denials_are_said_once(up: Command, aws: IamAccount) -> None:
    client = aws.client("s3", aws.session(name="talkative"))
    for _ in range(3):
        refused(client.list_buckets)
    said = [line for line in up.err if "talkative" in line]
    assert len(said) == 1
    assert said[0].startswith("denied: User: arn:aws:sts::")


@pytest.mark.usefixtures("aws")
def test_policy_variables_have_the_callers_values(aws: IamAccount, tmp_path: Path) -> None:
    aws.client("s3").create_bucket(Bucket="homes")
    home = allow("s3:PutObject", "arn:aws:s3:::homes/${aws:PrincipalTag/team, 'nobody'}/*")
    client = aws.client("s3", aws.session(home))
    client.put_object(Bucket="homes", Key="nobody/x", Body=b"")
    assert refused(lambda: client.put_object(Bucket="homes", Key="somebody/x", Body=b""))[0] == "AccessDenied"
    absent = aws.client("s3", aws.session(allow("s3:PutObject", "arn:aws:s3:::homes/${aws:username}*")))
    assert refused(lambda: absent.put_object(Bucket="homes", Key="x", Body=b""))[0] == "AccessDenied"
