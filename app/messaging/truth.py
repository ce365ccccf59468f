"""Whether a message still says the truth at the moment of sending. If not, it dissolves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from app.accounts import links
from app.extensions import db
from app.messaging import agendas, payment_letters, reminders
from app.models import Appointment, MessageState, OutboxMessage, ProfileChange, TokenPurpose
from app.models import AppointmentStatus as Status
from app.models import MessageKind as Kind

TRUE_WHILE = {
    Kind.APPOINTMENT_REQUESTED: {Status.REQUESTED},
    Kind.APPOINTMENT_CONFIRMED: {Status.CONFIRMED},
    Kind.APPOINTMENT_MOVED: {Status.REQUESTED, Status.CONFIRMED},
    Kind.APPOINTMENT_DECLINED: {Status.CANCELLED},
    Kind.APPOINTMENT_CANCELLED: {Status.CANCELLED},
    Kind.DOCTOR_REQUEST: {Status.REQUESTED},
    Kind.DOCTOR_CHANGE: {Status.REQUESTED, Status.CONFIRMED, Status.CANCELLED},
}

LINKS = {
    Kind.CONFIRM_EMAIL: TokenPurpose.CONFIRM_EMAIL,
    Kind.RESET_PASSWORD: TokenPurpose.RESET_PASSWORD,
    Kind.INVITATION: TokenPurpose.INVITATION,
}


def is_still_true(message: OutboxMessage, at: datetime) -> bool:
    """Whether what the message is about is still so at the instant `at`."""
    user = message.user
    if user is None:
        return False
    if message.kind in TRUE_WHILE:
        return _is_true_of_appointment(message, at)
    if message.kind in WATCHED:
        return WATCHED[message.kind](message, at)
    if message.kind in LINKS:
        token = str(message.details.get("token", ""))
        return links.owner_of(token, LINKS[message.kind]) is not None
    if message.kind is Kind.DOCTOR_APPROVED:
        return user.doctor is not None and user.doctor.approved_at is not None
    if message.kind is Kind.PAGE_PUBLISHED:
        return user.doctor is not None
    if message.kind is Kind.PAGE_REFUSED:
        return _is_still_refused(message)
    return True


def _is_still_refused(message: OutboxMessage) -> bool:
    """Whether the doctor has neither withdrawn the refused wish nor asked for something else."""
    doctor = message.user.doctor if message.user is not None else None
    change = db.session.get(ProfileChange, doctor.id) if doctor is not None else None
    return change is not None and change.is_declined and change.key == message.details["wish"]


def time_last_told(message: OutboxMessage) -> str:
    """For a visit that has moved: the time (ISO 8601) that the patient knows of. Moves in quick
    succession make one message, which names the time before the first of them."""
    told = str(message.details["before"])
    earlier = db.session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.appointment_id == message.appointment_id,
            OutboxMessage.kind == message.kind,
            OutboxMessage.id < message.id,
        )
        .order_by(OutboxMessage.id.desc())
    )
    for move in earlier:
        if move.state is MessageState.SENT:
            break
        told = str(move.details["before"])
    return told


def _is_true_of_appointment(message: OutboxMessage, at: datetime) -> bool:
    appointment = message.appointment
    if appointment is None or appointment.status not in TRUE_WHILE[message.kind]:
        return False
    if message.kind is Kind.DOCTOR_CHANGE and not _is_true_for_doctor(message, appointment):
        return False
    is_over = appointment.status is not Status.CANCELLED and appointment.ends_at <= at
    return not is_over and not _is_superseded(message)


def _is_true_for_doctor(message: OutboxMessage, appointment: Appointment) -> bool:
    """Whether the visit is still as the patient has left it, and the doctor wants to know."""
    says_cancelled = message.details.get("change") == "cancelled"
    is_cancelled = appointment.status is Status.CANCELLED
    return appointment.doctor.mail_changes and says_cancelled is is_cancelled


def _has_chosen_nothing_else(message: OutboxMessage, _: datetime) -> bool:
    """Whether the patient, since the hold that has run out, neither holds nor has booked a time."""
    released = message.appointment
    if released is None or released.status is not Status.EXPIRED:
        return False
    other = select(Appointment.id).where(
        Appointment.patient_id == released.patient_id,
        Appointment.id > released.id,
        Appointment.status.not_in([Status.EXPIRED, Status.CANCELLED]),
    )
    return db.session.scalar(other.limit(1)) is None


def _is_superseded(message: OutboxMessage, at: datetime | None = None) -> bool:
    """Whether the same has happened again since, and has a message of its own, which was due at
    the instant `at`."""
    later = select(OutboxMessage.id).where(
        OutboxMessage.appointment_id == message.appointment_id,
        OutboxMessage.kind == message.kind,
        OutboxMessage.id > message.id,
    )
    if at is not None:
        later = later.where(OutboxMessage.not_before <= at)
    return db.session.scalar(later.limit(1)) is not None


def _is_reminder_wanted(message: OutboxMessage, at: datetime) -> bool:
    return reminders.is_still_wanted(message, at) and not _is_superseded(message, at)


# What time has caused.
PLANNED: dict[Kind, Callable[[OutboxMessage, datetime], bool]] = {
    Kind.APPOINTMENT_REMINDER: _is_reminder_wanted,
    Kind.DOCTOR_AGENDA: agendas.is_still_wanted,
    Kind.TIME_RELEASED: _has_chosen_nothing_else,
}
WATCHED = PLANNED | payment_letters.STILL_TRUE
