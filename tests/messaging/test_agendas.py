"""What doctors are sent: the visits of a day, at their hour and in order, and what patients
change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app import clock
from app.clock import tick_of
from app.extensions import db
from app.messaging import agendas
from app.models import AgendaMail, Appointment, AuditEvent, Doctor, MessageKind
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, at, booked
from tests.messaging.conftest import Letters, outbox, text_of

EVENING, MORNING, NEVER = AgendaMail.EVENING, AgendaMail.MORNING, AgendaMail.NEVER


def agendas_planned() -> list[tuple[str, datetime]]:
    return [
        (message.details["day"], message.not_before)
        for message in outbox()
        if message.kind is MessageKind.DOCTOR_AGENDA
    ]


def plan_at(clinic, *moments: str) -> None:
    for moment in moments:
        clinic.move_to(at(moment))
        agendas.plan(clock.now())


def agenda_of(letters: Letters, doctor: Doctor) -> list[str]:
    return [
        text_of(email) for email in letters.to(doctor.user) if "Your visits" in email["Subject"]
    ]


@pytest.fixture
def ada(clinic) -> Doctor:
    """A doctor with two visits tomorrow and one the day after."""
    kind = a_visit_type("Check")
    doctor = a_doctor("Ada Berg", visit_types=[kind])
    booked(a_patient("Zoe Late"), doctor, at("2026-11-25 14:00"))
    booked(a_patient("Ines Alva"), doctor, at("2026-11-25 09:00"))
    booked(a_patient("Otto Next"), doctor, at("2026-11-26 09:00"))
    return doctor


def test_nobody_is_sent_their_day_who_has_not_asked_for_it(clinic, ada) -> None:
    plan_at(clinic, "2026-11-24 17:55", "2026-11-25 06:25")
    assert agendas_planned() == []


def test_in_the_evening_before_the_day_is_told_in_order(clinic, ada, letters) -> None:
    agendas.choose(ada, EVENING)
    plan_at(clinic, "2026-11-24 17:40", "2026-11-24 17:52", "2026-11-24 17:54")
    assert agendas_planned() == [("2026-11-25", at("2026-11-24 18:00"))]
    letters.run()
    assert agenda_of(letters, ada) == []
    clinic.move_to(at("2026-11-24 18:00"))
    letters.run()
    (text,) = agenda_of(letters, ada)
    assert text.index("09:00 to 09:30: Ines Alva, Check, Main Street Practice, confirmed") < (
        text.index("14:00 to 14:30: Zoe Late")
    )
    assert "Otto Next" not in text
    assert "Wednesday 25 November, Berlin time" in text


def test_in_the_morning_the_same_day_is_told(clinic, ada, letters) -> None:
    agendas.choose(ada, MORNING)
    plan_at(clinic, "2026-11-24 17:55", "2026-11-25 06:25")
    assert agendas_planned() == [("2026-11-25", at("2026-11-25 06:30"))]
    clinic.move_to(at("2026-11-25 06:30"))
    letters.run()
    assert len(agenda_of(letters, ada)) == 1


def test_an_agenda_tells_what_is_true_when_it_is_sent(clinic, ada, letters) -> None:
    agendas.choose(ada, EVENING)
    plan_at(clinic, "2026-11-24 17:55")
    first = db.session.scalars(select(Appointment).order_by(Appointment.starts_at)).all()[0]
    changes.cancel(first, Actor.of(ada.user), "I am ill.", version=first.version)
    clinic.move_to(at("2026-11-24 18:00"))
    letters.run()
    (text,) = agenda_of(letters, ada)
    assert "Ines Alva" not in text
    assert "This is your visit on" in text


@pytest.mark.parametrize("why", ["emptied", "unwanted", "over"])
def test_an_agenda_that_is_of_no_use_any_more_dissolves(clinic, ada, letters, why) -> None:
    agendas.choose(ada, EVENING)
    plan_at(clinic, "2026-11-24 17:55")
    if why == "emptied":
        for visit in db.session.query(Appointment).filter(
            Appointment.starts_at < at("2026-11-26 00:00")
        ):
            changes.cancel(visit, Actor.of(ada.user), "I am ill.", version=visit.version)
    if why == "unwanted":
        agendas.choose(ada, NEVER)
    clinic.move_to(at("2026-11-25 15:00" if why == "over" else "2026-11-24 18:00"))
    letters.run()
    assert agenda_of(letters, ada) == []


def test_a_day_without_visits_is_not_told(clinic) -> None:
    agendas.choose(a_doctor(), EVENING)
    plan_at(clinic, "2026-11-24 17:55")
    assert agendas_planned() == []


def test_the_hour_is_that_of_the_place_where_the_visits_are(clinic, letters) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    doctor = a_doctor(location=a_location("Shinjuku Practice", "Asia/Tokyo"))
    booked(a_patient("Ines Alva"), doctor, at("2026-11-26 09:00", tokyo))
    agendas.choose(doctor, EVENING)
    due = at("2026-11-25 18:00", tokyo)
    clinic.move_to(due)
    agendas.plan(clock.now())
    assert agendas_planned() == [("2026-11-26", due)]
    letters.run()
    (text,) = agenda_of(letters, doctor)
    assert "09:00 to 09:30: Ines Alva" in text
    assert "Tokyo time (UTC+9)" in text


def test_what_a_worker_missed_is_made_up_for_while_visits_are_ahead(clinic, ada) -> None:
    agendas.choose(ada, EVENING)
    plan_at(clinic, "2026-11-25 12:00")
    assert agendas_planned() == [("2026-11-25", at("2026-11-25 12:00"))]
    agendas.plan(clock.now())
    assert len(agendas_planned()) == 1


def test_a_day_whose_visits_have_all_begun_is_not_made_up_for(clinic, ada) -> None:
    agendas.choose(ada, EVENING)
    plan_at(clinic, "2026-11-25 14:05")
    assert agendas_planned() == []


def test_the_evening_of_one_place_is_not_that_of_another(clinic) -> None:
    a_doctor(location=a_location())  # a place in Berlin
    new_york = ZoneInfo("America/New_York")
    doctor = a_doctor(location=a_location("Hudson Practice", "America/New_York"))
    booked(a_patient(), doctor, at("2026-11-26 09:00", new_york))
    agendas.choose(doctor, EVENING)
    plan_at(clinic, "2026-11-25 18:00")
    assert agendas_planned() == []
    clinic.move_to(at("2026-11-25 18:00", new_york))
    agendas.plan(clock.now())
    assert [day for day, _ in agendas_planned()] == ["2026-11-26"]


def test_what_a_doctor_chooses_stands_in_the_trail(clinic) -> None:
    doctor = a_doctor()
    agendas.choose(doctor, EVENING)
    agendas.choose(doctor, EVENING)
    agendas.mail_changes(doctor, False)
    events = db.session.query(AuditEvent).filter_by(action="doctor.messages").all()
    assert [(event.before, event.after) for event in events] == [
        ({"agenda_mail": "never"}, {"agenda_mail": "evening"}),
        ({"mail_changes": True}, {"mail_changes": False}),
    ]


def test_a_visit_that_its_patient_moves_is_told_to_the_doctor_with_both_times(
    visit, letters
) -> None:
    letters.run()
    patient = Actor.of(visit.patient.user)
    for hour in ("11:30", "12:30"):
        changes.move(visit, patient, tick_of(at(f"2026-11-27 {hour}")), version=visit.version)
    letters.run()
    (email,) = letters.to(visit.doctor.user)
    assert email["Subject"] == "A patient has moved the visit on Friday 27 November, 10:30"
    text = text_of(email)
    for words in (
        "Ines Alva has moved a visit",
        "When: Friday 27 November, 12:30 to 13:00",
        "Before: Friday 27 November, 10:30",
        "Patient: Ines Alva",
        "Reason for the visit: A reason",
    ):
        assert words in text


def test_a_visit_that_its_patient_cancels_is_told_to_the_doctor_with_the_reason(
    visit, letters
) -> None:
    letters.run()
    changes.cancel(visit, Actor.of(visit.patient.user), "I am well again.", version=visit.version)
    letters.run()
    (email,) = letters.to(visit.doctor.user)
    assert email["Subject"] == "A patient has cancelled the visit on Friday 27 November, 10:30"
    assert "Reason: I am well again." in text_of(email)


def test_a_doctor_who_does_not_want_to_hear_of_changes_is_not_told(visit, letters) -> None:
    patient = Actor.of(visit.patient.user)
    changes.move(visit, patient, tick_of(at("2026-11-27 11:30")), version=visit.version)
    agendas.mail_changes(visit.doctor, False)
    changes.cancel(visit, patient, "", version=visit.version)
    letters.run()
    assert letters.to(visit.doctor.user) == []


def test_a_change_that_has_been_overtaken_is_not_told(visit, clinic, letters) -> None:
    letters.run()
    patient, doctor = Actor.of(visit.patient.user), Actor.of(visit.doctor.user)
    changes.move(visit, patient, tick_of(at("2026-11-27 11:30")), version=visit.version)
    visits.decline(visit, doctor, "I am ill.", version=visit.version)
    letters.run()
    assert letters.to(visit.doctor.user) == []
