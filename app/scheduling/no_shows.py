"""Giving back what was paid for visits to which nobody came."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from app import clock
from app.billing import ledger, refunds
from app.extensions import db
from app.models import Appointment, Payment, PaymentStatus, Refund, RefundCause
from app.models import AppointmentStatus as Status
from app.transaction import transactional

LOOKED_BACK = timedelta(days=30)
WITH_MONEY = {PaymentStatus.PAID, PaymentStatus.PART_REFUNDED, PaymentStatus.REFUND_PENDING}


def settle_up() -> int:
    """Want back, once, what the terms give back of no-shows whose local day is over, because until
    then it may still be taken back; of how many visits. Several at once are harmless."""
    at = clock.now()
    return sum(_settle_up(number) > 0 for number in _over(at))


def _over(at: datetime) -> list[int]:
    is_settled = exists().where(
        Payment.appointment_id == Appointment.id,
        Refund.payment_id == Payment.id,
        Refund.cause == RefundCause.NO_SHOW,
    )
    missed = db.session.scalars(
        select(Appointment)
        .options(joinedload(Appointment.location))
        .where(
            Appointment.status == Status.NO_SHOW,
            Appointment.starts_at > at - LOOKED_BACK,
            Appointment.starts_at < at,
            Appointment.payment_status.in_(WITH_MONEY),
            Appointment.no_show_fee_percent < 100,
            ~is_settled,
        )
        .order_by(Appointment.id)
    )
    return [visit.id for visit in missed if _day_of(visit.ends_at, visit) < _day_of(at, visit)]


def _day_of(at: datetime, visit: Appointment) -> str:
    return at.astimezone(visit.zone).date().isoformat()


@transactional
def _settle_up(number: int) -> int:
    visit = db.session.get_one(Appointment, number)
    payments = ledger.payments_of(visit, lock=True)
    db.session.refresh(visit, with_for_update=True)
    if visit.status is not Status.NO_SHOW:
        return 0
    return refunds.for_no_show(visit, payments)
