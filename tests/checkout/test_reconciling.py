"""Our books agree with Stripe's in the end, even if nobody was told of anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.billing import ledger
from app.checkout import events, reconciled, reconciling, refunding
from app.checkout.gateway import GatewayDown
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import (
    LedgerEntry,
    LedgerKind,
    OutboxMessage,
    Payment,
    PaymentState,
    PaymentStatus,
    Receipt,
    Refund,
    RefundState,
)
from app.scheduling.refusals import NotBookable
from config import ROOT
from sandbox.events import Mischief
from tests.checkout.conftest import PRICE, Desk
from tests.conftest import FrozenClock
from tests.races.racing import race


def by_hand(desk: Desk, payment: Payment, cents: int) -> str:
    """Somebody gives money back in the gateway's own pages; the refund's id."""
    intent_id = desk.session(payment)["payment_intent"]
    wanted = {"payment_intent": intent_id, "amount": str(cents)}
    return str(desk.sandbox.ledger.refund(wanted, desk.sandbox.now())["id"])


def how_many(what: type[LedgerEntry | OutboxMessage | Receipt | Refund], **equal: object) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(what).filter_by(**equal)) or 0


def test_webhooks_that_are_lost_for_three_days_are_made_up_for(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    desk.sandbox.events.mischief = Mischief(lose=True)
    card, bank, refused = desk.begin("09:00"), desk.begin("10:00"), desk.begin("11:00")
    left = desk.begin("13:00")
    desk.card(card)
    desk.bank(bank)
    desk.bank(refused)
    frozen_clock.advance(hours=1)
    desk.bank_says(bank, succeeds=True)
    desk.bank_says(refused, succeeds=False)
    desk.sandbox.checkout.expire(desk.session(left), desk.sandbox.now())
    frozen_clock.advance(days=3)
    result = reconciling.reconcile(desk.gateway)
    desk.work()
    assert result.problems == []
    assert [desk.payment(one.appointment).state for one in (card, bank, refused, left)] == [
        PaymentState.PAID,
        PaymentState.PAID,
        PaymentState.FAILED,
        PaymentState.EXPIRED,
    ]
    assert {finding.payment for finding in result.repaired} == {
        one.ref for one in (card, bank, refused, left)
    }
    assert reconciling.reconcile(desk.gateway).repaired == []


def test_fifty_payments_of_every_kind_agree_though_events_are_lost(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payments = []
    times = [f"{hour:02}:{minute:02}" for hour in range(9, 18) for minute in (0, 30)]
    for number in range(50):
        if number and number % 10 == 0:  # ten visits fill a working day
            frozen_clock.advance(days=1 if clock.now().weekday() < 3 else 3)
        payment = begin_or_wait(desk, times, number)
        payments.append(payment)
        act(desk, payment, number)
        hear_most(desk, number)
        if number % 10 == 7:
            reconciling.reconcile(desk.gateway)
    frozen_clock.advance(hours=2)
    reconciling.reconcile(desk.gateway)
    desk.work()
    reconciling.reconcile(desk.gateway)
    assert how_many(LedgerEntry, kind=LedgerKind.CHARGE) > 20
    assert how_many(LedgerEntry, kind=LedgerKind.REFUND) > 5
    states = set(db.session.scalars(select(Payment.state)))
    assert states == {PaymentState.PAID, PaymentState.FAILED, PaymentState.EXPIRED}
    assert reconciling.reconcile(desk.gateway).problems == []


def begin_or_wait(desk: Desk, times: list[str], number: int) -> Payment:
    """The next patient finds some time of tomorrow."""
    for time in times:
        try:
            return desk.begin(time, f"Patient {number} {time}")
        except NotBookable:
            continue
    pytest.fail("No time is left")


def act(desk: Desk, payment: Payment, number: int) -> None:
    """Each patient pays in another way."""
    way = number % 5
    if way == 0:
        desk.card(payment)
    elif way == 1:
        desk.sandbox.checkout.decline(desk.session(payment), desk.sandbox.now())
        desk.card(payment)
        by_hand(desk, payment, PRICE)
    elif way == 2:
        desk.bank(payment)
        desk.bank_says(payment, succeeds=True)
        by_hand(desk, payment, 1000)
    elif way == 3:
        desk.bank(payment)
        desk.bank_says(payment, succeeds=False)
    else:
        desk.sandbox.checkout.expire(desk.session(payment), desk.sandbox.now())


def hear_most(desk: Desk, number: int) -> None:
    """One in twenty events is never heard."""
    for place, event in enumerate(desk.events()):
        if (place + number) % 20:
            events.handle(desk.gateway, event)


def test_a_refund_by_hand_is_entered_once(desk: Desk) -> None:
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    refund_id = by_hand(desk, payment, 2000)
    result = reconciling.reconcile(desk.gateway)
    assert [one.stripe_id for one in result.repaired] == [refund_id]
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.cents, refund.state, refund.stripe_id) == (
        2000,
        RefundState.SUCCEEDED,
        refund_id,
    )
    assert refund.reason == refunding.BY_HAND
    assert desk.the(payment.appointment).payment_status is PaymentStatus.PART_REFUNDED
    assert ledger.money_of([desk.payment(payment.appointment)]).left == PRICE - 2000
    desk.hear_all()
    assert how_many(Refund) == 1


def test_a_refund_by_hand_that_comes_back_is_entered_too(desk: Desk) -> None:
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    refund_id = by_hand(desk, payment, 2000)
    reconciling.reconcile(desk.gateway)
    found = desk.sandbox.store.find("refund", refund_id)
    assert found is not None
    desk.sandbox.ledger.fail_refund(found, desk.sandbox.now())
    reconciling.reconcile(desk.gateway)
    assert db.session.scalars(select(Refund.state)).one() is RefundState.FAILED
    assert ledger.money_of([desk.payment(payment.appointment)]).left == PRICE


def test_a_dispute_that_nobody_told_of_is_written_down(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    reconciling.reconcile(desk.gateway)
    (charge,) = desk.sandbox.store.all("charge")
    dispute = desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    reconciling.reconcile(desk.gateway)
    assert desk.the(payment.appointment).payment_status is PaymentStatus.DISPUTED
    frozen_clock.advance(days=20)
    reconciling.reconcile(desk.gateway)
    desk.sandbox.ledger.close_dispute(dispute, desk.sandbox.now(), won=True)
    reconciling.reconcile(desk.gateway)
    assert desk.the(payment.appointment).payment_status is PaymentStatus.PAID


def test_money_of_ours_that_stripe_does_not_know_is_listed(desk: Desk) -> None:
    payment = desk.begin()
    db.session.execute(update(Payment).values(session_id="cs_test_of_another_account"))
    db.session.commit()
    result = reconciling.reconcile(desk.gateway)
    assert [(one.what, one.payment) for one in result.problems] == [
        (reconciling.NOT_AT_STRIPE, payment.ref)
    ]


def test_money_with_our_mark_that_we_do_not_know_is_listed(desk: Desk) -> None:
    payment = desk.begin()
    desk.card(payment)
    session = desk.session(payment)
    other = {**session, "id": "cs_test_elsewhere", "client_reference_id": "zzzz"}
    foreign: dict[str, Any] = {**other, "id": "cs_test_a_shop", "metadata": {}}
    for one in (other, foreign):
        desk.sandbox.store.keep(one)
    result = reconciling.reconcile(desk.gateway)
    assert [(one.what, one.stripe_id) for one in result.problems] == [
        (reconciling.NOT_HERE, "cs_test_elsewhere")
    ]


def test_a_wrong_amount_is_listed(desk: Desk) -> None:
    payment = desk.begin()
    db.session.execute(update(Payment).values(cents=PRICE + 1))
    db.session.commit()
    desk.card(payment)
    result = reconciling.reconcile(desk.gateway)
    desk.work()
    assert [(one.what, one.payment) for one in result.problems] == [
        (reconciling.AMOUNTS_DIFFER, payment.ref)
    ]


def test_a_silent_gateway_moves_no_cursor(desk: Desk, frozen_clock: FrozenClock) -> None:
    first = reconciling.reconcile(desk.gateway)
    payment = desk.begin()
    desk.card(payment)
    frozen_clock.advance(hours=5)
    desk.sandbox.broken.down = True
    with pytest.raises(GatewayDown):
        reconciling.reconcile(desk.gateway)
    kept = reconciled.last()
    assert kept is not None
    assert kept.at == first.at
    desk.sandbox.broken.down = False
    second = reconciling.reconcile(desk.gateway)
    assert second.since == first.at - timedelta(hours=1)
    assert desk.the(payment.appointment).status is Status.CONFIRMED


def test_days_that_are_asked_for_are_looked_at_again(desk: Desk) -> None:
    reconciling.reconcile(desk.gateway)
    assert reconciling.reconcile(desk.gateway, days=7).since == clock.now() - timedelta(days=7)


@pytest.mark.parametrize("attempt", range(2))
def test_two_reconciliations_beside_webhooks_are_harmless(racing_desk: Desk, attempt: int) -> None:
    desk = racing_desk
    payments = [desk.begin(time) for time in ("09:00", "10:00", "11:00")]
    for payment in payments:
        desk.card(payment)
    by_hand(desk, payments[0], 2000)
    told = desk.events()
    reconcile = lambda: len(reconciling.reconcile(desk.gateway).problems)  # noqa: E731
    hear = [partial(events.handle, desk.gateway, one) for one in told]
    answers = race(desk.app, [reconcile, reconcile, *hear])
    reconciling.reconcile(desk.gateway)
    assert answers[:2] == [0, 0]
    assert how_many(LedgerEntry, kind=LedgerKind.CHARGE) == 3
    assert how_many(LedgerEntry, kind=LedgerKind.REFUND) == 1
    assert how_many(Refund) == 1
    assert how_many(Receipt) == 3
    assert how_many(OutboxMessage, kind="appointment_confirmed") == 3


def test_the_worker_reconciles_once_an_hour(desk: Desk, frozen_clock: FrozenClock) -> None:
    assert reconciling.reconcile_when_due(desk.gateway) is not None
    frozen_clock.advance(minutes=59)
    assert reconciling.reconcile_when_due(desk.gateway) is None
    frozen_clock.advance(minutes=1)
    assert reconciling.reconcile_when_due(desk.gateway) is not None


def test_the_command_prints_a_table_and_fails_when_somebody_must_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(
        desk.app.config["DOCKET"],
        stripe_key="sk_test_sandbox",
        stripe_webhook_secret="whsec_sandbox",
        stripe_address=desk.address,
    )
    monkeypatch.setitem(desk.app.config, "DOCKET", config)
    run = partial(desk.app.test_cli_runner().invoke, args=["payments", "reconcile"])
    payment = desk.begin()
    desk.card(payment)
    mended = run()
    assert mended.exit_code == 0
    assert f"repaired  The state of a payment was mended  {payment.ref}" in mended.output
    db.session.execute(update(Payment).values(cents=PRICE + 1))
    db.session.commit()
    wrong = run(args=["payments", "reconcile", "--days", "3"])
    assert wrong.exit_code == 1
    assert f"look into  The amounts differ  {payment.ref}" in wrong.output
    desk.sandbox.broken.down = True
    assert run().exit_code == 2


def test_the_manual_names_every_event_to_tick() -> None:
    manual = (ROOT / "docs" / "payments.md").read_text("utf-8")
    assert [kind for kind in events.HANDLED if f"`{kind}`" not in manual] == []
