"""What of the money needs an admin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from app import clock
from app.billing.takings import VISIT
from app.extensions import db
from app.models import LedgerEntry, LedgerKind, Payment, Refund, RefundCause, RefundState

DISPUTES_SHOWN = timedelta(days=120)
MOST_TROUBLES = 100


@dataclass(frozen=True, slots=True)
class Troubles:
    """What needs an admin: refunds that failed, wrong amounts, money that banks ask back, and money
    that came in another currency than it was asked for in."""

    refunds: Sequence[Refund]
    disputed: Sequence[Payment]
    foreign: Sequence[Payment] = ()

    @property
    def total(self) -> int:
        return len(self.refunds) + len(self.disputed) + len(self.foreign)


def troubles() -> Troubles:
    """What needs an admin now, the latest first."""
    later = aliased(Refund)
    made_up_for = (
        select(later.id)
        .where(later.payment_id == Refund.payment_id, later.id > Refund.id)
        .where(later.state != RefundState.FAILED)
        .exists()
    )
    wrong = Refund.cause == RefundCause.WRONG_AMOUNT
    unfinished = Refund.state.in_({RefundState.WANTED, RefundState.PENDING})
    whose = joinedload(Refund.payment).joinedload(Payment.appointment).options(*VISIT)
    failed = (
        select(Refund)
        .options(whose)
        .where(
            Refund.state.in_({RefundState.FAILED, RefundState.WANTED, RefundState.PENDING}),
            or_((Refund.state == RefundState.FAILED) & ~made_up_for, wrong & unfinished),
        )
        .order_by(Refund.id.desc())
        .limit(MOST_TROUBLES)
    )
    since = clock.now() - DISPUTES_SHOWN
    opened = select(LedgerEntry.payment_id).where(
        LedgerEntry.kind == LedgerKind.DISPUTE,
        LedgerEntry.at >= since,
        LedgerEntry.stripe_id.not_in(
            select(LedgerEntry.stripe_id).where(
                LedgerEntry.kind.in_({LedgerKind.DISPUTE_WON, LedgerKind.DISPUTE_LOST})
            )
        ),
    )
    disputed = (
        select(Payment)
        .options(joinedload(Payment.appointment).options(*VISIT))
        .where(Payment.id.in_(opened))
        .order_by(Payment.id.desc())
        .limit(MOST_TROUBLES)
    )
    foreign = (
        select(Payment)
        .options(joinedload(Payment.appointment).options(*VISIT))
        .where(Payment.id.in_(_in_another_currency(since)))
        .order_by(Payment.id.desc())
        .limit(MOST_TROUBLES)
    )
    return Troubles(
        db.session.scalars(failed).all(),
        db.session.scalars(disputed).all(),
        db.session.scalars(foreign).all(),
    )


def _in_another_currency(since: datetime) -> Select[int]:
    """Payments of which something is still here that came in another currency."""
    counted = {LedgerKind.CHARGE, LedgerKind.REFUND, LedgerKind.REFUND_FAILED}
    return (
        select(LedgerEntry.payment_id)
        .join(LedgerEntry.payment)
        .where(
            LedgerEntry.at >= since,
            LedgerEntry.kind.in_(counted),
            LedgerEntry.currency != Payment.currency,
        )
        .group_by(LedgerEntry.payment_id)
        .having(func.sum(LedgerEntry.cents) > 0)
    )
