"""Coming visits that go from one account of a person to another one of the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import joinedload

from app import clock
from app.clinic import audit
from app.extensions import db
from app.models import Appointment, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import caps, claims, openings
from app.scheduling.states import OPEN
from app.transaction import Overtaken, rows_changed, transactional


@dataclass(frozen=True, slots=True)
class Handover:
    """Visits that went over, and those that stayed because they meet another of the taker's."""

    taken: tuple[Appointment, ...]
    left: tuple[Appointment, ...]


def coming(patient: Patient) -> Sequence[Appointment]:
    """What would go over: visits that are not over yet, and a time that is held."""
    return db.session.scalars(_coming(patient)).all()


@transactional
def hand_over(giver: Patient, taker: Patient) -> Handover:
    """Give the coming visits of one patient, with the claims on their time, to another."""
    desk = openings.desk(lock=True)
    for patient in sorted((giver, taker), key=lambda one: one.id):
        caps.one_at_a_time(patient)
    may_hold = not any(one.status is Status.HELD for one in coming(taker))
    taken, left = [], []
    for appointment in coming(giver):
        is_hold = appointment.status is Status.HELD
        if is_hold and not may_hold:
            continue  # it ends by itself
        if claims.pass_on(appointment, giver.calendar_id, taker.calendar_id):
            _give(appointment, giver, taker)
            taken.append(appointment)
        elif not is_hold and appointment.ends_at > desk.at:
            left.append(appointment)
    return Handover(tuple(taken), tuple(left))


def _give(appointment: Appointment, giver: Patient, taker: Patient) -> None:
    changed = rows_changed(
        update(Appointment)
        .where(Appointment.id == appointment.id, Appointment.version == appointment.version)
        .values(patient_id=taker.id, version=Appointment.version + 1)
    )
    if changed != 1:
        raise Overtaken  # a step was made meanwhile: look again
    db.session.refresh(appointment)
    audit.record(
        taker.user,
        "appointment.handed_over",
        appointment,
        name=appointment.ref,
        before={"patient": giver.user.ref},
        after={"patient": taker.user.ref},
    )


def _coming(patient: Patient) -> Select[Appointment]:
    now = clock.database_now()
    is_open = Appointment.status.in_(OPEN) & (Appointment.ends_at > now)
    is_held = (Appointment.status == Status.HELD) & (Appointment.hold_expires_at > now)
    return (
        select(Appointment)
        .options(joinedload(Appointment.doctor), joinedload(Appointment.location))
        .where(Appointment.patient_id == patient.id, or_(is_open, is_held))
        .order_by(Appointment.id)
    )
