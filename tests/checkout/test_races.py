"""Several ways of learning of money at once, on each database."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import func, select

from app import clock
from app.checkout import events, refunding, settling
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import (
    LedgerEntry,
    LedgerKind,
    OutboxMessage,
    Patient,
    PaymentStatus,
    Receipt,
    Refund,
    StripeEvent,
)
from app.scheduling import holds
from app.scheduling.holders import Holder
from tests.checkout.conftest import PRICE, Desk
from tests.races.racing import race


def count(
    what: type[LedgerEntry | OutboxMessage | Receipt | Refund | StripeEvent], **equal: object
) -> int:
    db.session.rollback()
    query = select(func.count()).select_from(what).filter_by(**equal)
    return db.session.scalar(query) or 0


def test_twenty_copies_of_an_event_have_one_effect(racing_desk: Desk) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    (told,) = [one for one in desk.events() if one.kind == "checkout.session.completed"]
    answers = race(desk.app, [partial(events.handle, desk.gateway, told)] * 20)
    assert answers == [None] * 20
    assert desk.the(payment.appointment).status is Status.CONFIRMED
    assert count(LedgerEntry, kind=LedgerKind.CHARGE) == 1
    assert count(OutboxMessage, kind="appointment_confirmed") == 1
    assert count(Receipt) == 1


@pytest.mark.parametrize("kind", ["refund.created", "charge.dispute.created"])
def test_twenty_copies_about_money_that_goes_back_have_one_effect(
    racing_desk: Desk, kind: str
) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    (charge,) = desk.sandbox.store.all("charge")
    if kind == "refund.created":
        desk.sandbox.ledger.refund({"charge": charge["id"], "amount": "2000"}, desk.sandbox.now())
    else:
        desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    (told,) = [one for one in desk.events() if one.kind == kind]
    answers = race(desk.app, [partial(events.handle, desk.gateway, told)] * 20)
    assert answers == [None] * 20
    entry = LedgerKind.REFUND if kind == "refund.created" else LedgerKind.DISPUTE
    assert count(LedgerEntry, kind=entry) == 1
    assert count(StripeEvent, id=told.id) == 1


def test_a_dispute_that_twenty_comparisons_find_at_once_is_entered_once(racing_desk: Desk) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    (charge,) = desk.sandbox.store.all("charge")
    desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    (dispute,) = desk.gateway.disputes_since(clock.now().replace(year=2020))
    race(desk.app, [partial(events.write_down_dispute, dispute)] * 20)
    assert count(LedgerEntry, kind=LedgerKind.DISPUTE) == 1
    assert desk.the(payment.appointment).payment_status is PaymentStatus.DISPUTED


def test_return_page_and_webhook_meet_without_harm(racing_desk: Desk) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    (told,) = [one for one in desk.events() if one.kind == "checkout.session.completed"]
    number, session_id = payment.id, payment.session_id or ""
    page = lambda: settling.write_down(number, desk.gateway.session(session_id)).appointment  # noqa: E731
    race(desk.app, [page, partial(events.handle, desk.gateway, told)] * 8)
    assert desk.the(payment.appointment).status is Status.CONFIRMED
    assert count(LedgerEntry, kind=LedgerKind.CHARGE) == 1
    assert count(Receipt) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_giving_a_hold_up_and_paying_for_it_end_in_agreement(
    racing_desk: Desk, attempt: int
) -> None:
    desk = racing_desk
    holder, held = desk.hold()
    assert holder.patient is not None
    payment = desk.begin_for(holder, held)
    desk.card(payment)
    number, session = payment.id, desk.gateway.session(payment.session_id or "")
    pay = partial(settling.write_down, number, session)
    holder_of, ref, patient_id = holder.browser, held.ref, held.patient_id

    def release() -> None:
        patient = db.session.get_one(Patient, patient_id)
        holds.release(Holder(holder_of, patient, "192.0.2.1"), ref)

    race(desk.app, [release, pay, pay])
    assert desk.the(held).status is Status.CONFIRMED
    assert desk.the(held).payment_status is PaymentStatus.PAID


def test_late_money_and_somebody_else_want_the_same_time(racing_desk: Desk) -> None:
    desk = racing_desk
    payment = desk.begin(name="Early Bird")
    holder, held = payment.appointment.ref, payment.appointment
    held.hold_expires_at = held.created_at
    db.session.commit()
    assert holds.sweep() == 1
    desk.card(payment)
    number, session = payment.id, desk.gateway.session(payment.session_id or "")
    pay = partial(settling.write_down, number, session)
    race(desk.app, [pay, desk.holding("Somebody Else"), pay, desk.holding("A Third")])
    desk.work()
    visit = desk.the(payment.appointment)
    has_visit = visit.status is Status.CONFIRMED
    has_money = visit.payment_status is PaymentStatus.REFUNDED
    assert has_visit is not has_money
    assert holder == visit.ref


def test_three_workers_give_money_back_once(racing_desk: Desk) -> None:
    desk = racing_desk
    payment = desk.begin(name="Early Bird")
    held = payment.appointment
    held.hold_expires_at = held.created_at
    db.session.commit()
    holds.sweep()
    desk.hold(name="Somebody Else")
    desk.card(payment)
    desk.settle(payment)
    race(desk.app, [partial(refunding.send_due, desk.gateway)] * 3)
    assert [one["amount"] for one in desk.sandbox.store.all("refund")] == [PRICE]
    assert count(LedgerEntry, kind=LedgerKind.REFUND) == 1


def test_receipts_are_numbered_without_a_gap(racing_desk: Desk) -> None:
    desk = racing_desk
    times = ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00"]
    payments = [desk.begin(time) for time in times]
    for payment in payments:
        desk.card(payment)
    acts = [
        partial(settling.write_down, one.id, desk.gateway.session(one.session_id or ""))
        for one in payments
    ]
    race(desk.app, acts * 2)
    db.session.rollback()
    numbers = sorted(db.session.scalars(select(Receipt.number)))
    assert numbers == list(range(numbers[0], numbers[0] + len(times)))
