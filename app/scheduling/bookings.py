"""From a hold to an appointment."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from app.clock import tick_of
from app.directory.facts import VisitTypeFacts
from app.errors import NotFound
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import caps, claims, holders, holds, openings, refusals, who_may_book
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor, move_on
from app.scheduling.openings import Desk
from app.scheduling.states import Who
from app.transaction import rows_changed, transactional

BY_PAYMENT = Actor(None, Who.PAYMENT)


@transactional
def book(
    holder: Holder, patient: Patient, ref: str, reason: str, *, unpaid: bool = False
) -> Appointment:
    """Turn the holder's hold `ref` into an appointment of `patient`: `confirmed`, or `requested`
    where the visit type needs the doctor's approval.

    A browser's hold takes the patient's own time here, where the patient becomes known. Booking
    again what is booked answers with it. What is paid for online is booked by its payment;
    `unpaid` books it all the same, to be paid at the clinic. Raises HoldEnded, OwnOverlap,
    OverTheCap, NotBookable (the doctor, the visit type or the hours are gone), NotFound,
    ToBePaidFirst, and what `who_may_book.check` raises.
    """
    desk = openings.desk(lock=True)
    caps.one_at_a_time(patient)
    appointment = _found(holder, ref)
    if appointment.patient_id == patient.id and appointment.status is not Status.HELD:
        if appointment.status is Status.EXPIRED:
            raise refusals.HoldEnded
        return appointment
    visit_type = _check(desk, holder, patient, appointment)
    if appointment.is_paid_first and not unpaid:
        raise refusals.ToBePaidFirst
    first_time = appointment.patient_id is None
    _settle(appointment, patient, visit_type, Actor(patient.user, Who.PATIENT), desk.at, reason)
    if first_time:
        claims.take_for_patient(appointment, patient.calendar_id)
    outbox.appointment_booked(appointment)
    return appointment


def keep_while_paying(
    holder: Holder, patient: Patient, ref: str, reason: str, *, until: timedelta
) -> Appointment:
    """Make the holder's hold `ref` the patient's, in the present transaction, and keep it so much
    longer while they pay. Raises what `book` raises."""
    desk = openings.desk(lock=True)
    caps.one_at_a_time(patient)
    appointment = _found(holder, ref)
    if appointment.status is not Status.HELD and appointment.patient_id == patient.id:
        raise refusals.HoldEnded
    _check(desk, holder, patient, appointment)
    first_time = appointment.patient_id is None
    changed = rows_changed(
        update(Appointment)
        .where(
            Appointment.id == appointment.id,
            Appointment.status == Status.HELD,
            Appointment.version == appointment.version,
        )
        .values(
            patient_id=patient.id,
            held_by_browser=None,
            reason=reason.strip()[: holds.LONGEST_REASON],
            hold_expires_at=desk.at + until,
            version=Appointment.version + 1,
        )
    )
    if changed != 1:
        raise refusals.ChangedMeanwhile
    db.session.refresh(appointment)
    if first_time:
        claims.take_for_patient(appointment, patient.calendar_id)
    return appointment


def book_paid(appointment: Appointment) -> None:
    """Book a time whose visit has been paid, in the present transaction. One whose hold has ended
    takes its time again: raises OpeningTaken, OwnOverlap, OutsideHours, InThePast or NotBookable
    when it is not to be had, and the transaction must then end."""
    desk, patient = openings.desk(lock=True), appointment.patient
    terms = desk.terms_of(appointment)
    if patient is None or terms is None:
        raise refusals.NotBookable
    doctor, visit_type = terms
    was = appointment.status
    if was is Status.EXPIRED:
        openings.check_hours(desk, doctor, visit_type, tick_of(appointment.starts_at))
        holds.end_expired(desk.at, doctor_id=doctor.id, patient_id=patient.id)
    _settle(appointment, patient, visit_type, BY_PAYMENT, desk.at, appointment.reason)
    if was is Status.EXPIRED:
        claims.take(appointment, doctor.calendar_id, patient.calendar_id)
    outbox.appointment_booked(appointment)


def _found(holder: Holder, ref: str) -> Appointment:
    appointment = db.session.scalars(holders.any_of(holder, ref)).one_or_none()
    if appointment is None:
        raise NotFound
    return appointment


def _check(
    desk: Desk, holder: Holder, patient: Patient, appointment: Appointment
) -> VisitTypeFacts:
    """See that a hold can become the patient's appointment; its visit type, on its terms."""
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
    return visit_type


def _settle(
    appointment: Appointment,
    patient: Patient,
    visit_type: VisitTypeFacts,
    actor: Actor,
    at: datetime,
    reason: str,
) -> None:
    move_on(
        appointment,
        Status.REQUESTED if visit_type.needs_approval else Status.CONFIRMED,
        actor,
        version=appointment.version,
        patient_id=patient.id,
        reason=reason.strip()[: holds.LONGEST_REASON],
        arranged_at=at,
        hold_expires_at=None,
        holder_hash=None,
        holder_address=None,
    )
