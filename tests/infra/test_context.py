"""Values of cdk.json and of the command line are checked, and errors say what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from infra.configuration_error import ConfigurationError
from infra.context import Context
from infra.handlers import PythonHandler, exists, shell_command
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize


def context(value: Any) -> Context:
    return Context({"key": value})


@pytest.mark.parametrize(("value", "number"), [("10", 10), (10, 10), (0, 0), ("0", 0), (" -3 ", -3)])
def test_a_whole_number(value: Any, number: int) -> None:
    assert context(value).whole("key") == number


@pytest.mark.parametrize("value", [None, "", " "])
def test_what_is_not_given_is_the_default(value: Any) -> None:
    assert context(value).whole("key") is None
    assert context(value).whole("key", 5) == 5
    assert context(value).number("key", 1.5) == 1.5
    assert context(value).flag("key") is False


@pytest.mark.parametrize("value", [["etl"], {"name": "etl"}])
def test_what_is_no_single_value_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* no list"):
        context(value).text("key")


@pytest.mark.parametrize("key", ["workergroup", "workerGroups", "worker-group", "WORKER_GROUP", "wokerGroup"])
def test_a_misspelt_key_is_refused(key: str) -> None:
    """Otherwise the stack would be deployed with the default, and poll for another group."""
    given = Context({key: "etl", "workerGroup": "default", "@aws-cdk/core:x": True, "team": "warehouse"})
    given.text("workerGroup")
    with pytest.raises(ConfigurationError, match=f"reads the context value {key}. Did you mean workerGroup?"):
        given.refuse_misspelt()


def test_keys_of_ones_own_are_taken() -> None:
    given = Context({"team": "warehouse", "workerGroup": "a", "workerGroup2": "b", "vpcId": "vpc-1"})
    assert (given.text("workerGroup"), given.text("workerGroup2")) == ("a", "b")
    given.refuse_misspelt()


@pytest.mark.parametrize("value", ["9" * 5_000, "-" + "9" * 5_000])
def test_a_number_too_long_for_python_is_refused_in_a_line(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* whole number") as refused:
        context(value).whole("key")
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("value", ["abc", "1.5", "٣", True, "1 0"])
def test_what_is_no_whole_number_is_refused_by_its_key(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* whole number"):
        context(value).whole("key", 5)


@pytest.mark.parametrize("value", ["abc", "0", -1, "nan", "inf"])
def test_what_is_no_number_above_0_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"context value key is .* above 0"):
        context(value).number("key", 1)
    assert context("2.5").number("key", 1) == 2.5


@pytest.mark.parametrize(("value", "flag"), [("true", True), (True, True), ("False", False), (False, False)])
def test_a_flag(value: Any, flag: bool) -> None:
    assert context(value).flag("key") is flag


@pytest.mark.parametrize("value", ["yes", "1", "on"])
def test_what_is_neither_true_nor_false_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="true or false"):
        context(value).flag("key")


@pytest.mark.parametrize("given", [exists, shell_command, PythonHandler])
def test_a_handler_without_parentheses_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"'Exists' is not called: write {given.__name__}\("):
        synthesize(handlers={"Exists": given})


@pytest.mark.parametrize("given", ["arn:aws:lambda:eu-west-1:111122223333:function:f", None, {}])
def test_what_is_no_handler_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"no handler for 'Exists'.*existing_function"):
        synthesize(handlers={"Exists": given})


@pytest.mark.parametrize("address", ["you.example.com", "you@", "@example.com", "a b@example.com", "a@b@c"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"alarm_email is .*such as you@example.com"):
        synthesize(alarm_email=address)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_concurrent_tasks": 0},
        {"max_concurrent_tasks": "4"},
        {"max_concurrent_tasks": True},
        {"poll_timeout": "10"},
        {"poll_timeout": None},
        {"poll_timeout": 10.5},
        {"idle_alarm_hours": "day"},
    ],
)
def test_a_worker_groups_setting_is_refused_by_its_name(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"'etl': {next(iter(settings))} is "):
        WorkerGroup("etl", **settings)


@pytest.mark.parametrize("name", [None, 5, ["etl"]])
def test_what_is_no_name_of_a_worker_group_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="A worker group's name has 1 to 1,024 characters"):
        WorkerGroup(name)


STATEMENT = iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"memory_mb": 64}, "memory_mb of the handler for 'It' is '64': a whole number, 128 to 10,240 MB"),
        ({"memory_mb": "1024"}, "memory_mb"),
        ({"memory_mb": 512.5}, "memory_mb"),
        ({"memory_mb": None}, "memory_mb"),
        ({"timeout_minutes": 16}, "1 to 15 minutes"),
        ({"timeout_minutes": 0}, "1 to 15 minutes"),
        ({"timeout_minutes": True}, "1 to 15 minutes"),
        ({"ephemeral_mb": 100}, "512 to 10,240 MB"),
        ({"environment": ["A=1"]}, "a dict is needed"),
        ({"environment": {"TARGET": 1}}, "The environment variable TARGET of the handler for 'It' is 1"),
        ({"environment": {"1A": "x"}}, "'1A': its name begins with a letter"),
        ({"environment": {"AWS_REGION": "x"}}, "AWS_REGION: its value is not yours to give"),
        ({"environment": {"COMMAND_ROLE_ARN": "x"}}, "COMMAND_ROLE_ARN: its value is not yours to give"),
        ({"statements": STATEMENT}, "a list of iam.PolicyStatement is needed"),
        ({"statements": ["s3:*"]}, "a list of iam.PolicyStatement is needed"),
        ({"statements": "s3:*"}, "a list of iam.PolicyStatement is needed"),
        ({"layers": "arn:aws:lambda:us-east-1:111122223333:layer:tools:1"}, "from_layer_version_arn"),
        ({"layers": ["arn:aws:lambda:us-east-1:111122223333:layer:tools:1"]}, "from_layer_version_arn"),
        ({"vpc": "vpc-1"}, "Vpc.from_lookup"),
        ({"security_groups": []}, "has security_groups and no vpc"),
        ({"subnets": ec2.SubnetSelection()}, "has subnets and no vpc"),
    ],
)
@pytest.mark.parametrize("make", [shell_command, exists])
def test_a_functions_setting_is_refused_by_its_name(make: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        synthesize(handlers={"It": make(**settings)})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"failed_tasks_alarm": "3"}, "failed_tasks_alarm is '3'"),
        ({"failed_tasks_alarm": 1.5}, "failed_tasks_alarm is 1.5"),
        ({"failed_tasks_alarm": 0}, "None switches the alarm off"),
        ({"time_scale": 0}, "time_scale is 0"),
        ({"time_scale": "1"}, "time_scale is '1'"),
        ({"tracing": "false"}, "tracing is 'false': True or False"),
        ({"encryption_key": "arn:aws:kms:x"}, "kms.Key.from_key_arn"),
        ({"log_retention": 30}, "logs.RetentionDays"),
        ({"alarm_email": 5}, "alarm_email is 5"),
        ({"handlers": 5}, "handlers is 5: a dict is needed"),
        ({"handlers": {"Exists"}}, "a dict is needed"),
        ({"handlers": ["Exists"]}, "a dict is needed"),
        ({"handlers": {5: exists()}}, "'5' cannot be a handler's name"),
        ({"handlers": {"x": PythonHandler(module=None)}}, "PythonHandler(module=None)"),  # type: ignore[arg-type]
    ],
)
def test_a_stacks_setting_is_refused_by_its_name(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        synthesize(**settings)
    assert said in str(refused.value)


@pytest.mark.parametrize("given", [["etl"], "etl", [None]])
def test_what_is_no_worker_group_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"such as \[WorkerGroup\('etl'\)\]"):
        synthesize(given)
