"""The only module that writes claims: the rows by which the database refuses a double booking."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Claim
from app.scheduling.refusals import OpeningTaken, OwnOverlap
from app.transaction import Overtaken, is_duplicate, rows_changed, transactional


def take(appointment: Appointment, doctor_calendar: int, patient_calendar: int | None) -> None:
    """Claim the appointment's ticks: the doctor's with buffers, then the patient's without.

    Ascending ticks and doctor before patient, always, so that two bookings wait for each other in
    one direction only. Raises OpeningTaken or OwnOverlap; the transaction must then end.
    """
    if not appointment.is_overbooked:
        ticks = range(appointment.busy_from_tick, appointment.busy_until_tick)
        _insert(appointment, doctor_calendar, ticks, OpeningTaken)
    if patient_calendar is not None:
        take_for_patient(appointment, patient_calendar)


def take_for_patient(appointment: Appointment, patient_calendar: int) -> None:
    """Claim the patient's time alone, for a hold whose patient has just become known.

    Raises OwnOverlap; the transaction must then end.
    """
    ticks = range(tick_of(appointment.starts_at), tick_of(appointment.ends_at))
    _insert(appointment, patient_calendar, ticks, OwnOverlap)


def pass_on(appointment: Appointment, giver_calendar: int, taker_calendar: int) -> bool:
    """Turn the claims on one patient's time into another patient's; False, and nothing changed,
    when the taker is busy then."""
    ticks = range(tick_of(appointment.starts_at), tick_of(appointment.ends_at))
    busy = select(Claim.tick).where(Claim.calendar_id == taker_calendar, Claim.tick.in_(ticks))
    if db.session.scalars(busy.limit(1)).first() is not None:
        return False
    mine = (Claim.appointment_id == appointment.id) & (Claim.calendar_id == giver_calendar)
    try:
        rows_changed(update(Claim).where(mine).values(calendar_id=taker_calendar))
    except IntegrityError as fault:
        if is_duplicate(fault, "PRIMARY", "claims.tick"):
            raise Overtaken from fault  # booked meanwhile: look again
        raise
    return True


def release(appointment: Appointment) -> None:
    """Give up everything that the appointment claims."""
    rows_changed(delete(Claim).where(Claim.appointment_id == appointment.id))


@transactional
def purge(until: datetime, since: datetime) -> int:
    """Delete the claims of visits that started between two past instants; how many went."""
    past = select(Appointment.id).where(
        Appointment.starts_at >= since, Appointment.starts_at < until
    )
    ids = list(db.session.scalars(past))
    return sum(rows_changed(delete(Claim).where(Claim.appointment_id == number)) for number in ids)


def _insert(
    appointment: Appointment,
    calendar_id: int,
    ticks: range,
    refusal: type[OpeningTaken] | type[OwnOverlap],
) -> None:
    rows = [
        {"calendar_id": calendar_id, "tick": tick, "appointment_id": appointment.id}
        for tick in ticks
    ]
    try:
        db.session.execute(insert(Claim), rows)
    except IntegrityError as fault:
        if is_duplicate(fault, "PRIMARY", "claims.tick"):
            raise refusal from fault
        raise
