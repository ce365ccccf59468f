"""Choosing and booking, as a browser without JavaScript sees it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Appointment,
    Doctor,
    VisitMode,
)
from app.models import AppointmentStatus as Status
from app.scheduling import changes
from app.scheduling.moves import Actor
from tests.builders import (
    a_doctor,
    a_patient,
    a_visit_type,
    booked,
    policy,
    tick,
    tomorrow_at,
)
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Visitor
from tests.patient.steps import (
    TOMORROW,
    Known,
    press,
    somebody_books,
    status_of,
    times_page,
)


def test_a_visitor_sees_the_open_times_of_a_day(visitor: Visitor, doctor: Known) -> None:
    page = times_page(visitor, doctor)

    assert page.status == 200
    assert ("opening", f"{doctor.ref}.{tick(f'{TOMORROW} 09:00')}") in [
        button for form in page.forms for button in form.buttons
    ]
    assert "Wednesday 25 November" in page.text


def test_somebody_not_signed_in_loses_neither_the_time_nor_what_they_typed(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")
    sent = visitor.submit(
        review.form("/appointment/book/"), follow=False, reason="My knee", then="login"
    )
    with app.app_context():
        visitor.sign_in(a_patient().user_id)
    back = sent.location.split("next=", 1)[1].replace("%3D", "=").replace("%26", "&")

    review = visitor.get(back)
    page = visitor.submit(review.form("/appointment/book/"))

    assert review.form("/appointment/book/").values["reason"].strip() == "My knee"
    assert "Your visit is confirmed" in page.text
    with app.app_context():
        appointment = db.session.scalars(select(Appointment)).one()
        assert (appointment.status, appointment.reason) == (Status.CONFIRMED, "My knee")


def test_a_visit_that_needs_approval_becomes_a_request(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        kind = a_visit_type("Assessment", 60, needs_approval=True)
        doctor = Known.of(a_doctor(visit_types=[kind]))
        visitor.sign_in(a_patient().user_id)
    review = press(visitor, times_page(visitor, doctor), doctor, "09:00")

    page = visitor.submit(review.form("/appointment/book/"))

    assert "Your request is sent" in page.text
    assert status_of(app) == [Status.REQUESTED]


def test_a_taken_opening_is_said_in_the_form_and_three_others_are_offered(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    page = times_page(visitor, doctor)
    somebody_books(app, "10:30")

    refused = press(visitor, page, doctor, "10:30")

    assert refused.status == 409
    assert "Somebody else has just taken this time" in refused.text
    offered = [name for name, _ in refused.forms[0].buttons]
    assert offered == ["opening"] * 3


def test_a_shared_address_of_a_taken_time_says_so_and_offers_others(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    somebody_books(app, "10:30")

    page = visitor.get(
        f"/appointment/?doctor={doctor.ref}&visit_type={doctor.kind}"
        f"&day={TOMORROW}&opening={tick(f'{TOMORROW} 10:30')}"
    )

    assert "Somebody else has just taken this time" in page.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"opening": "nonsense"}, "Choose one of the times"),
        ({"opening": "unknown.5985000"}, "Choose one of the times"),
        ({"key": "short"}, "Choose one of the times"),
    ],
)
def test_a_form_that_makes_no_sense_is_answered_with_the_page(
    visitor: Visitor, doctor: Known, change: dict[str, str], sentence: str
) -> None:
    form = times_page(visitor, doctor).form("/appointment/hold/")
    values = {**form.values, "opening": f"{doctor.ref}.{tick(f'{TOMORROW} 09:00')}", **change}

    page = visitor.post("/appointment/hold/", values)

    assert page.status == 422
    assert sentence in page.text


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ("2026-11-23 09:00", "This time has passed"),
        ("2026-11-24 08:15", "too soon"),
        ("2027-09-01 09:00", "too far ahead"),
        ("2026-11-25 09:05", "does not see patients"),
        ("2026-11-25 20:00", "does not see patients"),
    ],
)
def test_each_refusal_has_its_own_sentence(
    visitor: Visitor, doctor: Known, time: str, sentence: str
) -> None:
    form = times_page(visitor, doctor).form("/appointment/hold/")

    page = visitor.submit(form, opening=f"{doctor.ref}.{tick(time)}")

    assert page.status == 409
    assert sentence in page.text


def test_price_and_length_come_from_the_server(app: Flask, visitor: Visitor, doctor: Known) -> None:
    form = times_page(visitor, doctor).form("/appointment/hold/")
    values = {**form.values, "opening": f"{doctor.ref}.{tick(f'{TOMORROW} 09:00')}"}

    visitor.post("/appointment/hold/", {**values, "price_cents": "1", "minutes": "5"})

    with app.app_context():
        held = db.session.scalars(select(Appointment)).one()
        assert (held.price_cents, held.minutes) == (4000, 30)


def test_two_bookings_with_one_doctor_are_the_most(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    with app.app_context():
        policy(open_bookings_per_doctor=1)
        patient = a_patient()
        visitor.sign_in(patient.user_id)
        booked(patient, db.session.scalars(select(Doctor)).one(), tomorrow_at("14:00"))

    page = press(visitor, times_page(visitor, doctor), doctor, "10:30")

    assert page.status == 409
    assert "You already have 1 open appointment" in page.text


def test_online_visits_are_told_apart(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        kind = a_visit_type("Video", 20, mode=VisitMode.ONLINE, step=20)
        doctor = Known.of(a_doctor(visit_types=[kind]))
    page = times_page(visitor, doctor)

    assert "20 min · online" in page.text


def test_back_after_booking_does_not_blame_somebody_else(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    with app.app_context():
        visitor.sign_in(a_patient().user_id)
    page = times_page(visitor, doctor)
    review = press(visitor, page, doctor, "10:30")
    visitor.submit(review.form("/appointment/book/"))

    back = visitor.get(
        f"/appointment/?doctor={doctor.ref}&visit_type={doctor.kind}"
        f"&day={TOMORROW}&opening={tick(f'{TOMORROW} 10:30')}"
    )
    pressed = press(visitor, times_page(visitor, doctor), doctor, "10:30")

    for answer in (back, pressed):
        assert "You already have an appointment at this time" in answer.text
        assert "Somebody else" not in answer.text


def test_the_confirmation_of_a_cancelled_visit_leads_to_its_details(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    with app.app_context():
        patient = a_patient()
        visit = booked(patient, db.session.scalars(select(Doctor)).one(), tomorrow_at("14:00"))
        changes.cancel(visit, Actor.of(visit.doctor.user), "The doctor is ill", version=2)
        visitor.sign_in(patient.user_id)
        ref = visit.ref

    response = visitor.client.get(f"/appointment/booked/{ref}/", base_url=ORIGIN)

    assert response.status_code == 303
    assert response.headers["Location"].endswith(f"/appointment-details/{ref}/")
