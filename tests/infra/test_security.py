"""Every permission of the stack has a reason here; a statement or a finding without one fails."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template
from cdk_nag import AwsSolutionsChecks

from infra.handlers import Container, exists, shell_command, shell_command_precondition
from infra.registration import Handlers
from infra.stack import TaskRunnerStack
from infra.worker_group import WorkerGroup
from local.launch import ROOT
from tests.infra.conftest import a_vpc, synthesize
from tests.infra.policies import actions, conditions, resources, role_statements, statements, text

DATA_KEY = "arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef"
GROUPS = [WorkerGroup("etl", max_concurrent_tasks=3)]


def handlers() -> Handlers:
    granted = iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::sales/in/*"])
    return {
        "ShellCommandActivity": shell_command(statements=[granted]),
        "ShellCommandPrecondition": shell_command_precondition(),
        "Exists": exists(),
        "nightly": shell_command(compute=Container(vpc=a_vpc())),
    }


LOG_DELIVERY = (
    "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies "
    "logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery"
)

ECS = "arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:"
MANAGED_RULE = (
    "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:rule/StepFunctionsGetEventsForECSTaskRule"
)

# (role, actions, resource, condition): why. In patterns `*` matches any text, `[*]` matches itself.
ALLOWED: dict[tuple[str, str, str, str], str] = {
    ("PollLoop*FunctionRole*", "logs:CreateLogStream logs:PutLogEvents", "<PollLoopetlLogs*.Arn>", ""): (
        "The poller writes its own log."
    ),
    ("PollLoop*FunctionRole*", "datapipeline:PollForTask", "[*]", "datapipeline:workerGroup=etl"): (
        "PollForTask has no resource; the condition keeps the poller to its worker group."
    ),
    ("PollLoop*FunctionRole*", "datapipeline:ReportTaskRunnerHeartbeat", "[*]", ""): (
        "The heartbeat has neither a resource nor a condition."
    ),
    ("PollLoop*FunctionRole*", "s3:PutObject", "<Claims*.Arn>/claims/[*]", ""): (
        "The poller puts objects with secrets aside; it cannot read them again."
    ),
    ("PollLoop*FunctionRole*", "states:ListExecutions", "<RunTaskStateMachine????????>", ""): (
        "The poller counts running tasks for max_concurrent_tasks, and sees whether the group has work."
    ),
    (
        "PollLoop*FunctionRole*",
        "states:ListExecutions",
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:TaskRunner-PollLoop-etl",
        "",
    ): "The poller sees whether the execution before, of its own PollLoop, still polls.",
    ("PollLoop*StateMachineRole*", "lambda:InvokeFunction", "<PollLoopetlFunction*.Arn>", ""): (
        "PollLoop invokes its own poller."
    ),
    ("PollLoop*StateMachineRole*", "lambda:InvokeFunction", "<PollLoopetlFunction*.Arn>:[*]", ""): (
        "CDK grants every version with a function. Nothing is called by a version."
    ),
    ("PollLoop*StateMachineRole*", "states:StartExecution", "<RunTaskStateMachine????????>", ""): (
        "PollLoop starts RunTask."
    ),
    ("PollLoop*ScheduleRole*", "states:StartExecution", "<PollLoopetlStateMachine????????>", ""): (
        "A tick starts PollLoop."
    ),
    ("PollLoop*ScheduleRole*", "sqs:SendMessage", "<TicksNotDelivered*.Arn>", ""): (
        "A tick that cannot be delivered goes to its dead-letter queue."
    ),
    ("EventsFunctionRole*", "logs:CreateLogStream logs:PutLogEvents", "<EventsLogs*.Arn>", ""): (
        "The function that counts what has ended writes its own log, which holds its metrics too."
    ),
    (
        "EventsFunctionRole*",
        "states:DescribeExecution",
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:TaskRunner-RunTask:[*]",
        "",
    ): "It asks for what is too large for an event.",
    ("*StateMachineRole*", LOG_DELIVERY, "[*]", ""): (
        "A state machine sets up the delivery of its log; these actions have no resource (Step Functions "
        "developer guide, logging)."
    ),
    ("RunTaskStateMachineRole*", "lambda:InvokeFunction", "<Handler*Function*.Arn>", ""): (
        "RunTask invokes the handlers."
    ),
    ("RunTaskStateMachineRole*", "lambda:InvokeFunction", "<Handler*Function*.Arn>:[*]", ""): (
        "CDK grants every version with a function; a function from elsewhere may be named by its alias."
    ),
    (
        "RunTaskStateMachineRole*",
        "cloudwatch:PutMetricData",
        "[*]",
        "cloudwatch:namespace=DataPipelineTaskRunner",
    ): "RunTask counts tasks that wait for capacity; the condition keeps it to the project's metrics.",
    ("RunTaskStateMachineRole*", "datapipeline:ReportTaskProgress", "[*]", ""): (
        "RunTask acknowledges; the developer guide knows no resource for this action."
    ),
    ("RunTaskStateMachineRole*", "datapipeline:SetTaskStatus", "[*]", ""): (
        "RunTask reports; the developer guide knows no resource for this action."
    ),
    ("Handler*FunctionRole*", "logs:CreateLogStream logs:PutLogEvents", "<Handler*Logs*.Arn>", ""): (
        "A handler writes its own log."
    ),
    (
        "Handler*FunctionRole*",
        "datapipeline:DescribeObjects datapipeline:EvaluateExpression datapipeline:ReportTaskProgress",
        "[*]",
        "",
    ): "A handler reports progress and reads its pipeline; the developer guide knows no resource for these.",
    ("Handler*FunctionRole*", "s3:GetObject", "<Claims*.Arn>/claims/[*]", ""): (
        "A handler reads its task's secrets, by a name that it is told; it cannot list them."
    ),
    ("HandlerShell*FunctionRole*", "sts:AssumeRole", "<Handler*CommandRole*.Arn>", ""): (
        "A shell handler takes on the role of its own commands."
    ),
    ("HandlerShellCommandActivityCommandRole*", "s3:GetObject", "arn:aws:s3:::sales/in/[*]", ""): (
        "What app.py grants to commands."
    ),
    # Handlers in containers.
    ("RunTaskStateMachineRole*", "s3:PutObject", "<Claims*.Arn>/containers/[*]/event.json", ""): (
        "RunTask puts the handler's event where the container finds it."
    ),
    ("RunTaskStateMachineRole*", "ecs:RunTask", f"{ECS}task-definition/TaskRunner-nightly:[*]", ""): (
        "RunTask starts the container, of an earlier revision too if it began before a deployment."
    ),
    ("RunTaskStateMachineRole*", "ecs:DescribeTasks ecs:StopTask", f"{ECS}task/<Cluster>/[*]", ""): (
        "Step Functions waits for the container's end, and stops it if the task is canceled or the execution "
        "aborted; a task's id is not known before (Step Functions developer guide, ECS)."
    ),
    (
        "RunTaskStateMachineRole*",
        "iam:PassRole",
        "<Handlernightly*Role*.Arn>",
        "iam:PassedToService=ecs-tasks.amazonaws.com",
    ): "RunTask hands the container its roles.",
    (
        "RunTaskStateMachineRole*",
        "events:DescribeRule events:PutRule events:PutTargets",
        MANAGED_RULE,
        "",
    ): "Step Functions makes the rule by which it learns of a container's end.",
    ("Handler*TaskRole*", "s3:GetObject", "arn:<AWS::Partition>:s3:::*assets*.zip", ""): (
        "A container fetches the runner's code, and a shell handler's the AWS CLI."
    ),
    ("Handler*TaskRole*", "s3:GetObject", "<Claims*.Arn>/containers/[*]/event.json", ""): (
        "A container reads its event, by a name that it is told; it cannot list others."
    ),
    ("Handler*TaskRole*", "s3:PutObject", "<Claims*.Arn>/containers/[*]/started", ""): (
        "A container takes its task, unless another one has."
    ),
    ("Handler*TaskRole*", "s3:GetObject", "<Claims*.Arn>/containers/[*]/started", ""): (
        "A container whose request was answered too late looks whether it has taken its task."
    ),
    ("Handler*TaskRole*", "s3:PutObject", "<Claims*.Arn>/containers/[*]/outcome.json", ""): (
        "A container tells how the work ended."
    ),
    (
        "Handler*TaskRole*",
        "datapipeline:DescribeObjects datapipeline:EvaluateExpression datapipeline:ReportTaskProgress",
        "[*]",
        "",
    ): "A handler reports progress and reads its pipeline, wherever it runs.",
    ("Handler*TaskRole*", "s3:GetObject", "<Claims*.Arn>/claims/[*]", ""): (
        "A handler reads its task's secrets, by a name that it is told; it cannot list them."
    ),
    ("Handler*TaskRole*", "sts:AssumeRole", "<Handler*CommandRole*.Arn>", ""): (
        "A shell handler takes on the role of its own commands."
    ),
    ("Handler*ExecutionRole*", "logs:CreateLogStream logs:PutLogEvents", "<Handler*Logs*.Arn>", ""): (
        "Amazon ECS writes the container's log."
    ),
    (
        "ContainerEndedFunctionRole*",
        "logs:CreateLogStream logs:PutLogEvents",
        "<ContainerEndedLogs*.Arn>",
        "",
    ): ("The function that ends containers writes its own log."),
    ("ContainerEndedFunctionRole*", "ecs:ListTasks", "[*]", "ecs:cluster=<Cluster*.Arn>"): (
        "It looks for containers of a task. Fargate has none of this action's resources; the condition keeps "
        "it to the stack's cluster."
    ),
    ("ContainerEndedFunctionRole*", "ecs:DescribeTasks ecs:StopTask", f"{ECS}task/<Cluster>/[*]", ""): (
        "It stops the containers of a task that is over."
    ),
    ("ContainerEndedFunctionRole*", "s3:GetObject", "<Claims*.Arn>/containers/[*]/outcome.json", ""): (
        "It reads how the work ended."
    ),
    ("ContainerEndedFunctionRole*", "s3:PutObject", "<Claims*.Arn>/containers/[*]/started", ""): (
        "It takes the task of an aborted execution, so that no late container begins it."
    ),
    ("ContainerEndedFunctionRole*", "s3:GetObject", "<Claims*.Arn>/containers/[*]/started", ""): (
        "It looks who has taken the task before."
    ),
    ("ContainerEndedFunctionRole*", "s3:ListBucket", "<Claims*.Arn>", "s3:prefix=containers/[*]"): (
        "It looks what a container has written."
    ),
    ("RunTaskStateMachineRole*", "lambda:InvokeFunction", "<ContainerEndedFunction*.Arn>", ""): (
        "RunTask invokes the function that ends containers."
    ),
    ("RunTaskStateMachineRole*", "lambda:InvokeFunction", "<ContainerEndedFunction*.Arn>:[*]", ""): (
        "CDK grants every version with a function."
    ),
}

# In addition, with a customer managed key.
ALLOWED_WITH_KEY: dict[tuple[str, str, str, str], str] = {
    ("*StateMachineRole*", "kms:Decrypt kms:GenerateDataKey", DATA_KEY, "kms:EncryptionContext:*"): (
        "A state machine encrypts its own data."
    ),
    ("*StateMachineRole*", "kms:GenerateDataKey", DATA_KEY, "kms:EncryptionContext:SourceArn=*:logs:*"): (
        "A state machine encrypts its log."
    ),
    ("PollLoop*FunctionRole*", "kms:GenerateDataKey", DATA_KEY, ""): (
        "The poller writes claims, and cannot decrypt them."
    ),
    (
        "EventsFunctionRole*",
        "states:DescribeExecution",
        "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:TaskRunner-PollLoop-[*]:[*]",
        "",
    ): "It asks for what events leave out, now of all executions.",
    (
        "EventsFunctionRole*",
        "kms:Decrypt",
        DATA_KEY,
        "kms:EncryptionContext:aws:states:stateMachineArn=*RunTask*PollLoop-[*]*",
    ): "It decrypts what it asks for.",
    ("Handler*FunctionRole*", "kms:Decrypt", DATA_KEY, ""): "A handler reads its task's claim.",
    ("Handler*TaskRole*", "kms:Decrypt", DATA_KEY, ""): "A handler reads its event and its task's claim.",
    ("Handler*TaskRole*", "kms:GenerateDataKey", DATA_KEY, ""): "A container tells how the work ended.",
    ("ContainerEndedFunctionRole*", "kms:Decrypt kms:GenerateDataKey", DATA_KEY, ""): (
        "The function that ends containers reads and writes their objects."
    ),
    ("RunTaskStateMachineRole*", "kms:GenerateDataKey", DATA_KEY, ""): "RunTask writes events.",
}

ALARMS = (
    "aws:SourceAccount=<AWS::AccountId> "
    "aws:SourceArn=arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*"
)

# (policy or permission, actions, principal, condition): what others may do here, and why.
ALLOWED_TO_OTHERS: dict[tuple[str, str, str, str], str] = {
    ("MonitoringTopicPolicy*", "sns:Publish", "cloudwatch.amazonaws.com", ALARMS): (
        "Alarms of this account tell the topic; a policy of one's own replaces the one that lets them."
    ),
    (
        "EventsNotReportedPolicy*",
        "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage",
        "events.amazonaws.com",
        "aws:SourceArn=<EventsRunTaskFailed*.Arn>",
    ): (
        "EventBridge sends failed RunTask executions to the dead-letter queue, for this rule alone. CDK lets "
        "whoever may send look at the queue."
    ),
    ("EventsRunTaskEnded*", "lambda:InvokeFunction", "events.amazonaws.com", "<EventsRunTaskEnded*.Arn>"): (
        "EventBridge invokes the function that counts, for this rule alone."
    ),
    (
        "EventsPollLoopFailed*",
        "lambda:InvokeFunction",
        "events.amazonaws.com",
        "<EventsPollLoopFailed*.Arn>",
    ): ("EventBridge invokes the function that counts, for this rule alone."),
    (
        "EventsContainerLeft*",
        "lambda:InvokeFunction",
        "events.amazonaws.com",
        "<EventsContainerLeft*.Arn>",
    ): ("EventBridge invokes the function that ends containers, for this rule alone."),
}

# (rule, construct): why cdk-nag's finding is accepted.
ACCEPTED: dict[tuple[str, str], str] = {
    ("AwsSolutions-S1", "TaskRunner/Default/Claims/*"): (
        "Access logs of claims would need a second bucket, and would themselves have to be kept; CloudTrail "
        "data events tell the same to those who switch them on."
    ),
    ("AwsSolutions-L1", "*"): (
        "python3.13 is supported by Lambda until 2029, and is what the code is tested on; the rule asks for "
        "the newest that CDK knows."
    ),
    ("AwsSolutions-SF1", "*/StateMachine/*"): (
        "Errors are logged. The rest is in each execution's history for 90 days; to log every event as well "
        "would cost more than the executions."
    ),
    ("AwsSolutions-SF2", "*/StateMachine/*"): "X-Ray is paid for by trace, and the history tells the same.",
    ("AwsSolutions-SQS3", "TaskRunner/*/Resource"): "They are dead-letter queues themselves.",
    # ALLOWED has each statement on "*" or on a prefix, with its reason.
    ("AwsSolutions-IAM5[[]Resource::[*]]", "*"): "See ALLOWED.",
    ("AwsSolutions-IAM5[[]Resource::<Claims*.Arn>/claims/[*]]", "*"): "See ALLOWED.",
    ("AwsSolutions-IAM5[[]Resource::<*Function*.Arn>:[*]]", "*StateMachine/Role/*"): "See ALLOWED.",
    ("AwsSolutions-IAM5[[]Resource::arn:aws:s3:::sales/in/[*]]", "*CommandRole/*"): "See ALLOWED.",
    ("AwsSolutions-IAM5[[]Resource::*:execution:TaskRunner-RunTask:[*]]", "*/Events/FunctionRole/*"): (
        "See ALLOWED."
    ),
    ("AwsSolutions-IAM5[[]Resource::<Claims*.Arn>/containers/[*]/*]", "*"): "See ALLOWED.",
    ("AwsSolutions-IAM5[[]Resource::arn:*:ecs:*:task*]", "*"): "See ALLOWED.",
    ("AwsSolutions-ECS2", "*"): "The variables of a task definition hold no secret.",
    ("AwsSolutions-ECS4", "*"): (
        "Container Insights are paid for by metric, and the stack's own log tells each container's end."
    ),
}


@pytest.fixture(scope="module")
def whole() -> Template:
    return synthesize(GROUPS, handlers())


def with_key() -> Template:
    stack = cdk.Stack(cdk.App(), "Keys")
    return synthesize(GROUPS, handlers(), encryption_key=kms.Key.from_key_arn(stack, "Key", DATA_KEY))


Line = tuple[str, str, str, str]


def of_roles(template: Template) -> list[Line]:
    return [
        (role, " ".join(sorted(actions([statement]))), resource, conditions(statement))
        for role, statement in role_statements(template)
        for resource in resources(statement)
        if statement["Effect"] == "Allow"
    ]


def of_others(template: Template) -> list[Line]:
    """What resource policies and function permissions allow other principals."""
    found = []
    for name, resource in template.to_json()["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            source = text(properties["SourceArn"])
            found.append((name, properties["Action"], properties["Principal"], source))
        elif resource["Type"] in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"):
            for statement in properties["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    (principal,) = statement["Principal"].values()
                    line = (
                        name,
                        " ".join(sorted(actions([statement]))),
                        text(principal),
                        conditions(statement),
                    )
                    found.append(line)
    return found


def unexplained(found: list[Line], allowed: dict[Line, str]) -> tuple[list[Line], list[Line]]:
    """The statements that no line allows, and the lines that allow nothing."""

    def allows(line: tuple[str, ...], row: tuple[str, ...]) -> bool:
        return all(fnmatchcase(text, pattern) for text, pattern in zip(row, line, strict=True))

    return (
        [row for row in found if not any(allows(line, row) for line in allowed)],
        [line for line in allowed if not any(allows(line, row) for row in found)],
    )


def test_every_statement_has_a_reason_and_every_reason_a_statement(whole: Template) -> None:
    assert unexplained(of_roles(whole), ALLOWED) == ([], [])


def test_a_key_adds_what_its_use_needs_and_no_more() -> None:
    assert unexplained(of_roles(with_key()), ALLOWED | ALLOWED_WITH_KEY) == ([], [])


def test_what_others_may_do_has_a_reason(whole: Template) -> None:
    assert unexplained(of_others(whole), ALLOWED_TO_OTHERS) == ([], [])


def test_no_role_has_a_managed_policy(whole: Template) -> None:
    for name, role in whole.find_resources("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role["Properties"], name


def test_each_role_is_for_one_principal(whole: Template) -> None:
    """And only a handler's function assumes the role of its commands."""
    for name, role in whole.find_resources("AWS::IAM::Role").items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        (principal,) = statement["Principal"].values()
        if "CommandRole" in name:
            owner = name.partition("CommandRole")[0]
            owners = (f"{owner}FunctionRole", f"{owner}ContainerTaskRole")
            assert principal["Fn::GetAtt"][0].startswith(owners), name
        else:
            assert principal in (
                "ecs-tasks.amazonaws.com",
                "lambda.amazonaws.com",
                "scheduler.amazonaws.com",
                "states.amazonaws.com",
            ), name


