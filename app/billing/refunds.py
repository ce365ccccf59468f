"""Refunds: wanted in the transaction of what causes them, and sent afterwards by `checkout`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from app import clock
from app.billing import ledger
from app.billing.terms import kept_cents, terms_of
from app.clinic import audit
from app.errors import ClinicError
from app.extensions import db
from app.models import Appointment, Payment, Refund, RefundCause, RefundState, User
from app.transaction import transactional

LONGEST_REASON = 500


class NotRefundable(ClinicError):
    status = 409
    sentence = "There is not as much left to give back."


def for_cancelling(
    appointment: Appointment,
    payments: Sequence[Payment],
    actor: User | None,
    *,
    by_patient: bool,
    wait: timedelta,
) -> int:
    """Want back, in the present transaction, what the terms give back when the appointment is
    cancelled now; the cents. `payments` are its own, locked. For as long as `wait` it can be
    withdrawn."""
    back = back_on_cancelling(appointment, payments, by_patient=by_patient)
    _want(payments, back, RefundCause.CANCELLED, "", actor, wait=wait)
    if back:
        ledger.refresh(appointment, payments)
    return back


def back_on_cancelling(
    appointment: Appointment, payments: Sequence[Payment], *, by_patient: bool
) -> int:
    """What would come back if the appointment were cancelled now, in cents."""
    money = ledger.money_of(payments)
    kept = kept_cents(
        terms_of(appointment),
        appointment.price_cents,
        appointment.starts_at,
        clock.now(),
        by_patient=by_patient,
    )
    return max(0, min(money.left, money.paid - money.refunded - kept))


def withdraw(appointment: Appointment, payments: Sequence[Payment]) -> None:
    """Take back, in the present transaction, the refunds of a cancellation that is taken back."""
    for payment in payments:
        for refund in payment.refunds:
            if refund.cause is RefundCause.CANCELLED and refund.state is RefundState.WANTED:
                refund.state = RefundState.WITHDRAWN
    ledger.refresh(appointment, payments)


def in_full(payment: Payment, cause: RefundCause) -> None:
    """Want all that is left of one locked payment back, in the present transaction."""
    _want([payment], ledger.money_of([payment]).left, cause, "", None)


@transactional
def by_staff(appointment: Appointment, cents: int, reason: str, actor: User) -> None:
    """Give some of what was paid back, for a reason that the patient reads.

    Raises NotRefundable when there is less left.
    """
    payments = ledger.payments_of(appointment, lock=True)
    if not 0 < cents <= ledger.money_of(payments).left:
        raise NotRefundable
    _want(payments, cents, RefundCause.BY_STAFF, reason.strip()[:LONGEST_REASON], actor)
    ledger.refresh(appointment, payments)


def _want(
    payments: Sequence[Payment],
    cents: int,
    cause: RefundCause,
    reason: str,
    actor: User | None,
    *,
    wait: timedelta = timedelta(),
) -> None:
    for payment in payments:
        part = min(cents, ledger.money_of([payment]).left)
        if part <= 0:
            continue
        cents -= part
        refund = Refund(
            cause=cause,
            reason=reason,
            cents=part,
            key=secrets.token_hex(16),
            asked_by_id=actor.id if actor else None,
            asked_at=clock.now(),
            next_try_at=clock.now() + wait,
        )
        payment.refunds.append(refund)
        db.session.flush()
        audit.record(
            actor,
            "refund.wanted",
            refund,
            name=payment.ref,
            after={"cents": part, "cause": cause.value},
            reason=reason,
        )
