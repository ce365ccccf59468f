"""The doctor's day: one step of one visit at a time, each of which can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.billing import ledger, refunds
from app.clock import instant_of
from app.errors import NotAllowed
from app.messaging import outbox
from app.models import Appointment, AuditEvent, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import changes, claims, hits, holds, openings
from app.scheduling.moves import STATUS_ACTION, Actor, go_back, last_move, move_on
from app.scheduling.openings import Desk
from app.scheduling.refusals import NotNow, OnlyHeld, OpeningTaken, OutsideHours, OwnOverlap
from app.scheduling.states import BRIEFLY_UNDOABLE, OWNS_CLAIMS, UNDOABLE, Who, may_move
from app.transaction import transactional


class Step(StrEnum):
    """What a doctor does to a visit with one tap."""

    APPROVE = "approve"
    ARRIVE = "arrive"
    START = "start"
    COMPLETE = "complete"
    NO_SHOW = "no-show"


LEADS_TO = {
    Step.APPROVE: Status.CONFIRMED,
    Step.ARRIVE: Status.ARRIVED,
    Step.START: Status.IN_CONSULTATION,
    Step.COMPLETE: Status.COMPLETED,
    Step.NO_SHOW: Status.NO_SHOW,
}

ORDER = (Step.APPROVE, Step.ARRIVE, Step.START, Step.COMPLETE, Step.NO_SHOW)


@dataclass(frozen=True, slots=True)
class Undo:
    """The last step on offer to be taken back, and the status it leads back to."""

    to: Status


def steps_of(appointment: Appointment, who: Who, desk: Desk) -> list[Step]:
    """The steps that are possible now, the likeliest first."""
    possible = []
    for step in ORDER:
        if step is Step.APPROVE and appointment.status is not Status.REQUESTED:
            continue
        if step is Step.NO_SHOW and appointment.starts_at > desk.at:
            continue
        if may_move(appointment.status, LEADS_TO[step], who):
            possible.append(step)
    return possible


def may_cancel(appointment: Appointment, who: Who) -> bool:
    """Whether somebody acting as `who` may cancel, or decline, this appointment."""
    is_held = appointment.status is Status.HELD
    return not is_held and may_move(appointment.status, Status.CANCELLED, who)


@transactional
def take(appointment: Appointment, step: Step, actor: Actor, *, version: int) -> None:
    """Take one step with the appointment as the actor saw it at `version`.

    Raises NotNow, NotAllowed, ChangedMeanwhile.
    """
    desk = openings.desk()
    if step is Step.NO_SHOW and appointment.starts_at > desk.at:
        raise NotNow("A visit can be marked as a no-show once its time has come.")
    was = appointment.status
    if was is Status.HELD:
        raise OnlyHeld
    settled: dict[str, Any] = {"arranged_at": desk.at} if step is Step.APPROVE else {}
    move_on(appointment, LEADS_TO[step], actor, version=version, **settled)
    if step is Step.APPROVE and was is Status.REQUESTED:
        outbox.appointment_approved(appointment, not_before=desk.at + desk.settings.undo)


@transactional
def decline(appointment: Appointment, actor: Actor, reason: str, *, version: int) -> None:
    """Decline a request, or cancel for the clinic. Raises NotNow, NotAllowed, ChangedMeanwhile."""
    if actor.who is Who.PATIENT:
        raise NotAllowed
    changes.cancel(appointment, actor, reason, version=version)


def undo_of(appointment: Appointment, who: Who, desk: Desk) -> Undo | None:
    """What can be taken back: the last step, by doctor or staff; an approval or a refusal only
    for the moment in which its message still waits."""
    return undo_from(appointment, last_move(appointment), who, desk)


def undo_from(
    appointment: Appointment, last: AuditEvent | None, who: Who, desk: Desk
) -> Undo | None:
    """`undo_of`, for callers that have read the last move of many appointments at once."""
    if who not in {Who.DOCTOR, Who.STAFF}:
        return None
    lasting = appointment.status in UNDOABLE
    if not lasting and appointment.status not in BRIEFLY_UNDOABLE:
        return None
    if last is None or last.action != STATUS_ACTION or not last.before or not last.after:
        return None
    if last.after.get("status") != appointment.status.value:
        return None
    to = Status(last.before["status"])
    if lasting:
        return Undo(to)
    by_staff = last.actor is not None and last.actor.role.value != "patient"
    brief = to in {Status.REQUESTED, Status.CONFIRMED} and desk.at < last.at + desk.settings.undo
    return Undo(to) if by_staff and brief else None


@transactional
def undo(appointment: Appointment, actor: Actor, *, version: int) -> None:
    """Take the last step back. Raises NotNow when there is none to take back, OpeningTaken when a
    refused visit's time has gone to somebody else, OwnOverlap when its patient is busy by now,
    OutsideHours when nobody works then any more, ChangedMeanwhile."""
    desk = openings.desk(lock=True)  # no change of hours passes by a visit that comes back
    offer = undo_of(appointment, actor.who, desk)
    if offer is None:
        raise NotNow("This can no longer be taken back.")
    needs_claims = appointment.status not in OWNS_CLAIMS
    payments = ledger.payments_of(appointment, lock=True) if needs_claims else []
    go_back(appointment, offer.to, actor, version=version)
    if payments:
        refunds.withdraw(appointment, payments)
    if needs_claims and appointment.patient is not None:
        if instant_of(appointment.busy_from_tick) <= desk.at:
            raise OpeningTaken("The time of this visit has passed, so it stays cancelled.")
        if not (appointment.is_overbooked or hits.fits(appointment)):
            raise OutsideHours("Nobody works at this time any more, so the visit stays cancelled.")
        holds.end_expired(
            desk.at, doctor_id=appointment.doctor_id, patient_id=appointment.patient.id
        )
        _take_again(appointment, appointment.patient)


def _take_again(appointment: Appointment, patient: Patient) -> None:
    try:
        claims.take(appointment, appointment.doctor.calendar_id, patient.calendar_id)
    except OpeningTaken as taken:
        raise OpeningTaken(
            "Somebody else has this time now, so the visit stays cancelled."
        ) from taken
    except OwnOverlap as overlap:
        raise OwnOverlap(
            "The patient has another appointment then, so the visit stays cancelled."
        ) from overlap
