"""Receipts, numbered without gaps."""

from __future__ import annotations

from sqlalchemy import select

from app import clock
from app.clinic import settings
from app.extensions import db
from app.models import Payment, Receipt, Revision

COUNTER = "receipts"


def issue(payment: Payment) -> Receipt:
    """Give a paid payment the next number, in the present transaction; once."""
    known = db.session.scalars(select(Receipt).where(Receipt.payment_id == payment.id)).first()
    if known is not None:
        return known
    clinic = settings.current()
    receipt = Receipt(
        number=_next_number(),
        payment_id=payment.id,
        issued_at=clock.now(),
        issuer={
            "name": clinic.name,
            "phone": clinic.phone,
            "email": clinic.email,
            "address": clinic.receipt_address,
            "tax_line": clinic.tax_line,
            "zone": clinic.zone,
        },
    )
    db.session.add(receipt)
    db.session.flush()
    return receipt


def _next_number() -> int:
    """The next number. The counter stays locked until the transaction ends, so that a number that
    is rolled back is the next one's."""
    counter = db.session.get_one(Revision, COUNTER, with_for_update=True, populate_existing=True)
    counter.value += 1
    db.session.flush()
    return counter.value
