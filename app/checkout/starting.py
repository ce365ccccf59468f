"""Beginning to pay: the time stays held, a session is made, and the patient goes to its page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from app.billing import ledger
from app.checkout.facts import Order, Session
from app.checkout.gateway import Gateway, GatewayDown, GatewayRefused
from app.clinic import settings
from app.errors import ClinicError, NotFound
from app.extensions import db
from app.models import Appointment, Patient, Payment, PaymentState, PayWhen
from app.scheduling import bookings, refusals
from app.scheduling.holders import Holder
from app.transaction import database_time, let_go, rows_changed, transactional
from config import Config

# Stripe ends a session after half an hour at the earliest, and counts from when it makes it.
SESSION = timedelta(minutes=40)
AFTER_SESSION = timedelta(minutes=5)
LIVE = {PaymentState.OPEN, PaymentState.PROCESSING}
PATHS = {
    "success_url": "/payment-success/?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "/payment-cancelled/{ref}/",
}


class AlreadyPaying(ClinicError):
    """A bank is paying for this visit already."""

    status = 409
    sentence = "Your bank is already paying for this visit. Your time is kept until we know."


@dataclass(frozen=True, slots=True)
class Till:
    """Where a patient pays: a gateway, and the address that this site's links begin with."""

    gateway: Gateway
    base_url: str


def till_of(config: Config) -> Till:
    """The till of a configuration that takes payments."""
    gateway = Gateway(config.stripe_key, config.stripe_webhook_secret, config.stripe_address)
    return Till(gateway, config.base_url)


def start(till: Till, holder: Holder, patient: Patient, ref: str, reason: str) -> str:
    """The address of the page on which the patient pays for the hold `ref`.

    Starting again leads to the same page while it is open. Raises what `bookings.book` raises,
    AlreadyPaying, GatewayDown and GatewayRefused; the time stays held either way.
    """
    payment = _open(holder, patient, ref, reason)
    if payment.session_url:
        return payment.session_url
    try:
        return make_again(till, payment).url
    except GatewayDown:
        # Of two clicks at once the gateway may refuse one; then the other one's page is there.
        if url := _url_of(payment):
            return url
        raise
    except GatewayRefused:
        give_up(payment)
        raise


def make_again(till: Till, payment: Payment) -> Session:
    """The session of a payment: a new one, or the one whose making was never answered. Raises
    GatewayDown, GatewayRefused."""
    order, number, key = _order(till, payment), payment.id, payment.create_key
    let_go()
    session = till.gateway.create(order, key)
    _keep(number, session)
    return session


def _url_of(payment: Payment) -> str:
    let_go()
    db.session.refresh(payment)
    return payment.session_url


def held_until(held: Appointment) -> datetime | None:
    """Until when the patient has the time: while they pay it is kept for longer than they have to
    do so, because only the gateway can say that they have not."""
    if held.pay_when is PayWhen.AT_CLINIC:
        return held.hold_expires_at
    due_at = db.session.scalar(
        select(func.max(Payment.due_at)).where(
            Payment.appointment_id == held.id, Payment.state == PaymentState.OPEN
        )
    )
    return due_at or held.hold_expires_at


@transactional
def _open(holder: Holder, patient: Patient, ref: str, reason: str) -> Payment:
    appointment = bookings.keep_while_paying(
        holder, patient, ref, reason, until=SESSION + AFTER_SESSION
    )
    now = database_time()
    for payment in ledger.payments_of(appointment, lock=True):
        if payment.state is PaymentState.PROCESSING:
            raise AlreadyPaying
        if payment.state is PaymentState.OPEN:
            if payment.due_at <= now:  # its page is about to be ended
                raise refusals.HoldEnded
            return payment
    payment = Payment(
        appointment_id=appointment.id,
        cents=appointment.price_cents,
        currency=appointment.currency,
        create_key=secrets.token_hex(16),
        started_at=now,
        due_at=now + settings.current().hold,
    )
    db.session.add(payment)
    db.session.flush()
    return payment


def _order(till: Till, payment: Payment) -> Order:
    """The same for each try, so that the gateway's key finds it."""
    appointment = db.session.get(Appointment, payment.appointment_id)
    if appointment is None or appointment.patient is None:
        raise NotFound
    when = appointment.starts_at.astimezone(appointment.zone)
    return Order(
        reference=payment.ref,
        cents=payment.cents,
        currency=payment.currency,
        what=f"{appointment.visit_type.name}, {when:%Y-%m-%d %H:%M}",
        email=appointment.patient.user.email,
        success_url=till.base_url + PATHS["success_url"],
        cancel_url=till.base_url + PATHS["cancel_url"].format(ref=payment.ref),
        expires_at=payment.started_at + SESSION,
    )


@transactional
def _keep(payment_id: int, session: Session) -> None:
    rows_changed(
        update(Payment)
        .where(Payment.id == payment_id, Payment.session_id.is_(None))
        .values(session_id=session.id, session_url=session.url)
    )


@transactional
def give_up(payment: Payment) -> None:
    """Write down that the gateway has no session for an open payment, and none will be."""
    rows_changed(
        update(Payment)
        .where(Payment.id == payment.id, Payment.state == PaymentState.OPEN)
        .values(state=PaymentState.FAILED, problem="The session was refused.")
    )
    appointment = db.session.get(
        Appointment, payment.appointment_id, with_for_update=True, populate_existing=True
    )
    if appointment is None:
        return
    payments = ledger.payments_of(appointment)
    held_until = appointment.hold_expires_at
    if held_until is not None and not any(one.state in LIVE for one in payments):
        # While it was to be paid the time was kept for longer.
        ordinary = database_time() + settings.current().hold
        appointment.hold_expires_at = min(held_until, ordinary)
    ledger.refresh(appointment, payments)
