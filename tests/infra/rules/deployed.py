"""The values of a template after CloudFormation has deployed it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_cdk.assertions import Template

from tests.infra.rules.variants import ACCOUNT, REGION, STACK

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}

# type: (the property that names it, its ARN behind "arn:aws:", what Ref gives).
_KINDS: dict[str, tuple[str, str, str]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}", "{name}"),
    "AWS::ECS::Cluster": ("ClusterName", "ecs:{region}:{account}:cluster/{name}", "{name}"),
    "AWS::ECS::TaskDefinition": ("Family", "ecs:{region}:{account}:task-definition/{name}:1", "{arn}"),
    "AWS::EC2::SecurityGroup": ("", "ec2:{region}:{account}:security-group/{name}", "{name}"),
    "AWS::Events::Rule": ("Name", "events:{region}:{account}:rule/{name}", "{name}"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role/{name}", "{name}"),
    "AWS::KMS::Key": ("", "kms:{region}:{account}:key/{name}", "{name}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{region}:{account}:function:{name}", "{name}"),
    "AWS::Lambda::LayerVersion": ("LayerName", "lambda:{region}:{account}:layer:{name}:1", "{arn}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:{name}:*", "{name}"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}", "{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}", "{arn}"),
    "AWS::SQS::Queue": (
        "QueueName",
        "sqs:{region}:{account}:{name}",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
    ),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "states:{region}:{account}:stateMachine:{name}",
        "{arn}",
    ),
}


class Deployed:
    """Resources by logical id, each ``{Type, Properties}`` with intrinsic functions resolved."""

    def __init__(self, template: Template) -> None:
        self._raw: Mapping[str, Any] = template.to_json()["Resources"]
        self.resources: dict[str, dict[str, Any]] = {
            name: {"Type": resource["Type"], "Properties": self.value(resource.get("Properties", {}))}
            for name, resource in self._raw.items()
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def state_machines(self) -> dict[str, dict[str, Any]]:
        """The definition of each state machine, by its name."""
        found = self.of_type("StepFunctions::StateMachine").values()
        return {machine["StateMachineName"]: json.loads(machine["DefinitionString"]) for machine in found}

    def value(self, value: Any) -> Any:
        """``value`` with its intrinsic functions resolved."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return _PSEUDO[argument] if argument in _PSEUDO else self._attribute(argument, "Ref")
            if function == "Fn::GetAtt":
                return self._attribute(*argument)
            if function == "Fn::Join":
                return argument[0].join(self.value(argument[1]))
            if function == "Fn::Sub":
                return re.sub(r"\$\{([\w:]+)\}", lambda match: str(self.value({"Ref": match[1]})), argument)
            assert not function.startswith("Fn::"), f"{function} is not known here"
        return {key: self.value(item) for key, item in value.items()}

    def _attribute(self, logical_id: str, attribute: str) -> str:
        resource = self._raw[logical_id]
        named_by, arn, ref = _KINDS[resource["Type"]]
        # Without a name in the template, CloudFormation makes one of stack, logical id and a random part.
        name = (
            self.value(resource.get("Properties", {}).get(named_by)) or f"{STACK}-{logical_id}-1ABCDEFGHIJKL"
        )
        place = {"name": name, "region": REGION, "account": ACCOUNT}
        place["arn"] = f"arn:aws:{arn.format(**place)}"
        if attribute == "Ref":
            return ref.format(**place)
        if attribute in ("Arn", "TopicArn"):
            return place["arn"]
        assert attribute in ("GroupId", "Name", "QueueName", "TopicName"), attribute
        return str(name)
