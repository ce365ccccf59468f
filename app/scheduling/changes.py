"""Cancelling and moving: what happens to an appointment that stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update

from app.billing import ledger, refunds
from app.clinic import audit
from app.clock import instant_of
from app.extensions import db
from app.messaging import outbox
from app.models import Appointment, Payment
from app.models import AppointmentStatus as Status
from app.scheduling import claims, floors, holds, openings, refusals
from app.scheduling.moves import Actor, move_on
from app.scheduling.openings import Desk, Opening, length_of
from app.scheduling.states import MOVABLE, Who
from app.transaction import rows_changed, transactional

MOVE_ACTION = "appointment.moved"
LONGEST_REASON = 500


@transactional
def cancel(
    appointment: Appointment,
    actor: Actor,
    reason: str,
    *,
    version: int,
    desk: Desk | None = None,
) -> None:
    """Cancel an appointment; declining a request is cancelling it. Who cancels many brings the
    `desk` of the moment.

    A patient may do so until the clinic's cut-off. Raises TooLate, NotNow, NotAllowed,
    ChangedMeanwhile.
    """
    desk = desk or openings.desk()
    was = appointment.status
    if actor.who is Who.PATIENT and was in MOVABLE:
        check_cutoff(desk, appointment)
    if was is Status.HELD:
        raise refusals.OnlyHeld
    if was is Status.CANCELLED and appointment.version != version + 1:
        raise refusals.NotNow("This appointment is already cancelled.")
    payments = ledger.payments_of(appointment, lock=True)
    why = reason.strip()[:LONGEST_REASON]
    move_on(appointment, Status.CANCELLED, actor, version=version, why=why)
    if was is not Status.CANCELLED:
        _settle_up(appointment, payments, actor, desk, declined=was is Status.REQUESTED)


def _settle_up(
    appointment: Appointment,
    payments: Sequence[Payment],
    actor: Actor,
    desk: Desk,
    *,
    declined: bool,
) -> None:
    """Give back what the terms give back, and tell the patient; not before the clinic's own
    refusal can no longer be taken back."""
    by_patient = actor.who is Who.PATIENT
    wait = timedelta() if by_patient else desk.settings.undo
    refunds.for_cancelling(appointment, payments, actor.user, by_patient=by_patient, wait=wait)
    outbox.appointment_cancelled(
        appointment, by=actor.who.value, declined=declined, not_before=desk.at + wait
    )


@transactional
def move(appointment: Appointment, actor: Actor, tick: int, *, version: int) -> None:
    """Move an appointment to another opening of the same doctor and visit type, as long as agreed.

    The old claims go and the new ones come in one transaction, so that a move that fails keeps
    the old time, and a new time may overlap the old one. Raises what `require` raises, OwnOverlap,
    TooLate, NotNow, ChangedMeanwhile.
    """
    desk = openings.desk(lock=True)
    starts_at = instant_of(tick)
    if appointment.starts_at == starts_at and appointment.version in {version, version + 1}:
        return  # it is there already, or this very form has moved it there
    if appointment.version != version:
        raise refusals.ChangedMeanwhile
    if appointment.status not in MOVABLE or appointment.patient is None:
        raise refusals.NotNow("This appointment can no longer be moved.")
    if actor.who is Who.PATIENT:
        check_cutoff(desk, appointment)
    terms = desk.terms_of(appointment)
    if terms is None:
        raise refusals.NotBookable("This doctor takes no bookings at present. Call the clinic.")
    doctor, visit_type = terms
    holds.end_expired(desk.at, doctor_id=doctor.id, patient_id=appointment.patient.id)
    opening = openings.require(desk, doctor, visit_type, tick, apart_from=appointment.id)
    before, freed_from = appointment.starts_at, appointment.busy_from_tick
    _put(appointment, opening, version, desk.at)
    claims.release(appointment)
    claims.take(appointment, doctor.calendar_id, appointment.patient.calendar_id)
    floors.lower(appointment.doctor_id, freed_from)
    audit.record(
        actor.user,
        MOVE_ACTION,
        appointment,
        name=appointment.ref,
        before={"starts_at": before.isoformat()},
        after={"starts_at": opening.starts_at.isoformat()},
    )
    outbox.appointment_moved(appointment, before, by=actor.who.value)


def _put(appointment: Appointment, opening: Opening, version: int, at: datetime) -> None:
    """Write where an appointment is now, if it is still as the actor saw it; settled `at`."""
    length = length_of(opening.visit_type)
    changed = rows_changed(
        update(Appointment)
        .where(Appointment.id == appointment.id, Appointment.version == version)
        .values(
            starts_at=opening.starts_at,
            ends_at=opening.ends_at,
            location_id=opening.location.id,
            busy_from_tick=opening.tick - length.before,
            busy_until_tick=opening.tick + length.ticks + length.after,
            is_overbooked=False,
            arranged_at=at,
            version=Appointment.version + 1,
            calendar_sequence=Appointment.calendar_sequence + 1,
        )
    )
    if changed != 1:
        raise refusals.ChangedMeanwhile
    db.session.refresh(appointment)


def check_cutoff(desk: Desk, appointment: Appointment) -> None:
    """Raise TooLate when a patient can no longer change this appointment online."""
    if not may_still_change(desk, appointment):
        hours = desk.settings.cancel_cutoff_hours
        when = "once it has begun" if not hours else f"less than {hours} hours before it starts"
        raise refusals.TooLate(
            f"An appointment cannot be changed online {when}. Please call the clinic."
        )


def may_still_change(desk: Desk, appointment: Appointment) -> bool:
    """Whether the clinic's cut-off still lets a patient change this appointment online."""
    return desk.at < last_change_at(desk, appointment)


def last_change_at(desk: Desk, appointment: Appointment) -> datetime:
    """The instant until which a patient may change the appointment online."""
    return appointment.starts_at - desk.settings.cancel_cutoff
