"""Writing down what Stripe says of a session, and what follows from it for the appointment.

Everything that learns of money ends here: return page, webhook, worker, reconciliation. Doing it
again, in any order, from several places at once, ends in the same state: the payment's row is
locked first, then its appointment, then claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, selectinload

from app import clock
from app.billing import ledger, receipts, refunds
from app.checkout import heard
from app.checkout.facts import Event, Session, Standing
from app.checkout.gateway import Gateway
from app.clinic import audit, settings
from app.errors import NotFound
from app.extensions import db
from app.messaging import outbox, payment_news
from app.models import (
    Appointment,
    Doctor,
    LedgerKind,
    Patient,
    Payment,
    PaymentState,
    RefundCause,
)
from app.models import AppointmentStatus as Status
from app.scheduling import bookings, openings
from app.scheduling.moves import TIME, move_on
from app.scheduling.refusals import NotBookable
from app.transaction import let_go, transactional

PROCESSING_LASTS = timedelta(days=14)  # as long as a bank debit may take
MOST_SHOWN = 200
LONGEST_METHOD = 40
LIVE = {PaymentState.OPEN, PaymentState.PROCESSING}
STATES = {
    Standing.OPEN: PaymentState.OPEN,
    Standing.PROCESSING: PaymentState.PROCESSING,
    Standing.PAID: PaymentState.PAID,
    Standing.FAILED: PaymentState.FAILED,
    Standing.EXPIRED: PaymentState.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands now: of the money, and of the appointment."""

    payment: PaymentState
    appointment: Status


def settle(gateway: Gateway, payment: Payment, event: Event | None = None) -> Settled:
    """Ask the gateway for the present state of a payment's session and write down what follows.
    Raises GatewayDown; NotFound when there is no session yet."""
    if payment.session_id is None:
        raise NotFound("This payment has not begun.")
    number, session_id = payment.id, payment.session_id
    let_go()
    return write_down(number, gateway.session(session_id), event)


def write_down(payment_id: int, session: Session, event: Event | None = None) -> Settled:
    """Write down a session as the gateway has just shown it."""
    try:
        return _write_down(payment_id, session, event, may_book=True)
    except NotBookable:  # the time is not to be had any more, so the money goes back
        return _write_down(payment_id, session, event, may_book=False)


def payment_of(patient: Patient, ref: str | None = None, session_id: str | None = None) -> Payment:
    """The patient's payment by its reference, or by its session. Raises NotFound."""
    which = Payment.ref == ref if ref is not None else Payment.session_id == session_id
    found = db.session.scalars(
        _of(patient).where(which).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("We could not find that payment.")
    return found


def payments_of(patient: Patient) -> Sequence[Payment]:
    """What a patient has begun to pay, with what moved and what comes back; the latest first."""
    return db.session.scalars(
        _of(patient)
        .options(selectinload(Payment.entries), selectinload(Payment.refunds))
        .where(Payment.state != PaymentState.EXPIRED)
        .order_by(Payment.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def _of(patient: Patient) -> Select[Payment]:
    visit = contains_eager(Payment.appointment)
    return (
        select(Payment)
        .join(Payment.appointment)
        .where(Appointment.patient_id == patient.id)
        .options(
            visit.joinedload(Appointment.doctor).joinedload(Doctor.user),
            visit.joinedload(Appointment.visit_type),
            visit.joinedload(Appointment.location),
        )
    )


def payment_of_session(session_id: str) -> Payment | None:
    """The payment that a session is for."""
    return db.session.scalars(select(Payment).where(Payment.session_id == session_id)).one_or_none()


@transactional
def _write_down(
    payment_id: int, session: Session, event: Event | None, *, may_book: bool
) -> Settled:
    at = openings.desk(lock=True).at
    payment = db.session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment is None:
        raise NotFound
    appointment = _locked(payment.appointment_id)
    if event is not None and not heard.is_new(event):
        return Settled(payment.state, appointment.status)
    payment.session_id = payment.session_id or session.id
    payment.intent_id = session.intent_id or payment.intent_id
    was, now = payment.state, STATES[session.standing]
    if now is PaymentState.PAID:
        _charge(payment, session)
    if was is not now and was is not PaymentState.PAID:
        payment.state = now
        _follow(payment, appointment, session, at, may_book=may_book)
        audit.record(
            None,
            "payment.state",
            payment,
            name=payment.ref,
            before={"state": was.value},
            after={"state": now.value},
        )
    ledger.refresh(appointment, ledger.payments_of(appointment))
    return Settled(payment.state, appointment.status)


def _locked(appointment_id: int) -> Appointment:
    appointment = db.session.get(
        Appointment, appointment_id, with_for_update=True, populate_existing=True
    )
    if appointment is None:
        raise NotFound
    return appointment


def _charge(payment: Payment, session: Session) -> None:
    at = session.charged_at or clock.now()
    payment.method = session.method[:LONGEST_METHOD] or payment.method
    if session.charge_id is not None:
        ledger.enter(
            payment, LedgerKind.CHARGE, session.cents, session.charge_id, at, session.currency
        )
    if session.fee_id is not None and session.fee_cents:
        ledger.enter(payment, LedgerKind.FEE, -session.fee_cents, session.fee_id, at)


def _follow(
    payment: Payment, appointment: Appointment, session: Session, at: datetime, *, may_book: bool
) -> None:
    """What a new state of the money means for the appointment at the database's instant `at`."""
    if payment.state is PaymentState.PAID:
        payment.settled_at = clock.now()
        _paid(payment, appointment, session, may_book=may_book)
    elif appointment.status is not Status.HELD or _is_tried_otherwise(payment, appointment):
        return
    elif payment.state is PaymentState.PROCESSING:
        until = min(at + PROCESSING_LASTS, appointment.starts_at)
        appointment.hold_expires_at = until
    elif payment.state is PaymentState.FAILED:
        appointment.hold_expires_at = at + settings.current().hold
        payment_news.failed(payment)
    elif payment.state is PaymentState.EXPIRED:
        move_on(appointment, Status.EXPIRED, TIME, version=appointment.version)
        outbox.time_released(appointment)


def _is_tried_otherwise(payment: Payment, appointment: Appointment) -> bool:
    """Whether another try to pay still keeps the time."""
    return any(
        other.id != payment.id and other.state in LIVE for other in ledger.payments_of(appointment)
    )


def _paid(payment: Payment, appointment: Appointment, session: Session, *, may_book: bool) -> None:
    is_right = (session.cents, session.currency) == (payment.cents, payment.currency)
    if not is_right:
        payment.problem = f"{session.cents} {session.currency} was paid."
        refunds.in_full(payment, RefundCause.WRONG_AMOUNT)
        return
    receipts.issue(payment)
    others = [one for one in ledger.payments_of(appointment) if one.id != payment.id]
    if ledger.money_of(others).left > 0:
        refunds.in_full(payment, RefundCause.PAID_TWICE)
    elif appointment.status in {Status.HELD, Status.EXPIRED} and may_book:
        bookings.book_paid(appointment)
        payment_news.received(payment)
    elif appointment.status in {Status.HELD, Status.EXPIRED, Status.CANCELLED}:
        refunds.in_full(payment, RefundCause.TOO_LATE)
        payment_news.too_late(payment)
        if appointment.status is Status.HELD:
            move_on(appointment, Status.EXPIRED, TIME, version=appointment.version)
    else:
        payment_news.received(payment)
