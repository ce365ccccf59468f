"""What was paid online at the demo clinic: rows as a gateway would have left them. None of them is
known to a gateway, so that only visits which are over have been paid."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app import clock
from app.billing import ledger, receipts
from app.clinic import settings
from app.extensions import db
from app.models import (
    Appointment,
    LedgerKind,
    Payment,
    PaymentState,
    PayWhen,
    RefundState,
    VisitType,
)

EITHER = {
    "Video consultation",
    "Skin check",
    "Heart check with ECG",
    "Full examination",
    "Second opinion",
    "Talking therapy online",
}
PAID_FIRST = {"Video consultation", "Talking therapy online"}  # since today
FEE_CENTS, FEE_PER_THOUSAND = 25, 15
ONE_IN = 4  # of the other patients' visits


def pay(visit: Appointment, *, always: bool) -> None:
    """Pay for a visit that is just booked: `always`, or one of a few."""
    if not visit.may_be_paid_online or not (always or visit.id % ONE_IN == 0):
        return
    now = clock.now()
    payment = Payment(
        appointment_id=visit.id,
        state=PaymentState.PAID,
        cents=visit.price_cents,
        currency=visit.currency,
        create_key=f"demo {visit.ref}",
        started_at=now,
        due_at=now + settings.current().hold,
        settled_at=now + timedelta(minutes=1),
        method="card" if visit.id % 3 else "sepa_debit",
    )
    db.session.add(payment)
    db.session.flush()
    fee = FEE_CENTS + visit.price_cents * FEE_PER_THOUSAND // 1000
    ledger.enter(payment, LedgerKind.CHARGE, visit.price_cents, f"ch_demo_{payment.ref}", now)
    ledger.enter(payment, LedgerKind.FEE, -fee, f"txn_demo_{payment.ref}", now)
    receipts.issue(payment)
    ledger.refresh(visit, [payment])


def give_back(visit: Appointment) -> None:
    """Let the refunds of a visit that was just cancelled arrive."""
    payments = ledger.payments_of(visit)
    for payment in payments:
        for refund in payment.refunds:
            refund.state, refund.stripe_id = RefundState.SUCCEEDED, f"re_demo_{refund.id}"
            refund.next_try_at = clock.now()
            ledger.enter(payment, LedgerKind.REFUND, -refund.cents, refund.stripe_id, clock.now())
    if payments:
        ledger.refresh(visit, payments)


def pay_first_from_now() -> None:
    """Some visits are from today paid when they are booked; those that stand were agreed before."""
    for kind in db.session.scalars(select(VisitType).where(VisitType.name.in_(PAID_FIRST))):
        kind.pay_when = PayWhen.ONLINE
