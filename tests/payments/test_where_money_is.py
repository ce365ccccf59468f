"""What patients, doctors and admins see of the money of a visit, and what they read before they
change it."""

from __future__ import annotations

import pytest
from flask import get_template_attribute
from sqlalchemy import select

from app import clock
from app.billing import attention, ledger
from app.checkout import starting
from app.checkout.facts import Session
from app.checkout.gateway import Gateway
from app.clinic import settings
from app.extensions import db
from app.models import (
    Appointment,
    Doctor,
    LedgerKind,
    Payment,
    PaymentState,
    PaymentStatus,
    PayWhen,
    Role,
    VisitType,
)
from app.scheduling.hits import NO_ANSWER, Hit, Unanswered
from tests.builders import a_user
from tests.checkout.conftest import Desk
from tests.conftest import FrozenClock
from tests.pages import Visitor
from tests.payments.conftest import pay_at, press_pay, review, the_visit


@pytest.fixture
def doctor(desk: Desk) -> Visitor:
    with desk.app.app_context():
        number = db.session.scalars(select(Doctor.user_id)).one()
    return Visitor(desk.app.test_client(), number)


@pytest.fixture
def admin(desk: Desk) -> Visitor:
    with desk.app.app_context():
        number = a_user(Role.ADMIN).id
    return Visitor(desk.app.test_client(), number)


def pays(desk: Desk, patient: Visitor, time: str = "10:00") -> Appointment:
    patient.get(pay_at(desk, press_pay(patient, review(desk, patient, time)), "card"))
    return the_visit(desk)


def words(text: str) -> str:
    return " ".join(text.split())


def test_who_cancels_for_the_clinic_reads_before_what_goes_back(
    desk: Desk, patient: Visitor, doctor: Visitor, admin: Visitor
) -> None:
    visit = pays(desk, patient)
    for visitor in (doctor, admin):
        page = visitor.get(f"/board/visit/{visit.ref}/")
        assert "The patient gets everything back: €45.00." in words(page.text)
        assert "€45.00 paid online." in words(page.text)
    assert "See the payment" in admin.get(f"/board/visit/{visit.ref}/").text
    assert "See the payment" not in doctor.get(f"/board/visit/{visit.ref}/").text


def test_each_list_says_in_a_word_where_the_money_is(
    desk: Desk, patient: Visitor, doctor: Visitor, admin: Visitor, frozen_clock: FrozenClock
) -> None:
    visit = pays(desk, patient)
    board = f"/board/?day={visit.starts_at.date()}"
    row = doctor.get(board).html.split(f'id="visit-{visit.ref}"')[1]
    assert "Paid</span>" in row.split("board-next")[0]
    assert "Paid</span>" in admin.get("/admin/appointments/").html
    page = doctor.get(f"/board/visit/{visit.ref}/")
    doctor.submit(page.form(f"/board/{visit.ref}/cancel/"), reason="I am ill")
    assert "Being paid back</span>" in doctor.get(board).html
    frozen_clock.advance(minutes=2)
    with desk.app.app_context():
        desk.work()
    assert "Paid back</span>" in doctor.get(board).html
    assert "Paid back</span>" in admin.get("/admin/appointments/").html
    said = words(patient.get(f"/appointment-details/{visit.ref}/").text)
    assert "€45.00 paid online, €45.00 paid back." in said


def test_money_is_asked_for_only_where_something_was_paid(desk: Desk, patient: Visitor) -> None:
    visit = pays(desk, patient)
    with desk.app.app_context():
        stored = db.session.get_one(Appointment, visit.id)
        money = ledger.money_of_each([stored])
        assert money[stored.id].left == 4500
        stored.payment_status = PaymentStatus.DUE
        assert ledger.money_of_each([stored]) == {}
        db.session.rollback()


def test_what_hits_paid_visits_says_how_much_would_go_back(desk: Desk, patient: Visitor) -> None:
    number = pays(desk, patient).id
    with desk.app.test_request_context():
        asked = Unanswered([Hit.of(db.session.get_one(Appointment, number))])
        assert (asked.paid, asked.back) == (1, {"EUR": 4500})
        question = get_template_attribute("ui/hits.html", "hits_question")
        shown = words(str(question(asked, NO_ANSWER)))
        assert "It is paid. If it is cancelled, €45.00 goes back to the patient." in shown


