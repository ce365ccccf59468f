"""The appointments ahead that a change of the clinic may be about, though it moves none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from app import clock
from app.extensions import db
from app.models import Appointment, Doctor, Location, Patient, VisitType
from app.scheduling.states import OPEN

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many are requested or confirmed and yet to come, and the first of them."""

    count: int
    first: Sequence[Appointment]


def at_location(location: Location) -> Ahead:
    """Those at a location, of all doctors."""
    return _ahead(Appointment.location_id == location.id)


def of_visit_type(visit_type: VisitType) -> int:
    """How many of a visit type are ahead."""
    return _count(Appointment.visit_type_id == visit_type.id)


def _ahead(which: ColumnElement[bool]) -> Ahead:
    query = (
        select(Appointment)
        .options(
            joinedload(Appointment.doctor).joinedload(Doctor.user),
            joinedload(Appointment.patient).joinedload(Patient.user),
        )
        .where(which, *_coming())
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(SHOWN)
    )
    return Ahead(_count(which), db.session.scalars(query).all())


def _count(which: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).where(which, *_coming())) or 0


def _coming() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Appointment.status.in_(OPEN), Appointment.starts_at > clock.now()
