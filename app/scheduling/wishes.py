"""What time off and extra hours can be: from what somebody wishes for to instants. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app import clock
from app.clock import instant_of
from app.errors import ClinicError
from app.formats import long_day
from app.models import HoursExceptionKind, Location
from app.scheduling.days import MINUTES_PER_TICK, WHOLE_DAY, local_day

TIME_OFF, EXTRA_HOURS = HoursExceptionKind.TIME_OFF, HoursExceptionKind.EXTRA_HOURS
A_WEEK = timedelta(7)
LONGEST_SPAN = timedelta(366)
MOST_WEEKS = 105
LONGEST_NOTE = 200

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Wish:
    """Time off, or extra hours at a location, on the wall of a zone: from a minute of the first day
    until a minute of the last; again every week until a date, if there is one."""

    kind: HoursExceptionKind
    zone: ZoneInfo
    first_day: date
    last_day: date
    starts_minute: int = 0
    ends_minute: int = WHOLE_DAY
    location: Location | None = None
    note: str = ""
    weekly_until: date | None = None


class Faulty(ClinicError):
    """A wish that cannot be; `field` says of what."""

    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


def spans_of(wish: Wish) -> list[Span]:
    """The instants from which and until which, one pair for each week. Raises Faulty."""
    _check(wish)
    spans, begin, end = [], wish.first_day, wish.last_day
    while begin == wish.first_day or (wish.weekly_until and begin <= wish.weekly_until):
        starts_at = _instant("starts", begin, wish.starts_minute, wish.zone)
        ends_at = _instant("ends", end, wish.ends_minute, wish.zone)
        if ends_at <= starts_at:
            raise Faulty("ends", "The end must come after the start.")
        spans.append((starts_at, ends_at))
        begin, end = begin + A_WEEK, end + A_WEEK
    if spans[-1][1] <= clock.now():
        raise Faulty("last_day", "This time has passed.")
    return spans


def _check(wish: Wish) -> None:
    if wish.kind is EXTRA_HOURS and wish.location is None:
        raise Faulty("location", "Choose a location.")
    for name, minute in (("starts", wish.starts_minute), ("ends", wish.ends_minute)):
        if minute % MINUTES_PER_TICK or not 0 <= minute <= WHOLE_DAY:
            raise Faulty(name, "Use steps of five minutes, like 09:05.")
    length = wish.last_day - wish.first_day
    if length < timedelta(0):
        raise Faulty("last_day", "The last day must not come before the first.")
    if length > LONGEST_SPAN:
        raise Faulty("last_day", "At most a year at a time.")
    if wish.weekly_until is None:
        return
    if wish.weekly_until < wish.first_day:
        raise Faulty("weekly_until", "This day must not come before the first.")
    if wish.weekly_until - wish.first_day > MOST_WEEKS * A_WEEK:
        raise Faulty("weekly_until", "At most two years ahead.")
    if length >= A_WEEK:
        raise Faulty("weekly_until", "What repeats every week must be shorter than a week.")


def _instant(field: str, on: date, minute: int, zone: ZoneInfo) -> datetime:
    """A wall-clock time as an instant. One that exists twice begins the first time and ends the
    second; a day begins and ends with its first and last instant, whatever the wall shows."""
    day = local_day(on, zone)
    if minute in {0, WHOLE_DAY}:
        return instant_of(day.last if minute else day.first)
    wall = datetime.combine(on, time(minute // 60, minute % 60, fold=int(field == "ends")), zone)
    back = wall.astimezone(UTC).astimezone(zone)
    if (back.hour, back.minute) != (wall.hour, wall.minute):
        raise Faulty(
            field,
            f"{wall:%H:%M} does not exist on {long_day(on)}, because the clocks go forward then.",
        )
    return wall.astimezone(UTC)
