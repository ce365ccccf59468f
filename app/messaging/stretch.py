"""The stretch of time that is planned in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

AHEAD = timedelta(minutes=10)
LATEST = timedelta(hours=24)  # what was missed for longer stays unsaid
NARROW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is due until ten minutes from the instant `at`, and what was missed since another."""

    at: datetime
    since: datetime

    @classmethod
    def of(cls, at: datetime, since: datetime | None = None) -> Stretch:
        """The stretch since somebody last planned, or of a whole day where nobody knows when that
        was or it is longer ago. A clock that was put back changes nothing."""
        earliest = at - LATEST
        return cls(at, earliest if since is None else min(max(since, earliest), at))

    @property
    def until(self) -> datetime:
        return self.at + AHEAD

    @property
    def is_narrow(self) -> bool:
        """Whether it is the few minutes of a worker that did not stand still."""
        return self.until - self.since <= NARROW
