"""Readers of appointments. Each says whose: there is no way to ask for anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from app.clinic import audit
from app.errors import NotFound
from app.extensions import db
from app.models import Appointment, AuditEvent, Doctor, Patient, User, VisitType
from app.models import AppointmentStatus as Status
from app.paging import Page, page_of
from app.scheduling.states import FINISHED

PAGE_SIZE = 10
WIDEST_DAY = timedelta(hours=26)  # from UTC's noon to the end of a date in any zone

WITH_ALL_SHOWN = (  # of an appointment, in the one query that reads it
    joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(Appointment.patient).joinedload(Patient.user),
    joinedload(Appointment.visit_type),
    joinedload(Appointment.location),
)


class When(StrEnum):
    UPCOMING = "upcoming"
    PAST = "past"


def appointment_of(patient: Patient, ref: str) -> Appointment:
    """The patient's appointment of that reference, held ones aside. Raises NotFound."""
    return _one(_whole().where(Appointment.ref == ref, Appointment.patient_id == patient.id))


def appointment_of_link(ref: str, user_ref: str) -> Appointment | None:
    """The appointment of a mailed link, while it is still that user's and they are active."""
    return db.session.scalars(
        select(Appointment)
        .options(*WITH_ALL_SHOWN)
        .where(
            Appointment.ref == ref,
            Appointment.status.not_in([Status.HELD, Status.EXPIRED]),
            Appointment.patient.has(Patient.user.has(and_(User.ref == user_ref, User.is_active))),
        )
    ).one_or_none()


def appointment_with(doctor: Doctor, ref: str) -> Appointment:
    """The doctor's appointment of that reference. Raises NotFound."""
    return _one(_whole().where(Appointment.ref == ref, Appointment.doctor_id == doctor.id))


def appointment_for_staff(ref: str) -> Appointment:
    """Any appointment, for the clinic's admins: held and expired ones too, because the audit trail
    speaks of them. Raises NotFound."""
    return _found(_whole().where(Appointment.ref == ref))


def appointments_of(
    patient: Patient, when: When, at: datetime, search: str = "", page: int = 1
) -> Page[Appointment]:
    """A page of the patient's appointments: upcoming ones by time, past ones latest first.

    `search` looks in the doctor's name, the visit type and the reference. What is cancelled is
    past, whenever it would have been.
    """
    over = or_(Appointment.ends_at <= at, Appointment.status.in_(FINISHED))
    query = _whole().where(
        Appointment.patient_id == patient.id,
        Appointment.status.not_in([Status.HELD, Status.EXPIRED]),
        over if when is When.PAST else ~over,
    )
    if search:
        pattern = f"%{_escaped(search)}%"
        query = query.where(
            or_(
                Doctor.user.has(User.name.ilike(pattern, escape="!")),
                VisitType.name.ilike(pattern, escape="!"),
                Appointment.ref == search.strip().lower(),
            )
        )
    order = Appointment.starts_at.asc() if when is When.UPCOMING else Appointment.starts_at.desc()
    return page_of(query, Appointment.id.expression, [order, Appointment.id], page, PAGE_SIZE)


def board_of(doctor: Doctor, on: date) -> list[Appointment]:
    """The doctor's appointments that start on a date, by the wall of the place they are at.

    What was only held is left out; what was cancelled stays, so that a gap explains itself.
    """
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    rows = db.session.scalars(
        _whole()
        .where(
            Appointment.doctor_id == doctor.id,
            Appointment.starts_at >= noon - WIDEST_DAY,
            Appointment.starts_at < noon + WIDEST_DAY,
            Appointment.status.not_in([Status.HELD, Status.EXPIRED]),
        )
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [row for row in rows if row.starts_at.astimezone(row.zone).date() == on]


def history_of(appointment: Appointment) -> Sequence[AuditEvent]:
    """What happened to an appointment, oldest first."""
    return db.session.scalars(
        select(AuditEvent)
        .options(joinedload(AuditEvent.actor))
        .where(
            AuditEvent.object_kind == audit.kind_of(appointment),
            AuditEvent.object_id == appointment.id,
        )
        .order_by(AuditEvent.id)
    ).all()


def _whole() -> Select[Appointment]:
    """Appointments with all that a page shows of them, in one query."""
    of_doctor, of_patient = aliased(User), aliased(User)
    return (
        select(Appointment)
        .join(Appointment.doctor)
        .join(of_doctor, Doctor.user)
        .join(Appointment.visit_type)
        .join(Appointment.location)
        .outerjoin(Appointment.patient)
        .outerjoin(of_patient, Patient.user)
        .options(
            contains_eager(Appointment.doctor).contains_eager(Doctor.user, alias=of_doctor),
            contains_eager(Appointment.visit_type),
            contains_eager(Appointment.location),
            contains_eager(Appointment.patient).contains_eager(Patient.user, alias=of_patient),
            joinedload(Appointment.overbooked_by),
        )
    )


def _one(query: Select[Appointment]) -> Appointment:
    return _found(query.where(Appointment.status.not_in([Status.HELD, Status.EXPIRED])))


def _found(query: Select[Appointment]) -> Appointment:
    appointment = db.session.scalars(query).one_or_none()
    if appointment is None:
        raise NotFound("We could not find that appointment.")
    return appointment


def _escaped(text: str) -> str:
    """Text for LIKE with `!` as the escape, so that % and _ mean themselves."""
    return text.strip().replace("!", "!!").replace("%", "!%").replace("_", "!_")
