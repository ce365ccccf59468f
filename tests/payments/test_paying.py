"""Paying as a patient meets it: from the held time to the page on which one pays, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import PayWhen, Refund, Setting, VisitType
from sandbox.events import body_of, signature
from tests.checkout.conftest import Desk
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Page, Visitor
from tests.payments.conftest import pay_at, press_pay, review, somebody, the_visit


def test_a_patient_pays_and_has_the_visit(desk: Desk, patient: Visitor) -> None:
    page = review(desk, patient)
    assert "Pay €45.00 and book" in page.text
    leads_to = press_pay(patient, page, "My knee")
    assert leads_to.startswith("http://127.0.0.1/pay/cs_test_")
    done = patient.get(pay_at(desk, leads_to, "card"))
    assert "Paid, and your visit is confirmed" in done.text
    assert the_visit(desk).status is Status.CONFIRMED
    assert the_visit(desk).reason == "My knee"
    assert "hx-get" not in done.html.split('id="outcome"')[1][:300]


def test_booking_without_paying_is_refused(desk: Desk, patient: Visitor) -> None:
    page = review(desk, patient)
    refused = patient.submit(page.form("/appointment/book/"))
    assert refused.status == 409
    assert "paid for when it is booked" in refused.text
    assert the_visit(desk).status is Status.HELD


def test_who_goes_back_finds_their_time_still_held(desk: Desk, patient: Visitor) -> None:
    leads_to = press_pay(patient, review(desk, patient))
    back = patient.get(pay_at(desk, leads_to, "back"))
    assert back.status == 303
    assert "Review and book" in patient.get(back.location).text
    assert the_visit(desk).status is Status.HELD


def test_a_bank_debit_is_followed_until_it_settles(
    desk: Desk, patient: Visitor, frozen_clock: FrozenClock
) -> None:
    success = pay_at(desk, press_pay(patient, review(desk, patient)), "bank")
    page = patient.get(success)
    assert "Your bank is paying" in page.text
    assert "every 2s" in page.html
    session = desk.sandbox.store.all("checkout.session")[0]
    desk.sandbox.checkout.settle(session, desk.sandbox.now(), succeeds=True)
    frozen_clock.advance(seconds=10)
    assert "Paid, and your visit is confirmed" in patient.get(success).text


def test_a_silent_gateway_loses_nothing(
    desk: Desk, patient: Visitor, frozen_clock: FrozenClock
) -> None:
    page = review(desk, patient)
    desk.sandbox.broken.down = True
    assert press_pay(patient, page, "My knee").startswith("/appointment/")
    again = patient.get(
        page.address if "?" in page.address else press_pay(patient, page, "My knee")
    )
    assert "Paying is not possible at this moment" in again.text or again.status == 200
    assert the_visit(desk).reason == "My knee"
    desk.sandbox.broken.down = False
    success = pay_at(desk, press_pay(patient, review_again(patient, page)), "card")
    desk.sandbox.broken.down = True
    waiting = patient.get(success)
    assert waiting.status == 200
    assert "We are asking the payment service" in waiting.text
    desk.sandbox.broken.down = False
    frozen_clock.advance(seconds=10)
    assert "Paid, and your visit is confirmed" in patient.get(success).text


def review_again(patient: Visitor, page: Page) -> Page:
    back = page.form("/appointment/book/").values["back"]
    return patient.get(back)


def test_somebody_elses_payment_is_not_there(desk: Desk, patient: Visitor) -> None:
    success = pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    stranger = somebody(desk, "Somebody Else")
    assert stranger.get(success).status == 404
    assert the_visit(desk).status is Status.HELD
    assert patient.get(success).status == 200


def test_somebody_elses_hold_cannot_be_paid_for(desk: Desk, patient: Visitor) -> None:
    page = review(desk, patient)
    ref = page.form("/appointment/book/").values["ref"]
    stranger = somebody(desk, "Somebody Else")
    other = review(desk, stranger, "11:00").form("/appointment/book/")
    other.action = "/pay/"
    answer = stranger.submit(other, follow=False, ref=ref)
    assert answer.location.startswith("/appointment/")
    assert desk.sandbox.store.all("checkout.session") == []


def test_amounts_from_the_browser_mean_nothing(desk: Desk, patient: Visitor) -> None:
    form = review(desk, patient).form("/appointment/book/")
    form.action = "/pay/"
    patient.submit(
        form, follow=False, cents="1", price="1", amount="1", currency="JPY", price_cents="1"
    )
    (session,) = desk.sandbox.store.all("checkout.session")
    assert (session["amount_total"], session["currency"]) == (4500, "eur")


def test_the_webhook_alone_confirms(desk: Desk, patient: Visitor) -> None:
    pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    browser = desk.app.test_client()
    for event in reversed(desk.sandbox.store.all("event")):
        body = body_of(event)
        signed = signature(body, "whsec_sandbox", desk.sandbox.now())
        answer = browser.post(
            "/stripe-webhook/", data=body, headers={"Stripe-Signature": signed}, base_url=ORIGIN
        )
        assert answer.status_code == 200
    assert the_visit(desk).status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("secret", "seconds", "extra", "status"),
    [
        ("whsec_other", 0, b"", 400),
        ("whsec_sandbox", 0, b" ", 400),
        ("whsec_sandbox", -3600, b"", 400),
        ("whsec_sandbox", 0, b"", 200),
    ],
)
def test_only_what_is_signed_now_and_unchanged_counts(
    desk: Desk, patient: Visitor, secret: str, seconds: int, extra: bytes, status: int
) -> None:
    pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    told = [e for e in desk.sandbox.store.all("event") if e["type"].startswith("checkout")]
    body = body_of(told[0])
    signed = signature(body, secret, desk.sandbox.now() + seconds)
    answer = desk.app.test_client().post(
        "/stripe-webhook/", data=body + extra, headers={"Stripe-Signature": signed}, base_url=ORIGIN
    )
    assert answer.status_code == status
    assert the_visit(desk).status is (Status.CONFIRMED if status == 200 else Status.HELD)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"{}" * 300_000])
def test_nonsense_at_the_webhook_changes_nothing(desk: Desk, body: bytes) -> None:
    signed = signature(body, "whsec_sandbox", desk.sandbox.now())
    answer = desk.app.test_client().post(
        "/stripe-webhook/", data=body, headers={"Stripe-Signature": signed}, base_url=ORIGIN
    )
    assert 400 <= answer.status_code < 500


def test_what_may_be_paid_at_the_clinic_can_be_booked_as_well(desk: Desk, patient: Visitor) -> None:
    with desk.app.app_context():
        kind = db.session.scalars(select(VisitType)).one()
        kind.pay_when = PayWhen.EITHER
        db.session.commit()
    page = review(desk, patient)
    assert "pay at the clinic" in page.text
    assert patient.submit(page.form("/appointment/book/")).status == 200
    assert the_visit(desk).status is Status.CONFIRMED


def test_without_keys_everything_is_paid_at_the_clinic(desk: Desk, patient: Visitor) -> None:
    desk.app.config["DOCKET"] = replace(desk.app.config["DOCKET"], stripe_key="")
    page = review(desk, patient)
    assert "/pay/" not in page.html
    assert patient.submit(page.form("/appointment/book/")).status == 200
    assert the_visit(desk).status is Status.CONFIRMED


def test_my_payments_shows_what_was_paid_and_what_came_back(desk: Desk, patient: Visitor) -> None:
    assert "No payments" in patient.get("/payments/").text
    patient.get(pay_at(desk, press_pay(patient, review(desk, patient)), "card"))
    assert "45.00" in patient.get("/payments/").text


@pytest.mark.parametrize(
    ("free_until_hours", "percent", "sentence"),
    [
        (2, 50, "You get €45.00 back: it is at least 2 hours before the visit."),
        (1, 50, "You get €45.00 back: it is at least 1 hour before the visit."),
        (300, 50, "The clinic keeps 50 %: €22.50. You get €22.50 back."),
        (300, 100, "The clinic keeps €45.00, and nothing comes back."),
        (300, 0, "You get €45.00 back."),
    ],
)
def test_who_cancels_reads_before_what_comes_back_and_why(
    desk: Desk, patient: Visitor, free_until_hours: int, percent: int, sentence: str
) -> None:
    with desk.app.app_context():
        db.session.add_all(
            [
                Setting(name="free_until_hours", value=free_until_hours),
                Setting(name="late_fee_percent", value=percent),
            ]
        )
        db.session.commit()
    patient.get(pay_at(desk, press_pay(patient, review(desk, patient, "15:00")), "card"))
    with desk.app.app_context():  # what the clinic decides later is nothing to this visit
        for row in db.session.scalars(select(Setting).where(Setting.name == "late_fee_percent")):
            row.value = 7
        db.session.commit()
    visit = the_visit(desk)
    page = patient.get(f"/appointment-details/{visit.ref}/cancel/")
    assert sentence in " ".join(page.text.split())


def test_what_comes_back_is_what_the_page_said(desk: Desk, patient: Visitor) -> None:
    patient.get(pay_at(desk, press_pay(patient, review(desk, patient, "15:00")), "card"))
    page = patient.get(f"/appointment-details/{the_visit(desk).ref}/cancel/")
    assert "You get €45.00 back" in page.text
    patient.submit(page.form(f"/appointment-details/{the_visit(desk).ref}/cancel/"))
    with desk.app.app_context():
        assert db.session.scalars(select(Refund.cents)).all() == [4500]
        desk.work()


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (PayWhen.ONLINE, "Pay online to book"),
        (PayWhen.EITHER, "Pay online or at the clinic"),
        (PayWhen.AT_CLINIC, "Pay at the clinic"),
    ],
)
def test_prices_and_summary_say_how_a_visit_is_paid(
    desk: Desk, patient: Visitor, when: PayWhen, words: str
) -> None:
    with desk.app.app_context():
        db.session.scalars(select(VisitType)).one().pay_when = when
        db.session.commit()
    assert words in patient.get("/prices/").text
    query = f"doctor={desk.doctor_ref}&visit_type={desk.visit_type_ref}"
    assert f"€45.00, {words.lower()}" in patient.get(f"/appointment/?{query}").text


def test_who_has_paid_nothing_reads_nothing_of_money(desk: Desk, patient: Visitor) -> None:
    with desk.app.app_context():
        kind = db.session.scalars(select(VisitType)).one()
        kind.pay_when = PayWhen.EITHER
        db.session.commit()
    page = review(desk, patient, "15:00")
    patient.submit(page.form("/appointment/book/"))
    asked = patient.get(f"/appointment-details/{the_visit(desk).ref}/cancel/")
    assert "Cancel this visit?" in asked.text
    assert "back" not in asked.text.split("Cancel this visit?")[1].split("Why are you")[0]
