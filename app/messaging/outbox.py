"""Putting messages into the outbox, in the transaction of the change that causes them.

What a message says is decided when it is sent, from what is then true; here stand only who gets
which kind, about what. `dedupe_key` makes each message unique: saying a thing twice adds nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Appointment, MessageKind, OutboxMessage, User


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
    known = select(OutboxMessage.id).where(OutboxMessage.dedupe_key == dedupe_key)
    if db.session.scalar(known) is not None:
        return
    db.session.add(
        OutboxMessage(
            kind=kind,
            dedupe_key=dedupe_key,
            recipient=user.email,
            user_id=user.id,
            appointment_id=appointment.id if appointment else None,
            details=details or {},
            next_try_at=not_before or clock.now(),
        )
    )


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


def appointment_moved(appointment: Appointment, before: datetime) -> None:
    """To the patient: the new time; `before` is the instant it was at."""
    _to_patient(MessageKind.APPOINTMENT_MOVED, appointment, details={"before": before.isoformat()})


def appointment_cancelled(
    appointment: Appointment, *, by: str, declined: bool, not_before: datetime
) -> None:
    """To the patient: cancelled by `by` (patient, doctor or staff), or a request declined."""
    declined_by_clinic = declined and by != "patient"
    kind = (
        MessageKind.APPOINTMENT_DECLINED
        if declined_by_clinic
        else MessageKind.APPOINTMENT_CANCELLED
    )
    _to_patient(kind, appointment, details={"by": by}, not_before=not_before)


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
