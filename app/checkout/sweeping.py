"""What nobody comes back for: sessions whose time to pay is over are ended at the gateway first,
and only what the gateway calls over gives its time back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Select, or_, select, update

from app import clock
from app.checkout import settling, starting
from app.checkout.facts import Session
from app.checkout.gateway import Gateway, GatewayRefused
from app.checkout.starting import Till
from app.extensions import db
from app.models import Appointment, Payment, PaymentState
from app.models import AppointmentStatus as Status
from app.transaction import database_time, let_go, rows_changed, transactional

AT_ONCE = 20
LOOK_AGAIN = timedelta(minutes=5)  # at a payment that is on its way, in case we were not told

log = logging.getLogger("docket.checkout")


def end_what_is_over(till: Till, at_most: int = AT_ONCE) -> int:
    """End open payments whose time is over, or whose hold was given up; how many were met. One
    that cannot be ended holds up no other. Raises GatewayDown."""
    over = (
        select(Payment.id)
        .join(Payment.appointment)
        .where(
            Payment.state == PaymentState.OPEN,
            or_(Payment.due_at <= clock.database_now(), Appointment.status != Status.HELD),
        )
        # The gateway may answer the making of one session with the same fault for a day.
        .order_by(Payment.session_id.is_(None), Payment.due_at)
        .limit(at_most)
    )
    return _each(over, lambda payment: _end(till, payment))


def look_again(gateway: Gateway, at_most: int = AT_ONCE) -> None:
    """Ask for the present state of payments that have been on their way for a while, of each every
    five minutes. Raises GatewayDown."""
    waiting = (
        select(Payment.id)
        .where(
            Payment.state == PaymentState.PROCESSING,
            Payment.due_at <= clock.database_now(),
            Payment.session_id.is_not(None),
        )
        .order_by(Payment.due_at)
        .limit(at_most)
    )

    def look(payment: Payment) -> None:
        number = payment.id
        _look_later(number)
        settling.settle(gateway, db.session.get_one(Payment, number))

    _each(waiting, look)


def _each(which: Select[int], act: Callable[[Payment], object]) -> int:
    numbers = list(db.session.scalars(which))
    for number in numbers:
        try:
            act(db.session.get_one(Payment, number))
        except GatewayRefused as fault:
            log.warning("Payment %s cannot be looked at: %s", number, fault.__cause__)
    let_go()
    return len(numbers)


def _end(till: Till, payment: Payment) -> None:
    number = payment.id
    session = _ended(till, payment)
    if session is not None:
        settling.write_down(number, session)


def _ended(till: Till, payment: Payment) -> Session | None:
    """The session of a payment, ended; nothing where the gateway knows of none."""
    session_id = payment.session_id
    try:
        if session_id is None:
            # Its making was never answered: the same key tells what came of it.
            session_id = starting.make_again(till, payment).id
        let_go()
        return till.gateway.expire(session_id)
    except GatewayRefused:
        starting.give_up(payment)
        return None


@transactional
def _look_later(number: int) -> None:
    rows_changed(
        update(Payment)
        .where(Payment.id == number, Payment.state == PaymentState.PROCESSING)
        .values(due_at=database_time() + LOOK_AGAIN)
    )
