from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app import clock
from app.extensions import Base
from app.models.reference import new_ref
from app.types import Word

if TYPE_CHECKING:
    from app.models.appointment import Appointment
    from app.models.user import User


class PaymentState(StrEnum):
    """How far one try to pay has come, as the gateway last said."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class RefundState(StrEnum):
    """How far a refund has come: wanted by us, on its way, with the payer, sent back by their
    bank, no longer wanted before it left, or settled otherwise after it had failed."""

    WANTED = "wanted"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    SET_ASIDE = "set_aside"


class RefundCause(StrEnum):
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    TOO_LATE = "too_late"  # paid when the time was no longer to be had
    PAID_TWICE = "paid_twice"
    WRONG_AMOUNT = "wrong_amount"
    BY_STAFF = "by_staff"


class LedgerKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"  # moves nothing: the money went when the dispute was opened
    FEE = "fee"


class Payment(Base):
    """One try to pay for one appointment. Amounts are in cents; `due_at` is when our own time to
    pay ends, the session's own end comes later."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents"),
        Index(None, "state", "due_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True, default=new_ref)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"), index=True)
    state: Mapped[PaymentState] = mapped_column(Word(PaymentState), default=PaymentState.OPEN)
    cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    create_key: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    session_url: Mapped[str] = mapped_column(Text, default="")
    intent_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    started_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    method: Mapped[str] = mapped_column(String(40), default="")  # as Stripe calls it: card, …
    problem: Mapped[str] = mapped_column(Text, default="")

    appointment: Mapped[Appointment] = relationship()
    entries: Mapped[list[LedgerEntry]] = relationship(
        order_by="LedgerEntry.id", back_populates="payment"
    )
    refunds: Mapped[list[Refund]] = relationship(order_by="Refund.id", back_populates="payment")


class Refund(Base):
    """Money that goes back. Wanted in the transaction of what causes it, sent afterwards."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents"),
        Index(None, "state", "next_try_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    cause: Mapped[RefundCause] = mapped_column(Word(RefundCause))
    reason: Mapped[str] = mapped_column(Text, default="")
    cents: Mapped[int]
    state: Mapped[RefundState] = mapped_column(Word(RefundState), default=RefundState.WANTED)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    stripe_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    next_try_at: Mapped[datetime] = mapped_column(default=clock.now)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")

    payment: Mapped[Payment] = relationship(back_populates="refunds")
    asked_by: Mapped[User | None] = relationship()


class LedgerEntry(Base):
    """Money that has moved, in cents: what comes to the clinic is positive. Rows are only ever
    added, once for each thing of the gateway's."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("kind", "stripe_id"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    kind: Mapped[LedgerKind] = mapped_column(Word(LedgerKind))
    cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    stripe_id: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(index=True)

    payment: Mapped[Payment] = relationship(back_populates="entries")


class StripeEvent(Base):
    """An event of the gateway that has been dealt with."""

    __tablename__ = "stripe_events"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    received_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class Receipt(Base):
    """The receipt of a payment; its number leaves no gap. `issuer` is the clinic as it was then."""

    __tablename__ = "receipts"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), unique=True)
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    issuer: Mapped[dict[str, Any]] = mapped_column(JSON)

    payment: Mapped[Payment] = relationship()
