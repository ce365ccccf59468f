"""Sending the refunds that are wanted, and writing down what became of those that were sent."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from app import clock
from app.billing import ledger
from app.checkout import heard
from app.checkout.facts import Event, SentRefund
from app.checkout.gateway import Gateway, GatewayDown, GatewayRefused
from app.clinic import audit
from app.extensions import db
from app.messaging import payment_news
from app.models import LedgerKind, Payment, Refund, RefundCause, RefundState
from app.transaction import database_time, let_go, rows_changed, transactional

LEASE = timedelta(minutes=2)  # longer than the gateway may take
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
AT_ONCE = 20
OVER = {RefundState.FAILED, RefundState.SET_ASIDE}  # nothing that is heard of it changes it
BY_HAND = "Made in Stripe's dashboard."  # the reason of what nobody here has asked for


def send_due(gateway: Gateway, at_most: int = AT_ONCE) -> int:
    """Send refunds whose time has come; how many the gateway took. One that fails waits longer
    each time, and holds up no other; the rest of a turn is left to a gateway that is silent."""
    sent = 0
    for _ in range(at_most):
        refund = _lease()
        if refund is None:
            break
        try:
            sent += _send(gateway, refund)
        except GatewayDown:
            break
    return sent


def write_down(sent: SentRefund, event: Event | None = None) -> bool:
    """Write down a refund as the gateway says it is now, once for an event that tells of it; False
    for one of money that is not ours. One that nobody here has asked for was made by hand, and
    becomes a refund by staff."""
    return _write_down(sent, event=event)


def _send(gateway: Gateway, refund: Refund) -> bool:
    intent_id = refund.payment.intent_id or ""
    number, cents, key, is_first = refund.id, refund.cents, refund.key, refund.tries == 1
    let_go()
    try:
        # The gateway forgets keys after a day; the refund itself it knows for ever.
        made = None if is_first else _made(gateway, intent_id, key)
        _write_down(made or gateway.refund(intent_id, cents, key), number)
    except GatewayDown as fault:
        _wait(number, str(fault.__cause__))
        raise
    except GatewayRefused as fault:
        _fail(number, str(fault.__cause__))
        return False
    return True


def _made(gateway: Gateway, intent_id: str, key: str) -> SentRefund | None:
    """What has come of an earlier try whose answer was lost."""
    return next((one for one in gateway.refunds_of(intent_id) if one.key == key), None)


@transactional
def _lease() -> Refund | None:
    """Make the refund that has been due for longest this worker's for a while."""
    now = clock.database_now()
    due = (
        select(Refund)
        .where(Refund.state == RefundState.WANTED, Refund.next_try_at <= now)
        .order_by(Refund.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    refund = db.session.scalars(due).one_or_none()
    if refund is not None:
        at = db.session.scalars(select(now)).one()
        refund.next_try_at = at + LEASE
        refund.tries += 1
        db.session.flush()
        _ = refund.payment.intent_id  # read while the transaction lasts
    return refund


@transactional
def _write_down(sent: SentRefund, number: int | None = None, event: Event | None = None) -> bool:
    wanted = Refund.id == number if number is not None else Refund.stripe_id == sent.id
    found = db.session.scalars(select(Refund).where(wanted)).one_or_none()
    if found is None and sent.key:
        found = db.session.scalars(select(Refund).where(Refund.key == sent.key)).one_or_none()
    if found is None:
        found = _made_by_hand(sent)
    if found is None:
        return False
    payment = db.session.get_one(
        Payment, found.payment_id, with_for_update=True, populate_existing=True
    )
    if event is not None and not heard.is_new(event):
        return True
    refund = db.session.get_one(Refund, found.id, populate_existing=True)
    refund.stripe_id = sent.id
    ledger.enter(payment, LedgerKind.REFUND, -sent.cents, sent.id, sent.at)
    if refund.state not in OVER:
        refund.state = sent.state
        if sent.state is RefundState.FAILED:
            ledger.enter(payment, LedgerKind.REFUND_FAILED, sent.cents, sent.id, clock.now())
            refund.error = "The payer's bank has sent the money back."
            payment_news.refund_failed(refund)
        else:
            payment_news.refunded(refund)
    ledger.refresh_for(payment)
    return True


def _made_by_hand(sent: SentRefund) -> Refund | None:
    """The row of a refund that was made in the gateway's own pages; nothing for other money."""
    if not sent.intent_id:
        return None
    payment = db.session.scalars(
        select(Payment)
        .where(Payment.intent_id == sent.intent_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if payment is None:
        return None
    known = select(Refund).where(Refund.stripe_id == sent.id)
    refund = db.session.scalars(known).one_or_none()
    if refund is None:
        refund = Refund(
            payment_id=payment.id,
            cause=RefundCause.BY_STAFF,
            reason=BY_HAND,
            cents=sent.cents,
            state=RefundState.PENDING,
            key=f"by hand {sent.id}",
            stripe_id=sent.id,
            asked_at=sent.at,
            next_try_at=sent.at,
        )
        db.session.add(refund)
        db.session.flush()
        audit.record(
            None,
            "refund.by_hand",
            refund,
            name=payment.ref,
            after={"cents": sent.cents, "stripe_id": sent.id},
        )
    return refund


@transactional
def _wait(number: int, error: str) -> None:
    refund = db.session.get_one(Refund, number)
    pause = min(FIRST_PAUSE * 2 ** min(refund.tries - 1, 10), LONGEST_PAUSE)
    rows_changed(
        update(Refund)
        .where(Refund.id == number, Refund.state == RefundState.WANTED)
        .values(next_try_at=database_time() + pause, error=error[:1000])
    )


@transactional
def _fail(number: int, error: str) -> None:
    rows_changed(
        update(Refund)
        .where(Refund.id == number, Refund.state == RefundState.WANTED)
        .values(state=RefundState.FAILED, error=error[:1000])
    )
    refund = db.session.get_one(Refund, number)
    payment_news.refund_failed(refund)
    ledger.refresh_for(refund.payment)
