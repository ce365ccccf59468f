"""The strip of days: which are open, full or closed, and in words why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.directory.facts import DoctorFacts, LocationFacts, VisitTypeFacts
from app.scheduling.agenda import PlaceShape
from app.scheduling.availability import bookable_starts, count
from app.scheduling.days import Window, local_day, run
from app.scheduling.openings import (
    Desk,
    grid_of,
    length_of,
    not_before_of,
    places_of,
    read_time,
)

STRIP_DAYS = 42


class DayState(StrEnum):
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip: how many openings it has, and in words why it has none."""

    on: date
    state: DayState
    openings: int
    why: str


def of_days(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    first_day: date,
    location: LocationFacts | None = None,
    days: int = STRIP_DAYS,
    apart_from: int | None = None,
) -> list[Day]:
    """What each of `days` dates offers: open, full or closed, and why."""
    last_day = first_day + timedelta(days - 1)
    by_doctor, busy = read_time(desk, doctors, first_day, last_day, apart_from)
    looks = [
        _PlaceLook.of(desk, place, shape.window, busy.get(doctor.id, 0), doctor.own(visit_type))
        for doctor in doctors
        for shape in (by_doctor[doctor.id],)
        for place in places_of(shape, location)
    ]
    return [_day(desk, first_day + timedelta(n), looks) for n in range(days)]


@dataclass(frozen=True, slots=True)
class _PlaceLook:
    """One doctor at one place through the eyes of the strip, from the widest set to the narrowest:
    each step away from `planned` is a reason why a day is not open."""

    place: PlaceShape
    window: Window
    working: int  # when the visit type is seen at all
    ever: int  # starts if nobody had booked and there were no notice and no horizon
    unbooked: int  # the same within notice and horizon
    starts: int

    @classmethod
    def of(
        cls, desk: Desk, place: PlaceShape, window: Window, busy: int, visit_type: VisitTypeFacts
    ) -> _PlaceLook:
        length = length_of(visit_type)
        every = grid_of(window, place.location, visit_type.step, window.last_day)
        working = place.open_to(visit_type.id)
        ever = bookable_starts(working, 0, every, length)
        until = desk.last_day(place.location)
        timely = grid_of(window, place.location, visit_type.step, until)
        timely &= not_before_of(desk.first_tick, window)
        return cls(
            place,
            window,
            working,
            ever,
            ever & timely,
            bookable_starts(working, busy, timely, length),
        )

    def on(self, day: date, bits: int) -> int:
        ticks = local_day(day, self.place.location.zone)
        return (bits >> (ticks.first - self.window.first)) & run(ticks.last - ticks.first)


def _day(desk: Desk, on: date, looks: Sequence[_PlaceLook]) -> Day:
    openings = sum(count(look.on(on, look.starts)) for look in looks)
    if openings:
        times = "time" if openings == 1 else "times"
        return Day(on, DayState.OPEN, openings, f"{openings} {times} open")
    if any(look.on(on, look.unbooked) for look in looks):
        return Day(on, DayState.FULL, 0, "Every time is taken")
    if any(look.on(on, look.ever) for look in looks):
        return _out_of_time(desk, on, looks)
    return Day(on, DayState.CLOSED, 0, _why_closed(on, looks))


def _out_of_time(desk: Desk, on: date, looks: Sequence[_PlaceLook]) -> Day:
    if all(on > desk.last_day(look.place.location) for look in looks):
        return Day(on, DayState.TOO_FAR, 0, "Not open for booking yet")
    return Day(on, DayState.TOO_SOON, 0, "Too late to book online for this day")


def _why_closed(on: date, looks: Sequence[_PlaceLook]) -> str:
    planned = [look for look in looks if look.on(on, look.place.planned)]
    if not planned:
        return "No hours on this day"
    present = [look for look in planned if look.on(on, look.place.present)]
    if not present:
        return "Away on this day"
    for look in present:
        day = local_day(on, look.place.location.zone)
        for begin, end, reason in look.place.closures:
            if begin < day.last and end > day.first:
                return f"{look.place.location.name} is closed: {reason}"
    if not any(look.on(on, look.working) for look in present):
        return "Not for this visit on this day"
    return "No gap is long enough for this visit"
