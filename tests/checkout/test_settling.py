"""Money and appointment agree in the end, whatever comes first, late, twice or never."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import func, select

from app.billing import ledger
from app.checkout import events, settling, starting, sweeping
from app.checkout.facts import Event
from app.checkout.gateway import GatewayDown, NotGenuine
from app.clinic import settings
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import (
    LedgerEntry,
    OutboxMessage,
    Payment,
    PaymentState,
    PaymentStatus,
    Receipt,
    Refund,
    RefundCause,
)
from app.scheduling import bookings, changes, holds, refusals, visits
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from sandbox.events import body_of, signature
from tests.checkout.conftest import PRICE, Desk, doctor
from tests.conftest import FrozenClock


def test_a_visit_that_is_paid_online_is_not_booked_without_money(desk: Desk) -> None:
    holder, held = desk.hold()
    assert holder.patient is not None
    with pytest.raises(refusals.ToBePaidFirst):
        bookings.book(holder, holder.patient, held.ref, "")
    assert desk.the(held).status is Status.HELD


def test_who_pays_by_card_has_the_visit(desk: Desk) -> None:
    payment = desk.begin()
    desk.card(payment)
    settled = desk.settle(payment)
    visit = desk.the(payment.appointment)
    assert settled.appointment is visit.status is Status.CONFIRMED
    assert visit.payment_status is PaymentStatus.PAID
    assert visit.reason == "My knee"
    assert desk.payment(visit).method == "card"
    entries = db.session.scalars(select(LedgerEntry.cents).order_by(LedgerEntry.id)).all()
    assert entries == [PRICE, -93]


def test_starting_again_leads_to_the_same_page(desk: Desk) -> None:
    holder, held = desk.hold()
    assert holder.patient is not None
    pages = {starting.start(desk.till, holder, holder.patient, held.ref, "") for _ in range(3)}
    assert len(pages) == 1
    assert len(desk.sandbox.store.all("checkout.session")) == 1


def test_what_is_asked_for_is_what_the_visit_costs(desk: Desk) -> None:
    session = desk.session(desk.begin())
    assert (session["amount_total"], session["currency"]) == (PRICE, "eur")


def test_a_lost_answer_makes_no_second_session(desk: Desk) -> None:
    holder, held = desk.hold()
    assert holder.patient is not None
    desk.sandbox.broken.after["/v1/checkout/sessions"] = 2  # the library itself tries twice
    with pytest.raises(GatewayDown):
        starting.start(desk.till, holder, holder.patient, held.ref, "")
    assert desk.the(held).status is Status.HELD
    starting.start(desk.till, holder, holder.patient, held.ref, "")
    assert len(desk.sandbox.store.all("checkout.session")) == 1


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_events_may_come_in_any_order(desk: Desk, order: tuple[int, ...]) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.bank_says(payment, succeeds=True)
    heard = {event.kind: event for event in desk.events()}
    completed = heard["checkout.session.completed"]
    succeeded = heard["checkout.session.async_payment_succeeded"]
    expired = Event("evt_expired", "checkout.session.expired", completed.thing)
    failed = Event("evt_f", "checkout.session.async_payment_failed", completed.thing)
    told = [completed, succeeded, expired, failed]
    for number in order:
        events.handle(desk.gateway, told[number])
    assert desk.the(payment.appointment).status is Status.CONFIRMED
    assert desk.the(payment.appointment).payment_status is PaymentStatus.PAID


def test_the_same_event_twice_has_one_effect(desk: Desk) -> None:
    payment = desk.begin()
    desk.card(payment)
    for _ in range(3):
        desk.hear_all()
        desk.settle(payment)
    assert db.session.scalar(select(func.count()).select_from(Receipt)) == 1
    confirmations = select(func.count()).select_from(OutboxMessage)
    assert (
        db.session.scalar(confirmations.where(OutboxMessage.kind == "appointment_confirmed")) == 1
    )


def test_a_bank_debit_keeps_the_time_until_the_bank_says(desk: Desk) -> None:
    payment = desk.begin()
    desk.bank(payment)
    assert desk.settle(payment).payment is PaymentState.PROCESSING
    visit = desk.the(payment.appointment)
    assert visit.status is Status.HELD
    assert visit.payment_status is PaymentStatus.PROCESSING
    assert visit.hold_expires_at == visit.starts_at
    desk.bank_says(payment, succeeds=True)
    desk.hear_all()
    assert desk.the(visit).status is Status.CONFIRMED


def test_a_bank_that_refuses_leaves_time_to_pay_otherwise(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    desk.bank_says(payment, succeeds=False)
    assert desk.settle(payment).payment is PaymentState.FAILED
    visit = desk.the(payment.appointment)
    assert (visit.status, visit.payment_status) == (Status.HELD, PaymentStatus.FAILED)
    frozen_clock.advance(minutes=settings.current().hold_minutes + 1)
    holds.sweep()
    assert desk.the(visit).status is Status.EXPIRED


def test_time_that_is_not_paid_comes_back_once_the_gateway_says_so(desk: Desk) -> None:
    payment = desk.begin()
    desk.work()
    assert desk.the(payment.appointment).status is Status.HELD
    desk.time_is_over(payment)
    desk.work()
    assert desk.the(payment.appointment).status is Status.EXPIRED
    assert desk.session(payment)["status"] == "expired"
    assert desk.payment(payment.appointment).state is PaymentState.EXPIRED


def test_who_pays_in_the_last_moment_has_paid(desk: Desk) -> None:
    payment = desk.begin()
    desk.time_is_over(payment)
    desk.card(payment)
    desk.work()
    assert desk.the(payment.appointment).status is Status.CONFIRMED


def test_nothing_is_given_back_while_the_gateway_is_silent(desk: Desk) -> None:
    payment = desk.begin()
    desk.time_is_over(payment)
    desk.sandbox.broken.down = True
    with pytest.raises(GatewayDown):
        sweeping.end_what_is_over(desk.till)
    assert desk.the(payment.appointment).status is Status.HELD
    desk.sandbox.broken.down = False
    desk.work()
    assert desk.the(payment.appointment).status is Status.EXPIRED


def test_late_money_takes_the_time_again_where_it_is_free(desk: Desk) -> None:
    payment = desk.begin()
    given_up(payment)
    desk.card(payment)
    desk.hear_all()
    assert desk.the(payment.appointment).status is Status.CONFIRMED


def test_late_money_goes_back_where_the_time_is_taken(desk: Desk) -> None:
    payment = desk.begin(name="Early Bird")
    given_up(payment)
    desk.hold(name="Somebody Else")
    desk.card(payment)
    desk.hear_all()
    desk.work()
    visit = desk.the(payment.appointment)
    assert (visit.status, visit.payment_status) == (Status.EXPIRED, PaymentStatus.REFUNDED)
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.cents, refund.cause) == (PRICE, RefundCause.TOO_LATE)


def test_a_session_whose_making_nobody_heard_of_is_ended_too(desk: Desk) -> None:
    holder, held = desk.hold()
    assert holder.patient is not None
    desk.sandbox.broken.after["/v1/checkout/sessions"] = 2
    with pytest.raises(GatewayDown):
        starting.start(desk.till, holder, holder.patient, held.ref, "")
    desk.time_is_over(desk.payment(held))
    desk.work()
    assert [one["status"] for one in desk.sandbox.store.all("checkout.session")] == ["expired"]
    assert desk.the(held).status is Status.EXPIRED


def test_a_cancelled_visit_gives_back_what_the_terms_say(desk: Desk) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    assert desk.the(visit).payment_status is PaymentStatus.REFUND_PENDING
    desk.work()
    assert desk.sandbox.store.all("refund") == [], "the doctor can still take it back"


def test_a_refusal_that_is_taken_back_keeps_the_money(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    actor = Actor.of(doctor().user)
    changes.cancel(visit, actor, "Ill", version=visit.version)
    visits.undo(visit, actor, version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.work()
    visit = desk.the(visit)
    assert (visit.status, visit.payment_status) == (Status.CONFIRMED, PaymentStatus.PAID)
    assert desk.sandbox.store.all("refund") == []


def test_a_clinics_cancelling_gives_everything_back(desk: Desk, frozen_clock: FrozenClock) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.work()
    assert desk.the(visit).payment_status is PaymentStatus.REFUNDED


def test_a_refund_outlives_a_silent_gateway(desk: Desk, frozen_clock: FrozenClock) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.sandbox.broken.after["/v1/refunds"] = 2  # done, and nobody told
    desk.work()
    assert desk.the(visit).payment_status is PaymentStatus.REFUND_PENDING
    frozen_clock.advance(minutes=20)
    desk.work()
    assert desk.the(visit).payment_status is PaymentStatus.REFUNDED
    assert len(desk.sandbox.store.all("refund")) == 1


def test_a_refund_that_comes_back_is_shown(desk: Desk, frozen_clock: FrozenClock) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    desk.sandbox.ledger.refunds_fail = True
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.work()
    desk.hear_all()
    refund = db.session.scalars(select(Refund)).one()
    assert refund.state.value == "failed"
    assert "sent the money back" in refund.error
    assert ledger.money_of([refund.payment]).left == PRICE, "the money is the clinic's again"


def test_paying_an_old_page_as_well_gives_the_second_back(desk: Desk) -> None:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    desk.bank_says(payment, succeeds=False)
    desk.settle(payment)
    visit = desk.the(payment.appointment)
    second = another_try(desk, payment)
    desk.card(second)
    desk.settle(second)
    assert desk.the(visit).status is Status.CONFIRMED
    intent = desk.sandbox.store.find("payment_intent", desk.session(payment)["payment_intent"])
    assert intent is not None
    desk.sandbox.ledger.charge(intent, desk.sandbox.now())
    desk.sandbox.store.keep(desk.session(payment) | {"payment_status": "paid"})
    desk.settle(payment)
    desk.work()
    refund = db.session.scalars(select(Refund)).one()
    assert refund.cause is RefundCause.PAID_TWICE
    assert refund.payment_id == payment.id


def test_a_wrong_amount_books_nothing(desk: Desk) -> None:
    payment = desk.begin()
    desk.sandbox.store.keep(desk.session(payment) | {"amount_total": 1})
    desk.card(payment)
    desk.sandbox.store.keep(desk.sandbox.store.all("charge")[0] | {"amount": 1})
    desk.settle(payment)
    assert desk.the(payment.appointment).status is Status.HELD
    assert desk.payment(payment.appointment).problem == "1 EUR was paid."
    desk.work()


def test_somebody_elses_session_is_nobodys_here(desk: Desk) -> None:
    desk.begin()
    foreign = Event(
        "evt_1", "checkout.session.completed", {"id": "cs_foreign", "client_reference_id": "x"}
    )
    events.handle(desk.gateway, foreign)
    assert settling.payment_of_session("cs_foreign") is None


def test_a_dispute_is_shown_and_never_given_back_twice(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    charge = desk.sandbox.store.all("charge")[0]
    desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    desk.hear_all()
    visit = desk.the(visit)
    assert visit.payment_status is PaymentStatus.DISPUTED
    changes.cancel(visit, Actor.of(doctor().user), "Ill", version=visit.version)
    frozen_clock.advance(minutes=2)
    desk.work()
    assert desk.sandbox.store.all("refund") == []


def test_a_forged_event_is_refused(desk: Desk) -> None:
    desk.card(desk.begin())
    body, now = body_of(desk.sandbox.store.all("event")[0]), desk.sandbox.now()
    wrong = [
        signature(body, "whsec_other", now),
        signature(body + b" ", "whsec_sandbox", now),
        "",
        "t=1,v0=abc",
    ]
    for header in wrong:
        with pytest.raises(NotGenuine):
            desk.gateway.event(body, header)
    desk.hear_all()


def given_up(payment: Payment) -> None:
    """The hold ends although somebody is on the page to pay."""
    visit = payment.appointment
    assert visit.hold_expires_at is not None
    visit.hold_expires_at = visit.hold_expires_at.replace(year=2020)
    db.session.commit()
    assert holds.sweep() == 1


def paid(desk: Desk) -> Payment:
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    return payment


def another_try(desk: Desk, payment: Payment) -> Payment:
    """The patient starts to pay once more."""
    visit = desk.the(payment.appointment)
    assert visit.patient is not None
    holder = Holder("browser of 10:00", visit.patient, "192.0.2.1")
    starting.start(desk.till, holder, visit.patient, visit.ref, "")
    return desk.payment(visit)
