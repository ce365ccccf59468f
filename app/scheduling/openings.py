"""Which times are open. The same arithmetic lists them and checks them when one is taken.

An instant `at` is the database's present one; `tick`s are UTC. Every reader here takes a `Desk`:
the revision, instant, catalogue and settings of one request, read together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from app.clinic import revision, settings
from app.clinic.settings import ClinicSettings
from app.clock import TICK_SECONDS, instant_of
from app.directory import catalogue
from app.directory.facts import Catalogue, DoctorFacts, LocationFacts, VisitTypeFacts
from app.models import Appointment
from app.scheduling import agenda, refusals
from app.scheduling.agenda import PlaceShape, Shape
from app.scheduling.availability import (
    VisitLength,
    bookable_starts,
    positions,
    starts_that_fit,
)
from app.scheduling.days import (
    MINUTES_PER_TICK,
    ONE_DAY,
    Window,
    date_of,
    local_day,
    run,
    starts_of,
)

ZONES_APART = timedelta(2)  # from UTC−11 to UTC+14 the date at one instant differs by up to two


@dataclass(frozen=True, slots=True)
class Opening:
    """A start time that can be booked now, for one doctor, at one location."""

    doctor: DoctorFacts
    visit_type: VisitTypeFacts
    location: LocationFacts
    tick: int

    @property
    def starts_at(self) -> datetime:
        return instant_of(self.tick)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.visit_type.minutes)

    @property
    def local(self) -> datetime:
        """The start on the wall of the location."""
        return self.starts_at.astimezone(self.location.zone)

    @property
    def day(self) -> date:
        return self.local.date()


@dataclass(frozen=True, slots=True)
class Desk:
    """What one request sees: all parts belong to the same revision and instant."""

    at: datetime
    catalogue: Catalogue
    settings: ClinicSettings

    @property
    def revision(self) -> int:
        return self.catalogue.revision

    @property
    def first_tick(self) -> int:
        """The earliest tick at which a visit may start: after the minimum notice."""
        earliest = self.at + self.settings.minimum_notice
        return -(-int(earliest.timestamp()) // TICK_SECONDS)

    def terms_of(self, appointment: Appointment) -> tuple[DoctorFacts, VisitTypeFacts] | None:
        """The doctor of an appointment and its visit type, as long as was agreed; nothing where
        that doctor offers it no longer."""
        doctor = self.catalogue.by_id.get(appointment.doctor_id)
        visit_type = doctor.offers(appointment.visit_type_id) if doctor else None
        if doctor is None or visit_type is None:
            return None
        return doctor, visit_type.lasting(appointment.minutes)

    def today(self, location: LocationFacts) -> date:
        return self.at.astimezone(location.zone).date()

    def last_day(self, location: LocationFacts) -> date:
        """The last date on which a visit may be booked."""
        return self.today(location) + timedelta(self.settings.horizon_days)


def desk(*, lock: bool = False) -> Desk:
    """The desk of this moment; `lock` keeps the schedule as it is until the transaction ends."""
    number, at = revision.lock() if lock else revision.current_with_time()
    return Desk(at, catalogue.at(number), settings.current(number))


def length_of(visit_type: VisitTypeFacts) -> VisitLength:
    """The visit type's length and buffers in ticks."""
    return VisitLength(
        ticks=visit_type.minutes // MINUTES_PER_TICK,
        before=visit_type.buffer_before // MINUTES_PER_TICK,
        after=visit_type.buffer_after // MINUTES_PER_TICK,
        step=visit_type.step,
    )


def of_day(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    on: date,
    location: LocationFacts | None = None,
    apart_from: int | None = None,
) -> list[Opening]:
    """The openings on a date, in order of time, then of the doctor's name."""
    return between(desk, doctors, visit_type, on, on, location, apart_from)


def between(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    first_day: date,
    last_day: date,
    location: LocationFacts | None = None,
    apart_from: int | None = None,
) -> list[Opening]:
    """The openings on the dates from `first_day` to `last_day`, in order of time."""
    free = free_starts(desk, doctors, visit_type, first_day, last_day, location, apart_from)
    return listed(visit_type, free)


class FreeStarts(NamedTuple):
    """When a visit can start with one doctor at one place: a set of ticks, `first` being bit 0."""

    doctor: DoctorFacts
    location: LocationFacts
    first: int
    bits: int


def free_starts(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    visit_type: VisitTypeFacts,
    first_day: date,
    last_day: date,
    location: LocationFacts | None = None,
    apart_from: int | None = None,
) -> list[FreeStarts]:
    """What `between` lists, before it is listed: enough to see whether anything has changed.
    A visit type on the clinic's terms is looked at on each doctor's own."""
    by_doctor, busy = read_time(desk, doctors, first_day, last_day, apart_from)
    return [
        FreeStarts(
            doctor,
            place.location,
            shape.window.first,
            starts_in(desk, place, shape.window, busy.get(doctor.id, 0), doctor.own(visit_type)),
        )
        for doctor in doctors
        for shape in (by_doctor[doctor.id],)
        for place in places_of(shape, location)
    ]


