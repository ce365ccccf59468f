"""Time off and extra hours: once or every week, on the wall of a zone, and taken back again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import AuditEvent, Doctor, HoursException, HoursExceptionKind, Role
from app.scheduling import time_off
from app.scheduling.days import WHOLE_DAY
from app.scheduling.hits import Answer, Choice, Unanswered
from app.scheduling.wishes import EXTRA_HOURS, TIME_OFF, Faulty, Wish, spans_of
from tests.builders import BERLIN, a_doctor, a_location, a_patient, a_user, at, booked, works
from tests.scheduling.conftest import queries
from tests.scheduling.test_openings import times

WEDNESDAY = date(2026, 11, 25)
NINE, TEN, NOON, SIX = 540, 600, 720, 1080


def off(
    first: date = WEDNESDAY,
    last: date | None = None,
    starts: int = 0,
    ends: int = WHOLE_DAY,
    **more,
) -> Wish:
    return Wish(TIME_OFF, BERLIN, first, last or first, starts, ends, **more)


def extra(on: date = WEDNESDAY, starts: int = SIX, ends: int = SIX + 60, **more) -> Wish:
    place = more.pop("place", None) or a_location()
    return Wish(EXTRA_HOURS, place.zoneinfo, on, on, starts, ends, place, **more)


def add(doctor: Doctor, wish: Wish, **how) -> None:
    time_off.add(doctor, wish, doctor.user, **how)


def stored() -> list[tuple[HoursExceptionKind, str, str]]:
    rows = db.session.scalars(select(HoursException).order_by(HoursException.starts_at))
    return [
        (
            row.kind,
            f"{row.starts_at.astimezone(BERLIN):%d %H:%M}",
            f"{row.ends_at.astimezone(BERLIN):%d %H:%M}",
        )
        for row in rows
    ]


def remove(doctor: Doctor, *, whole: bool = False, **how) -> int:
    first = time_off.coming(doctor)[0].first.id
    return time_off.remove(doctor, first, doctor.user, whole=whole, **how)


def test_hours_days_and_weeks_can_be_taken_off(clinic):
    doctor = a_doctor()
    add(doctor, off(WEDNESDAY, None, NINE, NOON))
    add(doctor, off(date(2026, 11, 26)))
    add(doctor, off(date(2026, 11, 28), date(2026, 12, 6)))
    assert stored() == [
        (TIME_OFF, "25 09:00", "25 12:00"),
        (TIME_OFF, "26 00:00", "27 00:00"),
        (TIME_OFF, "28 00:00", "07 00:00"),
    ]
    assert times(doctor)[0] == "12:00"
    assert times(doctor, date(2026, 11, 26)) == []


def test_extra_hours_can_be_booked_at_once(clinic):
    doctor = a_doctor(hours=None)
    add(doctor, extra())
    assert times(doctor) == ["18:00", "18:15", "18:30"]


def test_what_repeats_is_one_row_a_week_at_the_same_time_on_the_wall(clinic):
    doctor = a_doctor()
    wish = off(date(2027, 3, 24), None, NINE, NOON, weekly_until=date(2027, 4, 7))
    add(doctor, wish)
    assert [when for _, when, _ in stored()] == ["24 09:00", "31 09:00", "07 09:00"]
    assert len(set(db.session.scalars(select(HoursException.series)))) == 1
    (entry,) = time_off.coming(doctor)
    assert len(entry.rows) == 3


def test_a_day_on_which_the_clocks_change_is_off_as_a_whole(clinic):
    (span,) = spans_of(off(date(2027, 3, 28)))
    assert span == (at("2027-03-28 00:00"), at("2027-03-29 00:00"))
    assert (span[1] - span[0]).total_seconds() == 23 * 3600


@pytest.mark.parametrize(("minutes", "field"), [((150, 300), "starts"), ((60, 150), "ends")])
def test_a_time_that_the_clocks_skip_is_refused_in_words(clinic, minutes, field):
    with pytest.raises(Faulty) as refused:
        spans_of(off(date(2027, 3, 28), None, *minutes))
    assert refused.value.field == field
    words = "02:30 does not exist on Sunday 28 March 2027, because the clocks go forward then."
    assert refused.value.sentence == words


def test_a_repeated_time_that_the_clocks_skip_once_is_refused(clinic):
    with pytest.raises(Faulty):
        spans_of(off(date(2027, 3, 21), None, 150, 300, weekly_until=date(2027, 4, 4)))


def test_a_time_that_exists_twice_is_taken_as_widely_as_it_can_be(clinic):
    clinic.move_to(at("2026-10-01 08:00"))
    (span,) = spans_of(off(date(2026, 10, 25), None, 150, 155))
    assert (span[1] - span[0]).total_seconds() == 3600 + 300


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (off(WEDNESDAY, date(2026, 11, 24)), "last_day"),
        (off(WEDNESDAY, WEDNESDAY, NOON, NINE), "ends"),
        (off(WEDNESDAY, WEDNESDAY, NINE, NINE), "ends"),
        (off(WEDNESDAY, WEDNESDAY, NINE + 1, NOON), "starts"),
        (off(WEDNESDAY, WEDNESDAY, NINE, NOON + 2), "ends"),
        (off(date(2026, 11, 23)), "last_day"),
        (off(WEDNESDAY, date(2028, 1, 1)), "last_day"),
        (off(WEDNESDAY, weekly_until=date(2026, 11, 24)), "weekly_until"),
        (off(WEDNESDAY, weekly_until=date(2029, 11, 24)), "weekly_until"),
        (off(WEDNESDAY, date(2026, 12, 2), weekly_until=date(2027, 1, 1)), "weekly_until"),
        (replace(off(), kind=EXTRA_HOURS), "location"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(clinic, wish, field):
    with pytest.raises(Faulty) as refused:
        add(a_doctor(), wish)
    assert refused.value.field == field
    db.session.rollback()
    assert stored() == []


def test_nobody_works_at_two_places_at_once(clinic):
    doctor, elsewhere = a_doctor(), a_location("Elsewhere")
    with pytest.raises(Faulty) as refused:
        add(doctor, extra(starts=NINE, ends=NOON, place=elsewhere))
    assert "there are hours at Main Street Practice then" in refused.value.sentence
    add(doctor, extra(place=elsewhere))
    with pytest.raises(Faulty):
        add(doctor, extra(starts=SIX + 30, ends=SIX + 90))


def test_adding_twice_adds_once(clinic):
    doctor = a_doctor()
    add(doctor, off())
    add(doctor, off())
    assert len(stored()) == 1


def test_time_off_asks_about_the_visits_it_hits(clinic):
    doctor = a_doctor()
    visit = booked(a_patient("Ann"), doctor, at("2026-12-02 09:00"))
    weekly = off(WEDNESDAY, None, NINE, TEN, weekly_until=date(2026, 12, 9))
    with pytest.raises(Unanswered) as refused:
        add(doctor, weekly)
    assert [hit.ref for hit in refused.value.hits] == [visit.ref]
    db.session.rollback()
    assert stored() == []
    add(doctor, weekly, answer=Answer(Choice.CANCEL, "I am away.", frozenset({visit.ref})))
    assert len(stored()) == 3
    assert visit.status is Status.CANCELLED


def test_one_of_a_series_can_go_or_the_rest_of_it(clinic):
    doctor = a_doctor()
    add(doctor, off(WEDNESDAY, weekly_until=date(2026, 12, 16)))
    remove(doctor)
    assert len(stored()) == 3
    clinic.move_to(at("2026-12-04 08:00"))
    remove(doctor, whole=True)
    assert [when for _, when, _ in stored()] == ["02 00:00"]  # what is over stays


def test_extra_hours_that_go_ask_about_their_visits(clinic):
    doctor = a_doctor(hours=None)
    add(doctor, extra())
    visit = booked(a_patient("Ann"), doctor, at("2026-11-25 18:15"))
    with pytest.raises(Unanswered):
        remove(doctor)
    db.session.rollback()
    assert len(stored()) == 1
    remove(doctor, answer=Answer(Choice.KEEP, seen=frozenset({visit.ref})))
    assert stored() == []
    assert visit.status is Status.CONFIRMED


@pytest.mark.parametrize("kind", [TIME_OFF, EXTRA_HOURS])
def test_what_was_removed_comes_back_as_it_was(clinic, kind):
    doctor = a_doctor()
    wish = off(weekly_until=date(2026, 12, 9)) if kind is TIME_OFF else extra(note="Flu shots")
    add(doctor, wish)
    before = stored()
    removal = remove(doctor, whole=True)
    assert time_off.may_restore(doctor, removal)
    time_off.restore(doctor, removal, doctor.user)
    time_off.restore(doctor, removal, doctor.user)
    assert stored() == before
    assert time_off.coming(doctor)[0].first.note == wish.note


def test_time_off_that_comes_back_asks_who_has_booked_meanwhile(clinic):
    doctor = a_doctor()
    add(doctor, off())
    removal = remove(doctor)
    booked(a_patient("Ann"), doctor, at("2026-11-25 09:00"))
    with pytest.raises(Unanswered):
        time_off.restore(doctor, removal, doctor.user)


def test_nobody_brings_back_what_was_somebody_elses(clinic):
    doctor, other = a_doctor(), a_doctor()
    add(doctor, off())
    removal = remove(doctor)
    assert not time_off.may_restore(other, removal)
    with pytest.raises(NotFound):
        time_off.restore(other, removal, other.user)


def test_nobody_removes_somebody_elses(clinic):
    doctor, other = a_doctor(), a_doctor()
    add(doctor, off())
    with pytest.raises(NotFound):
        time_off.remove(other, time_off.coming(doctor)[0].first.id, other.user, whole=False)
    with pytest.raises(NotAllowed):
        time_off.add(doctor, off(date(2026, 12, 1)), other.user)
    time_off.add(doctor, off(date(2026, 12, 1)), a_user(Role.ADMIN))
    assert len(stored()) == 2


def test_the_trail_tells_what_was_added_and_removed(clinic):
    doctor = a_doctor()
    add(doctor, extra(note="Flu shots"))
    remove(doctor)
    added, removed = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
    assert (added.action, removed.action) == (
        "doctor.extra_hours_added",
        "doctor.extra_hours_removed",
    )
    assert added.after == removed.before
    assert added.after == {
        "starts_at": ["2026-11-25T17:00:00+00:00"],
        "ends_at": ["2026-11-25T18:00:00+00:00"],
        "location": "Main Street Practice",
        "note": "Flu shots",
    }


def test_time_off_is_told_on_the_wall_where_the_doctor_works(clinic):
    lisbon = a_location("Lisbon", "Europe/Lisbon")
    doctor = a_doctor(location=lisbon)
    assert time_off.zone_of(doctor) == ZoneInfo("Europe/Lisbon")
    works(doctor, a_location(), 1, "18:00-19:00")
    assert time_off.zone_of(doctor) == BERLIN


def test_two_years_of_extra_hours_are_checked_in_as_many_queries_as_one_day(clinic):
    doctor = a_doctor()
    db.session.commit()
    with queries() as one:
        add(doctor, extra())
    with queries() as many:
        add(doctor, extra(starts=1200, ends=1260, weekly_until=date(2028, 11, 22)))
    written = sum("INSERT INTO hours_exceptions" in each for each in many)
    assert len(many) - written <= len(one) + 1
