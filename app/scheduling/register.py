"""The clinic's whole register of appointments, for its admins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import instant_of
from app.extensions import db
from app.models import Appointment, Location, Patient
from app.models import AppointmentStatus as Status
from app.paging import MOST, Page, page_of
from app.scheduling.appointments import WITH_ALL_SHOWN, When
from app.scheduling.days import local_day
from app.scheduling.states import OPEN

ANSWERED_WITHIN = timedelta(hours=24)
CLOSED_WITHIN = timedelta(hours=12)
# What is booked later has a higher number.
COLUMNS: dict[str, Sequence[InstrumentedAttribute[Any]]] = {
    "time": [Appointment.starts_at, Appointment.id],
    "status": [Appointment.status, Appointment.starts_at, Appointment.id],
    "booked": [Appointment.id],
}
GONE = {Status.HELD, Status.EXPIRED, Status.CANCELLED}
UNCLOSED = OPEN | {Status.ARRIVED, Status.IN_CONSULTATION}


class Sort(StrEnum):
    """What the register may be ordered by; a leading minus turns it round.

    Only what an index holds: the names of patients and doctors stand in another table, and to
    order a hundred thousand visits by them takes a third of a second. For them there are the
    search and the filter.
    """

    TIME = "time"
    TIME_DOWN = "-time"
    STATUS = "status"
    STATUS_DOWN = "-status"
    BOOKED = "booked"
    BOOKED_DOWN = "-booked"


class Concern(StrEnum):
    """What may need an admin's attention."""

    UNANSWERED = "unanswered"  # a request that nobody has answered for a day
    UNCLOSED = "unclosed"  # a visit that is over, and still stands open


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appointments are looked for; what is nothing does not narrow. `on` is a date on the
    wall of the place of each."""

    when: When = When.UPCOMING
    ref: str = ""
    patient_user_ids: tuple[int, ...] | None = None
    doctor_id: int | None = None
    location_id: int | None = None
    status: Status | None = None
    concern: Concern | None = None
    on: date | None = None
    sort: Sort | None = None

    @property
    def order(self) -> Sort:
        """What they are ordered by: unless said otherwise, coming ones by time and past ones
        latest first."""
        is_past = self.when is When.PAST and self.on is None
        return self.sort or (Sort.TIME_DOWN if is_past else Sort.TIME)


@dataclass(frozen=True, slots=True)
class Load:
    """How full today is at one location, on its own date. What is cancelled does not count."""

    location: Location
    on: date
    visits: int
    waiting: int
    done: int
    to_answer: int
    no_shows: int
    busy_ticks: int  # what they take of the doctors' time, preparation included


def find(wanted: Wanted, at: datetime, page: int) -> Page[Appointment]:
    """A page of the appointments that are wanted."""
    query = (
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(Appointment.status.not_in([Status.HELD, Status.EXPIRED]), *_narrowed(wanted, at))
    )
    if wanted.concern is not None:
        some = _some_of(wanted.concern, at)
        query = query.join(some, some.c.id == Appointment.id)
    name, turned = wanted.order.removeprefix("-"), wanted.order.startswith("-")
    order = [column.desc() if turned else column.asc() for column in COLUMNS[name]]
    return page_of(query, Appointment.id.expression, order, page)


def how_many(concern: Concern, at: datetime) -> int:
    """How many appointments raise this concern; counted up to ten thousand."""
    return db.session.scalar(select(func.count()).select_from(_some_of(concern, at))) or 0


def load_of_today(at: datetime) -> list[Load]:
    """Each location's day, in order of name."""
    places = _places()
    days = {place.id: at.astimezone(place.zoneinfo).date() for place in places}
    rows = db.session.execute(
        select(
            Appointment.location_id,
            Appointment.status,
            func.count(),
            func.sum(Appointment.busy_until_tick - Appointment.busy_from_tick),
        )
        .where(_on_days(places, days))
        .group_by(Appointment.location_id, Appointment.status)
    )
    counts: defaultdict[int, Counter[Status]] = defaultdict(Counter)
    busy: Counter[int] = Counter()
    for place_id, status, number, ticks in rows:
        counts[place_id][status] = number
        busy[place_id] += int(ticks) if status not in GONE else 0
    return [_load(place, days[place.id], counts[place.id], busy[place.id]) for place in places]


def coming_by_doctor(doctor_ids: Iterable[int], at: datetime) -> dict[int, int]:
    """How many open appointments each doctor has ahead."""
    query = (
        select(Appointment.doctor_id, func.count())
        .where(Appointment.doctor_id.in_(list(doctor_ids)), *_coming(at))
        .group_by(Appointment.doctor_id)
    )
    return dict(db.session.execute(query).all())


def coming_of_patient(patient: Patient, at: datetime) -> int:
    """How many open appointments a patient has ahead."""
    query = select(func.count()).where(Appointment.patient_id == patient.id, *_coming(at))
    return db.session.scalar(query) or 0


def _coming(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return Appointment.starts_at > at, Appointment.status.in_(OPEN)


def _narrowed(wanted: Wanted, at: datetime) -> Iterable[ColumnElement[bool]]:
    if wanted.ref:
        yield Appointment.ref == wanted.ref
        return
    if wanted.patient_user_ids is not None:
        people = select(Patient.id).where(Patient.user_id.in_(wanted.patient_user_ids))
        yield Appointment.patient_id.in_(people)
    if wanted.doctor_id is not None:
        yield Appointment.doctor_id == wanted.doctor_id
    if wanted.location_id is not None:
        yield Appointment.location_id == wanted.location_id
    if wanted.status is not None:
        yield Appointment.status == wanted.status
    if wanted.concern is not None:
        return
    if wanted.on is not None:
        places = _places()
        yield _on_days(places, {place.id: wanted.on for place in places})
    else:
        is_past = wanted.when is When.PAST
        yield Appointment.starts_at < at if is_past else Appointment.starts_at >= at


def _some_of(concern: Concern, at: datetime) -> Subquery:
    """The ids of those that raise a concern. They are few among very many: found by status first,
    as a list with an end, so that no database thinks of walking along the times instead."""
    if concern is Concern.UNANSWERED:
        asked = Appointment.created_at < at - ANSWERED_WITHIN
        is_raised = and_(Appointment.status == Status.REQUESTED, asked)
    else:
        over = Appointment.starts_at < at - CLOSED_WITHIN
        is_raised = and_(Appointment.status.in_(UNCLOSED), over)
    return select(Appointment.id).where(is_raised).limit(MOST).subquery()


def _places() -> Sequence[Location]:
    return db.session.scalars(select(Location).order_by(Location.name)).all()


def _on_days(places: Sequence[Location], days: dict[int, date]) -> ColumnElement[bool]:
    """Appointments that start on a place's own date. Places that share a zone share a range."""
    spans: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place in places:
        day = local_day(days[place.id], place.zoneinfo)
        spans[day.first, day.last].append(place.id)
    return or_(
        false(),
        *(
            and_(
                Appointment.starts_at >= instant_of(first),
                Appointment.starts_at < instant_of(last),
                Appointment.location_id.in_(ids),
            )
            for (first, last), ids in spans.items()
        ),
    )


def _load(place: Location, on: date, by_status: Counter[Status], busy_ticks: int) -> Load:
    return Load(
        location=place,
        on=on,
        visits=sum(number for status, number in by_status.items() if status not in GONE),
        waiting=by_status[Status.ARRIVED],
        done=by_status[Status.COMPLETED],
        to_answer=by_status[Status.REQUESTED],
        no_shows=by_status[Status.NO_SHOW],
        busy_ticks=busy_ticks,
    )
