from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import Base
from app.types import Word

if TYPE_CHECKING:
    from app.models.appointment import Appointment
    from app.models.user import User


class MessageState(StrEnum):
    """Where a message is on its way: waiting for its first try, at a worker, gone out, no longer
    true when its time came, failed and waiting for the next try, given up, or given up and seen to
    by an admin."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DISSOLVED = "dissolved"
    FAILED = "failed"
    DEAD = "dead"
    SET_ASIDE = "set_aside"


class MessageKind(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    ALREADY_REGISTERED = "already_registered"
    RESET_PASSWORD = "reset_password"  # noqa: S105 (a word, not a secret)
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    NEW_SIGN_IN = "new_sign_in"
    APPOINTMENT_REQUESTED = "appointment_requested"
    APPOINTMENT_CONFIRMED = "appointment_confirmed"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_DECLINED = "appointment_declined"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_REMINDER = "appointment_reminder"
    TIME_RELEASED = "time_released"
    DOCTOR_REQUEST = "doctor_request"
    DOCTOR_CHANGE = "doctor_change"
    DOCTOR_AGENDA = "doctor_agenda"
    DOCTOR_APPROVED = "doctor_approved"
    PAGE_PUBLISHED = "page_published"
    PAGE_REFUSED = "page_refused"
    INVITATION = "invitation"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_TOO_LATE = "payment_too_late"
    PAYMENT_TROUBLE = "payment_trouble"


class OutboxMessage(Base):
    """An e-mail, written in the transaction of the change that causes it and sent afterwards.

    `subject`, `text`, `html` and the attachments are what was sent; until then they are empty.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index(None, "state", "next_try_at"),
        Index(None, "kind", "created_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[MessageKind] = mapped_column(Word(MessageKind))
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    recipient: Mapped[str] = mapped_column(String(254), index=True)
    language: Mapped[str] = mapped_column(String(8), default="en")  # ISO 639-1
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[MessageState] = mapped_column(Word(MessageState), default=MessageState.QUEUED)
    not_before: Mapped[datetime] = mapped_column(default=clock.now)
    next_try_at: Mapped[datetime] = mapped_column(default=clock.now)
    tries: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    leased_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    sent_at: Mapped[datetime | None]
    subject: Mapped[str] = mapped_column(String(200), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")

    user: Mapped[User | None] = relationship()
    appointment: Mapped[Appointment | None] = relationship()
    attachments: Mapped[list[MessageAttachment]] = relationship(
        cascade="all, delete-orphan", order_by="MessageAttachment.position"
    )


class MessageAttachment(Base):
    """A file as it was sent with a message."""

    __tablename__ = "message_attachments"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("outbox_messages.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    content_type: Mapped[str] = mapped_column(String(80))
    content: Mapped[bytes] = mapped_column(
        LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
    )
