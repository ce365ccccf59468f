"""Openings from a time on, or around one: what to offer when a wish cannot be met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from app.directory.facts import DoctorFacts, LocationFacts, VisitTypeFacts
from app.scheduling import openings
from app.scheduling.days import ONE_DAY, TICKS_A_DAY, date_of, local_day, run
from app.scheduling.openings import ZONES_APART, Desk, FreeStarts, Opening

SCAN_DAYS = 14


def earliest(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    location: LocationFacts | None = None,
    how_many: int = 3,
    not_before: int = 0,
) -> list[Opening]:
    """The first openings from the tick `not_before` on, within the horizon."""
    start = max(desk.first_tick, not_before)
    found: list[Opening] = []
    for first_day, last_day in stretches(desk, start):
        free = openings.free_starts(desk, doctors, visit_type, first_day, last_day, location)
        late = (one._replace(bits=one.bits & ~run(max(start - one.first, 0))) for one in free)
        found += openings.listed(visit_type, late, how_many)
        if len(found) >= how_many:
            break
    return found[:how_many]


def nearest(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    tick: int,
    how_many: int = 3,
    apart_from: int | None = None,
) -> list[Opening]:
    """The openings nearest to a tick, in order of time; those of a week around it come first."""
    last_tick = desk.first_tick + desk.settings.horizon_days * TICKS_A_DAY
    tick = min(max(tick, desk.first_tick), last_tick)
    around = date_of(tick, desk.settings.zoneinfo)
    week = timedelta(7)
    free = openings.free_starts(
        desk, doctors, visit_type, around - week, around + week, apart_from=apart_from
    )
    close = (_closest(one, tick, how_many) for one in free)
    near = openings.listed(visit_type, close)
    near = near or earliest(desk, doctors, visit_type, how_many=how_many)
    closest = sorted(near, key=lambda opening: abs(opening.tick - tick))[:how_many]
    return sorted(closest, key=lambda opening: opening.tick)


def near_day(
    desk: Desk, doctors: Sequence[DoctorFacts], visit_type: VisitTypeFacts, on: date
) -> list[Opening]:
    """The openings nearest to the noon of a date on which there is none."""
    return nearest(desk, doctors, visit_type, local_day(on, desk.settings.zoneinfo).first + 144)


def _closest(free: FreeStarts, tick: int, how_many: int) -> FreeStarts:
    """Of some starts those that may be among the `how_many` closest to a tick."""
    here = max(tick - free.first, 0)
    before, after = free.bits & run(here), free.bits & ~run(here)
    kept = 0
    for _ in range(how_many):
        kept |= (1 << before.bit_length() >> 1) | (after & -after)
        before &= ~kept
        after &= ~kept
    return free._replace(bits=kept)


def stretches(desk: Desk, start: int) -> Iterable[tuple[date, date]]:
    """The dates from a tick to the horizon, a fortnight at a time, with room on both sides for
    every zone; `starts_in` is exact."""
    day = date_of(start, desk.settings.zoneinfo) - ZONES_APART
    today = desk.at.astimezone(desk.settings.zoneinfo).date()
    end = today + timedelta(desk.settings.horizon_days) + ZONES_APART
    while day <= end:
        until = min(day + timedelta(SCAN_DAYS - 1), end)
        yield day, until
        day = until + ONE_DAY
