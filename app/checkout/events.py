"""What the gateway tells, by webhook or by a list of what was missed."""

from __future__ import annotations

from sqlalchemy import select

from app.billing import ledger
from app.checkout import heard, refunding, settling
from app.checkout.facts import Dispute, Event, dispute_of
from app.checkout.gateway import Gateway
from app.extensions import db
from app.messaging import payment_news
from app.models import LedgerKind, Payment
from app.transaction import let_go, transactional

SESSIONS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
REFUNDS = ("refund.created", "refund.updated", "refund.failed")
DISPUTES = ("charge.dispute.created", "charge.dispute.closed")
HANDLED = [*SESSIONS, "payment_intent.payment_failed", *REFUNDS, *DISPUTES]


def handle(gateway: Gateway, event: Event) -> None:
    """Do what an event calls for; nothing for one that is known, of another kind, or about money
    that is not ours. Raises GatewayDown: then the gateway tells it again."""
    if heard.is_known(event):
        return
    if event.kind in SESSIONS:
        session_id = str(event.thing.get("id") or "")
        payment = settling.payment_of_session(session_id) or _by_reference(
            str(event.thing.get("client_reference_id") or "")
        )
        if payment is not None:
            number = payment.id
            let_go()
            settling.write_down(number, gateway.session(session_id), event)
    elif event.kind in REFUNDS:
        intent_id = str(event.thing.get("payment_intent") or "")
        if _by_intent(intent_id) is not None:
            let_go()
            for sent in gateway.refunds_of(intent_id):
                is_meant = sent.id == event.thing.get("id")
                refunding.write_down(sent, event if is_meant else None)
    elif event.kind in DISPUTES:
        write_down_dispute(dispute_of(event.thing), event)


def _by_reference(reference: str) -> Payment | None:
    """For a session whose making was answered to nobody."""
    return db.session.scalars(
        select(Payment).where(Payment.ref == reference, Payment.session_id.is_(None))
    ).one_or_none()


def _by_intent(intent_id: str) -> Payment | None:
    return db.session.scalars(select(Payment).where(Payment.intent_id == intent_id)).one_or_none()


@transactional
def write_down_dispute(dispute: Dispute, event: Event | None = None) -> None:
    """Write down that a payer's bank has taken money back, and that it came again if the clinic
    has won; nothing for money that is not ours."""
    found = _by_intent(dispute.intent_id)
    if found is None:
        return
    payment = db.session.get_one(Payment, found.id, with_for_update=True, populate_existing=True)
    if event is not None and not heard.is_new(event):
        return
    if ledger.enter(payment, LedgerKind.DISPUTE, -dispute.cents, dispute.id, dispute.at):
        payment_news.disputed(payment)
    if dispute.is_won:
        ledger.enter(payment, LedgerKind.DISPUTE_WON, dispute.cents, dispute.id, dispute.at)
    elif dispute.is_lost:
        ledger.enter(payment, LedgerKind.DISPUTE_LOST, 0, dispute.id, dispute.at)
    ledger.refresh_for(payment)
