"""Counts the tasks that wait because Lambda has no capacity for their handler.

AWS counts throttled invocations for each function, and an alarm is charged for each metric that it reads.
This is one metric for all handlers. It is written while tasks wait, and costs nothing otherwise.
"""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

NO_CAPACITY = "HandlersWithoutCapacity"
"""The metric's name."""


def count_no_capacity(scope: Construct, wait: sfn.State, *, namespace: str) -> sfn.State:
    """The state, which passes its input on to ``wait``, whether or not it could count."""
    stack = Stack.of(scope)
    count = sfn.CustomState(
        scope,
        "NoCapacity",
        state_json={
            "Type": "Task",
            "Comment": "Lambda has no capacity for the handler: counts that for the alarm.",
            "Resource": f"arn:{stack.partition}:states:::aws-sdk:cloudwatch:putMetricData",
            "Arguments": {
                "Namespace": namespace,
                "MetricData": [
                    {
                        "MetricName": NO_CAPACITY,
                        "Value": 1,
                        "Unit": "Count",
                        "Dimensions": [{"Name": "service", "Value": stack.stack_name}],
                    }
                ],
            },
            "Output": "{% $states.input %}",
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Next": wait.state_id, "Output": "{% $states.input %}"}
            ],
        },
    )
    count.next(wait)
    return count


def may_count(namespace: str) -> iam.PolicyStatement:
    """PutMetricData has no resource type, only this condition (Service Authorization Reference)."""
    return iam.PolicyStatement(
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
    )
