"""What will have happened at the demo clinic: who is seen when, and how it went.

Pure arithmetic on the doctors' time, with a seeded random: nothing is written here. The plan
never takes a time twice and keeps to the caps, so that playing it meets no refusal.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random

from app.clock import instant_of
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.models import PayWhen
from app.scheduling.agenda import PlaceShape, Shape
from app.scheduling.availability import bookable_starts, count, positions
from app.scheduling.days import MINUTES_PER_TICK, local_day, run, starts_of
from app.scheduling.openings import Desk, length_of

WEEKS_BACK, WEEKS_AHEAD = 8, 4
LONGEST_LEAD = timedelta(days=14)
DAY = timedelta(days=1)
FOR_CHILDREN = "Paediatrics"  # the demo patient is grown up
ONE_VISIT = 6  # ticks, about


WANTED, MOST_WANTED = 0.75, 0.9  # shares of the week that get booked


class Fate(StrEnum):
    """How an appointment went, or will."""

    KEPT = "kept"
    MISSED = "missed"
    CANCELLED = "cancelled"
    CALLED_OFF = "called off"
    UNANSWERED = "unanswered"


@dataclass(slots=True)
class Planned:
    """One appointment-to-be. `patient` is a number in the list of patients, 0 the demo's own.

    One that will have been moved is booked at `first_tick` and takes place at `tick`.
    """

    doctor: DoctorFacts
    visit_type: VisitTypeFacts
    tick: int
    booked_at: datetime
    fate: Fate = Fate.KEPT
    first_tick: int | None = None
    patient: int = -1

    @property
    def starts_at(self) -> datetime:
        return instant_of(self.tick)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.visit_type.minutes)

    @property
    def first_starts_at(self) -> datetime:
        return instant_of(self.tick if self.first_tick is None else self.first_tick)

    def meets(self, other: Planned) -> bool:
        """Whether one person could not keep both, at the times that either ever had."""
        return any(
            mine < other.visit_type.minutes // MINUTES_PER_TICK + theirs
            and theirs < self.visit_type.minutes // MINUTES_PER_TICK + mine
            for mine in {self.tick, self.first_tick or self.tick}
            for theirs in {other.tick, other.first_tick or other.tick}
        )


@dataclass(frozen=True, slots=True)
class Planner:
    """The plan's chance and its present: both given, so that it comes out the same."""

    desk: Desk
    today: date
    chance: Random

    def appointments_of(self, doctor: DoctorFacts, shape: Shape, demand: float) -> list[Planned]:
        """What gets booked of one doctor's time, day by day."""
        planned: list[Planned] = []
        for number in range(-7 * WEEKS_BACK, 7 * WEEKS_AHEAD):
            filled = self._fill(number, demand)
            for place in shape.places:
                place_day = _PlaceDay(shape, place, self.today + number * DAY)
                asks = demand >= WANTED and number in {0, 1}
                planned += self._day(doctor, place_day, filled, asks=asks)
        return planned

    def _day(
        self, doctor: DoctorFacts, place_day: _PlaceDay, filled: float, *, asks: bool
    ) -> list[Planned]:
        """Appointments until a share of the day is gone. A day that is to be full is filled from
        its beginning, without gaps, and nobody cancels. On a day that `asks`, every fourth visit
        needs approval and no other."""
        planned: list[Planned] = []
        is_full = filled >= 1
        wanted = filled * count(place_day.open)
        kinds = list(doctor.visit_types)
        while wanted > self.chance.uniform(0, ONE_VISIT) and kinds:
            turn = len(planned) % 4 == 1
            fitting = [kind for kind in kinds if asks and kind.needs_approval is turn]
            kind = self.chance.choice(fitting or kinds)
            starts = place_day.starts(kind)
            if not starts:
                kinds.remove(kind)
                continue
            at = starts[0] if is_full else self.chance.choice(starts)
            taken = place_day.take(kind, at)
            wanted -= 0 if is_full else taken
            each = Planned(doctor, kind, at, self._booked_at(at))
            each.fate = self._fate(each, is_full)
            planned.append(each)
        for each in planned:
            self._perhaps_moved(each, place_day)
        return planned

    def _perhaps_moved(self, planned: Planned, place_day: _PlaceDay) -> None:
        had = place_day.starts(planned.visit_type)
        early = planned.starts_at - planned.booked_at > timedelta(days=4)
        if had and early and planned.fate is Fate.KEPT and self.chance.random() < 0.06:
            planned.first_tick = self.chance.choice(had)
            place_day.take(planned.visit_type, planned.first_tick)

    def _fill(self, number: int, demand: float) -> float:
        """How much of a day gets booked: long past and far ahead less than now."""
        if number in _full_days(demand):
            return 1.0
        if number < 0:
            lately = 0.25 if number > -7 else 0.2 if demand >= WANTED else 0.07
            return demand * lately * self.chance.uniform(0, 2)
        if number == 1 and demand >= WANTED:
            return 0.6
        nearness = 1 - number / (7 * WEEKS_AHEAD + 4)
        return min(1.0, demand * nearness**2 * self.chance.uniform(0, 1))

    def _booked_at(self, tick: int) -> datetime:
        latest = min(self.desk.at, instant_of(tick) - timedelta(hours=3))
        share = float(self.chance.uniform(0.01, 1) ** 1.5)
        return latest - share * LONGEST_LEAD

    def _fate(self, planned: Planned, is_full: bool) -> Fate:
        roll = self.chance.uniform(0.1, 1) if is_full else self.chance.random()
        room = planned.starts_at - planned.booked_at
        if roll < 0.08 and room > timedelta(days=2):
            return Fate.CANCELLED
        if roll < 0.10 and room > timedelta(days=1):
            return Fate.CALLED_OFF
        if 0.1 <= roll < 0.15 and planned.ends_at < self.desk.at - timedelta(minutes=10):
            return Fate.MISSED
        waits = planned.visit_type.needs_approval and planned.starts_at > self.desk.at
        if waits and planned.booked_at > self.desk.at - 3 * DAY:
            return Fate.UNANSWERED
        return Fate.KEPT


