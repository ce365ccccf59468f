"""Which times are open, one reason at a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.extensions import db
from app.models import Closure, Doctor, HoursException, HoursExceptionKind, Location, VisitType
from app.scheduling import openings
from app.transaction import transactional
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_visit_type,
    at,
    booked,
    policy,
    works,
)

WEDNESDAY = date(2026, 11, 25)
LISBON = ZoneInfo("Europe/Lisbon")


def times(doctor: Doctor, on: date = WEDNESDAY, kind: VisitType | None = None) -> list[str]:
    """The openings of a day as the wall of their place shows them."""
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    visit_type = facts.visit_type(kind.ref) if kind else facts.visit_types[0]
    assert visit_type is not None
    return [f"{each.local:%H:%M}" for each in openings.of_day(desk, [facts], visit_type, on)]


def require(doctor: Doctor, wanted: int) -> openings.Opening:
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    return openings.require(desk, facts, facts.visit_types[0], wanted)


@transactional
def exception(
    doctor: Doctor,
    begins: datetime,
    ends: datetime,
    kind: HoursExceptionKind = HoursExceptionKind.TIME_OFF,
    location: Location | None = None,
) -> None:
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=kind,
            starts_at=begins,
            ends_at=ends,
            location_id=location.id if location else None,
        )
    )


@transactional
def closure(location: Location, begins: datetime, ends: datetime) -> None:
    db.session.add(
        Closure(location_id=location.id, starts_at=begins, ends_at=ends, reason="Painting")
    )


def test_a_free_day_is_open_on_the_grid_of_the_visit_type(clinic):
    doctor = a_doctor(hours="09:00-10:30", visit_types=[a_visit_type(minutes=30, step=20)])
    assert times(doctor) == ["09:00", "09:20", "09:40", "10:00"]


def test_a_visit_ends_within_the_hours(clinic):
    doctor = a_doctor(hours="09:00-10:00", visit_types=[a_visit_type(minutes=45)])
    assert times(doctor) == ["09:00", "09:15"]


def test_a_visit_does_not_span_the_lunch_break(clinic):
    doctor = a_doctor(hours=None, visit_types=[a_visit_type(minutes=60, step=30)])
    for hours in ("09:00-10:00", "10:30-12:00"):
        works(doctor, a_location(), 3, hours)
    assert times(doctor) == ["09:00", "10:30", "11:00"]


def test_a_booked_time_is_not_open(clinic):
    doctor = a_doctor(hours="09:00-10:30")
    booked(a_patient(), doctor, at("2026-11-25 09:30"))
    assert times(doctor) == ["09:00", "10:00"]


def test_a_visits_own_buffers_keep_their_distance(clinic):
    plain = a_visit_type(minutes=30)
    padded = a_visit_type(minutes=30, buffer_before=15, buffer_after=15)
    doctor = a_doctor(hours="09:00-12:00", visit_types=[plain, padded])
    booked(a_patient(), doctor, at("2026-11-25 10:00"), plain)
    assert times(doctor, kind=padded) == ["09:00", "09:15", "10:45", "11:00", "11:15", "11:30"]


def test_the_buffers_of_a_booked_visit_are_taken_too(clinic):
    plain = a_visit_type(minutes=30)
    padded = a_visit_type(minutes=30, buffer_before=15, buffer_after=15)
    doctor = a_doctor(hours="09:00-11:30", visit_types=[plain, padded])
    booked(a_patient(), doctor, at("2026-11-25 10:00"), padded)
    assert times(doctor, kind=plain) == ["09:00", "09:15", "10:45", "11:00"]


def test_a_buffer_may_reach_beyond_the_hours(clinic):
    padded = a_visit_type(minutes=30, buffer_before=30, buffer_after=30)
    doctor = a_doctor(hours="09:00-09:30", visit_types=[padded])
    assert times(doctor) == ["09:00"]


def test_a_time_within_the_minimum_notice_is_not_open(clinic):
    policy(minimum_notice_minutes=120)
    doctor = a_doctor(hours="09:00-11:00")
    assert times(doctor, date(2026, 11, 24)) == ["10:00", "10:15", "10:30"]


def test_the_last_day_of_the_horizon_is_open(clinic):
    policy(horizon_days=5)
    doctor = a_doctor(hours="09:00-09:30")
    assert times(doctor, date(2026, 11, 29)) == ["09:00"]


def test_the_day_after_the_horizon_is_not_open(clinic):
    policy(horizon_days=5)
    doctor = a_doctor(hours="09:00-09:30")
    assert times(doctor, date(2026, 11, 30)) == []


def test_time_off_closes_what_it_covers(clinic):
    doctor = a_doctor(hours="09:00-11:00")
    exception(doctor, at("2026-11-25 09:30"), at("2026-11-25 10:30"))
    assert times(doctor) == ["09:00", "10:30"]


def test_extra_hours_open_a_free_day(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 1, "09:00-10:00")
    begins, ends = at("2026-11-25 18:00"), at("2026-11-25 18:45")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location())
    assert times(doctor) == ["18:00", "18:15"]


def test_extra_hours_open_a_place_at_which_nobody_works_otherwise(clinic):
    doctor = a_doctor(hours=None)
    begins, ends = at("2026-11-25 18:00"), at("2026-11-25 18:45")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location("Pop-up"))
    assert times(doctor) == ["18:00", "18:15"]


def test_time_off_beats_extra_hours(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    begins, ends = at("2026-11-25 18:00"), at("2026-11-25 19:00")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location())
    exception(doctor, at("2026-11-25 00:00"), at("2026-11-26 00:00"))
    assert times(doctor) == []


def test_a_closure_closes_its_place_for_everybody(clinic):
    doctor = a_doctor(hours="09:00-11:00")
    closure(a_location(), at("2026-11-25 00:00"), at("2026-11-25 10:00"))
    assert times(doctor) == ["10:00", "10:15", "10:30"]


def test_a_closure_leaves_other_places_open(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    closure(a_location("Elsewhere"), at("2026-11-25 00:00"), at("2026-11-26 00:00"))
    assert times(doctor) == ["09:00"]


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "expected"),
    [
        (WEDNESDAY, WEDNESDAY, ["09:00"]),
        (WEDNESDAY + timedelta(1), None, []),
        (None, WEDNESDAY - timedelta(1), []),
    ],
)
def test_hours_hold_from_their_first_to_their_last_date(clinic, valid_from, valid_until, expected):
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 3, "09:00-09:30", valid_from, valid_until)
    assert times(doctor) == expected


def test_hours_are_wall_clock_times_of_their_own_place(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location("Berlin"), 3, "09:00-09:30")
    works(doctor, a_location("Lisbon", "Europe/Lisbon"), 3, "09:00-09:30")
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = openings.of_day(desk, [facts], facts.visit_types[0], WEDNESDAY)
    assert [(each.location.name, each.starts_at.hour) for each in found] == [
        ("Berlin", 8),
        ("Lisbon", 9),
    ]


def test_a_visit_in_one_place_takes_the_doctor_from_the_other(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location("Berlin"), 3, "10:00-10:30")
    works(doctor, a_location("Lisbon", "Europe/Lisbon"), 3, "09:00-09:30")
    booked(a_patient(), doctor, at("2026-11-25 09:00", LISBON))
    assert times(doctor) == []


def test_weekdays_are_those_of_the_place_beyond_the_date_line(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location("Kiritimati", "Pacific/Kiritimati"), 3, "00:00-01:00")
    assert times(doctor) == ["00:00", "00:15", "00:30"]


def test_work_past_midnight_takes_a_visit_across_it(clinic):
    doctor = a_doctor(hours=None, visit_types=[a_visit_type(minutes=60, step=30)])
    works(doctor, a_location(), 3, "23:00-24:00")
    works(doctor, a_location(), 4, "00:00-00:30")
    assert times(doctor) == ["23:00", "23:30"]
