"""The strip of days: what each day offers and, in words, why it offers nothing."""

from __future__ import annotations

from datetime import date

from app.models import Doctor
from app.scheduling import changes, openings, strip
from app.scheduling.moves import Actor
from app.scheduling.strip import Day, DayState
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, at, booked, policy, works
from tests.scheduling.test_openings import closure, exception

TUESDAY, WEDNESDAY = date(2026, 11, 24), date(2026, 11, 25)


def day_of(doctor: Doctor, on: date = WEDNESDAY) -> Day:
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    return strip.of_days(desk, [facts], facts.visit_types[0], on, days=1)[0]


def test_an_open_day_counts_its_times(clinic):
    doctor = a_doctor(hours="09:00-10:00")
    assert day_of(doctor) == Day(WEDNESDAY, DayState.OPEN, 3, "3 times open")


def test_one_time_is_singular(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    assert day_of(doctor) == Day(WEDNESDAY, DayState.OPEN, 1, "1 time open")


def test_a_day_that_others_have_booked_is_full(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    booked(a_patient(), doctor, at("2026-11-25 09:00"))
    assert day_of(doctor) == Day(WEDNESDAY, DayState.FULL, 0, "Every time is taken")


def test_a_day_without_hours_is_closed(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 1, "09:00-17:00")
    assert day_of(doctor) == Day(WEDNESDAY, DayState.CLOSED, 0, "No hours on this day")


def test_a_day_of_a_doctor_who_never_works_is_closed(clinic):
    doctor = a_doctor(hours=None)
    assert day_of(doctor) == Day(WEDNESDAY, DayState.CLOSED, 0, "No hours on this day")


def test_a_day_off_is_closed_because_the_doctor_is_away(clinic):
    doctor = a_doctor()
    exception(doctor, at("2026-11-25 00:00"), at("2026-11-26 00:00"))
    assert day_of(doctor) == Day(WEDNESDAY, DayState.CLOSED, 0, "Away on this day")


def test_a_closure_gives_its_reason(clinic):
    doctor = a_doctor()
    closure(a_location(), at("2026-11-25 00:00"), at("2026-11-26 00:00"))
    assert day_of(doctor) == Day(
        WEDNESDAY, DayState.CLOSED, 0, "Main Street Practice is closed: Painting"
    )


def test_a_day_with_gaps_that_are_too_short_says_so(clinic):
    doctor = a_doctor(hours="09:00-09:30", visit_types=[a_visit_type(minutes=60)])
    assert day_of(doctor) == Day(
        WEDNESDAY, DayState.CLOSED, 0, "No gap is long enough for this visit"
    )


def test_today_after_the_last_timely_start_is_too_late(clinic):
    doctor = a_doctor(hours="08:00-09:00")
    assert day_of(doctor, TUESDAY) == Day(
        TUESDAY, DayState.TOO_SOON, 0, "Too late to book online for this day"
    )


def test_a_day_beyond_the_horizon_is_not_open_yet(clinic):
    policy(horizon_days=3)
    doctor, on = a_doctor(), date(2026, 11, 28)
    assert day_of(doctor, on) == Day(on, DayState.TOO_FAR, 0, "Not open for booking yet")


def test_a_day_is_open_when_one_of_several_doctors_has_a_time(clinic):
    kind = a_visit_type()
    full = a_doctor(hours="09:00-09:30", visit_types=[kind])
    a_doctor(hours="09:00-09:30", visit_types=[kind])
    booked(a_patient(), full, at("2026-11-25 09:00"))
    desk = openings.desk()
    visit_type = desk.catalogue.doctors[0].visit_types[0]
    day = strip.of_days(desk, desk.catalogue.doctors, visit_type, WEDNESDAY, days=1)[0]
    assert day.openings == 1


def test_the_strip_counts_what_the_day_lists(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 11:00"))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    for day in strip.of_days(desk, [facts], facts.visit_types[0], TUESDAY, days=7):
        listed = openings.of_day(desk, [facts], facts.visit_types[0], day.on)
        assert len(listed) == day.openings


def test_six_weeks_are_shown(clinic):
    doctor = a_doctor()
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = strip.of_days(desk, [facts], facts.visit_types[0], TUESDAY)
    assert (len(found), found[0].on, found[-1].on) == (42, TUESDAY, date(2027, 1, 4))


def test_a_move_sees_its_own_time_as_free(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    appointment = booked(a_patient(), doctor, at("2026-11-25 09:00"))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    kind = facts.visit_types[0]
    day = strip.of_days(desk, [facts], kind, WEDNESDAY, days=1, apart_from=appointment.id)[0]
    assert day.openings == 1


def test_a_cancelled_time_opens_the_day_again(clinic):
    doctor = a_doctor(hours="09:00-09:30")
    appointment = booked(a_patient(), doctor, at("2026-11-25 09:00"))
    changes.cancel(appointment, Actor.of(doctor.user), "Ill", version=appointment.version)
    assert day_of(doctor).state is DayState.OPEN
