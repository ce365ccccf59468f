"""What one doctor has before them at this moment: today, who waits, what to answer, the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Doctor, HoursException, HoursExceptionKind
from app.models import AppointmentStatus as Status
from app.scheduling import diary, moves
from app.scheduling.appointments import WITH_ALL_SHOWN
from app.scheduling.availability import count, ticks_in
from app.scheduling.days import MINUTES_PER_TICK, local_day, run
from app.scheduling.diary import Diary
from app.scheduling.openings import Desk
from app.scheduling.week import monday_of

REQUESTS_SHOWN = 5
LEFT = frozenset({Status.CONFIRMED, Status.ARRIVED, Status.IN_CONSULTATION})
DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has arrived, and the instant since when they wait."""

    visit: Appointment
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Load:
    """How much of a week's open time visits take, in minutes."""

    booked: int
    open: int

    @property
    def percent(self) -> int:
        return round(100 * self.booked / self.open) if self.open else 0


@dataclass(frozen=True, slots=True)
class Glance:
    """`visits` are today's that take place, in order of time; `current` is with the doctor now,
    `coming` the next who has not arrived; `requests` are the first that wait for an answer."""

    today: date
    visits: Sequence[Appointment]
    current: Appointment | None
    coming: Appointment | None
    waiting: Sequence[Waiting]
    requests: Sequence[Appointment]
    is_more_to_answer: bool
    week: Load
    time_off: HoursException | None

    @property
    def left(self) -> int:
        """How many of today's visits are not over."""
        return sum(visit.status in LEFT for visit in self.visits)


def read(desk: Desk, doctor: Doctor, zone: ZoneInfo) -> Glance:
    """The picture of this moment, on the wall of `zone`; five queries beyond what is remembered of
    the hours, however much there is."""
    today = desk.at.astimezone(zone).date()
    monday = monday_of(today)
    sunday = monday + timedelta(DAYS_A_WEEK - 1)
    known = diary.read(desk, doctor.id, monday, sunday)
    real = [v for v in known.visits if v.status not in {Status.HELD, Status.NO_SHOW}]
    visits = [v for v in real if v.starts_at.astimezone(v.zone).date() == today]
    requests = _requests(doctor, desk.at)
    return Glance(
        today=today,
        visits=visits,
        current=next((v for v in visits if v.status is Status.IN_CONSULTATION), None),
        coming=next(
            (v for v in visits if v.status is Status.CONFIRMED and v.ends_at > desk.at), None
        ),
        waiting=_waiting([v for v in visits if v.status is Status.ARRIVED]),
        requests=requests[:REQUESTS_SHOWN],
        is_more_to_answer=len(requests) > REQUESTS_SHOWN,
        week=load(known, monday, sunday, zone),
        time_off=_next_time_off(doctor, desk.at),
    )


def load(known: Diary, first_day: date, last_day: date, zone: ZoneInfo) -> Load:
    """How much of the open time on some dates is booked; holds do not count."""
    window = known.window
    first, last = local_day(first_day, zone).first, local_day(last_day, zone).last
    shown = run(last - first) << (first - window.first)
    is_open = 0
    for place in known.places:
        is_open |= place.open & shown
    spans = [
        (tick_of(visit.starts_at), tick_of(visit.ends_at))
        for visit in known.visits
        if visit.status is not Status.HELD
    ]
    taken = ticks_in(spans, window.first, window.last) & is_open
    return Load(count(taken) * MINUTES_PER_TICK, count(is_open) * MINUTES_PER_TICK)


def _waiting(visits: Sequence[Appointment]) -> list[Waiting]:
    """Who waits longest comes first."""
    last = moves.last_moves(visits)
    found = [
        Waiting(visit, event.at if (event := last.get(visit.id)) else None) for visit in visits
    ]
    return sorted(found, key=lambda one: (one.since or one.visit.starts_at, one.visit.id))


def _requests(doctor: Doctor, at: datetime) -> Sequence[Appointment]:
    query = (
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(
            Appointment.doctor_id == doctor.id,
            Appointment.status == Status.REQUESTED,
            Appointment.ends_at > at,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(REQUESTS_SHOWN + 1)
    )
    return db.session.scalars(query).all()


def _next_time_off(doctor: Doctor, at: datetime) -> HoursException | None:
    """The time off that is now, or comes next."""
    query = (
        select(HoursException)
        .where(
            HoursException.doctor_id == doctor.id,
            HoursException.kind == HoursExceptionKind.TIME_OFF,
            HoursException.ends_at > at,
        )
        .order_by(HoursException.starts_at)
        .limit(1)
    )
    return db.session.scalars(query).first()
