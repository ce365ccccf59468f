"""Putting into the outbox what money has caused, in the transaction that writes it down; each once,
however often and by whatever way it is heard of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.messaging.outbox import put
from app.models import MessageKind as Kind
from app.models import Payment, Refund, RefundCause, Role, User


def received(payment: Payment) -> None:
    """To the patient: what was paid, with its receipt."""
    _to_patient(Kind.PAYMENT_RECEIVED, payment, str(payment.id))


def failed(payment: Payment) -> None:
    """To the patient: the bank has refused, and until when the time is held."""
    _to_patient(Kind.PAYMENT_FAILED, payment, str(payment.id))


def too_late(payment: Payment) -> None:
    """To the patient: the time was gone, all comes back, and what is free instead."""
    _to_patient(Kind.PAYMENT_TOO_LATE, payment, str(payment.id))


def refunded(refund: Refund) -> None:
    """To the patient, once the gateway has taken a refund: how much comes back, and why. Of late
    money they have been told already."""
    if refund.cause is not RefundCause.TOO_LATE:
        _to_patient(Kind.PAYMENT_REFUNDED, refund.payment, f"refund {refund.id}", refund=refund.id)


def refund_failed(refund: Refund) -> None:
    """To the admins: money that was to go back has not."""
    _to_admins(refund.payment, f"refund {refund.id}", refund=refund.id)


def disputed(payment: Payment) -> None:
    """To the admins: the payer's bank has just taken money back."""
    _to_admins(payment, f"entry {payment.entries[-1].id}")


def _to_patient(kind: Kind, payment: Payment, of: str, **details: Any) -> None:
    visit = payment.appointment
    if visit.patient is not None:
        put(
            kind,
            visit.patient.user,
            f"{kind.value}:{of}",
            appointment=visit,
            details={"payment": payment.ref, **details},
        )


def _to_admins(payment: Payment, of: str, **details: Any) -> None:
    admins = select(User).where(User.role == Role.ADMIN, User.is_active)
    for admin in db.session.scalars(admins.order_by(User.id)):
        put(
            Kind.PAYMENT_TROUBLE,
            admin,
            f"{Kind.PAYMENT_TROUBLE.value}:{of}:{admin.id}",
            appointment=payment.appointment,
            details={"payment": payment.ref, **details},
        )
