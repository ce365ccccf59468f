"""Refunds: wanted in the transaction of what causes them, and sent afterwards by `checkout`."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from app import clock
from app.billing import ledger
from app.billing.terms import kept_cents, kept_of_no_show, terms_of
from app.clinic import audit
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.models import Appointment, Payment, Refund, RefundCause, RefundState, Role, User
from app.transaction import database_time, transactional

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
    kept = kept_cents(
        terms_of(appointment),
        appointment.price_cents,
        appointment.starts_at,
        clock.now(),
        by_patient=by_patient,
    )
    return max(0, ledger.money_of(payments).left - kept)


def for_no_show(appointment: Appointment, payments: Sequence[Payment]) -> int:
    """Want back, in the present transaction and once, what the terms give back when nobody came;
    the cents. `payments` are its own, locked."""
    causes = {refund.cause for payment in payments for refund in payment.refunds}
    if RefundCause.NO_SHOW in causes:
        return 0
    kept = kept_of_no_show(terms_of(appointment), appointment.price_cents)
    back = max(0, ledger.money_of(payments).left - kept)
    _want(payments, back, RefundCause.NO_SHOW, "", None)
    if back:
        ledger.refresh(appointment, payments)
    return back


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
def by_staff(ref: str, cents: int, reason: str, actor: User, *, seen: int, form_key: str) -> Refund:
    """Give some of one payment back, for a reason that the patient reads. `seen` is how many
    refunds of it there were on the page; the same form sent twice is one refund.

    Raises NotAllowed, NotFound, ChangedMeanwhile, NotRefundable when there is less left.
    """
    payment, payments = _locked(ref, actor)
    key = _key(payment, form_key)
    for refund in payment.refunds:
        if refund.key == key:
            return refund
    if len(payment.refunds) != seen:
        raise ChangedMeanwhile
    return _by_staff(payment, payments, cents, reason.strip()[:LONGEST_REASON], actor, key)


@transactional
def retry(ref: str, number: int, actor: User) -> Refund:
    """Want a refund that has failed once more, as a refund of its own; pressed twice, once.

    Raises NotAllowed, NotFound, NotRefundable when it has not failed or there is less left.
    """
    payment, payments = _locked(ref, actor)
    failed = _one_of(payment, number)
    key = _key(payment, f"retry {number}")
    for refund in payment.refunds:
        if refund.key == key:
            return refund
    if failed.state is not RefundState.FAILED:
        raise NotRefundable("This refund has not failed.")
    return _by_staff(payment, payments, failed.cents, failed.reason, actor, key, failed.cause)


@transactional
def set_aside(ref: str, number: int, reason: str, actor: User) -> Refund:
    """Say that a refund which has failed was settled otherwise, and how; pressed twice, once.

    Raises NotAllowed, NotFound, NotRefundable when it has not failed.
    """
    payment, _ = _locked(ref, actor)
    failed = _one_of(payment, number)
    if failed.state is RefundState.SET_ASIDE:
        return failed
    if failed.state is not RefundState.FAILED:
        raise NotRefundable("This refund has not failed.")
    failed.state = RefundState.SET_ASIDE
    audit.record(
        actor,
        "refund.set_aside",
        failed,
        name=payment.ref,
        before={"state": RefundState.FAILED.value},
        after={"state": RefundState.SET_ASIDE.value},
        reason=reason.strip()[:LONGEST_REASON],
    )
    return failed


def _locked(ref: str, actor: User) -> tuple[Payment, Sequence[Payment]]:
    """One payment among all of its appointment, locked, for an admin."""
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed
    number = db.session.scalar(select(Payment.appointment_id).where(Payment.ref == ref))
    if number is None:
        raise NotFound("We could not find that payment.")
    payments = ledger.payments_of(db.session.get_one(Appointment, number), lock=True)
    found = next((one for one in payments if one.ref == ref), None)
    if found is None:
        raise NotFound("We could not find that payment.")
    return found, payments


def _one_of(payment: Payment, number: int) -> Refund:
    found = next((one for one in payment.refunds if one.id == number), None)
    if found is None:
        raise NotFound("We could not find that refund.")
    return found


def _key(payment: Payment, of: str) -> str:
    """A key for Stripe that the same wish always has, and that no browser chooses."""
    return hashlib.sha256(f"{payment.create_key} {of}".encode()).hexdigest()


def _by_staff(
    payment: Payment,
    payments: Sequence[Payment],
    cents: int,
    reason: str,
    actor: User,
    key: str,
    cause: RefundCause = RefundCause.BY_STAFF,
) -> Refund:
    if not 0 < cents <= ledger.money_of([payment]).left:
        raise NotRefundable
    refund = _want_one(payment, cents, cause, reason, actor, key=key)
    ledger.refresh(db.session.get_one(Appointment, payment.appointment_id), payments)
    return refund


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
        _want_one(payment, part, cause, reason, actor, wait=wait)


def _want_one(
    payment: Payment,
    cents: int,
    cause: RefundCause,
    reason: str,
    actor: User | None,
    *,
    wait: timedelta = timedelta(),
    key: str = "",
) -> Refund:
    refund = Refund(
        cause=cause,
        reason=reason,
        cents=cents,
        key=key or secrets.token_hex(16),
        asked_by_id=actor.id if actor else None,
        asked_at=clock.now(),
        next_try_at=database_time() + wait,
    )
    payment.refunds.append(refund)
    db.session.flush()
    audit.record(
        actor,
        "refund.wanted",
        refund,
        name=payment.ref,
        after={"cents": cents, "cause": cause.value},
        reason=reason,
    )
    return refund
