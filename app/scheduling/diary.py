"""What is known of one doctor's time: what is planned, what is taken out of it, and who comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from app.clock import instant_of
from app.directory.facts import VisitTypeFacts
from app.extensions import db
from app.models import Appointment, HoursException, HoursExceptionKind
from app.models import AppointmentStatus as Status
from app.scheduling import agenda
from app.scheduling.agenda import LONGEST_BUSY_TICKS, PlaceShape
from app.scheduling.appointments import WITH_ALL_SHOWN
from app.scheduling.availability import ticks_in
from app.scheduling.days import Window
from app.scheduling.openings import ZONES_APART, Desk, starts_in


@dataclass(frozen=True, slots=True)
class Diary:
    """One doctor's time on some dates. Visits that were called off, and holds that have ended, are
    left out."""

    desk: Desk
    window: Window
    places: tuple[PlaceShape, ...]
    exceptions: tuple[HoursException, ...]
    visits: tuple[Appointment, ...]
    busy: int

    def starts(self, visit_type: VisitTypeFacts) -> int:
        """The bits of the window at which the visit can be booked."""
        bits = 0
        for place in self.places:
            bits |= starts_in(self.desk, place, self.window, self.busy, visit_type)
        return bits

    def has(self, bits: int, tick: int) -> bool:
        """Whether a tick is in a set of bits of the window."""
        return tick >= self.window.first and bool(bits >> (tick - self.window.first) & 1)

    def exception_at(self, kind: HoursExceptionKind, tick: int) -> HoursException | None:
        """The time off or the extra hours that cover a tick."""
        begin, end = instant_of(tick), instant_of(tick + 1)
        return next(
            (
                e
                for e in self.exceptions
                if e.kind is kind and e.starts_at < end and begin < e.ends_at
            ),
            None,
        )


def read(desk: Desk, doctor_id: int, first_day: date, last_day: date) -> Diary:
    """A doctor's time on the dates from `first_day` to `last_day` on whatever wall, in two queries
    beyond what is remembered of the hours."""
    dates = first_day - ZONES_APART, last_day + ZONES_APART
    shape = agenda.shapes(desk.revision, (doctor_id,), *dates)[doctor_id]
    visits = _visits(doctor_id, shape.window, desk.at)
    spans = [(v.busy_from_tick, v.busy_until_tick) for v in visits if not v.is_overbooked]
    return Diary(
        desk,
        shape.window,
        shape.places,
        _exceptions(doctor_id, shape.window),
        visits,
        ticks_in(spans, shape.window.first, shape.window.last),
    )


def closure_at(place: PlaceShape, tick: int) -> str:
    """The reason for which a place is closed at a tick."""
    return next((why for begin, end, why in place.closures if begin <= tick < end), "")


def _visits(doctor_id: int, window: Window, at: datetime) -> tuple[Appointment, ...]:
    query = (
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(
            Appointment.doctor_id == doctor_id,
            Appointment.busy_from_tick > window.first - LONGEST_BUSY_TICKS,
            Appointment.busy_from_tick < window.last,
            Appointment.busy_until_tick > window.first,
            Appointment.status.not_in([Status.CANCELLED, Status.EXPIRED]),
            or_(Appointment.status != Status.HELD, Appointment.hold_expires_at > at),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return tuple(db.session.scalars(query))


def _exceptions(doctor_id: int, window: Window) -> tuple[HoursException, ...]:
    query = (
        select(HoursException)
        .where(
            HoursException.doctor_id == doctor_id,
            HoursException.ends_at > instant_of(window.first),
            HoursException.starts_at < instant_of(window.last),
        )
        .order_by(HoursException.starts_at, HoursException.id)
    )
    return tuple(db.session.scalars(query))