def test_a_payment_without_a_session_leads_nowhere(desk: Desk, patient: Visitor) -> None:
    press_pay(patient, review(desk, patient))
    with desk.app.app_context():
        payment = db.session.scalars(select(Payment)).one()
        payment.session_id, payment.state = None, PaymentState.FAILED
        db.session.commit()
    page = patient.get("/payments/")
    assert "Failed" in page.text
    assert "/payment-success/" not in page.html


def test_a_refused_session_gives_the_hold_its_ordinary_length_back(
    desk: Desk, patient: Visitor
) -> None:
    press_pay(patient, review(desk, patient))
    with desk.app.app_context():
        payment = db.session.scalars(select(Payment)).one()
        until = payment.appointment.hold_expires_at
        ordinary = clock.now() + settings.current().hold
        assert until is not None
        assert until > ordinary
        starting.give_up(payment)
        held = desk.the(payment.appointment)
        assert held.hold_expires_at is not None
        assert held.hold_expires_at <= ordinary


def test_a_page_does_not_say_that_time_is_kept_which_is_not(
    desk: Desk, patient: Visitor, frozen_clock: FrozenClock
) -> None:
    success = pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    desk.sandbox.broken.down = True
    assert "Your time is kept" in patient.get(success).text
    with desk.app.app_context():
        held = db.session.scalars(select(Appointment)).one()
        held.hold_expires_at = clock.now()
        db.session.commit()
    frozen_clock.advance(seconds=10)
    page = patient.get(success)
    assert "Your time is kept" not in page.text
    assert "Your time is no longer held" in page.text
    desk.sandbox.broken.down = False


def test_a_page_that_lives_asks_the_gateway_every_ten_seconds(
    desk: Desk, patient: Visitor, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    success = pay_at(desk, press_pay(patient, review(desk, patient)), "bank")
    asked: list[str] = []
    ask = Gateway.session

    def asking(gateway: Gateway, session_id: str) -> Session:
        asked.append(session_id)
        return ask(gateway, session_id)

    monkeypatch.setattr(Gateway, "session", asking)
    for _ in range(5):
        patient.get(success)
        frozen_clock.advance(seconds=2)
    assert len(asked) == 1
    patient.get(success)
    assert len(asked) == 2
    session = desk.sandbox.store.all("checkout.session")[0]
    desk.sandbox.checkout.settle(session, desk.sandbox.now(), succeeds=True)
    with desk.app.app_context():
        desk.hear_all()
    assert "Paid, and your visit is confirmed" in patient.get(success).text


def test_money_of_another_currency_is_listed_for_the_admin(
    desk: Desk, patient: Visitor, admin: Visitor
) -> None:
    visit = pays(desk, patient)
    with desk.app.app_context():
        (payment,) = ledger.payments_of(db.session.get_one(Appointment, visit.id))
        entry = next(one for one in payment.entries if one.kind is LedgerKind.CHARGE)
        entry.currency = "USD"
        db.session.commit()
        assert [one.ref for one in attention.troubles().foreign] == [payment.ref]
        assert ledger.money_of([payment]).paid == 0
    assert "paid in another currency" in admin.get("/admin/payments/").text


def test_a_lost_dispute_is_not_disputed_for_ever(desk: Desk, patient: Visitor) -> None:
    pays(desk, patient)
    (charge,) = desk.sandbox.store.all("charge")
    dispute = desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    with desk.app.app_context():
        desk.hear_all()
        assert the_visit(desk).payment_status is PaymentStatus.DISPUTED
        desk.sandbox.ledger.close_dispute(dispute, desk.sandbox.now(), won=False)
        desk.hear_all()
        assert the_visit(desk).payment_status is PaymentStatus.REFUNDED
        assert attention.troubles().disputed == []


def test_what_is_paid_at_the_clinic_is_to_be_paid_until_the_visit_is_over(
    desk: Desk, patient: Visitor, doctor: Visitor, frozen_clock: FrozenClock
) -> None:
    with desk.app.app_context():
        db.session.scalars(select(VisitType)).one().pay_when = PayWhen.AT_CLINIC
        db.session.commit()
    patient.submit(review(desk, patient).form("/appointment/book/"))
    visit = the_visit(desk)
    page = doctor.get(f"/board/visit/{visit.ref}/")
    assert "To pay</span>" in page.html
    assert "gets everything back" not in page.text
    doctor.submit(page.form(f"/board/{visit.ref}/cancel/"), reason="I am ill")
    assert "To pay</span>" not in doctor.get(f"/board/visit/{visit.ref}/").html
