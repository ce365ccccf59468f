"""A patient's own appointments: the list, the details, cancelling and moving."""

from __future__ import annotations

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Appointment, Doctor, MessageState, OutboxMessage, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import changes, holds, refusals, visits
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_location, a_patient, at, booked, policy, tick, works
from tests.conftest import FrozenClock
from tests.pages import HTMX, ORIGIN, Visitor

FRIDAY = "2026-11-27"


@pytest.fixture
def ref(app: Flask, frozen_clock: FrozenClock) -> str:
    """An appointment of Ines Carvalho with Dr. Ada Berg on Friday at ten."""
    with app.app_context():
        patient, doctor = a_patient("Ines Carvalho"), a_doctor("Ada Berg")
        return booked(patient, doctor, at(f"{FRIDAY} 10:00")).ref


@pytest.fixture
def visitor(client: FlaskClient, ref: str) -> Visitor:
    """Ines Carvalho at her browser."""
    with client.application.app_context():
        patient_id = db.session.scalars(select(Appointment)).one().patient_id
        user_id = db.session.get_one(Patient, patient_id).user_id
    return Visitor(client, user_id)


def somebody_books(app: Flask, time: str) -> None:
    """Somebody else books a time of Friday with the one doctor there is."""
    with app.app_context():
        booked(a_patient(), db.session.scalars(select(Doctor)).one(), at(f"{FRIDAY} {time}"))


def the_appointment(app: Flask) -> Appointment:
    with app.app_context():
        return db.session.scalars(select(Appointment)).one()


def test_the_list_shows_what_is_ahead(visitor: Visitor, ref: str) -> None:
    page = visitor.get("/view-appointment/")

    assert "with Dr. Ada Berg" in page.text
    assert f"/appointment-details/{ref}/" in page.html


def test_the_list_can_be_searched(visitor: Visitor, ref: str) -> None:
    assert ref in visitor.get("/view-appointment/?q=berg").html
    assert ref not in visitor.get("/view-appointment/?q=100%25").html


def test_an_empty_list_says_what_to_do(app: Flask) -> None:
    with app.app_context():
        newcomer = Visitor(app.test_client(), a_patient().user_id)

    assert "No appointments ahead" in newcomer.get("/view-appointment/").text


def test_the_details_belong_to_their_patient_alone(app: Flask, ref: str) -> None:
    with app.app_context():
        stranger = Visitor(app.test_client(), a_patient().user_id)

    assert stranger.get(f"/appointment-details/{ref}/").status == 404
    assert stranger.get(f"/appointment-details/{ref}/calendar.ics").status == 404


