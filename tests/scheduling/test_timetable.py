"""A doctor's weekly hours: what can be stored, who may store it, and who is told first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import AuditEvent, Doctor, HoursExceptionKind, Role, User, WorkingHours
from app.scheduling import timetable
from app.scheduling.hits import Answer, Choice, Unanswered
from app.scheduling.intervals import Interval
from app.scheduling.timetable import Faulty
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_user,
    a_visit_type,
    at,
    booked,
    works,
)
from tests.scheduling.test_openings import exception, times

NINE, TEN, NOON, FIVE = 540, 600, 720, 1020


@pytest.fixture
def doctor(clinic) -> Doctor:
    """Wednesdays from nine to noon."""
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 3, "09:00-12:00")
    return doctor


def on(weekday: int, starts: int = NINE, ends: int = NOON, place: str = "", **more) -> Interval:
    location = a_location(place) if place else a_location()
    return Interval(weekday, location.id, starts, ends, **more)


def save(doctor: Doctor, *wanted: Interval, by: User | None = None, **how) -> None:
    how.setdefault("version", doctor.version)
    timetable.save(doctor, wanted, by or doctor.user, **how)


def stored(doctor: Doctor) -> list[Interval]:
    return [timetable.interval_of(row) for row in timetable.of(doctor)]


def faults(*wanted: Interval) -> dict[int, tuple[str, str]]:
    found = timetable.complaints_about(a_doctor(hours=None), wanted)
    return {number: (one.field, one.sentence) for number, one in found.items()}


def test_hours_are_stored_as_they_are_wished_for(doctor):
    kind = doctor.visit_types[0].id
    week = [
        on(1),
        on(1, 13 * 60, FIVE, "Elsewhere", valid_from=date(2026, 12, 1)),
        on(3, visit_type_ids=frozenset({kind})),
    ]
    save(doctor, *week)
    assert stored(doctor) == week
    assert doctor.version == 2


def test_what_stays_keeps_its_row(doctor):
    row = db.session.scalars(select(WorkingHours.id)).one()
    save(doctor, on(3), on(4))
    assert row in db.session.scalars(select(WorkingHours.id)).all()


def test_new_hours_are_open_at_once(doctor):
    assert times(doctor) != []
    save(doctor, on(3, TEN, TEN + 30))
    assert times(doctor) == ["10:00"]


def test_hours_that_are_over_are_history_and_stay(doctor):
    works(doctor, a_location(), 1, "09:00-12:00", valid_until=date(2026, 11, 23))
    assert stored(doctor) == [on(3)]
    save(doctor, on(5))
    assert len(db.session.scalars(select(WorkingHours)).all()) == 2


def test_the_trail_says_in_words_what_changed(doctor):
    vaccination = a_visit_type("Vaccination")
    save(doctor, on(3, TEN), on(5, visit_type_ids=frozenset({vaccination.id})))
    event = db.session.scalars(select(AuditEvent)).one()
    assert event.action == "doctor.hours_changed"
    assert event.before == {"Wednesday": ["09:00–12:00, Main Street Practice"], "Friday": []}
    assert event.after == {
        "Wednesday": ["10:00–12:00, Main Street Practice"],
        "Friday": ["09:00–12:00, Main Street Practice only Vaccination"],
    }


@pytest.mark.parametrize(
    ("starts", "ends", "field", "sentence"),
    [
        (NOON, NINE, "ends", "The end must come after the start."),
        (NINE, NINE, "ends", "The end must come after the start."),
        (NINE + 1, NOON, "starts", "Use steps of five minutes, like 09:05."),
        (NINE, NOON + 3, "ends", "Use steps of five minutes, like 09:05."),
        (NINE, 1445, "ends", "Use steps of five minutes, like 09:05."),
    ],
)
def test_times_that_cannot_be_are_refused(clinic, starts, ends, field, sentence):
    assert faults(on(1, starts, ends)) == {0: (field, sentence)}


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        (date(2026, 12, 2), date(2026, 12, 1), "The last day must not come before the first."),
        (None, date(2026, 11, 23), "This day has passed."),
        (date(2026, 12, 1), date(2026, 12, 6), "There is no Monday between these days."),
    ],
)
def test_dates_that_cannot_be_are_refused(clinic, since, until, sentence):
    assert faults(on(1, valid_from=since, valid_until=until)) == {0: ("until", sentence)}


def test_hours_that_touch_do_not_overlap(clinic):
    assert faults(on(1, NINE, TEN), on(1, TEN, NOON), on(2, NINE, NOON)) == {}


def test_hours_that_overlap_are_refused_whatever_their_place(clinic):
    found = faults(on(1, NINE, NOON), on(1, TEN, FIVE, "Elsewhere"))
    words = "These hours overlap with Monday, 09:00–12:00, at Main Street Practice."
    assert found == {1: ("starts", words)}


def test_hours_overlap_only_where_both_are_valid(clinic):
    until, after = date(2026, 12, 7), date(2026, 12, 8)
    assert faults(on(1, valid_until=until), on(1, valid_from=after)) == {}
    assert set(faults(on(1, valid_until=until), on(1, valid_from=until))) == {1}


def test_hours_that_could_meet_only_on_another_weekday_do_not_overlap(clinic):
    first, last = date(2026, 12, 1), date(2026, 12, 6)  # Tuesday to Sunday
    assert faults(on(1, valid_until=last), on(1, valid_from=first)) == {}


def test_hours_on_walls_that_show_other_times_are_compared_as_instants(clinic):
    a_location("Lisbon", "Europe/Lisbon")
    assert faults(on(1, NINE, TEN), on(1, NINE, TEN, "Lisbon")) == {}
    assert set(faults(on(1, TEN, NOON), on(1, NINE, TEN, "Lisbon"))) == {1}


def test_hours_that_meet_across_the_date_line_overlap(clinic):
    a_location("Kiritimati", "Pacific/Kiritimati")
    tuesday_there = on(3, 0, 60, "Kiritimati")  # eleven to noon on Tuesdays in Berlin
    assert set(faults(on(2, 11 * 60, NOON), tuesday_there)) == {1}
    assert faults(on(3, 11 * 60, NOON), tuesday_there) == {}


def test_hours_that_meet_only_in_summer_overlap(clinic):
    a_location("Johannesburg", "Africa/Johannesburg")
    assert set(faults(on(1, NINE, TEN), on(1, NINE, TEN, "Johannesburg"))) == {1}
    winter: dict[str, Any] = {"valid_until": date(2027, 3, 1)}
    assert faults(on(1, NINE, TEN, **winter), on(1, NINE, TEN, "Johannesburg", **winter)) == {}


def test_hours_do_not_meet_extra_hours_at_another_place(doctor):
    begins, ends = at("2026-11-27 18:00"), at("2026-11-27 19:00")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location("Elsewhere"))
    found = timetable.complaints_about(doctor, [on(5, NINE, NINE * 2 + 30), on(5, NINE, NOON)])
    words = "On Friday 27 November there are extra hours at Elsewhere then."
    assert found[0].sentence == words
    save(doctor, on(5, NINE, NOON), on(5, 19 * 60, 20 * 60))
    save(doctor, on(5, NINE, FIVE + 120, "Elsewhere"))


def test_more_intervals_than_there_is_room_for_are_refused(doctor):
    many = [on(1 + n % 7, n // 7 * 10, n // 7 * 10 + 5) for n in range(71)]
    save(doctor, *many[:70])
    with pytest.raises(Faulty, match="There is room for 70 intervals"):
        save(doctor, *many)
    assert len(stored(doctor)) == 70


def test_faulty_hours_are_not_stored(doctor):
    with pytest.raises(Faulty):
        save(doctor, on(1, NOON, NINE))
    db.session.rollback()
    assert stored(doctor) == [on(3)]


def test_who_saves_over_somebody_elses_change_is_told(doctor):
    save(doctor, on(4))
    with pytest.raises(ChangedMeanwhile):
        save(doctor, on(5), version=1)
    db.session.rollback()
    assert stored(doctor) == [on(4)]


def test_saving_twice_what_is_stored_is_no_fault(doctor):
    save(doctor, on(4))
    save(doctor, on(4), version=1)
    assert doctor.version == 2


def test_only_the_doctor_and_admins_change_hours(doctor):
    admin = a_user(Role.ADMIN)
    save(doctor, on(4), by=admin)
    for other in (a_doctor().user, a_patient().user):
        with pytest.raises(NotAllowed):
            save(doctor, on(5), by=other)
    assert stored(doctor) == [on(4)]


def test_visits_that_no_longer_fit_are_asked_about_and_nothing_is_saved(doctor):
    visit = booked(a_patient("Ann"), doctor, at("2026-11-25 09:00"))
    with pytest.raises(Unanswered) as refused:
        save(doctor, on(3, TEN))
    assert [hit.patient for hit in refused.value.hits] == ["Ann"]
    db.session.rollback()
    assert stored(doctor) == [on(3)]
    assert db.session.get_one(Doctor, doctor.id).version == 1
    assert visit.status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("choice", "status"), [(Choice.KEEP, Status.CONFIRMED), (Choice.CANCEL, Status.CANCELLED)]
)
def test_with_an_answer_hours_and_visits_change_together(doctor, choice, status):
    visit = booked(a_patient("Ann"), doctor, at("2026-11-25 09:00"))
    save(doctor, on(3, TEN), answer=Answer(choice, "New hours.", frozenset({visit.ref})))
    assert stored(doctor) == [on(3, TEN)]
    assert visit.status is status


def test_longer_hours_hit_nobody(doctor):
    booked(a_patient(), doctor, at("2026-11-25 09:00"))
    save(doctor, on(3, NINE - 60, FIVE))
    assert stored(doctor) == [on(3, NINE - 60, FIVE)]
