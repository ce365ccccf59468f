"""What patients do on the booking pages."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Appointment,
    Doctor,
    HoursException,
    HoursExceptionKind,
)
from app.models import AppointmentStatus as Status
from app.transaction import transactional
from tests.builders import (
    a_patient,
    at,
    booked,
    tick,
    tomorrow_at,
)
from tests.pages import Page, Visitor

TOMORROW = "2026-11-25"


@dataclass(frozen=True)
class Known:
    """A doctor by the references that stand in addresses."""

    ref: str
    kind: str

    @classmethod
    def of(cls, doctor: Doctor) -> Known:
        return cls(doctor.ref, doctor.visit_types[0].ref)


def somebody_books(app: Flask, time: str) -> None:
    """Somebody else books a time of tomorrow with the one doctor there is."""
    with app.app_context():
        booked(a_patient(), db.session.scalars(select(Doctor)).one(), tomorrow_at(time))


def times_page(visitor: Visitor, doctor: Known, day: str = TOMORROW) -> Page:
    return visitor.get(f"/appointment/?doctor={doctor.ref}&visit_type={doctor.kind}&day={day}")


def press(visitor: Visitor, page: Page, doctor: Known, time: str) -> Page:
    opening = f"{doctor.ref}.{tick(f'{TOMORROW} {time}')}"
    return visitor.submit(page.form("/appointment/hold/"), opening=opening)


def status_of(app: Flask) -> list[Status]:
    with app.app_context():
        return list(db.session.scalars(select(Appointment.status).order_by(Appointment.id)))


@transactional
def takes_time_off(doctor: Doctor, day: str) -> None:
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=at(f"{day} 00:00"),
            ends_at=at(f"{day} 23:00"),
        )
    )
