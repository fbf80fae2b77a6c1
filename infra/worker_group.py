"""A worker group's settings, checked at synth."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.configuration_error import ConfigurationError

HOLD_SECONDS = 90
"""How long Data Pipeline holds a poll (API Reference, PollForTask)."""

SHORT_POLL_PERIOD_SECONDS = 300
"""The shortest period for a short poll timeout. An abandoned poll lives on for 90 s, a task that was handed
to it is offered again after 120 s, and a schedule may fire within 60 s (EventBridge Scheduler user guide):
270 s in all."""

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}

# All but the characters that the service model allows in a workerGroup.
_REFUSED_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TOO_OFTEN = (
    "Worker group '{group.name}': schedule {group.schedule} with a poll timeout of {group.poll_timeout} s "
    "could delay tasks. A poll that ends before the 90 s for which Data Pipeline holds it lives on at the "
    "service and may be handed a task, which is then offered again only 2 minutes later; with a period under "
    "5 minutes the next polls could be lost in the same way. Two ways out: a longer period (schedule "
    "rate(5 minutes) or more), or a poll timeout of 95 s, which holds every poll to its end and starts a "
    "task as soon as it is ready."
)


@dataclass(frozen=True)
class WorkerGroup:
    """One worker group to poll for.

    ``schedule``: an EventBridge Scheduler rate from one minute to one day, such as ``rate(5 minutes)``.
    ``poll_timeout``: seconds that one poll lasts while the group sleeps, 2 to 120. With 90 or more it never
    sleeps ("continuous"), and each poll is given 95 s or more, so that the service can answer.
    ``linger_minutes``: how long, 0 to 1,440, the group stays awake after its last task ended. While it is
    awake, polls are held, so that a task starts as soon as it is ready. With 0 it never wakes.
    ``max_concurrent_tasks``: how many tasks of this group may run at once; None for no limit.
    ``idle_alarm_hours``: hours without a task, 1 to 168, after which an alarm fires; None for no such alarm.
    168 is CloudWatch's limit (API Reference, PutMetricAlarm).
    """

    name: str
    schedule: str = "rate(5 minutes)"
    poll_timeout: int = 10
    max_concurrent_tasks: int | None = None
    idle_alarm_hours: int | None = None
    linger_minutes: int = 10

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 1 <= len(self.name) <= 1024 or not self.name.strip():
            raise ConfigurationError(
                "A worker group's name has 1 to 1,024 characters, and is not blank: "
                "it is the workerGroup of your pipelines."
            )
        if refused := _REFUSED_CHARACTER.search(self.name):
            raise ConfigurationError(
                f"Worker group {self.name!r}: Data Pipeline allows no character {refused[0]!r} in a name."
            )
        for setting in ("poll_timeout", "max_concurrent_tasks", "idle_alarm_hours", "linger_minutes"):
            value = getattr(self, setting)
            if (not isinstance(value, int) or isinstance(value, bool)) and (
                value is not None or setting in ("poll_timeout", "linger_minutes")
            ):
                raise ConfigurationError(
                    f"Worker group '{self.name}': {setting} is {value!r}, which is no whole number."
                )
        if not 2 <= self.poll_timeout <= 120:
            raise ConfigurationError(
                f"Worker group '{self.name}': poll_timeout is {self.poll_timeout} s; 2 to 120 are possible."
            )
        if not 0 <= self.linger_minutes <= 1_440:
            raise ConfigurationError(
                f"Worker group '{self.name}': linger_minutes is {self.linger_minutes}; 0 to 1,440 are "
                "possible. With 0 it never wakes. For a group that is always awake, use a poll_timeout of 95."
            )
        if self.max_concurrent_tasks is not None and self.max_concurrent_tasks < 1:
            raise ConfigurationError(
                f"Worker group '{self.name}': max_concurrent_tasks is {self.max_concurrent_tasks}; "
                "1 or more are possible. None is for as many as come; to take no tasks, disable the schedule."
            )
        if self.idle_alarm_hours is not None and not 1 <= self.idle_alarm_hours <= 168:
            raise ConfigurationError(
                f"Worker group '{self.name}': idle_alarm_hours is {self.idle_alarm_hours}; "
                "1 to 168 are possible."
            )
        if self.period_seconds < SHORT_POLL_PERIOD_SECONDS and not self.continuous:
            raise ConfigurationError(_TOO_OFTEN.format(group=self))

    @property
    def period_seconds(self) -> int:
        """Seconds between ticks."""
        match = _RATE.fullmatch(str(self.schedule))
        seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
        if match and (match[1] == "1") == bool(match[3]):
            unit = match[2] if match[1] == "1" else f"{match[2]}s"
            raise ConfigurationError(
                f"Worker group '{self.name}': EventBridge refuses the schedule '{self.schedule}'; "
                f"write 'rate({match[1]} {unit})'."
            )
        if not 60 <= seconds <= 86_400:
            raise ConfigurationError(
                f"Worker group '{self.name}': schedule '{self.schedule}' is not a rate from 'rate(1 minute)' "
                "to 'rate(1 day)'."
            )
        return seconds

    @property
    def continuous(self) -> bool:
        """Whether the group is always awake: each poll is held to its end."""
        return self.poll_timeout >= HOLD_SECONDS

    @property
    def may_wake(self) -> bool:
        """Whether the group is awake while it has work, and asleep otherwise."""
        return self.linger_minutes > 0 and not self.continuous
