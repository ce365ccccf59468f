"""Ways to handle money that look right and are not, and the damage that each of them does. The
tests named beside them are those that would fail.

P1, P2   test_paying (webhook alone, page alone), test_races (page and webhook at once)
P3, P4   test_races, twenty copies; here: event ids by SELECT without a lock, and ids that are noted
         before their effect
P5       test_settling, events in any order
P6       test_settling, late money; test_races, late money and somebody else
P7       test_settling, a session whose making nobody heard of; test_refunds_again, killed
P8       test_settling, a lost answer makes no second session
P9       test_races, giving a hold up and paying for it
P10      test_refunds_again; here: a refund without a key
P11      test_reconciling
P12      test_webhook; test_settling, a wrong amount; here: an amount that is not compared
P13      test_races, three workers
P14      test_cheating and test_webhook, clocks that are off
P15      test_settling, a dispute is never given back twice
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.billing import ledger
from app.checkout import events, heard, settling, sweeping
from app.checkout.facts import Event, Session
from app.checkout.gateway import GatewayDown
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import Payment, PaymentStatus, Refund, StripeEvent
from app.scheduling import holds
from sandbox.api import Broken
from tests.checkout.conftest import Desk, desk_of
from tests.checkout.test_settling import paid
from tests.conftest import FrozenClock
from tests.databases import CleanSlate
from tests.races.racing import race


@pytest.fixture
def spoilt(app: Flask, frozen_clock: FrozenClock) -> Any:
    """A desk for a mutant, which may leave anything behind."""
    with desk_of(app) as made, app.app_context():
        yield made


@pytest.fixture
def mariadb_app(_mariadb: CleanSlate) -> Flask:
    """For what SQLite forgives, because it lets one writer in at a time."""
    _mariadb.restore()
    return _mariadb.app


def test_a_sweeper_that_does_not_ask_the_gateway_gives_away_a_paid_time(
    spoilt: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def release_first(_: object, payment: Payment) -> None:
        visit = payment.appointment
        visit.hold_expires_at = visit.created_at.replace(year=2020)
        db.session.commit()
        holds.sweep()

    monkeypatch.setattr(sweeping, "_end", release_first)
    payment = spoilt.begin()
    spoilt.card(payment)
    spoilt.time_is_over(payment)
    sweeping.end_what_is_over(spoilt.till)
    assert spoilt.the(payment.appointment).status is Status.EXPIRED
    with pytest.raises(AssertionError):
        spoilt.check()


def test_a_refund_without_a_key_is_given_twice(
    spoilt: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid(spoilt)
    refunds = spoilt.gateway._client.v1.refunds
    create = refunds.create
    monkeypatch.setattr(refunds, "create", lambda params, _: create(params))
    for _ in range(2):  # the second after an answer that was lost
        spoilt.gateway.refund(payment.intent_id or "", 1000, "the same key")
    assert len(spoilt.sandbox.store.all("refund")) == 2
    with pytest.raises(AssertionError):
        spoilt.check()


def test_an_amount_that_is_not_compared_buys_a_visit_for_a_cent(
    spoilt: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = settling._paid

    def trusting(payment: Payment, visit: Any, session: Session, *, may_book: bool) -> None:
        right = replace(session, cents=payment.cents, currency=payment.currency)
        follow(payment, visit, right, may_book=may_book)

    payment = spoilt.begin()
    spoilt.sandbox.store.keep(spoilt.session(payment) | {"amount_total": 50})
    spoilt.card(payment)
    monkeypatch.setattr(settling, "_paid", trusting)
    spoilt.settle(payment)
    assert spoilt.the(payment.appointment).status is Status.CONFIRMED


def test_event_ids_by_select_and_no_lock_on_the_payment_do_a_thing_twice(
    mariadb_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = mariadb_app
    meeting = Barrier(2)

    def is_new(event: Any) -> bool:
        known = db.session.scalar(select(StripeEvent.id).where(StripeEvent.id == event.id))
        meeting.wait(5)
        return known is None

    def careless(payment_id: int, session: Session, event: Any = None) -> None:
        if not is_new(event):
            return
        payment = db.session.get_one(Payment, payment_id)
        db.session.add(Refund(payment=payment, cause="paid_twice", cents=1, key=str(id(payment))))
        db.session.commit()

    with desk_of(app) as desk, app.app_context():
        payment = desk.begin()
        desk.card(payment)
        (told,) = [one for one in desk.events() if one.kind == "checkout.session.completed"]
        monkeypatch.setattr(settling, "write_down", careless)
        race(app, [partial(events.handle, desk.gateway, told)] * 2)
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(Refund)) == 2


def test_an_event_that_is_noted_before_its_effect_is_lost_with_a_silent_gateway(
    spoilt: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted_first(event: Event) -> bool:
        known = db.session.get(StripeEvent, event.id) is not None
        if not known:
            with db.engine.begin() as connection:
                connection.execution_options(docket_writes=True)
                now = spoilt.the(payment.appointment).created_at
                noted = {"id": event.id, "kind": event.kind, "received_at": now}
                connection.execute(insert(StripeEvent).values(noted))
        return known

    payment = paid(spoilt)
    (charge,) = spoilt.sandbox.store.all("charge")
    spoilt.sandbox.ledger.refund({"charge": charge["id"]}, spoilt.sandbox.now())
    (told,) = [one for one in spoilt.events() if one.kind == "refund.created"]
    monkeypatch.setattr(heard, "is_known", noted_first)
    spoilt.sandbox.broken = Broken(down=True)
    with pytest.raises(GatewayDown):
        events.handle(spoilt.gateway, told)
    spoilt.sandbox.broken = Broken()
    events.handle(spoilt.gateway, told)
    with pytest.raises(AssertionError):
        spoilt.check()


def test_the_state_of_an_appointments_money_is_a_function_of_its_ledger(spoilt: Desk) -> None:
    payment = paid(spoilt)
    visit = spoilt.the(payment.appointment)
    visit.payment_status = PaymentStatus.DUE
    ledger.refresh(visit, ledger.payments_of(visit))
    assert visit.payment_status is PaymentStatus.PAID
