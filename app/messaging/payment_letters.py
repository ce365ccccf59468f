"""What letters about money say, and whether it is still so: both looked up when they are sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.billing import ledger, receipt_file, receipts
from app.clock import tick_of
from app.extensions import db
from app.messaging.stationery import Attachment
from app.models import (
    Appointment,
    OutboxMessage,
    Payment,
    PaymentState,
    Refund,
    RefundCause,
    RefundState,
)
from app.models import AppointmentStatus as Status
from app.models import MessageKind as Kind
from app.scheduling import nearby, openings

WHY = {
    RefundCause.CANCELLED: "The visit was cancelled",
    RefundCause.NO_SHOW: "The visit did not take place",
    RefundCause.TOO_LATE: "The payment came too late",
    RefundCause.PAID_TWICE: "You had paid twice",
    RefundCause.WRONG_AMOUNT: "Another amount was paid than was asked for",
}
BY_CLINIC = "The clinic gives it back"
GONE = {Status.EXPIRED, Status.CANCELLED}
UNPAID = {Status.HELD, Status.EXPIRED}
TRIED = {PaymentState.OPEN, PaymentState.PROCESSING, PaymentState.PAID}
ON_THE_WAY = {RefundState.PENDING, RefundState.SUCCEEDED}


def values_of(message: OutboxMessage, base_url: str, at: datetime) -> dict[str, Any]:
    """What the words of a letter about money need, besides what every letter does."""
    payment, refund = _payment(message), _refund(message)
    visit = payment.appointment
    held = visit.status is Status.HELD and visit.hold_expires_at
    late = message.kind is Kind.PAYMENT_TOO_LATE
    return {
        "payment": payment,
        "sum": ledger.money_of([payment]),
        "refund": refund,
        "why": WHY.get(refund.cause, BY_CLINIC) if refund else "",
        "paper": receipts.paper_of(payment.ref) if _has_receipt(message) else None,
        "held_until": held if held and held > at else None,
        "nearest": _nearest(visit, base_url) if late else [],
    }


def attachments_of(message: OutboxMessage) -> tuple[Attachment, ...]:
    """The files that go along with a letter about money."""
    if not _has_receipt(message):
        return ()
    paper = receipts.paper_of(_payment(message).ref)
    content = receipt_file.file_of(paper)
    return (Attachment(paper.file_name, receipt_file.CONTENT_TYPE, content),)


def _has_receipt(message: OutboxMessage) -> bool:
    return message.kind is Kind.PAYMENT_RECEIVED


def _nearest(visit: Appointment, base_url: str) -> list[dict[str, Any]]:
    """The openings nearest to a time that is gone: when, and where they are booked."""
    desk = openings.desk()
    terms = desk.terms_of(visit)
    if terms is None:
        return []
    doctor, visit_type = terms
    return [
        {
            "starts_at": one.starts_at,
            "zone": one.location.zone,
            "address": f"{base_url}/appointment/?doctor={doctor.ref}&visit_type={visit_type.ref}"
            f"&day={one.day}&opening={one.tick}",
        }
        for one in nearby.nearest(desk, [doctor], visit_type, tick_of(visit.starts_at))
    ]


def _payment(message: OutboxMessage) -> Payment:
    return db.session.scalars(
        select(Payment).where(Payment.ref == message.details.get("payment"))
    ).one()


def _refund(message: OutboxMessage) -> Refund | None:
    number = message.details.get("refund")
    return db.session.get(Refund, number) if number is not None else None


def _is_paid(message: OutboxMessage, _: datetime) -> bool:
    return _payment(message).state is PaymentState.PAID


def _is_still_unpaid(message: OutboxMessage, _: datetime) -> bool:
    """Whether nobody has begun to pay otherwise since."""
    visit, refused = message.appointment, _payment(message)
    if visit is None or visit.status not in UNPAID:
        return False
    later = select(Payment.id).where(
        Payment.appointment_id == visit.id, Payment.id > refused.id, Payment.state.in_(TRIED)
    )
    return db.session.scalar(later.limit(1)) is None


def _is_still_going_back(message: OutboxMessage, _: datetime) -> bool:
    refund = _refund(message)
    return refund is not None and refund.state in ON_THE_WAY


def _is_still_late(message: OutboxMessage, at: datetime) -> bool:
    visit = message.appointment
    return visit is not None and visit.status in GONE and _is_paid(message, at)


def _is_still_trouble(message: OutboxMessage, _: datetime) -> bool:
    """Whether an admin still has to see to it: a refund that has failed and was not tried again
    since, or money that a bank has taken back."""
    if message.user is None or not message.user.is_active:
        return False
    refund = _refund(message)
    if refund is None:
        return ledger.money_of([_payment(message)]).disputed > 0
    return refund.state is RefundState.FAILED


STILL_TRUE: dict[Kind, Callable[[OutboxMessage, datetime], bool]] = {
    Kind.PAYMENT_RECEIVED: _is_paid,
    Kind.PAYMENT_FAILED: _is_still_unpaid,
    Kind.PAYMENT_REFUNDED: _is_still_going_back,
    Kind.PAYMENT_TOO_LATE: _is_still_late,
    Kind.PAYMENT_TROUBLE: _is_still_trouble,
}