def test_no_function_can_do_anothers_work(whole: Template) -> None:
    """The poller, RunTask and the handlers may not do each other's work."""
    poller, loop, run_task = (
        actions(statements(whole, owner))
        for owner in ("PollLoopetlFunction", "PollLoopetlStateMachine", "RunTaskStateMachine")
    )
    shell = actions(statements(whole, "HandlerShellCommandActivityFunction"))
    commands = actions(statements(whole, "HandlerShellCommandActivityCommandRole"))
    of_one = {
        "datapipeline:PollForTask": poller,
        "states:StartExecution": loop,
        "datapipeline:SetTaskStatus": run_task,
        "datapipeline:EvaluateExpression": shell,
        "sts:AssumeRole": shell,
    }
    for action, owner in of_one.items():
        owners = [owner for owner in (poller, loop, run_task, shell, commands) if action in owner]
        assert owners == [owner], action


def test_whoever_puts_objects_aside_has_a_folder_of_its_own(whole: Template) -> None:
    folders = {
        role.partition("Role")[0]: resource.partition(">/")[2].partition("/")[0]
        for role, statement in role_statements(whole)
        if "s3:PutObject" in actions([statement])
        for resource in resources(statement)
    }
    assert folders == {
        "PollLoopetlFunction": "claims",
        "RunTaskStateMachine": "containers",
        "HandlernightlyContainerTask": "containers",
        "ContainerEndedFunction": "containers",
    }


