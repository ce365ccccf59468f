"""The first openings of each of many doctors, of whatever visit type, read together.

One stretch of dates is one query for who is busy, and at most three for what is remembered
otherwise: the shape of the doctors' time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from app.directory.facts import DoctorFacts, LocationFacts, VisitTypeFacts
from app.models import VisitMode
from app.scheduling import agenda
from app.scheduling.agenda import PlaceShape, Shape
from app.scheduling.availability import positions, ticks_in
from app.scheduling.days import date_of, local_day
from app.scheduling.openings import ZONES_APART, Desk, Opening, starts_in

HOW_MANY = 3
FIRST_DAYS = 7
WIDER = 3  # each look goes this many times as far as the one before
NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Wish:
    """Which openings count: at a location, in a mode, of a visit type, from a date on each place's
    own wall on."""

    location: LocationFacts | None = None
    mode: VisitMode | None = None
    visit_type: VisitTypeFacts | None = None
    earliest: date | None = None

    def visit_types(self, doctor: DoctorFacts) -> tuple[VisitTypeFacts, ...]:
        """What the doctor offers of it, the shortest first."""
        if self.mode is None and self.visit_type is None:
            return doctor.visit_types
        return tuple(
            kind
            for kind in doctor.visit_types
            if self.mode in (None, kind.mode) and self.visit_type in (None, kind)
        )

    def places(self, shape: Shape) -> Iterable[PlaceShape]:
        """Where the doctor works, of those that count."""
        wanted = self.location
        return (place for place in shape.places if wanted is None or place.location.id == wanted.id)

    def start(self, desk: Desk) -> int:
        """A tick before which nothing can count, in whatever zone."""
        return max(
            desk.first_tick, min(map(self.start_at, desk.catalogue.places.values()), default=0)
        )

    def start_at(self, place: LocationFacts) -> int:
        """The tick at which the earliest date begins at a place."""
        return local_day(self.earliest, place.zone).first if self.earliest else 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Dates to look at. What lies at or after the tick `until` is seen in part only, because the
    last date ends at different instants in different zones; NEVER means that all is seen."""

    first_day: date
    last_day: date
    until: int


def stretch(desk: Desk, first: int, last: int, days: int) -> Stretch:
    """The dates from a tick until `days` after another, but not beyond the horizon."""
    zone = desk.settings.zoneinfo
    today = desk.at.astimezone(zone).date()
    end = today + timedelta(desk.settings.horizon_days) + ZONES_APART
    first_day = min(date_of(first, zone) - ZONES_APART, end)
    last_day = min(date_of(last, zone) + timedelta(days), end)
    zones = [place.zone for place in desk.catalogue.places.values()]
    if last_day >= end or not zones:
        return Stretch(first_day, end, NEVER)
    return Stretch(first_day, last_day, min(local_day(last_day, zone).last for zone in zones))


def whole(desk: Desk, first: int) -> Stretch:
    """The dates from a tick to the horizon."""
    return stretch(desk, first, first, desk.settings.horizon_days + 2 * ZONES_APART.days)


def of_each(
    desk: Desk, doctors: Sequence[DoctorFacts], wish: Wish, dates: Stretch
) -> dict[int, list[Opening]]:
    """The first openings of each doctor on some dates; where visits of several types start
    together, the shortest."""
    shapes, busy = _read(desk, doctors, dates)
    return {
        doctor.id: _first(desk, doctor, wish, shapes[doctor.id], busy.get(doctor.id, 0), dates)
        for doctor in doctors
    }


def of_each_visit_type(
    desk: Desk, doctor: DoctorFacts
) -> list[tuple[VisitTypeFacts, list[Opening]]]:
    """What one doctor offers, the shortest first, each with its first openings."""
    found: dict[VisitTypeFacts, list[Opening]] = {kind: [] for kind in doctor.visit_types}
    days = FIRST_DAYS
    while wanting := [kind for kind, some in found.items() if len(some) < HOW_MANY]:
        dates = stretch(desk, desk.first_tick, desk.first_tick, days)
        shapes, busy = _read(desk, [doctor], dates)
        for kind in wanting:
            wish = Wish(visit_type=kind)
            found[kind] = _first(
                desk, doctor, wish, shapes[doctor.id], busy.get(doctor.id, 0), dates
            )
        if dates.until == NEVER:
            break
        days *= WIDER**2
    return list(found.items())


def with_hours(desk: Desk, doctors: Sequence[DoctorFacts], wish: Wish) -> set[int]:
    """The doctors who would have openings if nobody had booked anything."""
    dates = whole(desk, wish.start(desk))
    shapes = agenda.shapes(desk.revision, _ids(doctors), dates.first_day, dates.last_day)
    return {
        doctor.id for doctor in doctors if _first(desk, doctor, wish, shapes[doctor.id], 0, dates)
    }


def _read(
    desk: Desk, doctors: Sequence[DoctorFacts], dates: Stretch
) -> tuple[dict[int, Shape], dict[int, int]]:
    shapes = agenda.shapes(desk.revision, _ids(doctors), dates.first_day, dates.last_day)
    window = next(iter(shapes.values())).window
    return shapes, agenda.busy(list(shapes), window, desk.at)


def _ids(doctors: Sequence[DoctorFacts]) -> tuple[int, ...]:
    """In one order whatever the doctors' order is: shapes are remembered by it."""
    return tuple(sorted(doctor.id for doctor in doctors))


def _first(
    desk: Desk, doctor: DoctorFacts, wish: Wish, shape: Shape, busy: int, dates: Stretch
) -> list[Opening]:
    window = shape.window
    firsts: dict[int, Opening] = {}
    for kind in wish.visit_types(doctor):
        for place in wish.places(shape):
            starts = starts_in(desk, place, window, busy, kind)
            starts &= ticks_in(
                [(wish.start_at(place.location), dates.until)], window.first, window.last
            )
            for position in islice(positions(starts), HOW_MANY):
                tick = window.first + position
                firsts.setdefault(tick, Opening(doctor, kind, place.location, tick))
    return [firsts[tick] for tick in sorted(firsts)[:HOW_MANY]]
