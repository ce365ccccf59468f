"""How much one person, or one connection, may take: so that nobody can empty a calendar."""

from __future__ import annotations

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import joinedload

from app.directory.facts import DoctorFacts
from app.extensions import db
from app.models import Appointment, Patient
from app.models import AppointmentStatus as Status
from app.scheduling.openings import Desk
from app.scheduling.refusals import OverTheCap, TooManyHolds
from app.scheduling.states import OPEN


def one_at_a_time(patient: Patient) -> None:
    """Let the patient's bookings follow each other until this transaction ends: what is counted,
    or found missing, cannot appear from another of the patient's browsers meanwhile."""
    (number,) = inspect(patient).identity or ()  # asking the patient itself would read them twice
    query = select(Patient).options(joinedload(Patient.user)).where(Patient.id == number)
    db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def check_holds(desk: Desk, address: str, patient: Patient | None) -> None:
    """Raise TooManyHolds when this address already holds as many times as one may. Patients whose
    e-mail is confirmed are known, and hold one each: a waiting room may share an address."""
    if patient is not None and patient.user.is_confirmed:
        return
    alive = select(func.count()).where(
        Appointment.holder_address == address,
        Appointment.status == Status.HELD,
        Appointment.hold_expires_at > desk.at,
    )
    if (db.session.scalar(alive) or 0) >= desk.settings.holds_per_address:
        raise TooManyHolds


def check_bookings(desk: Desk, patient: Patient, doctor: DoctorFacts) -> None:
    """Raise OverTheCap when the patient's open appointments, in all or with this doctor, are as
    many as the clinic allows; people whose e-mail is not confirmed may have fewer."""
    open_ones = (
        select(Appointment.doctor_id, func.count())
        .where(
            Appointment.patient_id == patient.id,
            Appointment.status.in_(OPEN),
            Appointment.ends_at > desk.at,
        )
        .group_by(Appointment.doctor_id)
    )
    per_doctor = dict(db.session.execute(open_ones).all())
    policy = desk.settings
    in_all = sum(per_doctor.values())
    if in_all >= policy.open_bookings_per_patient:
        raise OverTheCap(
            f"You have {in_all} open appointments, and {policy.open_bookings_per_patient} is the "
            "most that can be booked online. Cancel one, or call the clinic."
        )
    if not patient.user.is_confirmed and in_all >= policy.open_bookings_unconfirmed:
        raise OverTheCap(
            "Confirm your e-mail address to book more than "
            f"{policy.open_bookings_unconfirmed} appointments. We have sent you a link."
        )
    if per_doctor.get(doctor.id, 0) >= policy.open_bookings_per_doctor:
        raise OverTheCap(
            f"You already have {per_doctor[doctor.id]} open appointments with {doctor.name}. "
            "Cancel or move one of them, or call the clinic."
        )
