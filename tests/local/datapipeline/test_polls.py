"""How PollForTask holds polls: how long, for whom, and what happens to a poll whose client has gone."""

from __future__ import annotations

from datetime import timedelta

from local.datapipeline.tasks import Poll
from tests.local.datapipeline.account import GROUP, Account, shell


def hold(account: Account, group: str = GROUP) -> Poll:
    return account.service.poll({"workerGroup": group}, account.now)


def answered(account: Account) -> list[Poll]:
    return account.service.take_answered()


def test_a_poll_is_held_for_90_seconds() -> None:
    account = Account()
    poll = hold(account)
    account.pass_time(seconds=89)
    assert answered(account) == []
    account.pass_time(seconds=1)
    assert answered(account) == [poll]
    assert poll.task is None


def test_a_new_task_goes_to_the_one_poll_that_has_waited_longest() -> None:
    account = Account()
    first, second, other = hold(account), hold(account), hold(account, "other")
    account.start(shell("A"))
    assert answered(account) == [first]
    assert first.task is not None
    assert second.task is None
    assert other.task is None


def test_a_ready_task_is_given_at_once() -> None:
    account = Account()
    account.start(shell("A"))
    assert hold(account).task is not None


def test_a_dead_poll_swallows_the_next_task_or_is_noticed() -> None:
    for dead_poll in ("swallows", "noticed"):
        account = Account(dead_poll=dead_poll)
        account.service.abandon(hold(account))
        account.start(shell("A"))
        assert (account.poll() is None) is (dead_poll == "swallows")
        account.now += timedelta(seconds=121)
        if dead_poll == "swallows":
            assert account.poll() is not None
