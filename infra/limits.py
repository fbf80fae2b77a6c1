"""Refuses at synth what AWS would refuse only at deployment, in one line that says what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate

from aws_cdk import Token

from infra.configuration_error import ConfigurationError

LONGEST_STACK_NAME = 42
"""Leaves 16 characters for a worker group and 21 for a handler, in names of at most 64."""

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2")
"""The regions of AWS Data Pipeline (General Reference, AWS Data Pipeline endpoints and quotas)."""

RESOURCES = 500
"""The most in one stack (CloudFormation quotas)."""
_METADATA = 1
"""CDKMetadata, which the CDK CLI adds by default."""

ENVIRONMENT_BYTES = 4_096
"""The most for all variables of a function together (Lambda quotas)."""
_REFERENCE_BYTES = 200
"""Counted for a value that is known only at deployment: the ARNs and names here are no longer."""

_SEVERAL_STACKS = (
    "Make several TaskRunnerStacks in app.py, each with a name of its own, some of the worker groups and the "
    "handlers of their tasks; see docs/capacity-and-quotas.md#several-worker-groups-accounts-and-regions."
)


def refuse_stack_name(stack_name: str) -> None:
    """Raise ConfigurationError for a name that leaves too little room in the names that begin with it.

    CDK itself checks the name's characters when it creates the stack.
    """
    if not Token.is_unresolved(stack_name) and len(stack_name) > LONGEST_STACK_NAME:
        raise ConfigurationError(
            f"The stack's name '{stack_name}' has {len(stack_name)} characters; {LONGEST_STACK_NAME} are "
            "possible, because the names of functions and schedules begin with it and have 64 at most."
        )


def refuse_region(region: str) -> None:
    """Raise ConfigurationError for a region without Data Pipeline. A region not known yet is accepted."""
    if not Token.is_unresolved(region) and region not in REGIONS:
        raise ConfigurationError(
            f"AWS Data Pipeline does not exist in {region}: deploy to the region of your pipelines, which is "
            f"one of {', '.join(REGIONS)}."
        )


def refuse_too_many_resources(stack_name: str, total: int, of_groups: Sequence[int]) -> None:
    """Raise ConfigurationError for too many resources; ``of_groups`` says how many each group has."""
    most = RESOURCES - _METADATA
    if total <= most:
        return
    room = most - (total - sum(of_groups))
    fitting = sum(needed <= room for needed in accumulate(of_groups))
    what = f"{fitting} of its {len(of_groups)} worker groups fit" if fitting else "its handlers take too many"
    raise ConfigurationError(
        f"{stack_name} would have {total} resources, and CloudFormation allows {RESOURCES} in a stack: "
        f"{what}. {_SEVERAL_STACKS}"
    )


def refuse_large_environment(function: str, variables: Mapping[str, str]) -> None:
    """Raise ConfigurationError if a function's variables are too large."""
    total = _bytes(variables)
    if total <= ENVIRONMENT_BYTES:
        return
    largest = max(variables, key=lambda name: _bytes({name: variables[name]}))
    what = {
        "WORKER_GROUP": "Make the worker group's name shorter.",
    }.get(largest, "Make it shorter, or put its value where the function can read it.")
    raise ConfigurationError(
        f"The environment of the function {function} would have {total:,} bytes, and Lambda allows "
        f"{ENVIRONMENT_BYTES:,}; most of it is {largest}. {what}"
    )


def _bytes(variables: Mapping[str, str]) -> int:
    """The size as Lambda measures it, as JSON. A value known only at deployment counts as the longest one."""
    longest = {
        name: "x" * _REFERENCE_BYTES if Token.is_unresolved(value) else value
        for name, value in variables.items()
    }
    return len(json.dumps(longest, ensure_ascii=False, separators=(",", ":")).encode())
