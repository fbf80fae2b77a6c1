"""Nothing of a container outlives local AWS, however that ends."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.local.commands import running
from tests.local.ecs.account import EcsAccount, eventually
from tests.local.ecs.test_tasks import CHILDREN, is_running, python


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_everything_ends_with_local_aws(number: signal.Signals, tmp_path: Path) -> None:
    with running("up", "--no-deploy", "--port", "0", directory=tmp_path) as up:
        aws = EcsAccount(up.ready())
        aws.set_up()
        arn = aws.run(
            aws.definition(*python("import os; print(os.getpid());" + CHILDREN.format(seconds=600)))
        )
        pids = eventually(lambda: aws.log(arn) if len(aws.log(arn)) == 2 else None)
        processes = [int(word) for line in pids for word in line.split()]
        assert len(processes) == 4
        assert all(is_running(pid) for pid in processes)
        began = time.monotonic()
        up.stop(number)
        # The first process ignores SIGTERM, but the stop timeout of 30 s is for tasks that go on.
        assert time.monotonic() - began < 20
    eventually(lambda: True if not any(is_running(pid) for pid in processes) else None, processes)


def test_a_task_takes_as_long_to_start_as_is_set_and_its_credentials_are_renewed(tmp_path: Path) -> None:
    settings = ("--setting", "container_start=40 seconds", "--setting", "container_credentials=2 seconds")
    code = """
import os, time, urllib.request, json
def read():
    with urllib.request.urlopen(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) as answer:
        return json.load(answer)["AccessKeyId"]
first = read()
print(first == read())
time.sleep(1.5)
print(first == read())
"""
    arguments = ("up", "--no-deploy", "--port", "0", "--time-scale", "20")
    with running(*arguments, *settings, directory=tmp_path) as up:
        aws = EcsAccount(up.ready())
        aws.set_up()
        role = aws.role(service="ecs-tasks.amazonaws.com")
        arn = aws.run(aws.definition(*python(code), task_role=role))
        assert aws.ended(arn)[0] == 0
        assert aws.log(arn) == ["True", "False"]
        task = aws.task(arn)
        assert (task["startedAt"] - task["createdAt"]).total_seconds() > 1.9
