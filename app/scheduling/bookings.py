"""From a hold to an appointment."""

from __future__ import annotations

from app.clock import tick_of
from app.errors import NotFound
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import caps, claims, holders, holds, openings, refusals, who_may_book
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor, move_on
from app.scheduling.states import Who
from app.transaction import transactional


@transactional
def book(holder: Holder, patient: Patient, ref: str, reason: str) -> Appointment:
    """Turn the holder's hold `ref` into an appointment of `patient`: `confirmed`, or `requested`
    where the visit type needs the doctor's approval.

    A browser's hold takes the patient's own time here, where the patient becomes known. Booking
    again what is booked answers with it. Raises HoldEnded, OwnOverlap, OverTheCap, NotBookable
    (the doctor, the visit type or the hours are gone), NotFound, and what `who_may_book.check`
    raises.
    """
    desk = openings.desk(lock=True)
    caps.one_at_a_time(patient)
    appointment = db.session.scalars(holders.any_of(holder, ref)).one_or_none()
    if appointment is None:
        raise NotFound
    if appointment.patient_id == patient.id and appointment.status is not Status.HELD:
        if appointment.status is Status.EXPIRED:
            raise refusals.HoldEnded
        return appointment
    if appointment.status is not Status.HELD or holds.is_over(appointment, desk.at):
        raise refusals.HoldEnded
    terms = desk.terms_of(appointment)
    if terms is None:
        raise refusals.NotBookable
    doctor, visit_type = terms
    who_may_book.check(patient, doctor, visit_type)
    openings.check_hours(desk, doctor, visit_type, tick_of(appointment.starts_at))
    holds.give_up_others(holder, appointment)
    caps.check_bookings(desk, patient, doctor)
    first_time = appointment.patient_id is None
    move_on(
        appointment,
        Status.REQUESTED if visit_type.needs_approval else Status.CONFIRMED,
        Actor(patient.user, Who.PATIENT),
        version=appointment.version,
        patient_id=patient.id,
        reason=reason.strip()[: holds.LONGEST_REASON],
        hold_expires_at=None,
        holder_hash=None,
        holder_address=None,
    )
    if first_time:
        claims.take_for_patient(appointment, patient.calendar_id)
    outbox.appointment_booked(appointment)
    return appointment
