"""Access that a command's calls of the AWS CLI need: what IAM knows, and no more than the words tell."""

from __future__ import annotations

import pytest

from pipelines.commands.inspection import inspect

TOPIC = "arn:aws:sns:us-east-1:123456789012:done"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b"


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("aws ec2 wait instance-running --instance-ids i-1", {"*": {"ec2:DescribeInstances"}}),
        ("aws emr wait cluster-running --cluster-id j-1", {"*": {"elasticmapreduce:DescribeCluster"}}),
        (
            "aws s3api wait object-exists --bucket bucket --key a/b",
            {"arn:aws:s3:::bucket/a/b": {"s3:GetObject"}},
        ),
        ("aws s3api head-object --bucket bucket --key a/b", {"arn:aws:s3:::bucket/a/b": {"s3:GetObject"}}),
        (
            "aws s3api put-object --bucket=bucket --key=a --body /etc/hosts",
            {"arn:aws:s3:::bucket/a": {"s3:PutObject"}},
        ),
        ("aws s3api get-object --bucket $B --key a out", {"*": {"s3:GetObject"}}),
        (
            "aws s3api delete-objects --bucket bucket --delete x",
            {"arn:aws:s3:::bucket/*": {"s3:DeleteObject"}},
        ),
        ("aws s3api list-objects-v2 --bucket bucket", {"arn:aws:s3:::bucket": {"s3:ListBucket"}}),
        (
            "aws s3api list-object-versions --bucket bucket",
            {"arn:aws:s3:::bucket": {"s3:ListBucketVersions"}},
        ),
        (
            "aws s3api copy-object --bucket b --key k --copy-source c/k",
            {"*": {"s3:GetObject", "s3:PutObject"}},
        ),
        (f"aws sns publish --topic-arn {TOPIC} --message hi", {TOPIC: {"sns:Publish"}}),
        ("aws sns publish --topic-arn $T --message hi", {"*": {"sns:Publish"}}),
        (
            f"aws sqs send-message-batch --queue-url {QUEUE} --entries x",
            {"arn:aws:sqs:us-east-1:123456789012:jobs": {"sqs:SendMessage"}},
        ),
        ("aws lambda invoke --function-name f out", {"*": {"lambda:InvokeFunction"}}),
        ("aws sesv2 send-email --from a", {"*": {"ses:SendEmail"}}),
        ("aws opensearch list-domain-names", {"*": {"es:ListDomainNames"}}),
        ("aws ecr get-login-password", {"*": {"ecr:GetAuthorizationToken"}}),
        ("aws logs tail /a/b", {"*": {"logs:FilterLogEvents"}}),
        (
            "aws redshift-data execute-statement --db-user etl --sql x",
            {"*": {"redshift-data:ExecuteStatement", "redshift:GetClusterCredentials"}},
        ),
        (
            f"aws s3 cp /etc/hosts s3://bucket/a --sse aws:kms --sse-kms-key-id {KEY}",
            {KEY: {"kms:Decrypt", "kms:GenerateDataKey"}},
        ),
        (
            "aws s3 cp /etc/hosts s3://bucket/a --acl public-read",
            {"arn:aws:s3:::bucket/a*": {"s3:PutObjectAcl"}},
        ),
        (
            "aws s3 rb s3://bucket --force",
            {
                "arn:aws:s3:::bucket": {"s3:DeleteBucket", "s3:ListBucket"},
                "arn:aws:s3:::bucket/*": {"s3:DeleteObject"},
            },
        ),
    ],
)
def test_actions_are_those_of_iam(text: str, actions: dict[str, set[str]]) -> None:
    assert inspect(text).actions == actions


@pytest.mark.parametrize(
    "option", ["--content-language en", "--website-redirect /x", "--checksum-algorithm SHA256"]
)
def test_the_value_of_an_option_is_no_place(option: str) -> None:
    found = inspect(f"aws s3 cp {option} /etc/hosts s3://bucket/a --no-progress --quiet")
    assert (found.read, found.write, found.found) == (set(), {"s3://bucket/a"}, [])


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
