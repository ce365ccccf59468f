"""Holding a time: for whom, for how long, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.models import (
    Appointment,
    Claim,
    Doctor,
)
from app.models import AppointmentStatus as Status
from tests.builders import (
    a_patient,
    tick,
)
from tests.conftest import FrozenClock
from tests.pages import Visitor
from tests.patient.steps import (
    TOMORROW,
    Known,
    press,
    status_of,
    takes_time_off,
    times_page,
)


def test_pressing_a_time_holds_it_and_leads_to_the_review(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    page = press(visitor, times_page(visitor, doctor), doctor, "10:30")

    assert "Review and book" in page.text
    assert status_of(app) == [Status.HELD]


def test_a_held_time_is_gone_for_others_and_marked_for_its_holder(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    press(visitor, times_page(visitor, doctor), doctor, "10:30")
    stranger = Visitor(app.test_client())

    value = f"{doctor.ref}.{tick(f'{TOMORROW} 10:30')}"
    assert value not in times_page(stranger, doctor).html
    assert "Go on with 10:30" in times_page(visitor, doctor).text


def test_what_was_typed_survives_a_hold_that_ended(
    visitor: Visitor, doctor: Known, frozen_clock: FrozenClock
) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    form = review.form("/appointment/book/")
    frozen_clock.advance(minutes=11)

    refused = visitor.submit(form, reason="My knee", then="login")
    held_again = visitor.submit(
        refused.form("/appointment/hold/"), opening=refused.forms[0].buttons[0][1]
    )

    assert refused.status == 409
    assert "the hold has ended" in refused.text
    assert held_again.form("/appointment/book/").values["reason"].strip() == "My knee"


def test_a_hold_can_be_kept_longer_once(
    app: Flask, visitor: Visitor, doctor: Known, frozen_clock: FrozenClock
) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    frozen_clock.advance(minutes=9)

    again = visitor.submit(review.form("/hold/prolong/"))
    ends = clock.now() + timedelta(minutes=10)
    frozen_clock.advance(minutes=1)
    twice = visitor.submit(review.form("/hold/prolong/"))

    assert again.status == twice.status == 200
    with app.app_context():
        held = db.session.scalars(select(Appointment)).one()
        assert held.hold_expires_at == ends


def test_giving_a_time_back_frees_it_at_once(app: Flask, visitor: Visitor, doctor: Known) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")

    visitor.submit(review.form("/hold/release/"))

    assert status_of(app) == [Status.EXPIRED]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Claim)) == 0


def test_an_old_form_holds_one_time_after_another(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    page = times_page(visitor, doctor)
    press(visitor, page, doctor, "10:30")

    again = press(visitor, page, doctor, "11:00")

    assert "Review and book" in again.text
    assert status_of(app) == [Status.EXPIRED, Status.HELD]


def test_a_newcomers_first_click_sent_twice_at_once_holds_one_time(
    app: Flask, client: FlaskClient, visitor: Visitor, doctor: Known
) -> None:
    page = times_page(visitor, doctor)
    cookie = client.get_cookie("docket", domain="127.0.0.1")
    assert cookie is not None
    first = press(visitor, page, doctor, "10:30")
    client.set_cookie("docket", cookie.value, domain="127.0.0.1")  # as the second was sent

    second = press(visitor, page, doctor, "10:30")

    assert (first.status, second.status) == (200, 200)
    assert "Review and book" in second.text
    assert status_of(app) == [Status.HELD]


def test_the_address_somebody_holds_from_is_kept_unreadable_and_then_forgotten(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    with app.app_context():
        kept = db.session.scalars(select(Appointment)).one().holder_address
        visitor.sign_in(a_patient().user_id)
    assert kept
    assert "127.0.0.1" not in kept

    visitor.submit(review.form("/appointment/book/"))

    with app.app_context():
        booked_one = db.session.scalars(select(Appointment)).one()
        assert (booked_one.holder_address, booked_one.holder_hash) == (None, None)


def test_hours_that_change_during_a_hold_are_obeyed(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    with app.app_context():
        visitor.sign_in(a_patient().user_id)
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    with app.app_context():
        takes_time_off(db.session.scalars(select(Doctor)).one(), TOMORROW)

    page = visitor.submit(review.form("/appointment/book/"))

    assert page.status == 409
    assert "does not see patients at this time" in page.text
    assert status_of(app) == [Status.HELD]


def test_who_signs_in_with_a_hold_elsewhere_keeps_the_one_they_book(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    with app.app_context():
        user_id = a_patient().user_id
    elsewhere = Visitor(app.test_client(), user_id)
    press(elsewhere, times_page(elsewhere, doctor), doctor, "09:00")
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    visitor.sign_in(user_id)

    visitor.submit(review.form("/appointment/book/"))

    assert status_of(app) == [Status.EXPIRED, Status.CONFIRMED]


def test_the_address_of_a_refused_form_leads_back_to_the_choice(
    visitor: Visitor, doctor: Known
) -> None:
    assert visitor.get("/appointment/hold/").location == "/appointment/"
