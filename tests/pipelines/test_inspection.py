"""What is found in commands, and what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.launch import ROOT
from pipelines.checking.advice import COMMANDS
from pipelines.commands.credentials import credentials_in
from pipelines.commands.findings import Kind
from pipelines.commands.inspection import inspect
from pipelines.commands.parser import parse
from pipelines.commands.stand_ins import after_sudo


def kinds(text: str, **more: list[str]) -> set[Kind]:
    return {finding.kind for finding in inspect(text, **more).found}


@pytest.mark.parametrize(
    "text",
    [
        "echo hello",
        "grep -rc GET . | sort -u | head -n 3 > /tmp/out; cat /tmp/out",
        "aws s3 ls s3://bucket/ && python3 -c 'import json; print(1)'",
        "f() { g; }; g() { true; }; f",
        "for x in a b; do printf '%s\\n' \"$x\"; done 2>/dev/null",
        "find . -name '*.csv' -exec wc -l {} + | xargs -n 1 echo",
        "date > f; sed -e '/home/d' -e 's/x/y/' f; awk '/var/ {print}' f; grep /etc/x f >/dev/stderr; true",
        "cat /etc/os-release /proc/cpuinfo; ls /opt /tmp; /usr/bin/env true",
        "timeout 60 nice -n 5 env A=1 sort; exec true",
        "#!/bin/bash\nset -e\ntrue",
        "#!/usr/bin/env python3\nimport sys\nprint(sys.argv)",
        "yum -y update aws-cli",
        "test -e /home/x || echo none",
        "sleep 60",
        "cat > run.sh <<'E'\necho hi\nE\nchmod +x run.sh; true",
        "exit 0",
        "if grep -q x /etc/passwd; then exit 3; fi; true",
        "trap 'rm -f /tmp/x' EXIT; true",
        "export PATH=/usr/local/bin:$PATH; export JAVA_HOME=/usr/lib/jvm; date",
        "if [ -f /etc/own.conf ]; then . /etc/own.conf; fi; [[ -d /mnt/x ]] && ls /mnt/x; true",
        "[ -e ~/.bashrc ] && source ~/.bashrc; true",
        "cp ${INPUT1_STAGING_DIR}/run.py . && python3 run.py && cd ${INPUT1_STAGING_DIR} && ./run.sh",
        "aws sts get-caller-identity; aws --version; aws s3 help",
    ],
)
def test_nothing_is_said_of_what_runs(text: str) -> None:
    asks = {kind for kind in kinds(text, staged=["INPUT1_STAGING_DIR"]) if COMMANDS[kind].verdict}
    assert asks == set()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("jq . x", Kind.PROGRAM),
        ("a=$(unzip -l x)", Kind.PROGRAM),
        ("true | sudo -u root -E tar xf -", Kind.PROGRAM),
        ("bash -c 'cd /tmp && wget http://x'", Kind.PROGRAM),
        ('eval "mysql -e x"', Kind.PROGRAM),
        ("X='psql -c 1'; $X", Kind.PROGRAM),
        ("find . | xargs -0 -n 1 gzip", Kind.PROGRAM),
        ("find . -exec openssl md5 {} \\;", Kind.PROGRAM),
        ("env A=1 timeout -k 5 10 nc h 1", Kind.PROGRAM),
        ("trap 'mail root' EXIT", Kind.PROGRAM),
        ("sudo bash <<'E'\nperl -e 1\nE", Kind.PROGRAM),
        ("cat <<E\n$(node -v)\nE", Kind.PROGRAM),
        ("/usr/bin/python3 x", Kind.PROGRAM_AT),
        ("/usr/local/bin/own --x", Kind.PROGRAM_AT),
        ("sudo yum install -y git", Kind.PACKAGE),
        ("dnf install java-11-amazon-corretto", Kind.PACKAGE),
        ("#!/usr/bin/perl\nprint 1", Kind.PROGRAM),
        ("#!/usr/bin/env perl\nprint 1", Kind.PROGRAM),
        ("/usr/bin/java -jar /tmp/x.jar", Kind.PROGRAM),
        ("/opt/tools/own x", Kind.LAYER),
        ("#!/usr/bin/env ruby\nputs 1", Kind.INTERPRETER),
        ("python3 -c 'import numpy as np'", Kind.MODULE),
        ("python - <<'E'\nfrom pandas.io import sql\nE", Kind.MODULE),
        ("#!/usr/bin/env python3\nimport requests", Kind.MODULE),
        ("python3 -m pytest", Kind.MODULE),
        ("pip install requests", Kind.INSTALL),
        ("cat /home/ec2-user/conf", Kind.HOST_PATH),
        ("cd /mnt/data", Kind.HOST_PATH),
        ("python3 /srv/app/run.py", Kind.HOST_PATH),
        ("tool --config=/etc/own.conf", Kind.HOST_PATH),
        ("./run.sh", Kind.HOST_PATH),
        ("bash run.sh", Kind.HOST_PATH),
        ("source ~/.bash_profile", Kind.HOST_PATH),
        (". $HOME/env", Kind.HOST_PATH),
        ("echo x > /var/log/own.log", Kind.HOST_WRITE),
        ("mkdir -p /data/x", Kind.HOST_WRITE),
        ("date | tee -a /home/x", Kind.HOST_WRITE),
        ("curl http://169.254.169.254/latest/meta-data/", Kind.METADATA),
        ("sudo -l", Kind.SUDO_OPTION),
        ("diff <(a) <(b)", Kind.PROCESS_SUBSTITUTION),
        ("echo 'open", Kind.SYNTAX),
        ("python3 -c 'print 1'", Kind.SYNTAX),
        ("aws --profile p s3 ls", Kind.PROFILE),
        ("exit 2", Kind.FAILS),
        ("false", Kind.FAILS),
        ("sleep 2h", Kind.HOURS),
        ("N=3600; sleep $N", Kind.HOURS),
        ("cat ${INPUT2_STAGING_DIR}/x", Kind.STAGING),
        ("aws sns publish --topic-arn t --message m", Kind.AWS),
        ("aws s3 rm s3://b/k", Kind.AWS),
        ("aws s3 ls", Kind.AWS),
        ("python3 -c 'import boto3'", Kind.AWS),
        ("aws s3 sync . s3://b/k --delete", Kind.AWS),
        ("spark-submit x.py", Kind.CLUSTER_PROGRAM),
        ("sudo mount -t nfs4 h:/ /tmp/x", Kind.HOST_PROGRAM),
        ("CMD=$(date); $CMD x", Kind.UNREAD),
        ("aws s3 cp s3://b/run.sh . && bash run.sh", Kind.UNREAD),
        ("bash ${INPUT1_STAGING_DIR}/run.sh", Kind.UNREAD),
    ],
)
def test_what_is_different_in_a_function_is_found(text: str, kind: Kind) -> None:
    assert kind in kinds(text, staged=["INPUT1_STAGING_DIR"])


def test_places_in_s3_are_those_of_the_words() -> None:
    found = inspect(
        'export P=s3://conf/own; B=s3://data; aws s3 sync $B/in/ s3://other/copy --exclude "*"; '
        "aws s3 mv s3://data/a.csv /tmp/a; "
        'aws s3 cp /tmp/x s3://out/$(date +%F)/x; aws s3 cp - "s3://out/$1" --quiet',
        arguments=["arg"],
    )
    assert found.read == {"s3://conf/own", "s3://data/in/", "s3://other/copy", "s3://data/a.csv"}
    assert found.write == {"s3://other/copy", "s3://out/", "s3://out/arg"}
    assert found.actions == {"arn:aws:s3:::data/a.csv*": {"s3:DeleteObject"}}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
        ("mysql -u root -pTopSecret9 -e x", "TopSecret9"),
        ("PGPASSWORD=hunter2hunter psql", "hunter2hunter"),
        ("curl -u me:letmein1 https://x", "letmein1"),
        ("tool --password 'pa55word'", "pa55word"),
        ("psql postgresql://me:s3same@host/db", "s3same"),
        ("curl -H 'Authorization: Bearer abcdef123456'", "abcdef123456"),
    ],
)
def test_credentials_are_found_and_never_shown(text: str, secret: str) -> None:
    found = list(credentials_in(text))
    assert found
    assert not any(secret in f"{what}{shown}" for what, shown in found)
    assert not any(secret in finding.what for finding in inspect(text).found)


@pytest.mark.parametrize(
    "text",
    ["PASSWORD=$DB_PASSWORD", "password=********", '--password "$1"', "echo password: none", "token=#{*myX}"],
)
def test_what_stands_for_a_secret_is_none(text: str) -> None:
    assert list(credentials_in(text)) == []


@pytest.mark.parametrize(
    "line",
    [
        "sudo echo a",
        "sudo -n -u root echo a",
        "sudo -uroot -E -- echo a",
        "sudo --user=root --login echo a",
        "sudo -D /tmp A=1 echo a",
        "sudo --chdir /tmp -g users echo a",
        "sudo -nEu root echo a",
        "sudo -l",
        "sudo -R /tmp echo a",
        "sudo --chroot=/tmp echo a",
        "sudo -T 5 echo a",
        "sudo -e file",
        "sudo -v",
    ],
)
def test_sudo_is_read_as_its_stand_in_reads_it(line: str, tmp_path: Path) -> None:
    (call,) = parse(line).calls
    rest, refused = after_sudo(call.words)
    stand_in = ROOT / "lambdas" / "shell" / "bin" / "sudo"
    done = subprocess.run(
        ["/bin/bash", str(stand_in), *[word.literal or "" for word in call.words[1:]]],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(refused) == (done.returncode != 0), done.stderr
    assert (done.stdout == "a\n") == ([word.literal for word in rest] == ["echo", "a"])


def test_a_script_is_never_run(tmp_path: Path) -> None:
    target = tmp_path / "written"
    for text in (
        f"touch {target}",
        f"x=$(touch {target})",
        f"sudo yum install $(touch {target})",
        f"#!/bin/sh\n>{target}",
    ):
        inspect(text)
    assert not target.exists()


@pytest.mark.parametrize(
    ("command", "read", "write", "actions"),
    [
        ("s3api head-object --bucket b --key flag/_SUCCESS", {"s3://b/flag/_SUCCESS"}, set(), {}),
        ("s3api put-object --bucket=b --key x --body /etc/hosts", set(), {"s3://b/x"}, {}),
        ("s3api list-objects-v2 --bucket b --prefix in/", {"s3://b/in/"}, set(), {}),
        ("s3api delete-object --bucket b --key x", set(), set(), {"arn:aws:s3:::b/x*": {"s3:DeleteObject"}}),
        ("s3 cp --content-language en /etc/hosts s3://b/h", set(), {"s3://b/h"}, {}),
        (
            "s3 cp /etc/hosts s3://b/h --sse aws:kms --sse-kms-key-id arn:aws:kms:k --acl public-read",
            set(),
            {"s3://b/h"},
            {
                "arn:aws:kms:k": {"kms:Decrypt", "kms:GenerateDataKey"},
                "arn:aws:s3:::b/h*": {"s3:PutObjectAcl"},
            },
        ),
        ("ec2 wait instance-running", set(), set(), {"*": {"ec2:DescribeInstances"}}),
        ("emr wait cluster-running", set(), set(), {"*": {"elasticmapreduce:DescribeCluster"}}),
        ("sqs send-message-batch", set(), set(), {"*": {"sqs:SendMessage"}}),
        ("sesv2 send-email", set(), set(), {"*": {"ses:SendEmail"}}),
    ],
)
def test_what_calls_of_aws_may_do(
    command: str, read: set[str], write: set[str], actions: dict[str, set[str]]
) -> None:
    found = inspect(f"aws {command}")
    assert (found.read, found.write, found.actions) == (read, write, actions)