def test_a_handler_writes_no_log_but_its_own(whole: Template) -> None:
    for role, statement in role_statements(whole):
        if "logs:PutLogEvents" in actions([statement]):
            (group,) = resources(statement)
            owner = role.partition("FunctionRole")[0].partition("ExecutionRole")[0]
            assert group.startswith(f"<{owner}Logs"), role


def test_a_handler_in_a_vpc_may_have_network_interfaces_and_no_other_logs() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Net", env=cdk.Environment(account="000000000000", region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    template = synthesize(
        handlers={"Exists": exists(vpc=vpc)},
        env=cdk.Environment(account="000000000000", region="us-east-1"),
    )
    managed = [
        json.dumps(role["Properties"]["ManagedPolicyArns"])
        for role in template.find_resources("AWS::IAM::Role").values()
        if "ManagedPolicyArns" in role["Properties"]
    ]
    assert len(managed) == 1
    assert "AWSLambdaENIManagementAccess" in managed[0]


def test_cdk_nag_finds_nothing_unexplained(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    TaskRunnerStack(app, "TaskRunner", worker_groups=GROUPS, handlers=handlers())
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    found = {
        (violation["ruleName"], construct["constructPath"])
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
    }

    def accepts(line: tuple[str, str], finding: tuple[str, str]) -> bool:
        return fnmatchcase(finding[0], line[0]) and fnmatchcase(finding[1], line[1])

    assert [finding for finding in found if not any(accepts(line, finding) for line in ACCEPTED)] == []
    assert [line for line in ACCEPTED if not any(accepts(line, finding) for finding in found)] == []


def test_buckets_are_private_encrypted_tls_only_and_expiring(whole: Template) -> None:
    buckets = whole.find_resources("AWS::S3::Bucket")
    policies = [policy["Properties"] for policy in whole.find_resources("AWS::S3::BucketPolicy").values()]
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        rules = properties["LifecycleConfiguration"]["Rules"]
        assert any(rule["Status"] == "Enabled" and rule.get("ExpirationInDays") == 7 for rule in rules)
        (policy,) = [policy for policy in policies if policy["Bucket"] == {"Ref": name}]
        assert [
            (statement["Effect"], statement["Action"], statement["Condition"])
            for statement in policy["PolicyDocument"]["Statement"]
        ] == [("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})]


def test_every_log_expires_and_holds_no_execution_data(whole: Template) -> None:
    whole.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
    whole.all_resources_properties(
        "AWS::StepFunctions::StateMachine",
        {"LoggingConfiguration": Match.object_like({"IncludeExecutionData": False, "Level": "ERROR"})},
    )


def test_a_key_encrypts_state_logs_and_claims() -> None:
    template = with_key()
    template.all_resources_properties("AWS::Logs::LogGroup", {"KmsKeyId": DATA_KEY})
    template.all_resources_properties(
        "AWS::StepFunctions::StateMachine",
        {"EncryptionConfiguration": {"KmsKeyId": DATA_KEY, "Type": "CUSTOMER_MANAGED_KMS_KEY"}},
    )
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "KMSMasterKeyID": DATA_KEY,
                            "SSEAlgorithm": "aws:kms",
                        },
                    }
                ]
            }
        },
    )


