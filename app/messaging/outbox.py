"""Putting messages into the outbox, in the transaction of the change that causes them.

What a message says is decided when it is sent, from what is then true; here stand only who gets
which kind, about what. `dedupe_key` makes each message unique: saying a thing twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.extensions import db
from app.models import Appointment, MessageKind, MessageState, OutboxMessage, User
from app.transaction import Overtaken, is_duplicate, transactional

PATIENT = "patient"  # who cancels or moves
RELEASE_WAITS = timedelta(minutes=2)  # somebody who is late by a moment chooses again at once
RELEASES_APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """A message that time causes, and not a change: due at `not_before`."""

    kind: MessageKind
    dedupe_key: str
    recipient: str
    user_id: int
    not_before: datetime
    details: dict[str, Any]
    appointment_id: int | None = None


def put(
    kind: MessageKind,
    user: User,
    dedupe_key: str,
    *,
    appointment: Appointment | None = None,
    details: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> None:
    """Add a message for `user` to the present transaction, once per `dedupe_key`; nothing for
    somebody without an e-mail address."""
    if not user.email:
        return
    db.session.flush()  # whom it is to and what it is about have their numbers now
    due_at = not_before or clock.now()
    row = {
        "kind": kind,
        "dedupe_key": dedupe_key,
        "recipient": user.email,
        "user_id": user.id,
        "appointment_id": appointment.id if appointment else None,
        "details": details or {},
        "not_before": due_at,
        "next_try_at": due_at,
    }
    try:  # one bare statement, for every booking waits for it
        db.session.connection().execute(insert(OutboxMessage.__table__), row)  # type: ignore[arg-type]
    except IntegrityError as fault:
        if not is_duplicate(fault, "dedupe_key"):
            raise


@transactional
def put_all(planned: Sequence[Planned]) -> int:
    """Add those of some messages that are not there yet; how many. Two planners at once are safe:
    a key that another has just stored is an answer."""
    keys = [message.dedupe_key for message in planned]
    known = set(
        db.session.scalars(
            select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(keys))
        )
    )
    fresh = [message for message in planned if message.dedupe_key not in known]
    if not fresh:
        return 0
    rows = [asdict(message) | {"next_try_at": message.not_before} for message in fresh]
    try:
        db.session.execute(insert(OutboxMessage), rows)
    except IntegrityError as fault:
        if is_duplicate(fault, "dedupe_key"):
            raise Overtaken from fault
        raise
    return len(fresh)


def appointment_booked(appointment: Appointment) -> None:
    """To the patient: requested or confirmed. To the doctor: a request to answer."""
    if appointment.status.value == "requested":
        _to_patient(MessageKind.APPOINTMENT_REQUESTED, appointment)
        put(
            MessageKind.DOCTOR_REQUEST,
            appointment.doctor.user,
            f"doctor_request:{appointment.id}:{appointment.version}",
            appointment=appointment,
        )
    else:
        _to_patient(MessageKind.APPOINTMENT_CONFIRMED, appointment)


def appointment_approved(appointment: Appointment, not_before: datetime) -> None:
    """To the patient, once the doctor can no longer take the approval back."""
    _to_patient(MessageKind.APPOINTMENT_CONFIRMED, appointment, not_before=not_before)


def appointment_moved(appointment: Appointment, before: datetime, *, by: str) -> None:
    """To the patient: the new time; `before` is the instant it was at. To the doctor, when the
    patient has moved it."""
    details = {"before": before.isoformat()}
    _to_patient(MessageKind.APPOINTMENT_MOVED, appointment, details=details)
    if by == PATIENT:
        _to_doctor(appointment, details | {"change": "moved"})


def appointment_cancelled(
    appointment: Appointment, *, by: str, declined: bool, not_before: datetime
) -> None:
    """To the patient: cancelled by `by` (patient, doctor or staff), or a request declined. To the
    doctor, when the patient has cancelled it."""
    declined_by_clinic = declined and by != PATIENT
    kind = (
        MessageKind.APPOINTMENT_DECLINED
        if declined_by_clinic
        else MessageKind.APPOINTMENT_CANCELLED
    )
    _to_patient(kind, appointment, details={"by": by}, not_before=not_before)
    if by == PATIENT:
        before = appointment.starts_at.isoformat()
        _to_doctor(appointment, {"before": before, "change": "cancelled"})


def time_released(appointment: Appointment) -> None:
    """To a patient whose hold has run out; at most once an hour, however many do."""
    if appointment.patient is None:
        return
    user = appointment.patient.user
    lately = select(OutboxMessage.id).where(
        OutboxMessage.user_id == user.id,
        OutboxMessage.kind == MessageKind.TIME_RELEASED,
        OutboxMessage.state != MessageState.DISSOLVED,
        OutboxMessage.created_at > clock.now() - RELEASES_APART,
    )
    if db.session.scalar(lately.limit(1)) is None:
        _to_patient(MessageKind.TIME_RELEASED, appointment, not_before=clock.now() + RELEASE_WAITS)


def _to_doctor(appointment: Appointment, details: dict[str, str]) -> None:
    """Tell the doctor what the patient has changed, if the doctor wants to hear of it."""
    if appointment.doctor.mail_changes:
        put(
            MessageKind.DOCTOR_CHANGE,
            appointment.doctor.user,
            f"doctor_change:{appointment.id}:{appointment.version}",
            appointment=appointment,
            details=details,
        )


def _to_patient(
    kind: MessageKind,
    appointment: Appointment,
    *,
    details: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> None:
    if appointment.patient is not None:
        put(
            kind,
            appointment.patient.user,
            f"{kind.value}:{appointment.id}:{appointment.version}",
            appointment=appointment,
            details=details,
            not_before=not_before,
        )
