"""Whom a visit type is open to. Nothing is asked of the database where that is anybody."""

from __future__ import annotations

from sqlalchemy import select

from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.errors import ClinicError
from app.extensions import db
from app.models import Appointment, Patient, WhoMayBook
from app.models import AppointmentStatus as Status


class OnlyByStaff(ClinicError):
    status = 403
    sentence = "Only the clinic books this visit. Choose another one, or call the clinic."


class OnlyForNew(ClinicError):
    """Somebody has had a visit with the doctor; `OnlyForReturning` is the opposite."""


class OnlyForReturning(ClinicError):
    """Somebody has not had a visit with the doctor yet."""


def check(patient: Patient, doctor: DoctorFacts, visit_type: VisitTypeFacts) -> None:
    """Raise OnlyByStaff, OnlyForNew or OnlyForReturning when this patient may not book this visit
    with this doctor."""
    if visit_type.who_may_book is WhoMayBook.ANYBODY:
        return
    if visit_type.is_for_staff:
        raise OnlyByStaff
    is_known = is_returning(patient, doctor.id)
    if visit_type.who_may_book is WhoMayBook.NEW and is_known:
        raise OnlyForNew(
            f"“{visit_type.name}” is for people who have not been with {doctor.name} yet, and you "
            "have. Choose another visit, or call the clinic."
        )
    if visit_type.who_may_book is WhoMayBook.RETURNING and not is_known:
        raise OnlyForReturning(
            f"“{visit_type.name}” is for people who have been with {doctor.name} before. "
            "Choose another visit, or call the clinic."
        )


def is_returning(patient: Patient, doctor_id: int) -> bool:
    """Whether the patient has had a visit with the doctor."""
    completed = select(Appointment.id).where(
        Appointment.patient_id == patient.id,
        Appointment.doctor_id == doctor_id,
        Appointment.status == Status.COMPLETED,
    )
    return db.session.scalar(completed.limit(1)) is not None
