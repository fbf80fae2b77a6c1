"""cfn-lint finds nothing in any template but what is explained here."""

from __future__ import annotations

import json

import pytest
from aws_cdk.assertions import Template
from cfnlint import lint
from cfnlint.config import ManualArgs

from tests.infra.rules import variants

# rule: why it may be broken.
ACCEPTED = {
    "W3005": "CDK adds a DependsOn on a role beside that on its policy, which is the one that is needed.",
    "I1022": "CDK writes Fn::Join where Fn::Sub would read better; nobody reads the template.",
}


def findings(template: Template) -> list[tuple[str, str]]:
    config = ManualArgs(regions=[variants.REGION], include_checks=["I"])
    return [(match.rule.id, match.message) for match in lint(json.dumps(template.to_json()), config=config)]


@pytest.mark.parametrize(
    "name",
    [
        each if each == "all-handlers" else pytest.param(each, marks=pytest.mark.long)
        for each in variants.NAMES
    ],
)
def test_nothing_is_found(name: str) -> None:
    assert [finding for finding in findings(variants.template(name)) if finding[0] not in ACCEPTED] == []


def test_what_cloudformation_would_refuse_is_found() -> None:
    """So that silence means something: cfn-lint does check these templates."""
    broken = variants.template("one-group").to_json()
    schedule = next(r for r in broken["Resources"].values() if r["Type"] == "AWS::Scheduler::Schedule")
    schedule["Properties"]["FlexibleTimeWindow"]["Mode"] = "SOMETIMES"
    assert "E3030" in [rule for rule, _ in findings(Template.from_json(broken))]