def listed(
    visit_type: VisitTypeFacts, free: Iterable[FreeStarts], at_most: int | None = None
) -> list[Opening]:
    """The openings of some sets of starts, in order of time, then of the doctor's name; the first
    `at_most` of each set."""
    found = [
        Opening(doctor, doctor.own(visit_type), location, first + position)
        for doctor, location, first, bits in free
        for position in islice(positions(bits), at_most)
    ]
    return sorted(found, key=lambda opening: (opening.tick, opening.doctor.name))


def one_each(openings: Sequence[Opening]) -> list[Opening]:
    """One opening for each start; where several doctors are free, they take turns."""
    by_start: dict[int, list[Opening]] = {}
    for opening in openings:
        by_start.setdefault(opening.tick, []).append(opening)
    # By the place of the start in the grid, so that a time keeps its doctor while others go.
    return [
        same[tick * MINUTES_PER_TICK // same[0].visit_type.step % len(same)]
        for tick, same in by_start.items()
    ]


def require(
    desk: Desk,
    doctor: DoctorFacts,
    visit_type: VisitTypeFacts,
    tick: int,
    apart_from: int | None = None,
) -> Opening:
    """The opening of `doctor` that starts at `tick`.

    Raises the refusal that says why there is none: InThePast, TooSoon, TooFarAhead, OutsideHours
    or OpeningTaken.
    """
    if instant_of(tick) <= desk.at:
        raise refusals.InThePast
    if tick < desk.first_tick:
        raise refusals.TooSoon
    farthest = desk.at + timedelta(desk.settings.horizon_days + 2)
    if instant_of(tick) > farthest:
        raise refusals.TooFarAhead
    day = date_of(tick, desk.settings.zoneinfo)
    by_doctor, busy = read_time(desk, [doctor], day - ZONES_APART, day + ZONES_APART, apart_from)
    shape = by_doctor[doctor.id]
    bit = 1 << (tick - shape.window.first)
    taken = busy.get(doctor.id, 0)
    for place in shape.places:
        if starts_in(desk, place, shape.window, taken, visit_type) & bit:
            return Opening(doctor, visit_type, place.location, tick)
    for place in shape.places:
        if starts_in(desk, place, shape.window, 0, visit_type) & bit:
            raise refusals.OpeningTaken
    if shape.places and all(
        date_of(tick, place.location.zone) > desk.last_day(place.location) for place in shape.places
    ):
        raise refusals.TooFarAhead
    raise refusals.OutsideHours


def check_hours(desk: Desk, doctor: DoctorFacts, visit_type: VisitTypeFacts, tick: int) -> None:
    """Raise OutsideHours when the doctor no longer works during a visit that starts at `tick`, and
    InThePast when it has begun. For a time that is held: notice and horizon were kept when it was
    chosen."""
    if instant_of(tick) <= desk.at:
        raise refusals.InThePast
    day = date_of(tick, desk.settings.zoneinfo)
    shape = agenda.shapes(desk.revision, (doctor.id,), day - ZONES_APART, day + ZONES_APART)[
        doctor.id
    ]
    bit = 1 << (tick - shape.window.first)
    ticks = length_of(visit_type).ticks
    kind = visit_type.id
    if not any(starts_that_fit(place.open_to(kind), ticks) & bit for place in shape.places):
        raise refusals.OutsideHours


def read_time(
    desk: Desk,
    doctors: Sequence[DoctorFacts],
    first_day: date,
    last_day: date,
    apart_from: int | None,
) -> tuple[dict[int, Shape], dict[int, int]]:
    """The shape of each doctor\'s time on some dates, and what of it is busy: four queries."""
    ids = tuple(doctor.id for doctor in doctors)
    if not ids:
        return {}, {}
    by_doctor = agenda.shapes(desk.revision, ids, first_day, last_day)
    window = next(iter(by_doctor.values())).window
    return by_doctor, agenda.busy(ids, window, desk.at, apart_from)


def places_of(shape: Shape, location: LocationFacts | None) -> Iterable[PlaceShape]:
    """A doctor\'s places, or the one that is asked for."""
    return (place for place in shape.places if location is None or place.location.id == location.id)


def starts_in(
    desk: Desk, place: PlaceShape, window: Window, busy: int, visit_type: VisitTypeFacts
) -> int:
    """The bits of the window at which the visit can be booked now."""
    grid = grid_of(window, place.location, visit_type.step, desk.last_day(place.location))
    grid &= not_before_of(desk.first_tick, window)
    return bookable_starts(place.open_to(visit_type.id), busy, grid, length_of(visit_type))


def grid_of(window: Window, location: LocationFacts, step: int, until: date) -> int:
    """The bits at which a visit may start on the window's dates, to `until` at the latest."""
    bits, on = 0, window.first_day
    while on <= min(window.last_day, until):
        day = local_day(on, location.zone)
        bits |= starts_of(on, location.zone, step) << (day.first - window.first)
        on += ONE_DAY
    return bits


def not_before_of(tick: int, window: Window) -> int:
    """All bits of a window but those before a tick."""
    skipped = min(max(tick - window.first, 0), window.last - window.first)
    return ~run(skipped)
