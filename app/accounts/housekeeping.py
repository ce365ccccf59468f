"""What accounts leave behind, and when it goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, delete, exists, or_, select

from app import clock
from app.extensions import db
from app.models import (
    Appointment,
    AuditEvent,
    Calendar,
    LoginSession,
    MessageState,
    OneTimeToken,
    OutboxMessage,
    Patient,
    Role,
    SignInFailures,
    User,
)
from app.transaction import rows_changed, transactional

KEPT = timedelta(days=7)
UNCONFIRMED_KEPT = timedelta(days=14)
AT_ONCE = 200


@transactional
def tidy() -> None:
    """Delete failed sign-ins, links that were mailed and signed-out browsers of a week ago."""
    before = clock.now() - KEPT
    rows_changed(delete(SignInFailures).where(SignInFailures.last_at < before))
    rows_changed(delete(OneTimeToken).where(OneTimeToken.expires_at < before))
    over = or_(LoginSession.expires_at < before, LoginSession.ended_at < before)
    rows_changed(delete(LoginSession).where(over))


@transactional
def forget_unconfirmed() -> int:
    """Delete patients' accounts whose address was never confirmed and that never held or booked
    anything, two weeks after they were made, with all that is known of them; how many went."""
    rows = db.session.execute(_never_used().limit(AT_ONCE)).all()
    users, patients, calendars = ([row[place] for row in rows] for place in range(3))
    for table, column, numbers in (
        (OutboxMessage, OutboxMessage.user_id, users),
        (OneTimeToken, OneTimeToken.user_id, users),
        (AuditEvent, AuditEvent.actor_id, users),
        (Patient, Patient.id, patients),
        (User, User.id, users),
        (Calendar, Calendar.id, calendars),
    ):
        rows_changed(delete(table).where(column.in_(numbers)))
    return len(rows)


def _never_used() -> Select[int, int, int]:
    about_others = or_(AuditEvent.object_kind != "user", AuditEvent.object_id != User.id)
    return (
        select(User.id, Patient.id, Patient.calendar_id)
        .join(Patient, Patient.user_id == User.id)
        .where(
            User.role == Role.PATIENT,
            User.confirmed_email.is_(None),
            User.created_at < clock.now() - UNCONFIRMED_KEPT,
            ~exists().where(Appointment.patient_id == Patient.id),
            ~exists().where(LoginSession.user_id == User.id),
            ~exists().where(AuditEvent.actor_id == User.id, about_others),
            ~exists().where(
                OutboxMessage.user_id == User.id, OutboxMessage.state == MessageState.SENDING
            ),
        )
    )
