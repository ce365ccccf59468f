"""Visit types for new patients, for returning ones, and for the clinic alone."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models import Doctor, Patient, WhoMayBook
from app.scheduling import bookings, openings, soonest, visits, who_may_book
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.scheduling.who_may_book import OnlyByStaff, OnlyForNew, OnlyForReturning
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Visitor
from tests.scheduling.conftest import queries
from tests.scheduling.test_holds import browser, hold


def doctor_with(who: WhoMayBook) -> Doctor:
    """Her first visit type is for some only, her second for anybody."""
    return a_doctor(
        "Ada Berg",
        visit_types=[
            a_visit_type("Injection", 30, who_may_book=who),
            a_visit_type("Check-up", 45),
        ],
    )


def has_been_there(patient: Patient, doctor: Doctor) -> None:
    """A visit that took place, as doctors close it."""
    kind = next(kind for kind in doctor.visit_types if kind.name == "Check-up")
    visit = booked(patient, doctor, at("2026-11-24 15:00"), kind)
    visits.take(visit, Step.START, Actor.of(doctor.user), version=visit.version)
    visits.take(visit, Step.COMPLETE, Actor.of(doctor.user), version=visit.version)


def test_a_visit_for_new_patients_is_held_by_somebody_new(clinic: FrozenClock) -> None:
    doctor = doctor_with(WhoMayBook.NEW)
    assert booked(a_patient(), doctor, at("2026-11-25 10:00"))


def test_a_visit_for_new_patients_is_refused_to_who_has_been_there(clinic: FrozenClock) -> None:
    doctor, patient = doctor_with(WhoMayBook.NEW), a_patient()
    has_been_there(patient, doctor)
    with pytest.raises(OnlyForNew, match="Choose another visit"):
        hold(browser(patient=patient), doctor)


def test_a_visit_for_returning_patients_is_refused_to_somebody_new(clinic: FrozenClock) -> None:
    doctor = doctor_with(WhoMayBook.RETURNING)
    with pytest.raises(OnlyForReturning, match="who have been with"):
        hold(browser(patient=a_patient()), doctor)


def test_who_has_been_with_another_doctor_is_new_with_this_one(clinic: FrozenClock) -> None:
    doctor, other, patient = (
        doctor_with(WhoMayBook.RETURNING),
        a_doctor(visit_types=[a_visit_type("Other")]),
        a_patient(),
    )
    visit = booked(patient, other, at("2026-11-24 12:00"))
    visits.take(visit, Step.START, Actor.of(other.user), version=visit.version)
    visits.take(visit, Step.COMPLETE, Actor.of(other.user), version=visit.version)
    with pytest.raises(OnlyForReturning):
        hold(browser(patient=patient), doctor)


def test_a_booking_that_did_not_take_place_makes_nobody_a_returning_patient(
    clinic: FrozenClock,
) -> None:
    doctor, patient = doctor_with(WhoMayBook.RETURNING), a_patient()
    booked(patient, doctor, at("2026-11-25 14:00"), doctor.visit_types[1])
    with pytest.raises(OnlyForReturning):
        hold(browser(patient=patient), doctor)


def test_a_returning_patient_books_what_is_for_them(clinic: FrozenClock) -> None:
    doctor, patient = doctor_with(WhoMayBook.RETURNING), a_patient()
    has_been_there(patient, doctor)
    assert booked(patient, doctor, at("2026-11-25 10:00"))


def test_a_browser_may_hold_and_is_asked_when_its_patient_becomes_known(
    clinic: FrozenClock,
) -> None:
    doctor, patient = doctor_with(WhoMayBook.NEW), a_patient()
    has_been_there(patient, doctor)
    held = hold(browser("b"), doctor)
    with pytest.raises(OnlyForNew):
        bookings.book(browser("b", patient), patient, held.ref, "")


def test_what_only_the_clinic_books_is_refused_to_everybody_else(clinic: FrozenClock) -> None:
    doctor = doctor_with(WhoMayBook.STAFF)
    for holder in (browser("b"), browser(patient=a_patient())):
        with pytest.raises(OnlyByStaff):
            hold(holder, doctor)


def test_what_only_the_clinic_books_is_in_no_picture_of_the_public(clinic: FrozenClock) -> None:
    doctor = doctor_with(WhoMayBook.STAFF)
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    assert [kind.name for kind in facts.visit_types] == ["Check-up"]
    assert [kind.name for kind in facts.bookable_by_staff] == ["Injection", "Check-up"]
    assert [kind.name for kind in desk.catalogue.visit_types] == ["Check-up"]
    assert [kind.name for kind, _ in soonest.of_each_visit_type(desk, facts)] == ["Check-up"]


def test_it_costs_no_query_where_anybody_may_book(clinic: FrozenClock) -> None:
    doctor, patient = doctor_with(WhoMayBook.ANYBODY), a_patient()
    facts = openings.desk().catalogue.by_id[doctor.id]
    with queries() as seen:
        who_may_book.check(patient, facts, facts.visit_types[0])
    assert seen == []


@pytest.mark.parametrize(
    ("who", "words"),
    [(WhoMayBook.NEW, "for new patients"), (WhoMayBook.RETURNING, "for returning patients")],
)
def test_the_public_reads_for_whom_a_visit_is(
    app: Flask, frozen_clock: FrozenClock, who: WhoMayBook, words: str
) -> None:
    with app.app_context():
        ref = doctor_with(who).ref
    visitor = Visitor(app.test_client())
    for address in (f"/appointment/?doctor={ref}", f"/doctors/{ref}/", "/prices/"):
        assert words in visitor.get(address).text


def test_the_public_never_reads_of_what_only_the_clinic_books(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        doctor = doctor_with(WhoMayBook.STAFF)
        ref, kind = doctor.ref, doctor.visit_types[0].ref
    visitor = Visitor(app.test_client())
    forged = f"/appointment/?doctor={ref}&visit_type={kind}"
    for address in ("/", f"/doctors/{ref}/", "/prices/", forged):
        page = visitor.get(address)
        assert "Check-up" in page.text or address == "/"
        assert "Injection" not in page.text
        assert kind not in page.html


def test_a_forged_post_of_it_is_refused_with_its_own_sentence(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        doctor = doctor_with(WhoMayBook.STAFF)
        ref, kind = doctor.ref, next(k for k in doctor.visit_types if k.name == "Injection").ref
        other = next(k for k in doctor.visit_types if k.name == "Check-up").ref
        patient = a_patient().user_id
    address = f"/appointment/?doctor={ref}&visit_type={other}&day=2026-11-25"
    for visitor in (Visitor(app.test_client()), Visitor(app.test_client(), patient)):
        form = visitor.get(address).form("/appointment/hold/")
        answer = visitor.submit(form, visit_type=kind, opening=form.buttons[0][1])
        assert answer.status == 403
        assert "Only the clinic books this visit." in answer.text
        assert "Check-up" in answer.text  # the way on


def test_the_page_of_a_refusal_lets_a_returning_patient_choose_another_visit(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        doctor, patient = doctor_with(WhoMayBook.NEW), a_patient()
        has_been_there(patient, doctor)
        ref, user = doctor.ref, patient.user_id
        kind = next(k for k in doctor.visit_types if k.name == "Injection").ref
    visitor = Visitor(app.test_client(), user)
    page = visitor.get(f"/appointment/?doctor={ref}&visit_type={kind}&day=2026-11-25")
    form = page.form("/appointment/hold/")
    answer = visitor.client.post(
        form.action,
        data=form.values | {"opening": form.buttons[0][1]},
        base_url=ORIGIN,
    )
    assert answer.status_code == 409
    assert "is for people who have not been with" in answer.text
    assert "Check-up" in answer.text
