"""What nobody comes back for: sessions whose time to pay is over are ended at the gateway first,
and only what the gateway calls over gives its time back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from app import clock
from app.checkout import settling, starting
from app.checkout.gateway import Gateway, GatewayRefused
from app.checkout.starting import Till
from app.extensions import db
from app.models import Appointment, Payment, PaymentState
from app.models import AppointmentStatus as Status

AT_ONCE = 20
LOOK_AGAIN = timedelta(minutes=5)  # at a payment that is on its way, in case we were not told


def end_what_is_over(till: Till, at_most: int = AT_ONCE) -> int:
    """End open payments whose time is over, or whose hold was given up; how many. Raises
    GatewayDown."""
    over = (
        select(Payment)
        .join(Payment.appointment)
        .where(
            Payment.state == PaymentState.OPEN,
            or_(Payment.due_at <= clock.database_now(), Appointment.status != Status.HELD),
        )
        .order_by(Payment.due_at)
        .limit(at_most)
    )
    found = list(db.session.scalars(over))
    for payment in found:
        _end(till, payment)
    return len(found)


def look_again(gateway: Gateway, at_most: int = AT_ONCE) -> None:
    """Ask for the present state of payments that have been on their way for a while."""
    waiting = (
        select(Payment)
        .where(
            Payment.state == PaymentState.PROCESSING,
            Payment.started_at <= clock.database_now(),
            Payment.session_id.is_not(None),
        )
        .order_by(Payment.id.desc())
        .limit(at_most)
    )
    for payment in list(db.session.scalars(waiting)):
        settling.settle(gateway, payment)


def _end(till: Till, payment: Payment) -> None:
    if payment.session_id is None:
        # Its making was never answered: the same key tells what came of it.
        try:
            session = starting.make_again(till, payment)
        except GatewayRefused:
            starting.give_up(payment)
            return
        settling.write_down(payment.id, till.gateway.expire(session.id))
        return
    settling.write_down(payment.id, till.gateway.expire(payment.session_id))
