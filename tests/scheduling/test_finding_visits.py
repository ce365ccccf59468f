"""Finding a doctor's visits, on each database: they compare text and dates in ways of their own."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from app.models import Appointment, Doctor
from app.scheduling import finding_visits
from app.scheduling.finding_visits import Wanted
from tests.builders import a_doctor, a_location, a_patient, at, booked
from tests.conftest import FrozenClock

WEDNESDAY, THURSDAY = date(2026, 11, 25), date(2026, 11, 26)


def names(doctor: Doctor, wanted: Wanted, page: int = 1) -> list[str]:
    found = finding_visits.find(doctor, wanted, page)
    return [visit.patient.name for visit in found.rows if visit.patient]


def visit_of(name: str, doctor: Doctor, when: str) -> Appointment:
    return booked(a_patient(name), doctor, at(when))


@pytest.fixture
def doctor(database: Flask, frozen_clock: FrozenClock):
    with database.app_context():
        yield a_doctor()


def test_every_word_of_a_search_stands_in_the_name_in_either_case(doctor: Doctor) -> None:
    visit_of("Ines Carvalho", doctor, "2026-11-25 10:00")
    visit_of("Ines Moreau", doctor, "2026-11-25 11:00")
    assert names(doctor, Wanted(name="INES")) == ["Ines Moreau", "Ines Carvalho"]
    assert names(doctor, Wanted(name="carval ine")) == ["Ines Carvalho"]
    assert names(doctor, Wanted(name="ines brandt")) == []


@pytest.mark.parametrize("sign", ["%", "_", "!", "'", "\\", '"'])
def test_a_sign_of_a_pattern_means_itself(doctor: Doctor, sign: str) -> None:
    visit_of("Ines Carvalho", doctor, "2026-11-25 10:00")
    visit_of(f"Rene {sign} Roy", doctor, "2026-11-25 11:00")
    assert names(doctor, Wanted(name=sign)) == [f"Rene {sign} Roy"]


def test_the_reference_finds_its_visit_and_no_other_doctor_s(doctor: Doctor) -> None:
    ref = visit_of("Ines Carvalho", doctor, "2026-11-25 10:00").ref
    visit_of("Ines Moreau", doctor, "2026-11-25 11:00")
    assert names(doctor, Wanted(ref=ref)) == ["Ines Carvalho"]
    assert names(a_doctor(), Wanted(ref=ref)) == []


def test_a_day_is_the_one_on_the_wall_of_the_place(doctor: Doctor) -> None:
    abroad = a_doctor(hours="00:00-24:00", location=a_location("Shibuya", "Asia/Tokyo"))
    visit_of("Aiko Mori", abroad, "2026-11-25 17:00")  # Thursday at one in the morning in Tokyo
    visit_of("Ines Carvalho", doctor, "2026-11-25 16:30")
    assert names(abroad, Wanted(on=WEDNESDAY)) == []
    assert names(abroad, Wanted(on=THURSDAY)) == ["Aiko Mori"]
    assert names(doctor, Wanted(on=WEDNESDAY)) == ["Ines Carvalho"]


def test_the_latest_come_first_and_those_of_one_day_by_time_page_by_page(doctor: Doctor) -> None:
    for day in range(1, 15):
        for hour in ("10", "11"):
            visit_of(f"{day} at {hour}", doctor, f"2026-12-{day:02} {hour}:00")
    assert names(doctor, Wanted())[:2] == ["14 at 11", "14 at 10"]
    assert names(doctor, Wanted(), page=2) == ["2 at 10", "1 at 11", "1 at 10"]
    assert names(doctor, Wanted(on=date(2026, 12, 14))) == ["14 at 10", "14 at 11"]
