"""Whether what is stored keeps its promise: one sweep over appointments and their claims."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import database_now, tick_of
from app.extensions import db
from app.models import Appointment, Claim, Doctor, Patient
from app.scheduling.states import OWNS_CLAIMS

LIVE = Appointment.status.in_(sorted(OWNS_CLAIMS))


@dataclass(frozen=True, slots=True)
class Faults:
    """How many appointments begin before an earlier one of the same doctor or patient is over;
    how many that are ahead lack a claim; how many claims belong to nothing that owns them."""

    overlapping: int
    missing: int
    orphaned: int

    @property
    def none(self) -> bool:
        return self == Faults(0, 0, 0)


def count_faults() -> Faults:
    """Count what must never be there. Reads all appointments; overbooked ones may overlap."""
    busy = _overlapping(
        Appointment.doctor_id,
        Appointment.busy_from_tick,
        Appointment.busy_until_tick,
        Appointment.is_overbooked.is_(False),
    )
    attending = _overlapping(
        Appointment.patient_id,
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.patient_id.is_not(None),
    )
    return Faults(busy + attending, _missing(), _orphaned())


def _overlapping(
    whose: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    begins: InstrumentedAttribute[int] | InstrumentedAttribute[object],
    ends: InstrumentedAttribute[int] | InstrumentedAttribute[object],
    counts: ColumnElement[bool],
) -> int:
    """A window over each calendar in order of time: linear, where a self-join would not be."""
    latest_end = func.max(ends).over(
        partition_by=whose, order_by=(begins, Appointment.id), rows=(None, -1)
    )
    rows = select(begins.label("begins"), latest_end.label("latest")).where(LIVE, counts).subquery()
    query = select(func.count()).select_from(rows).where(rows.c.begins < rows.c.latest)
    return db.session.scalar(query) or 0


def _missing() -> int:
    """Appointments ahead whose claims are not just their ticks. Past ones have been purged."""
    of_doctor = and_(
        Claim.calendar_id == Doctor.calendar_id,
        Claim.tick >= Appointment.busy_from_tick,
        Claim.tick < Appointment.busy_until_tick,
    )
    of_patient = Claim.calendar_id == Patient.calendar_id
    rows = db.session.execute(
        select(
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.busy_until_tick - Appointment.busy_from_tick,
            Appointment.is_overbooked,
            Appointment.patient_id,
            func.count(case((of_doctor, 1))),
            func.count(case((of_patient, 1))),
            func.min(case((of_patient, Claim.tick))),
        )
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(Claim, Claim.appointment_id == Appointment.id)
        .where(LIVE, Appointment.starts_at > database_now())
        .group_by(Appointment.id)
    )
    faulty = 0
    for starts_at, ends_at, busy, is_overbooked, patient_id, doctors, patients, first in rows:
        begin, end = tick_of(starts_at), tick_of(ends_at)
        lacks_doctor = doctors != (0 if is_overbooked else busy)
        lacks_patient = patient_id is not None and (patients, first) != (end - begin, begin)
        faulty += lacks_doctor or lacks_patient
    return faulty


def _orphaned() -> int:
    doctors_own = and_(
        Claim.calendar_id == Doctor.calendar_id,
        Claim.tick >= Appointment.busy_from_tick,
        Claim.tick < Appointment.busy_until_tick,
        Appointment.is_overbooked.is_(False),
    )
    patients_own = and_(
        Patient.id.is_not(None),
        Claim.calendar_id == Patient.calendar_id,
    )
    query = (
        select(func.count())
        .select_from(Claim)
        .outerjoin(Appointment, Appointment.id == Claim.appointment_id)
        .outerjoin(Doctor, Doctor.id == Appointment.doctor_id)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .where(or_(Appointment.id.is_(None), ~LIVE, ~or_(doctors_own, patients_own)))
    )
    return db.session.scalar(query) or 0
