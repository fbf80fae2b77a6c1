"""When the echo came through each hop: ready, polled, started, acknowledged, done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

HOPS = ("ready", "polled", "started", "acknowledged", "done")


@dataclass
class Hops:
    """The time of each hop that was seen."""

    times: dict[str, datetime] = field(default_factory=dict)

    def note(self, name: str, at: datetime | None) -> bool:
        """Note a hop once. Returns whether it is new."""
        if at is None or name in self.times:
            return False
        self.times[name] = at
        return True

    def from_execution(
        self, envelope: Mapping[str, str], started: datetime, left: Mapping[str, datetime]
    ) -> None:
        """Note the hops that RunTask's input and history tell."""
        received = envelope.get("receivedAt", "")
        self.note("polled", datetime.fromisoformat(received.replace("Z", "+00:00")) if received else None)
        self.note("started", started)
        self.note("acknowledged", left.get("ReportProgress"))
        self.note("done", left.get("SetTaskStatus"))

    def lines(self) -> Iterator[str]:
        """A line for each hop: its time, and the seconds since the one before."""
        before: datetime | None = None
        for name in HOPS:
            at = self.times.get(name)
            if at is None:
                continue
            # Clocks of services differ by some milliseconds.
            passed = "" if before is None else f"  +{max(0.0, (at - before).total_seconds()):.1f} s"
            yield f"{name:<13}{at:%H:%M:%S}.{at.microsecond // 1000:03}{passed}"
            before = at
