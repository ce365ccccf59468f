"""What somebody does who wants two visits for one price, a time for nothing, or no peace; and what
happens where clocks differ and the gateway is slow, silent or forgetful."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from app import clock
from app.checkout import events, starting, sweeping
from app.checkout.gateway import GatewayDown
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import Patient, Payment, PaymentState
from app.scheduling import holds, refusals
from app.scheduling.holders import Holder
from tests.checkout.conftest import Desk
from tests.checkout.test_settling import another_try
from tests.conftest import FrozenClock
from tests.races.racing import allowed, race


@pytest.fixture
def kept_during_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections this process keeps at each call of the gateway."""
    found: list[int] = []
    send = requests.Session.send

    def sending(*args: Any, **kwargs: Any) -> Any:
        assert not db.session.info.get("writing"), "a transaction is open during a call"
        found.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return send(*args, **kwargs)

    monkeypatch.setattr(requests.Session, "send", sending)
    return found


def test_nothing_is_kept_open_while_the_gateway_is_asked(
    racing_desk: Desk, kept_during_calls: list[int]
) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    told = desk.events()
    kept_during_calls.clear()
    for event in told:
        db.session.scalars(select(Payment)).all()
        events.handle(desk.gateway, event)
    db.session.refresh(payment)
    desk.settle(payment)
    other = desk.begin("11:00")
    desk.time_is_over(other)
    desk.work()
    third = desk.begin("13:00")
    desk.bank(third)
    desk.settle(third)
    desk.time_is_over(third)
    sweeping.look_again(desk.gateway)
    assert len(kept_during_calls) > 6
    assert set(kept_during_calls) == {0}


def test_twenty_clicks_make_one_session(racing_desk: Desk) -> None:
    desk = racing_desk
    holder, held = desk.hold()
    number, browser, ref = held.patient_id, holder.browser, held.ref

    def click() -> str:
        patient = db.session.get_one(Patient, number)
        return starting.start(
            desk.till, Holder(browser, patient, "192.0.2.1"), patient, ref, "My knee"
        )

    pages = allowed(race(desk.app, [click] * 20))
    assert len(set(pages)) == 1
    assert len(desk.sandbox.store.all("checkout.session")) == 1


def test_who_is_being_paid_for_by_a_bank_cannot_pay_twice(desk: Desk) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    visit = desk.the(payment.appointment)
    until = visit.hold_expires_at
    with pytest.raises(starting.AlreadyPaying):
        another_try(desk, payment)
    assert desk.the(visit).hold_expires_at == until, "the time stays kept for the bank"
    assert len(desk.sandbox.store.all("checkout.session")) == 1


def test_an_end_of_one_try_leaves_the_time_to_another(desk: Desk) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    visit = desk.the(payment.appointment)
    second = Payment(
        appointment_id=visit.id,
        cents=payment.cents,
        currency=payment.currency,
        create_key="another tab",
        due_at=clock.now(),
    )
    db.session.add(second)
    db.session.commit()
    desk.work()
    assert desk.payment(visit).state is PaymentState.EXPIRED
    assert desk.the(visit).status is Status.HELD, "the bank is still paying"
    desk.bank_says(payment, succeeds=True)
    desk.hear_all()
    assert desk.the(visit).status is Status.CONFIRMED


def test_who_comes_back_too_late_to_pay_chooses_again(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    holder, held = desk.hold()
    payment = desk.begin_for(holder, held)
    frozen_clock.advance(minutes=11)
    assert holder.patient is not None
    with pytest.raises(refusals.HoldEnded):
        starting.start(desk.till, holder, holder.patient, held.ref, "")
    desk.work()
    assert desk.the(held).status is Status.EXPIRED
    assert desk.session(payment)["status"] == "expired"


def test_a_session_that_the_gateway_forgot_holds_up_no_other(desk: Desk) -> None:
    lost, other = desk.begin("10:00"), desk.begin("11:00")
    lost.session_id = "cs_test_forgotten"
    db.session.commit()
    desk.time_is_over(lost)
    desk.time_is_over(other)
    desk.work()
    assert desk.the(other.appointment).status is Status.EXPIRED
    lost = desk.payment(lost.appointment)
    assert (lost.state, lost.problem) == (PaymentState.FAILED, "The session was refused.")


def test_ten_minutes_of_silence_end_well_in_each_phase(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    begun, on_its_way, done = desk.begin("10:00"), desk.begin("11:00"), desk.begin("13:00")
    holder, wanted = desk.hold("15:00")
    assert holder.patient is not None
    desk.bank(on_its_way)
    desk.settle(on_its_way)
    desk.card(done)
    desk.sandbox.broken.down = True
    with pytest.raises(GatewayDown):
        starting.start(desk.till, holder, holder.patient, wanted.ref, "")
    with pytest.raises(GatewayDown):
        desk.settle(done)
    for _ in range(10):
        frozen_clock.advance(minutes=1)
        with pytest.raises(GatewayDown) if clock.now() >= begun.due_at else nullcontext():
            sweeping.end_what_is_over(desk.till)
        assert desk.the(begun.appointment).status is Status.HELD
    desk.sandbox.broken.down = False
    desk.bank_says(on_its_way, succeeds=True)
    desk.work()
    sweeping.look_again(desk.gateway)
    assert desk.the(begun.appointment).status is Status.EXPIRED
    assert desk.the(wanted).status is Status.EXPIRED
    assert desk.the(on_its_way.appointment).status is Status.CONFIRMED
    assert desk.the(done.appointment).status is Status.CONFIRMED


def test_a_payment_on_its_way_is_looked_at_every_five_minutes(
    desk: Desk, frozen_clock: FrozenClock, kept_during_calls: list[int]
) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    frozen_clock.advance(minutes=11)
    kept_during_calls.clear()
    for _ in range(4):
        sweeping.look_again(desk.gateway)
    assert len(kept_during_calls) == 1
    frozen_clock.advance(minutes=6)
    sweeping.look_again(desk.gateway)
    assert len(kept_during_calls) == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_moves_no_time_to_pay(
    desk: Desk, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = clock.now()
    monkeypatch.setattr(clock, "now", lambda: right + timedelta(hours=hours))
    monkeypatch.setattr(desk.sandbox, "clock", right.timestamp)
    payment = desk.begin()
    assert payment.due_at - right == timedelta(minutes=10)
    assert desk.session(payment)["expires_at"] == int((right + timedelta(minutes=40)).timestamp())
    desk.bank(payment)
    desk.settle(payment)
    desk.bank_says(payment, succeeds=False)
    desk.settle(payment)
    assert desk.the(payment.appointment).hold_expires_at == right + timedelta(minutes=10)


def test_a_time_that_is_given_back_cannot_be_paid_from_the_next_turn_on(desk: Desk) -> None:
    holder, held = desk.hold()
    payment = desk.begin_for(holder, held)
    holds.release(holder, held.ref)
    desk.work()
    assert desk.session(payment)["status"] == "expired"
    assert desk.payment(held).state is PaymentState.EXPIRED


def test_prolonging_while_paying_shortens_nothing(desk: Desk) -> None:
    holder, held = desk.hold()
    payment = desk.begin_for(holder, held)
    before, due = desk.the(held).hold_expires_at, payment.due_at
    holds.prolong(holder, held.ref)
    assert desk.the(held).hold_expires_at == before
    assert starting.held_until(desk.the(held)) == due
