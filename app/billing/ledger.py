"""The ledger: what has moved, once for each thing of the gateway's, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import (
    Appointment,
    LedgerEntry,
    LedgerKind,
    Payment,
    PaymentState,
    PaymentStatus,
    PayWhen,
    RefundState,
)

NOTHING_PAID = {
    PaymentStatus.NONE,
    PaymentStatus.DUE,
    PaymentStatus.PROCESSING,
    PaymentStatus.FAILED,
}
ON_ITS_WAY = {RefundState.WANTED, RefundState.PENDING}


@dataclass(frozen=True, slots=True)
class Money:
    """What has been paid for something, in cents: what came, what of it has gone back (given back
    or lost in a dispute), what the payer's bank still disputes, and what is about to go back."""

    paid: int = 0
    refunded: int = 0
    disputed: int = 0
    going_back: int = 0

    @property
    def left(self) -> int:
        """What can still be given back."""
        return max(0, self.paid - self.refunded - self.disputed - self.going_back)


def money_of(payments: Sequence[Payment]) -> Money:
    """The sums of some payments, of one currency; what moved in another one is not counted."""
    paid = refunded = disputed = going_back = 0
    for payment in payments:
        entries = [entry for entry in payment.entries if entry.currency == payment.currency]
        lost = {entry.stripe_id for entry in entries if entry.kind is LedgerKind.DISPUTE_LOST}
        for entry in entries:
            is_lost = entry.kind is LedgerKind.DISPUTE and entry.stripe_id in lost
            if entry.kind is LedgerKind.CHARGE:
                paid += entry.cents
            elif is_lost or entry.kind in {LedgerKind.REFUND, LedgerKind.REFUND_FAILED}:
                refunded -= entry.cents
            elif entry.kind in {LedgerKind.DISPUTE, LedgerKind.DISPUTE_WON}:
                disputed -= entry.cents
        going_back += sum(
            refund.cents for refund in payment.refunds if refund.state is RefundState.WANTED
        )
    return Money(paid, refunded, disputed, going_back)


def money_of_each(appointments: Sequence[Appointment]) -> dict[int, Money]:
    """What has been paid for each of some appointments, by its number; those for which nothing
    ever was are not asked for. As many queries for one as for many."""
    numbers = [one.id for one in appointments if one.payment_status not in NOTHING_PAID]
    if not numbers:
        return {}
    found: dict[int, list[Payment]] = {}
    for payment in db.session.scalars(
        select(Payment)
        .options(selectinload(Payment.entries), selectinload(Payment.refunds))
        .where(Payment.appointment_id.in_(numbers))
        .execution_options(populate_existing=True)
    ):
        found.setdefault(payment.appointment_id, []).append(payment)
    return {number: money_of(payments) for number, payments in found.items()}


def status_of(price_cents: int, payments: Sequence[Payment]) -> PaymentStatus:
    """Where the money of an appointment is: a function of its payments and their ledger."""
    money = money_of(payments)
    if money.disputed > 0:
        return PaymentStatus.DISPUTED
    if any(refund.state in ON_ITS_WAY for payment in payments for refund in payment.refunds):
        return PaymentStatus.REFUND_PENDING
    if money.paid:
        if not money.refunded:
            return PaymentStatus.PAID
        all_of_it = money.refunded >= money.paid
        return PaymentStatus.REFUNDED if all_of_it else PaymentStatus.PART_REFUNDED
    if any(payment.state is PaymentState.PROCESSING for payment in payments):
        return PaymentStatus.PROCESSING
    if payments and payments[-1].state is PaymentState.FAILED:
        return PaymentStatus.FAILED
    return PaymentStatus.DUE if price_cents else PaymentStatus.NONE


def enter(
    payment: Payment,
    kind: LedgerKind,
    cents: int,
    stripe_id: str,
    at: datetime,
    currency: str = "",
) -> bool:
    """Add a movement of money to a payment that is locked, once for each thing of the gateway's;
    whether it is new. Without a `currency` it is that in which the payment was charged."""
    known = select(LedgerEntry.id).where(
        LedgerEntry.kind == kind, LedgerEntry.stripe_id == stripe_id
    )
    if db.session.scalar(known) is not None:
        return False
    charged = (entry.currency for entry in payment.entries if entry.kind is LedgerKind.CHARGE)
    currency = currency or next(charged, payment.currency)
    payment.entries.append(
        LedgerEntry(kind=kind, cents=cents, currency=currency, stripe_id=stripe_id, at=at)
    )
    db.session.flush()
    return True


def payments_of(appointment: Appointment, *, lock: bool = False) -> Sequence[Payment]:
    """All tries to pay for an appointment, the oldest first, with their entries and refunds.
    With `lock`, nobody else changes them until the transaction ends: payments before
    appointments, in order of their numbers. What is paid at the clinic has none."""
    if appointment.pay_when is PayWhen.AT_CLINIC:
        return []
    query = (
        select(Payment)
        .options(selectinload(Payment.entries), selectinload(Payment.refunds))
        .where(Payment.appointment_id == appointment.id)
        .order_by(Payment.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query.with_for_update() if lock else query).all()


def refresh(appointment: Appointment, payments: Sequence[Payment]) -> None:
    """Write down where the money of an appointment is, in the transaction that moved it."""
    appointment.payment_status = status_of(appointment.price_cents, payments)


def refresh_for(payment: Payment) -> None:
    """The same for the appointment of a payment that is locked; the appointment is locked next."""
    appointment = db.session.get_one(
        Appointment, payment.appointment_id, with_for_update=True, populate_existing=True
    )
    refresh(appointment, payments_of(appointment))
