"""Choosing, holding and booking, as a browser without JavaScript sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.models import (
    Appointment,
    Claim,
    Doctor,
    HoursException,
    HoursExceptionKind,
    VisitMode,
)
from app.models import AppointmentStatus as Status
from app.scheduling import changes, holds
from app.scheduling.holds import Holder
from app.scheduling.moves import Actor
from app.transaction import transactional
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_visit_type,
    at,
    booked,
    policy,
    tick,
    tomorrow_at,
)
from tests.conftest import FrozenClock
from tests.pages import HTMX, ORIGIN, Page, Visitor

TOMORROW = "2026-11-25"


@dataclass(frozen=True)
class Known:
    """A doctor by the references that stand in addresses."""

    ref: str
    kind: str

    @classmethod
    def of(cls, doctor: Doctor) -> Known:
        return cls(doctor.ref, doctor.visit_types[0].ref)


@pytest.fixture
def doctor(app: Flask, frozen_clock: FrozenClock) -> Known:
    """Dr. Ada Berg, who sees people from nine to five."""
    with app.app_context():
        kind = a_visit_type("Check-up", 30, price_cents=4000)
        return Known.of(a_doctor("Ada Berg", visit_types=[kind]))


def somebody_books(app: Flask, time: str) -> None:
    """Somebody else books a time of tomorrow with the one doctor there is."""
    with app.app_context():
        booked(a_patient(), db.session.scalars(select(Doctor)).one(), tomorrow_at(time))


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def times_page(visitor: Visitor, doctor: Known, day: str = TOMORROW) -> Page:
    return visitor.get(f"/appointment/?doctor={doctor.ref}&visit_type={doctor.kind}&day={day}")


def press(visitor: Visitor, page: Page, doctor: Known, time: str) -> Page:
    opening = f"{doctor.ref}.{tick(f'{TOMORROW} {time}')}"
    return visitor.submit(page.form("/appointment/hold/"), opening=opening)


def status_of(app: Flask) -> list[Status]:
    with app.app_context():
        return list(db.session.scalars(select(Appointment.status).order_by(Appointment.id)))


def test_a_visitor_sees_the_open_times_of_a_day(visitor: Visitor, doctor: Known) -> None:
    page = times_page(visitor, doctor)

    assert page.status == 200
    assert ("opening", f"{doctor.ref}.{tick(f'{TOMORROW} 09:00')}") in [
        button for form in page.forms for button in form.buttons
    ]
    assert "Wednesday 25 November" in page.text


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
    twice = visitor.submit(review.form("/hold/prolong/"))

    assert again.status == 200
    assert twice.status == 409
    with app.app_context():
        held = db.session.scalars(select(Appointment)).one()
        assert held.hold_expires_at == clock.now() + timedelta(minutes=10)


def test_giving_a_time_back_frees_it_at_once(app: Flask, visitor: Visitor, doctor: Known) -> None:
    review = press(visitor, times_page(visitor, doctor), doctor, "10:30")

    visitor.submit(review.form("/hold/release/"))

    assert status_of(app) == [Status.EXPIRED]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Claim)) == 0


def test_a_shared_address_of_a_taken_time_says_so_and_offers_others(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    somebody_books(app, "10:30")

    page = visitor.get(
        f"/appointment/?doctor={doctor.ref}&visit_type={doctor.kind}"
        f"&day={TOMORROW}&opening={tick(f'{TOMORROW} 10:30')}"
    )

    assert "Somebody else has just taken this time" in page.text


def test_any_doctor_shows_each_time_once_with_a_name(
    app: Flask, visitor: Visitor, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        kind, hearts = a_visit_type(minutes=30), a_specialty("Cardiology")
        for name in ("Ada Berg", "Bea Cruz"):
            a_doctor(name, visit_types=[kind], specialties=[hearts])
        ref = kind.ref

    page = visitor.get(
        f"/appointment/?specialty=cardiology&doctor=any&visit_type={ref}&day={TOMORROW}"
    )

    ticks = [
        value.split(".")[1]
        for form in page.forms
        for name, value in form.buttons
        if name == "opening"
    ]
    assert len(ticks) == len(set(ticks)) == 31
    assert "Dr. Ada Berg" in page.text
    assert "Dr. Bea Cruz" in page.text


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


def test_an_unchanged_poll_costs_an_empty_304(visitor: Visitor, doctor: Known) -> None:
    address = f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    tag = first.headers["HX-PTag"]

    second = visitor.client.get(address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})

    assert (second.status_code, second.data) == (304, b"")


def test_a_poll_shows_a_time_that_was_taken_and_one_that_became_free(
    app: Flask, visitor: Visitor, doctor: Known
) -> None:
    address = f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    value = f"{doctor.ref}.{tick(f'{TOMORROW} 10:30')}"
    holder = Holder("another browser", None, "192.0.2.9")
    with app.app_context():
        held = holds.hold(
            holder,
            doctor.ref,
            doctor.kind,
            tick(f"{TOMORROW} 10:30"),
            "a-key-of-mine",
        )
        ref = held.ref
    assert value not in visitor.get(address, **HTMX).html
    with app.app_context():
        holds.release(holder, ref)
    assert value in visitor.get(address, **HTMX).html


def test_a_fragment_opened_directly_is_a_whole_page(visitor: Visitor, doctor: Known) -> None:
    page = visitor.get(
        f"/appointment/openings/?doctor={doctor.ref}&visit_type={doctor.kind}&day={TOMORROW}"
    )

    assert page.html.startswith("<!doctype html>")


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


def test_a_poll_for_a_doctor_who_is_gone_leads_to_the_page_that_says_so(
    visitor: Visitor, doctor: Known
) -> None:
    response = visitor.client.get(
        f"/appointment/openings/?doctor=gone&visit_type={doctor.kind}&day={TOMORROW}",
        base_url=ORIGIN,
        headers=HTMX,
    )

    assert response.data == b""
    assert "HX-Push-Url" not in response.headers
    assert "names a doctor that we do not know" in visitor.get(response.headers["HX-Redirect"]).text


@pytest.fixture
def two_hearts(app: Flask, frozen_clock: FrozenClock) -> str:
    """The reference of what Ada Berg and Bea Cruz both do, each at a place of her own."""
    with app.app_context():
        kind, hearts = a_visit_type(minutes=30), a_specialty("Cardiology")
        for name, place in (("Ada Berg", "Main Street Practice"), ("Bea Cruz", "Harbour Clinic")):
            a_doctor(name, visit_types=[kind], specialties=[hearts], location=a_location(place))
        return kind.ref


def any_doctor(kind: str, page: str = "") -> str:
    return f"/appointment/{page}?specialty=cardiology&doctor=any&visit_type={kind}&day={TOMORROW}"


def test_a_poll_shows_who_is_free_instead_at_the_same_time(
    app: Flask, visitor: Visitor, two_hearts: str
) -> None:
    address = any_doctor(two_hearts, "openings/")
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    time = tick(f"{TOMORROW} 09:00")
    with app.app_context():
        shown = next(
            one for one in db.session.scalars(select(Doctor)) if f"{one.ref}.{time}" in first.text
        )
        booked(a_patient(), shown, tomorrow_at("09:00"))
        gone = f"{shown.ref}.{time}"

    second = visitor.client.get(
        address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": first.headers["HX-PTag"]}
    )

    assert second.status_code == 200
    assert gone not in second.text
    assert f".{time}" in second.text


def test_any_doctor_stays_any_doctor_when_a_time_is_taken(
    app: Flask, visitor: Visitor, two_hearts: str
) -> None:
    page = visitor.get(any_doctor(two_hearts))
    with app.app_context():
        ada, bea = db.session.scalars(select(Doctor).order_by(Doctor.id))
        booked(a_patient(), ada, tomorrow_at("09:00"))
        ada_ref, bea_ref = ada.ref, bea.ref

    refused = visitor.submit(
        page.form("/appointment/hold/"), opening=f"{ada_ref}.{tick(f'{TOMORROW} 09:00')}"
    )

    assert refused.status == 409
    assert any(value.startswith(bea_ref) for _, value in refused.forms[0].buttons)
    assert "Dr. Bea Cruz" in refused.text
    assert refused.form("/appointment/hold/").values["doctor"] == "any"


def test_times_at_more_than_one_place_say_where(visitor: Visitor, two_hearts: str) -> None:
    page = visitor.get(any_doctor(two_hearts))

    assert "Main Street Practice" in page.text
    assert "Harbour Clinic" in page.text


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


@transactional
def takes_time_off(doctor: Doctor, day: str) -> None:
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=at(f"{day} 00:00"),
            ends_at=at(f"{day} 23:00"),
        )
    )
