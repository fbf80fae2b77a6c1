"""What the CDK makes of a cluster, a network and a task definition deploys, and the task runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.ecs.account import NETWORK, TASKS, EcsAccount, eventually

TRUST = {
    "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": TASKS}}],
    "Version": "2012-10-17",
}
LOG_STATEMENT = {
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Effect": "Allow",
    "Resource": {"Fn::GetAtt": ["Log", "Arn"]},
}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Providers": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "Cluster": {"Ref": "Cluster"},
                "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}],
            },
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "T/Sg",
                "SecurityGroupEgress": [{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}],
                "VpcId": "vpc-12345678",
            },
        },
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 731}},
        "TaskRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "ExecutionRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "ExecutionPolicy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyDocument": {"Statement": [LOG_STATEMENT], "Version": "2012-10-17"},
                "PolicyName": "Logs",
                "Roles": [{"Ref": "ExecutionRole"}],
            },
        },
        "Definition": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "ContainerDefinitions": [
                    {
                        "Command": ["echo $A; exit 3"],
                        "EntryPoint": ["sh", "-c"],
                        "Environment": [{"Name": "A", "Value": "deployed"}],
                        "Essential": True,
                        "Image": "public.ecr.aws/lambda/python:3.13",
                        "LinuxParameters": {"Capabilities": {}, "InitProcessEnabled": True},
                        "LogConfiguration": {
                            "LogDriver": "awslogs",
                            "Options": {
                                "awslogs-group": {"Ref": "Log"},
                                "awslogs-stream-prefix": "task",
                                "awslogs-region": {"Ref": "AWS::Region"},
                            },
                        },
                        "Name": "main",
                        "StopTimeout": 90,
                    }
                ],
                "Cpu": "1024",
                "EphemeralStorage": {"SizeInGiB": 50},
                "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
                "Family": "deployed",
                "Memory": "4096",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
                "TaskRoleArn": {"Fn::GetAtt": ["TaskRole", "Arn"]},
            },
        },
    },
    "Outputs": {
        "Cluster": {"Value": {"Fn::GetAtt": ["Cluster", "Arn"]}},
        "Definition": {"Value": {"Ref": "Definition"}},
        "Group": {"Value": {"Fn::GetAtt": ["Group", "GroupId"]}},
        "Log": {"Value": {"Ref": "Log"}},
    },
}


@pytest.fixture(scope="module")
def outputs(aws: EcsAccount) -> dict[str, str]:
    stacks = aws.client("cloudformation")
    stacks.create_stack(
        StackName="containers", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
    )

    def deployed() -> dict[str, str] | None:
        (stack,) = stacks.describe_stacks(StackName="containers")["Stacks"]
        if stack["StackStatus"].endswith("IN_PROGRESS"):
            return None
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    return eventually(deployed)


def test_a_task_of_a_template_runs(aws: EcsAccount, outputs: dict[str, str]) -> None:
    cluster = outputs["Cluster"]
    network = NETWORK["awsvpcConfiguration"] | {"securityGroups": [outputs["Group"]]}
    (started,) = aws.ecs.run_task(
        cluster=cluster,
        taskDefinition=outputs["Definition"],
        networkConfiguration={"awsvpcConfiguration": network},
    )["tasks"]
    arn = started["taskArn"]

    def ended() -> dict[str, Any] | None:
        task: dict[str, Any] = aws.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = eventually(ended)
    assert task["containers"][0]["exitCode"] == 3, task
    assert task["capacityProviderName"] == "FARGATE_SPOT"
    assert (task["cpu"], task["memory"], task["ephemeralStorage"]) == ("1024", "4096", {"sizeInGiB": 50})
    assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": "arm64"}]
    events = aws.client("logs").get_log_events(
        logGroupName=outputs["Log"], logStreamName=f"task/main/{arn.rpartition('/')[2]}"
    )["events"]
    assert [event["message"] for event in events] == ["deployed"]


def test_a_definition_of_a_template_is_described_with_all_members(
    aws: EcsAccount, outputs: dict[str, str]
) -> None:
    found = aws.ecs.describe_task_definition(taskDefinition=outputs["Definition"])["taskDefinition"]
    container = found["containerDefinitions"][0]
    assert container["stopTimeout"] == 90
    assert container["linuxParameters"]["initProcessEnabled"] is True
    assert container["logConfiguration"]["options"]["awslogs-region"] == "us-east-1"
    assert found["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert found["ephemeralStorage"] == {"sizeInGiB": 50}
