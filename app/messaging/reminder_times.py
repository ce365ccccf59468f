"""When a patient is reminded of a visit. Pure: instants, hours and zones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.clock import TICK

SHORT_LEAD_HOURS = 4  # later than planned, such a reminder would be of little use
LEAST_AHEAD = timedelta(hours=1)
A_DAY = timedelta(1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours on a wall in which nobody is reminded: from `begins` until `ends`, mostly over
    midnight. There are none where both are the same."""

    begins: int
    ends: int

    def around(self, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """The quiet time that an instant lies in, from when until when; nothing outside of it."""
        wall = at.astimezone(zone)
        if not self._covers(wall.hour):
            return None
        over_midnight = self.begins > self.ends
        is_morning = over_midnight and wall.hour < self.ends
        first = wall.date() - A_DAY if is_morning else wall.date()
        last = first + A_DAY if over_midnight else first
        return _on_the_wall(first, self.begins, zone), _on_the_wall(last, self.ends, zone)

    def over(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first instant from `at` on that is not quiet."""
        hush = self.around(at, zone)
        return at if hush is None else hush[1]

    def _covers(self, hour: int) -> bool:
        if self.begins <= self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


def due_at(starts_at: datetime, lead: int, zone: ZoneInfo, quiet: Quiet) -> datetime:
    """When somebody who lives in `zone` is reminded `lead` hours before a visit.

    What falls into quiet hours waits for their end, where that is an hour before the visit or
    more and the lead is long; or else comes just before they begin.
    """
    point = starts_at - timedelta(hours=lead)
    hush = quiet.around(point, zone)
    if hush is None:
        return point
    begins, ends = hush
    if lead > SHORT_LEAD_HOURS and ends <= starts_at - LEAST_AHEAD:
        return ends
    return begins - TICK


def points(
    starts_at: datetime,
    arranged_at: datetime,
    leads: Iterable[int],
    zone: ZoneInfo,
    quiet: Quiet,
) -> dict[datetime, int]:
    """When a patient is reminded of a visit, and by which lead. Points that lie before the visit's
    time was arranged are left out; of leads that quiet hours bring together, the shortest stays."""
    found: dict[datetime, int] = {}
    for lead in sorted(leads, reverse=True):
        due = due_at(starts_at, lead, zone, quiet)
        if arranged_at <= min(due, starts_at - timedelta(hours=lead)):
            found[due] = lead
    return found


def _on_the_wall(on: date, hour: int, zone: ZoneInfo) -> datetime:
    """The instant at which a wall shows a full hour: the first where it comes twice, and that of
    the clock change where it is left out."""
    wall = datetime.combine(on, time(hour), zone)
    return wall.astimezone(UTC)  # in one zone, Python counts by the wall
