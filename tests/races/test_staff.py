"""The desk and a patient want the same opening at the same instant."""

from __future__ import annotations

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Doctor, Patient, Role, User
from app.models import AppointmentStatus as Status
from app.scheduling import claims, openings, overbooking, refusals, staff_bookings
from app.scheduling.openings import Opening
from app.scheduling.soundness import count_faults
from app.scheduling.staff_bookings import Wanted
from tests import builders
from tests.builders import tomorrow_at
from tests.races.people import Practice, number_of, the
from tests.races.racing import PATIENCE, allowed, race, refused

ROUNDS = 5


def book(practice: Practice, actor: int, patient: int, tick: int, key: str) -> Appointment:
    wanted = Wanted(practice.doctor_ref, practice.visit_types[0], tick, key)
    return staff_bookings.book(the(User, actor), the(Patient, patient), wanted)


def desk(app: Flask, practice: Practice) -> tuple[int, int]:
    """The numbers of the doctor's user and of an admin."""
    with app.app_context():
        return the(Doctor, practice.doctor_id).user_id, builders.a_user(Role.ADMIN).id


def test_of_two_at_the_desk_and_a_patient_exactly_one_gets_an_opening(clinic: Flask) -> None:
    practice = Practice(clinic, patients=3)
    doctor, admin = desk(clinic, practice)
    one, two, three = practice.patients
    for number in range(ROUNDS):
        tick = tick_of(tomorrow_at(f"{10 + number}:00"))
        results = race(
            clinic,
            [
                partial(book, practice, doctor, one, tick, f"doctor {number}"),
                partial(book, practice, admin, two, tick, f"admin {number}"),
                partial(practice.book, three, tick, browser=f"b{number}"),
            ],
        )
        assert len(allowed(results)) == 1
        assert len(refused(results, refusals.OpeningTaken)) == 2
    with clinic.app_context():
        assert number_of(Status.CONFIRMED) == ROUNDS


def test_the_race_at_the_desk_notices_check_then_insert(
    mutant_on_mariadb: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite writers come one after the other, so that a look is enough there."""
    practice = Practice(mutant_on_mariadb, patients=3)
    doctor, _ = desk(mutant_on_mariadb, practice)
    tick = tick_of(tomorrow_at("10:00"))
    meeting, look = Barrier(3), openings.require

    def look_together(*args: Any) -> Opening:
        found = look(*args)
        meeting.wait(PATIENCE)
        return found

    monkeypatch.setattr(openings, "require", look_together)
    monkeypatch.setattr(claims, "take", lambda *_: None)
    acts = [
        partial(book, practice, doctor, patient, tick, f"form {patient}")
        for patient in practice.patients
    ]
    assert len(allowed(race(mutant_on_mariadb, acts))) == 3
    with mutant_on_mariadb.app_context():
        assert count_faults().overlapping > 0


def test_a_form_of_the_desk_that_is_sent_twice_at_once_books_once(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1)
    doctor, _ = desk(clinic, practice)
    tick = tick_of(tomorrow_at("10:00"))
    again = partial(book, practice, doctor, practice.patients[0], tick, "one form")
    results = race(clinic, [again, again, again])
    assert len(allowed(results)) == 3
    with clinic.app_context():
        assert number_of(Status.CONFIRMED) == 1


def test_a_patient_whom_two_book_for_at_once_is_in_one_place(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1, doctors=2)
    _, admin = desk(clinic, practice)
    tick = tick_of(tomorrow_at("10:00"))

    def with_doctor(ref: str) -> Appointment:
        wanted = Wanted(ref, practice.visit_types[0], tick, ref)
        return staff_bookings.book(the(User, admin), the(Patient, practice.patients[0]), wanted)

    results = race(clinic, [partial(with_doctor, ref) for _, ref in practice.doctors])
    assert len(allowed(results)) == 1
    assert len(refused(results, refusals.OwnOverlap)) == 1


def test_overbooking_and_a_patients_booking_never_lose_each_other(clinic: Flask) -> None:
    practice = Practice(clinic, patients=3)
    doctor, _ = desk(clinic, practice)
    tick = tick_of(tomorrow_at("10:00"))
    with clinic.app_context():
        practice.book(practice.patients[0], tick)
        at_hand = openings.desk()
        facts = at_hand.catalogue.by_id[practice.doctor_id]
        seen = overbooking.clash(at_hand, facts, facts.visit_types[0], tick).seen

    def overbook() -> Appointment:
        wanted = Wanted(practice.doctor_ref, practice.visit_types[0], tick, "over")
        actor, patient = the(User, doctor), the(Patient, practice.patients[1])
        return overbooking.overbook(actor, patient, wanted, "An emergency", seen)

    beside = tick_of(tomorrow_at("10:30"))
    results = race(clinic, [overbook, partial(practice.book, practice.patients[2], beside)])
    assert len(allowed(results)) == 2
    with clinic.app_context():
        over = select(Appointment).where(Appointment.is_overbooked)
        assert len(db.session.scalars(over).all()) == 1
        assert count_faults().none