def test_cancelling_frees_the_time_and_keeps_the_reason(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    form = visitor.get(f"/appointment-details/{ref}/cancel/").form("/cancel/")

    page = visitor.submit(form, reason="I feel better")

    assert "Your appointment is cancelled" in page.text
    cancelled = the_appointment(app)
    assert (cancelled.status, cancelled.cancel_reason) == (Status.CANCELLED, "I feel better")


def test_the_cut_off_stands_in_the_post(app: Flask, visitor: Visitor, ref: str) -> None:
    form = visitor.get(f"/appointment-details/{ref}/cancel/").form("/cancel/")
    with app.app_context():
        policy(cancel_cutoff_hours=100)

    page = visitor.submit(form)

    assert page.status == 409
    assert "cannot be changed online less than 100 hours" in page.text
    assert the_appointment(app).status is Status.CONFIRMED


def test_a_stale_page_cannot_cancel(app: Flask, visitor: Visitor, ref: str) -> None:
    form = visitor.get(f"/appointment-details/{ref}/cancel/").form("/cancel/")
    with app.app_context():
        found = db.session.scalars(select(Appointment)).one()
        changes.move(found, Actor.of(found.doctor.user), tick(f"{FRIDAY} 12:00"), version=2)

    page = visitor.submit(form)

    assert page.status == 409
    assert the_appointment(app).status is Status.CONFIRMED


def test_moving_takes_the_new_time_and_frees_the_old(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    page = visitor.get(f"/appointment-details/{ref}/move/?day={FRIDAY}")

    moved = visitor.submit(page.form("/move/"), opening=str(tick(f"{FRIDAY} 10:15")))

    assert "Your appointment is now on Friday 27 November, 10:15" in moved.text
    assert the_appointment(app).starts_at == at(f"{FRIDAY} 10:15")


def test_a_move_that_fails_keeps_the_old_time(app: Flask, visitor: Visitor, ref: str) -> None:
    page = visitor.get(f"/appointment-details/{ref}/move/?day={FRIDAY}")
    somebody_books(app, "12:00")

    refused = visitor.submit(page.form("/move/"), opening=str(tick(f"{FRIDAY} 12:00")))

    assert refused.status == 409
    assert "Your appointment stays as it was" in refused.text
    with app.app_context():
        mine = db.session.scalars(select(Appointment).where(Appointment.ref == ref)).one()
        assert mine.starts_at == at(f"{FRIDAY} 10:00")


def test_an_open_page_learns_of_a_change(app: Flask, visitor: Visitor, ref: str) -> None:
    address = f"/appointment-details/{ref}/status/"
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    known = {**HTMX, "HX-PTag": first.headers["HX-PTag"]}
    assert visitor.client.get(address, base_url=ORIGIN, headers=known).status_code == 304
    with app.app_context():
        found = db.session.scalars(select(Appointment)).one()
        changes.cancel(found, Actor.of(found.doctor.user), "The doctor is ill", version=2)

    second = visitor.client.get(address, base_url=ORIGIN, headers=known)

    assert "The doctor is ill" in second.text


def test_the_calendar_file_keeps_its_uid_and_counts_on(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    def event() -> icalendar.Event:
        response = visitor.client.get(f"/appointment-details/{ref}/calendar.ics", base_url=ORIGIN)
        calendar = icalendar.Calendar.from_ical(response.data)
        return calendar.events[0]

    before = event()
    with app.app_context():
        found = db.session.scalars(select(Appointment)).one()
        changes.move(found, Actor.of(found.doctor.user), tick(f"{FRIDAY} 12:00"), version=2)
    after = event()

    assert before["UID"] == after["UID"]
    assert after.decoded("SEQUENCE") == before.decoded("SEQUENCE") + 1
    assert after.decoded("DTSTART") == at(f"{FRIDAY} 12:00")


def test_a_visit_that_is_near_can_no_longer_be_changed_and_says_so(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    with app.app_context():
        policy(cancel_cutoff_hours=100)

    page = visitor.get(f"/appointment-details/{ref}/")

    assert "It is less than 100 hours until this visit" in page.text
    assert f"/appointment-details/{ref}/move/" not in page.html


def test_a_refusal_stays_when_the_open_page_asks_for_news(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    form = visitor.get(f"/appointment-details/{ref}/cancel/").form("/cancel/")
    with app.app_context():
        policy(cancel_cutoff_hours=100)

    page = visitor.submit(form)

    before_the_live_part = page.html.split('id="details"')[0]
    assert "cannot be changed online less than 100 hours" in before_the_live_part


def test_moving_shows_the_times_of_the_day_that_it_names(visitor: Visitor, ref: str) -> None:
    for day in ("2000-01-01", "2100-12-31"):
        page = visitor.get(f"/appointment-details/{ref}/move/?day={day}")

        assert "Tuesday 24 November" in page.text
        assert page.form("/move/").buttons


def test_a_move_that_fails_keeps_the_day_in_view(app: Flask, visitor: Visitor, ref: str) -> None:
    page = visitor.get(f"/appointment-details/{ref}/move/?day={FRIDAY}")
    somebody_books(app, "12:00")

    refused = visitor.submit(page.form("/move/"), opening=str(tick(f"{FRIDAY} 12:00")))

    assert f'id="opening-{tick(f"{FRIDAY} 16:30")}"' in refused.html


def test_moving_says_where_when_it_would_be_elsewhere(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    with app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        works(doctor, a_location("Harbour Clinic"), 5, "18:00-19:00")

    page = visitor.get(f"/appointment-details/{ref}/move/?day={FRIDAY}")

    assert page.text.count("Harbour Clinic") == 3


def declined(app: Flask) -> None:
    """The doctor declines the one visit there is."""
    with app.app_context():
        visit = db.session.scalars(select(Appointment)).one()
        visits.decline(visit, Actor.of(visit.doctor.user), "Ill", version=visit.version)


def take_back(ref: str) -> Status:
    """The doctor takes the refusal of a visit back; its status then."""
    visit = db.session.scalars(select(Appointment).where(Appointment.ref == ref)).one()
    visits.undo(visit, Actor.of(visit.doctor.user), version=visit.version)
    return visit.status


def test_a_refusal_is_not_taken_back_over_what_was_booked_meanwhile(app: Flask, ref: str) -> None:
    declined(app)
    somebody_books(app, "10:00")

    with app.app_context(), pytest.raises(refusals.OpeningTaken, match="Somebody else has") as said:
        take_back(ref)
    assert "nearest" not in said.value.sentence


def test_a_refusal_is_not_taken_back_over_the_patients_other_visit(app: Flask, ref: str) -> None:
    declined(app)
    with app.app_context():
        patient = db.session.scalars(select(Patient)).one()
        booked(patient, a_doctor("Bea Cruz"), at(f"{FRIDAY} 10:00"))

    with app.app_context(), pytest.raises(refusals.OwnOverlap, match="The patient has another"):
        take_back(ref)


def test_a_hold_that_is_over_does_not_keep_a_refusal_from_being_taken_back(
    app: Flask, ref: str, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        policy(undo_seconds=1200)
    declined(app)
    with app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        holder = Holder("another browser", None, "192.0.2.9")
        kind = doctor.visit_types[0].ref
        holds.hold(holder, doctor.ref, kind, tick(f"{FRIDAY} 10:00"), "a-key-of-mine")
    frozen_clock.advance(minutes=11)

    with app.app_context():
        assert take_back(ref) is Status.CONFIRMED


def test_an_open_page_says_whether_the_e_mail_has_left(
    app: Flask, visitor: Visitor, ref: str
) -> None:
    def let_it_be(state: MessageState) -> None:
        with app.app_context():
            for message in db.session.scalars(select(OutboxMessage)):
                message.state, message.sent_at = state, clock.now()
            db.session.commit()

    address = f"/appointment-details/{ref}/status/"
    first = visitor.client.get(address, base_url=ORIGIN, headers=HTMX)
    assert "is on its way to you" in first.text
    for state, words in (
        (MessageState.FAILED, "has not got through yet"),
        (MessageState.DEAD, "could not reach you by e-mail"),
        (MessageState.SENT, "We e-mailed you about this on"),
    ):
        let_it_be(state)
        known = {**HTMX, "HX-PTag": first.headers["HX-PTag"]}
        first = visitor.client.get(address, base_url=ORIGIN, headers=known)
        assert words in first.text
