"""Refunds whose answers were lost, whose workers were killed, or that the gateway refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from sqlalchemy import select

from app.checkout import events, refunding
from app.checkout.gateway import GatewayDown
from app.extensions import db
from app.models import Appointment, PaymentStatus, Refund, RefundCause, RefundState, StripeEvent
from app.models import AppointmentStatus as Status
from app.scheduling import changes
from app.scheduling.moves import Actor
from config import ROOT
from sandbox.api import Broken
from tests.checkout.conftest import PRICE, Desk, doctor
from tests.checkout.test_settling import paid
from tests.conftest import FrozenClock


def refused_by_the_doctor(desk: Desk, frozen_clock: FrozenClock) -> Appointment:
    visit = desk.the(paid(desk).appointment)
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    return visit


def test_a_refund_is_sent_once_though_the_gateway_has_forgotten_its_key(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payment = paid(desk)
    visit = payment.appointment
    half = Refund(payment_id=payment.id, cause=RefundCause.BY_STAFF, cents=1000, key="a key")
    db.session.add(half)
    db.session.commit()
    desk.sandbox.broken.after["/v1/refunds"] = 2
    desk.work()
    with desk.sandbox.store.turn():
        desk.sandbox.store._db.execute("DELETE FROM answers")
    frozen_clock.advance(hours=25)
    desk.work()
    assert [one["amount"] for one in desk.sandbox.store.all("refund")] == [1000]
    assert desk.the(visit).payment_status is PaymentStatus.PART_REFUNDED


def test_a_silent_gateway_is_asked_for_one_refund_a_turn(
    desk: Desk, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for time in ("10:00", "11:00", "13:00"):
        payment = desk.begin(time)
        desk.card(payment)
        desk.settle(payment)
        visit = desk.the(payment.appointment)
        changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.sandbox.broken.down = True
    assert refunding.send_due(desk.gateway) == 0
    db.session.rollback()
    tries = sorted(db.session.scalars(select(Refund.tries)))
    assert tries == [0, 0, 1]
    desk.sandbox.broken.down = False
    frozen_clock.advance(minutes=20)
    assert refunding.send_due(desk.gateway) == 3


def test_a_refund_that_is_refused_waits_for_an_admin(desk: Desk, frozen_clock: FrozenClock) -> None:
    refused_by_the_doctor(desk, frozen_clock)
    refund = db.session.scalars(select(Refund)).one()
    refund.payment.intent_id = "pi_of_nobody"
    db.session.commit()
    desk.work()
    db.session.refresh(refund)
    assert refund.state is RefundState.FAILED
    assert "No such payment_intent" in refund.error


def test_a_refund_that_was_told_of_while_the_gateway_was_silent_is_entered_when_told_again(
    desk: Desk,
) -> None:
    payment = paid(desk)
    (charge,) = desk.sandbox.store.all("charge")
    desk.sandbox.ledger.refund({"charge": charge["id"]}, desk.sandbox.now())
    (told,) = [one for one in desk.events() if one.kind == "refund.created"]
    desk.sandbox.broken = Broken(down=True)
    with pytest.raises(GatewayDown):
        events.handle(desk.gateway, told)
    desk.sandbox.broken = Broken()
    events.handle(desk.gateway, told)
    assert desk.the(payment.appointment).payment_status is PaymentStatus.REFUNDED
    assert db.session.get(StripeEvent, told.id) is not None


KILLED = """
import os, sys
from dataclasses import replace
from pathlib import Path
import requests
from app import create_app
from app.worker import Worker
from config import Config
send = requests.Session.send
def sending(self, request, **how):
    if {before!r} and request.method == "POST":
        os.kill(os.getpid(), 9)
    answer = send(self, request, **how)
    if request.method == "POST" or not {posts}:
        os.kill(os.getpid(), 9)
    return answer
requests.Session.send = sending
app = create_app(Config(instance=Path({instance!r}), database_url={database!r}, demo=False,
    stripe_key="sk_test_sandbox", stripe_webhook_secret="whsec_sandbox",
    stripe_address={address!r}))
Worker(app).once()
"""


def killed_in_a_call(desk: Desk, *, before: bool, posts: bool = True) -> None:
    """A worker dies before, or right after, the gateway has done what it asked for."""
    config = desk.app.config["DOCKET"]
    program = KILLED.format(
        before=before,
        posts=posts,
        instance=str(config.instance),
        database=config.database_url,
        address=desk.address,
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr.decode()[-2000:]


@pytest.fixture
def refund_due(racing_desk: Desk) -> Appointment:
    visit = racing_desk.the(paid(racing_desk).appointment)
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    due_now()
    return visit


def due_now() -> None:
    db.session.expire_all()
    refund = db.session.scalars(select(Refund)).one()
    refund.next_try_at = refund.asked_at.replace(year=2020)
    db.session.commit()


@pytest.mark.parametrize("before", [True, False])
def test_a_worker_killed_in_a_refund_gives_it_once(
    racing_desk: Desk, refund_due: Appointment, before: bool
) -> None:
    desk = racing_desk
    killed_in_a_call(desk, before=before)
    assert len(desk.sandbox.store.all("refund")) == (0 if before else 1)
    due_now()  # its lease is over
    desk.work()
    assert [one["amount"] for one in desk.sandbox.store.all("refund")] == [PRICE]
    assert desk.the(refund_due).payment_status is PaymentStatus.REFUNDED


@pytest.mark.parametrize("before", [True, False])
def test_a_worker_killed_while_it_ends_a_session_leaves_that_to_the_next(
    racing_desk: Desk, before: bool
) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.time_is_over(payment)
    killed_in_a_call(desk, before=before)
    assert desk.the(payment.appointment).status is Status.HELD
    desk.work()
    assert desk.the(payment.appointment).status is Status.EXPIRED
    assert desk.session(payment)["status"] == "expired"


def test_a_worker_killed_between_the_charge_and_the_visit_leaves_that_to_the_next(
    racing_desk: Desk,
) -> None:
    desk = racing_desk
    payment = desk.begin()
    desk.card(payment)
    desk.time_is_over(payment)
    killed_in_a_call(desk, before=False, posts=False)
    assert desk.the(payment.appointment).status is Status.HELD
    desk.work()
    assert desk.the(payment.appointment).status is Status.CONFIRMED


def test_of_a_paying_page_killed_before_its_session_the_time_comes_back(
    racing_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.checkout import starting  # noqa: PLC0415

    desk = racing_desk
    holder, held = desk.hold()
    assert holder.patient is not None

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(starting, "make_again", killed)
        with pytest.raises(KeyboardInterrupt):
            starting.start(desk.till, holder, holder.patient, held.ref, "")
    desk.time_is_over(desk.payment(held))
    desk.work()
    assert desk.the(held).status is Status.EXPIRED
    assert [one["status"] for one in desk.sandbox.store.all("checkout.session")] == ["expired"]
