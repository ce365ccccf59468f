"""The doctor's first page: today at a glance, who waits, what to answer, the week, time off."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Doctor, HoursException, HoursExceptionKind
from app.scheduling import diary, holds, openings, workload
from app.scheduling.holders import Holder
from app.scheduling.workload import Load
from app.transaction import transactional
from tests.builders import PASSWORD, a_doctor, a_patient, at, tick
from tests.doctor.conftest import TODAY, Practice
from tests.pages import HTMX, ORIGIN, Visitor
from tests.scheduling.conftest import queries
from tests.scheduling.test_staff_bookings import overbook

TODAYS = "/board/today/"
LIVE = "/board/today/live/"


def text(practice: Practice) -> str:
    return practice.doctor.get(TODAYS).text


def step(practice: Practice, action: str, ref: str = "") -> None:
    ref = ref or practice.ref
    form = practice.doctor.get(f"/board/visit/{ref}/").form(f"/{ref}/{action}/")
    practice.doctor.submit(form)


@transactional
def _off(begins: str, ends: str, note: str = "") -> None:
    doctor = db.session.scalars(select(Doctor)).one()
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=at(begins),
            ends_at=at(ends),
            note=note,
        )
    )


def take_off(practice: Practice, begins: str, ends: str, note: str = "") -> None:
    with practice.app.app_context():
        _off(begins, ends, note)


def test_a_doctor_lands_there_after_log_in(practice: Practice) -> None:
    visitor = Visitor(practice.app.test_client())
    with practice.app.app_context():
        email = db.session.scalars(select(Doctor)).one().user.email
    page = visitor.get("/login/")
    done = visitor.submit(page.form("/login/"), email=email, password=PASSWORD)
    assert done.address == TODAYS
    assert 'href="/board/today/" aria-current="page"' in done.html


def test_the_next_visit_and_how_many_are_left(practice: Practice) -> None:
    practice.book("14:00", "Rita Rocha")
    said = text(practice)
    assert "2 Visits left today" in said
    assert re.search(r"Next Ines Carvalho First visit · 30 min A reason 10:00", said)
    assert "Rita Rocha" not in said  # one after the other


def test_who_has_arrived_waits_since_a_time(practice: Practice) -> None:
    practice.wait_until(f"{TODAY} 09:52")
    step(practice, "arrive")
    practice.wait_until(f"{TODAY} 09:58")
    said = text(practice)
    assert "1 Waiting" in said
    assert "Waiting since 09:52 Ines Carvalho" in said


def test_who_is_in_consultation_is_said(practice: Practice) -> None:
    practice.wait_until(f"{TODAY} 10:00")
    step(practice, "start")
    assert "With you now Ines Carvalho" in text(practice)
    step(practice, "complete")
    said = text(practice)
    assert "Nobody else today" in said
    assert "0 Visits left today" in said


def test_a_visit_whose_time_has_passed_is_not_the_next(practice: Practice) -> None:
    practice.book("14:00", "Rita Rocha")
    practice.wait_until(f"{TODAY} 12:00")
    said = text(practice)
    assert "Next Rita Rocha" in said
    assert "Ines Carvalho" not in said


def test_requests_are_answered_from_there(practice: Practice) -> None:
    ref = practice.book("12:00", "Rita Request", needs_approval=True)
    page = practice.doctor.get(TODAYS)
    assert "1 Request to answer" in page.text
    assert f'href="/board/visit/{ref}/#decline"' in page.html
    done = practice.doctor.submit(page.form(f"/{ref}/approve/"))
    assert "Confirmed" in done.text
    assert "Nobody waits for an answer." in text(practice)


def test_a_held_time_is_nobodys_visit(practice: Practice) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        kind = doctor.visit_types[0].ref
        holds.hold(Holder("a stranger's"), doctor.ref, kind, tick(f"{TODAY} 11:00"), "a key")
    assert "1 Visit left today" in text(practice)


def test_the_week_is_told_in_minutes_and_per_cent(practice: Practice) -> None:
    practice.book("14:00")
    page = practice.doctor.get(TODAYS)
    assert "1 h of 56 h booked" in page.text
    assert '<meter class="load" min="0" max="3360" value="60"' in page.html
    assert "2 % of this week booked" in page.text


def load_of_this_week(practice: Practice) -> Load:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        desk = openings.desk()
        monday, sunday = at("2026-11-23 12:00").date(), at("2026-11-29 12:00").date()
        zone = desk.settings.zoneinfo
        return workload.load(diary.read(desk, doctor.id, monday, sunday), monday, sunday, zone)


def test_time_off_is_no_open_time_and_a_visit_in_it_fills_none(practice: Practice) -> None:
    before = load_of_this_week(practice)
    assert before == Load(booked=30, open=56 * 60)
    take_off(practice, f"{TODAY} 09:00", f"{TODAY} 12:00")
    assert load_of_this_week(practice) == Load(booked=0, open=53 * 60)


def test_a_doctor_without_hours_has_no_share_of_nothing() -> None:
    assert Load(0, 0).percent == 0
    assert Load(30, 60).percent == 50


def test_the_next_time_off_is_named(practice: Practice) -> None:
    assert "None is planned." in text(practice)
    take_off(practice, "2026-12-24 00:00", "2026-12-28 00:00", "Christmas")
    take_off(practice, "2026-11-01 00:00", "2026-11-02 00:00", "All Saints")
    said = text(practice)
    assert "Thursday 24 December to Sunday 27 December" in said
    assert "Christmas" in said
    assert "All Saints" not in said


def test_an_unchanged_page_costs_an_empty_answer(practice: Practice) -> None:
    first = practice.doctor.client.get(LIVE, base_url=ORIGIN, headers=HTMX)
    tag = first.headers["HX-PTag"]
    again = practice.doctor.client.get(LIVE, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})
    assert (again.status_code, again.data) == (304, b"")
    practice.book("12:00", "Rita Rocha")
    new = practice.doctor.client.get(LIVE, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})
    assert new.status_code == 200


def test_it_takes_as_many_queries_with_two_visits_as_with_ten(practice: Practice) -> None:
    practice.book("12:00", needs_approval=True)
    with practice.app.app_context():
        practice.doctor.get(LIVE, **HTMX)
        with queries() as few:
            practice.doctor.get(LIVE, **HTMX)
    for hour in (11, 13, 14, 15, 16):
        practice.book(f"{hour}:00", needs_approval=hour % 2 == 0)
    with practice.app.app_context():
        practice.doctor.get(LIVE, **HTMX)
        with queries() as many:
            practice.doctor.get(LIVE, **HTMX)
    assert len(many) == len(few)


def test_another_doctor_sees_nothing_of_it(practice: Practice) -> None:
    practice.book("12:00", "Rita Request", needs_approval=True)
    with practice.app.app_context():
        other = a_doctor("Bea Cruz").user_id
    said = practice.visitor(other).get(TODAYS).text
    assert "Ines Carvalho" not in said
    assert "Rita Request" not in said
    assert "No visits today" in said


@pytest.mark.parametrize("address", [TODAYS, LIVE])
def test_who_is_not_approved_yet_reads_that(practice: Practice, address: str) -> None:
    with practice.app.app_context():
        waiting = a_doctor("Wanda Weiss", published=False).user_id
    assert "waits for approval" in practice.visitor(waiting).get(address).text


def test_an_overbooked_visit_is_marked_there_too(practice: Practice) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        overbook(doctor, a_patient("Rita Rocha"), tick(f"{TODAY} 08:30"))
    assert re.search(r"Next Rita Rocha .* 08:30 Confirmed Overbooked", text(practice))