@dataclass(slots=True)
class _PlaceDay:
    """One doctor's day at one place, and what of it is gone. All sets are of the shape's window."""

    shape: Shape
    place: PlaceShape
    on: date
    gone: int = 0

    @property
    def open(self) -> int:
        day = local_day(self.on, self.place.location.zone)
        return self.place.open & (run(day.last - day.first) << self._offset)

    def starts(self, kind: VisitTypeFacts) -> list[int]:
        """The ticks at which a visit still fits."""
        grid = starts_of(self.on, self.place.location.zone, kind.step) << self._offset
        fitting = bookable_starts(self.place.open, self.gone, grid, length_of(kind))
        return [self.shape.window.first + position for position in positions(fitting)]

    def take(self, kind: VisitTypeFacts, tick: int) -> int:
        """Take a visit's time, buffers and all; how many ticks that is."""
        length = length_of(kind)
        whole = length.before + length.ticks + length.after
        self.gone |= run(whole) << (tick - length.before - self.shape.window.first)
        return whole

    @property
    def _offset(self) -> int:
        return local_day(self.on, self.place.location.zone).first - self.shape.window.first


def _full_days(demand: float) -> range | set[int]:
    """Days from today on which nothing is left."""
    if demand >= MOST_WANTED:
        return range(8)
    return {0, 6} if demand >= WANTED else {1} if demand >= 0.6 else set()


def give_to_patients(
    planned: list[Planned], patients: int, doctor_of_demo: int, desk: Desk, chance: Random
) -> list[Planned]:
    """Find a patient for each appointment who may have it; in the order in which they are booked.

    The demo's own patient gets some with the demo's doctor and some with others.
    """
    in_order = sorted(planned, key=lambda each: (each.booked_at, each.tick))
    has: defaultdict[int, list[Planned]] = defaultdict(list)
    for mine in _for_demo_patient(in_order, doctor_of_demo, desk):
        mine.patient = 0
        has[0].append(mine)
    found: list[Planned] = []
    for each in in_order:
        if each.patient < 0:
            candidates = chance.sample(range(1, patients), k=patients - 1)
            each.patient = next((p for p in candidates if _may_have(has[p], each, desk)), -1)
            has[each.patient].append(each)
        if each.patient >= 0:
            found.append(each)
    return found


def _for_demo_patient(planned: list[Planned], doctor_of_demo: int, desk: Desk) -> list[Planned]:
    """One appointment for each of these wishes, far enough apart to hold all the caps."""
    chosen: list[Planned] = []
    for days, with_demo_doctor, fate in (
        (-44, False, Fate.KEPT),
        (-37, True, Fate.KEPT),
        (-30, False, Fate.MISSED),
        (-22, False, Fate.CANCELLED),
        (-12, True, Fate.KEPT),
        (-5, False, Fate.KEPT),
        (1, True, Fate.KEPT),
        (4, False, Fate.KEPT),
        (7, False, Fate.UNANSWERED),
        (11, True, Fate.KEPT),
    ):
        fitting = [
            each
            for each in planned
            if (each.doctor.id == doctor_of_demo) == with_demo_doctor
            and each.fate is fate
            and _may_have(chosen, each, desk)
            and not any(known.name == FOR_CHILDREN for known in each.doctor.specialties)
            and (each.starts_at > desk.at + timedelta(hours=3)) == (days > 0)
        ]
        wished = desk.at + days * DAY
        if fitting:
            chosen.append(min(fitting, key=lambda each: _distance(each, wished)))
    return chosen


def _distance(each: Planned, wished: datetime) -> tuple[bool, timedelta]:
    """How little it is what was wished; what is cancelled should have been paid, for its refund."""
    is_unpaid = each.visit_type.pay_when is PayWhen.AT_CLINIC
    return each.fate is Fate.CANCELLED and is_unpaid, abs(each.starts_at - wished)


def _may_have(has: list[Planned], wanted: Planned, desk: Desk) -> bool:
    """Whether the caps and the patient's own time allow one more, at any moment."""
    if any(each.meets(wanted) for each in has):
        return False
    alive = [
        each for each in has if each.ends_at > wanted.booked_at and each.booked_at < wanted.ends_at
    ]
    same_doctor = [each for each in alive if each.doctor.id == wanted.doctor.id]
    policy = desk.settings
    return (
        len(alive) < policy.open_bookings_per_patient
        and len(same_doctor) < policy.open_bookings_per_doctor
    )