def test_the_owner_of_an_imported_key_is_told_what_the_key_of_an_app_is_given() -> None:
    app, place = cdk.App(), cdk.Environment(account="111122223333", region="eu-west-1")
    keys = cdk.Stack(app, "Keys", env=place)
    TaskRunnerStack(
        app, "Own", worker_groups=GROUPS, handlers=handlers(), encryption_key=kms.Key(keys, "Key"), env=place
    )
    (key,) = Template.from_stack(keys).find_resources("AWS::KMS::Key").values()
    given = {
        (text(statement["Principal"]["Service"]), *sorted(actions([statement])))
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        # An imported key does not encrypt the alarms' topic.
        if statement["Principal"].get("Service") not in (None, "cloudwatch.amazonaws.com")
    }
    page = (ROOT / "docs" / "security.md").read_text()
    told = [
        (statement["Principal"]["Service"], *sorted(actions([statement])))
        for block in re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        for statement in json.loads(block)
        if statement.get("Effect") == "Allow"
    ]
    assert sorted(told) == sorted(given)


def with_key_of_the_app() -> tuple[Template, list[dict[str, Any]]]:
    """The stack, and the statements of its key's policy."""
    app = cdk.App()
    keys = cdk.Stack(app, "Keys")
    key = kms.Key(keys, "Key")
    stack = TaskRunnerStack(app, "TaskRunner", worker_groups=GROUPS, handlers=handlers(), encryption_key=key)
    (made,) = Template.from_stack(keys).find_resources("AWS::KMS::Key").values()
    return Template.from_stack(stack), made["Properties"]["KeyPolicy"]["Statement"]


def test_a_key_of_the_app_lets_cloudwatch_logs_use_it_for_this_account_alone() -> None:
    _, policy = with_key_of_the_app()
    (found,) = [
        statement for statement in policy if "kms:EncryptionContext:aws:logs:arn" in conditions(statement)
    ]
    assert "logs." in json.dumps(found["Principal"])


def test_a_key_of_the_app_lets_alarms_tell_the_topic_that_it_encrypts() -> None:
    """And only those of this account (SNS developer guide, managing keys)."""
    template, policy = with_key_of_the_app()
    (topic,) = template.find_resources("AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" in topic["Properties"]
    (found,) = [
        statement for statement in policy if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert actions([found]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert conditions(found) == ALARMS


def test_no_alarm_is_lost_for_a_key_whose_policy_cannot_be_changed_here() -> None:
    (topic,) = with_key().find_resources("AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" not in topic.get("Properties", {})
