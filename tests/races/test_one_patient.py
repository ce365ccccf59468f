"""One person, twice: the same form again, and the same patient in two browsers."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask

from app.clock import tick_of
from app.models import Appointment
from app.models import AppointmentStatus as Status
from app.scheduling import holders, holds, refusals
from app.scheduling.holders import Holder
from tests.builders import policy, tomorrow_at
from tests.races.people import Practice, confirm, number_of, open_appointments
from tests.races.racing import allowed, race, refused


def test_the_same_form_sent_twenty_times_holds_one_time(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1)
    patient, wanted = practice.patients[0], tick_of(tomorrow_at("10:30"))
    once_more = partial(practice.hold, patient, wanted, key="the key of the form")
    results = race(clinic, [lambda: once_more().ref] * 20)
    assert not refused(results)
    assert len(set(results)) == 1
    with clinic.app_context():
        assert number_of(Status.HELD) == 1
        assert number_of(Status.EXPIRED) == 0


def test_the_same_form_sent_twenty_times_by_somebody_unknown_holds_one_time(clinic: Flask) -> None:
    practice = Practice(clinic, patients=0)
    stranger, wanted = Holder("a browser"), tick_of(tomorrow_at("10:30"))

    def hold() -> str:
        return holds.hold(stranger, practice.doctor_ref, practice.visit_types[0], wanted, "key").ref

    results = race(clinic, [hold] * 20)
    assert not refused(results)
    assert len(set(results)) == 1


def test_a_browser_that_cannot_see_its_own_other_hold_yet_still_holds_one(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = Practice(clinic, patients=0, doctors=2)
    stranger, kind = Holder("a browser"), practice.visit_types[0]
    wanted, looks, look = tick_of(tomorrow_at("10:30")), [], holders.all_held_by

    def blind_at_first(holder: Holder) -> list[Appointment]:
        looks.append(holder)
        return look(holder) if len(looks) > 1 else []

    with clinic.app_context():
        first, second = (ref for _, ref in practice.doctors)
        holds.hold(stranger, first, kind, wanted, "the first key")
        monkeypatch.setattr(holders, "all_held_by", blind_at_first)
        holds.hold(stranger, second, kind, wanted, "the second key")
        assert number_of(Status.HELD) == 1


def test_the_same_confirmation_sent_twenty_times_books_once(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1)
    patient = practice.patients[0]
    with clinic.app_context():
        ref = practice.hold(patient, tick_of(tomorrow_at("10:30"))).ref
    results = race(clinic, [lambda: confirm(patient, ref).ref] * 20)
    assert results == [ref] * 20
    with clinic.app_context():
        assert [one.version for one in open_appointments()] == [2]


def test_a_patient_in_two_browsers_gets_one_of_two_visits_at_the_same_time(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1, doctors=2)
    patient, wanted = practice.patients[0], tick_of(tomorrow_at("10:30"))
    acts = [
        partial(practice.book, patient, wanted, doctor=ref, browser=f"browser at {ref}")
        for _, ref in practice.doctors
    ]
    results = race(clinic, acts)
    assert len(allowed(results)) == 1
    assert isinstance(refused(results)[0], refusals.OwnOverlap | refusals.HoldEnded)
    with clinic.app_context():
        assert len(open_appointments()) == 1


def test_a_patient_in_many_browsers_holds_one_time(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1)
    patient, first = practice.patients[0], tick_of(tomorrow_at("09:00"))
    race(
        clinic,
        [partial(practice.hold, patient, first + 6 * n, browser=f"browser {n}") for n in range(8)],
    )
    with clinic.app_context():
        assert number_of(Status.HELD) == 1


def test_a_patient_in_many_browsers_stays_under_the_cap(clinic: Flask) -> None:
    practice = Practice(clinic, patients=1, doctors=4)
    with clinic.app_context():
        policy(open_bookings_per_patient=2)
    patient, first = practice.patients[0], tick_of(tomorrow_at("09:00"))

    def book(n: int, doctor: str):
        return practice.book(patient, first + 6 * n, browser=f"browser {n}", doctor=doctor)

    race(clinic, [partial(book, n, practice.doctors[n % 4][1]) for n in range(8)])
    with clinic.app_context():
        assert len(open_appointments()) <= 2
