"""Search in the visits of one doctor: by the patient's name, the reference, the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, false, or_, select

from app.clock import instant_of
from app.extensions import db
from app.models import Appointment, Doctor, Location, Patient, User
from app.models import AppointmentStatus as Status
from app.paging import Page, page_of
from app.scheduling.appointments import WITH_ALL_SHOWN
from app.scheduling.days import local_day

LIKE_ESCAPE = "!"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visits are looked for; what is empty does not narrow. `name` is any part of the
    patient's name, `on` a date on the wall of the place of each visit."""

    ref: str = ""
    name: str = ""
    on: date | None = None


def find(doctor: Doctor, wanted: Wanted, page: int) -> Page[Appointment]:
    """A page of the doctor's visits that are wanted, latest first; those of one day by time. What
    was only held is left out."""
    query = (
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(
            Appointment.doctor_id == doctor.id,
            Appointment.status.not_in([Status.HELD, Status.EXPIRED]),
        )
    )
    if wanted.ref:
        query = query.where(Appointment.ref == wanted.ref)
    if wanted.name:
        query = _by_name(query, wanted.name)
    if wanted.on:
        query = _by_day(query, wanted.on)
    start = Appointment.starts_at
    order = start.asc() if wanted.on else start.desc()
    return page_of(query, Appointment.id.expression, [order, Appointment.id], page)


def _by_name(query: Select[Appointment], name: str) -> Select[Appointment]:
    """Every word has to stand somewhere in the patient's name."""
    named = select(Patient.id).join(Patient.user)
    for word in name.split():
        escaped = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        named = named.where(User.name.ilike(f"%{escaped}%", escape=LIKE_ESCAPE))
    return query.where(Appointment.patient_id.in_(named))


def _by_day(query: Select[Appointment], on: date) -> Select[Appointment]:
    """Visits that start on a place's own date; one query for the places, however many."""
    days = [
        (place.id, local_day(on, place.zoneinfo)) for place in db.session.scalars(select(Location))
    ]
    return query.where(
        or_(
            false(),
            *(
                and_(
                    Appointment.location_id == place_id,
                    Appointment.starts_at >= instant_of(day.first),
                    Appointment.starts_at < instant_of(day.last),
                )
                for place_id, day in days
            ),
        )
    )
