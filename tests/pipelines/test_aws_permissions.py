"""Access that a command's calls of the AWS CLI need: no more than the words tell."""

from __future__ import annotations

import pytest

from pipelines.commands.inspection import inspect

TOPIC = "arn:aws:sns:us-east-1:123456789012:done"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        (
            "aws s3api copy-object --bucket b --key k --copy-source c/k",
            {"*": {"s3:GetObject", "s3:PutObject"}},
        ),
        (f"aws sns publish --topic-arn {TOPIC} --message hi", {TOPIC: {"sns:Publish"}}),
        (f"aws sns publish --topic-arn={TOPIC} --message hi", {TOPIC: {"sns:Publish"}}),
        ("aws sns publish --topic-arn $T --message hi", {"*": {"sns:Publish"}}),
        ("aws sns publish --topic-arn arn:aws:sns:us-east-1:1:$T --message hi", {"*": {"sns:Publish"}}),
        (
            f"aws sqs send-message-batch --queue-url {QUEUE} --entries x",
            {"arn:aws:sqs:us-east-1:123456789012:jobs": {"sqs:SendMessage"}},
        ),
        ("aws sns publish --topic-arn arn:aws:sns:us-east-1:1:$(date) --message hi", {"*": {"sns:Publish"}}),
        ("aws lambda invoke --function-name f out", {"*": {"lambda:InvokeFunction"}}),
    ],
)
def test_actions_are_allowed_on_what_the_words_name(text: str, actions: dict[str, set[str]]) -> None:
    assert inspect(text).actions == actions


@pytest.mark.parametrize(
    "text",
    [
        "find /tmp -name '*.csv' -exec aws s3 cp {} s3://bucket/out/ \\;",
        "ls /tmp | xargs -I{} aws s3 cp /tmp/{} s3://bucket/out/",
        "timeout 60 aws s3 cp /etc/hosts s3://bucket/out/",
        "bash -c 'aws s3 cp /etc/hosts s3://bucket/out/'",
        "sudo aws s3 cp /etc/hosts s3://bucket/out/",
    ],
)
def test_a_target_is_not_read(text: str) -> None:
    found = inspect(text)
    assert (found.read, found.write) == (set(), {"s3://bucket/out/"})


def test_a_copy_to_nowhere_fails() -> None:
    (finding,) = inspect("aws s3 cp s3://bucket/x").found
    assert finding.what == "exit code 252, whatever happens"
