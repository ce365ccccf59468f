"""The outbox as admins read it: what was sent to whom, what waits, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from app.errors import NotFound
from app.extensions import db
from app.messaging.told import AGAIN_OF
from app.models import (
    Appointment,
    Doctor,
    MessageAttachment,
    MessageKind,
    OutboxMessage,
    Patient,
)

KINDS = {
    "confirm_email": "Confirm your e-mail address",
    "already_registered": "You are registered already",
    "reset_password": "Choose a new password",
    "password_changed": "Your password was changed",
    "new_sign_in": "Sign-in from a new browser",
    "appointment_requested": "Visit requested",
    "appointment_confirmed": "Visit confirmed",
    "appointment_moved": "Visit moved",
    "appointment_declined": "Request declined",
    "appointment_cancelled": "Visit cancelled",
    "appointment_reminder": "Reminder of a visit",
    "time_released": "Held time released",
    "payment_received": "Payment received",
    "payment_failed": "Payment refused by the bank",
    "payment_refunded": "Money given back",
    "payment_too_late": "Payment came too late",
    "payment_trouble": "Trouble with a payment",
    "doctor_request": "Request for the doctor",
    "doctor_change": "Change for the doctor",
    "doctor_agenda": "Agenda of the doctor's day",
    "doctor_approved": "Doctor approved",
    "page_published": "Doctor's page changed",
    "page_refused": "Change of a doctor's page refused",
}

WITH_ALL_SHOWN = (
    joinedload(OutboxMessage.user),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.location),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.visit_type),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.doctor).joinedload(Doctor.user),
    joinedload(OutboxMessage.appointment).joinedload(Appointment.patient).joinedload(Patient.user),
)
WITHOUT_BODY = (defer(OutboxMessage.text), defer(OutboxMessage.html))


def kind_in_words(kind: MessageKind) -> str:
    """What a message of this kind is about, as people would say it."""
    return KINDS.get(kind.value) or kind.value.replace("_", " ").capitalize()


def message_of(number: int) -> OutboxMessage:
    """The message of that number, with all that its page shows of it. Raises NotFound."""
    message = db.session.scalars(
        select(OutboxMessage).options(*WITH_ALL_SHOWN).where(OutboxMessage.id == number)
    ).one_or_none()
    if message is None:
        raise NotFound("We could not find that message.")
    return message


def attachments_of(message: OutboxMessage) -> Sequence[MessageAttachment]:
    """The files that went with a message, without what is in them."""
    return db.session.scalars(
        select(MessageAttachment)
        .options(defer(MessageAttachment.content))
        .where(MessageAttachment.message_id == message.id)
        .order_by(MessageAttachment.position)
    ).all()


def attachment_of(number: int, position: int) -> MessageAttachment:
    """One file of a message. Raises NotFound."""
    found = db.session.get(MessageAttachment, (number, position))
    if found is None:
        raise NotFound("We could not find that file.")
    return found


def family_of(message: OutboxMessage) -> Sequence[OutboxMessage]:
    """A message, what it repeats, and what repeats it, newest first; without what they say."""
    if message.user_id is None:
        return [message]
    first = message.details.get(AGAIN_OF, message.id)
    same = (
        select(OutboxMessage)
        .options(*WITHOUT_BODY)
        .where(
            OutboxMessage.user_id == message.user_id,
            OutboxMessage.kind == message.kind,
            OutboxMessage.appointment_id == message.appointment_id,
            OutboxMessage.id >= first,
        )
        .order_by(OutboxMessage.id.desc())
    )
    return [one for one in db.session.scalars(same) if first in {one.id, _repeats(one)}]


def _repeats(message: OutboxMessage) -> Any:
    return message.details.get(AGAIN_OF)
