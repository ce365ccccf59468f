"""The page of time off and extra hours, without JavaScript."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Doctor, HoursException, Role
from app.scheduling import holds
from app.scheduling.holders import Holder
from tests.builders import a_doctor, a_patient, a_user, at, booked, tick
from tests.pages import Page, Visitor

PAGE = "/board/time-off/"
OFF, EXTRA = f"{PAGE}#add-off", f"{PAGE}extra/#add-extra"
DAY = "2026-11-25"


@dataclass
class Desk:
    app: Flask
    ref: str
    doctor: Visitor
    admin: Visitor

    def take_off(self, **values: str) -> Page:
        form = self.doctor.get(PAGE).form(OFF)
        sent = {f"off-{name}": value for name, value in values.items()}
        return self.doctor.submit(form, follow=False, **sent)

    def work_more(self, **values: str) -> Page:
        form = self.doctor.get(PAGE).form(EXTRA)
        sent = {f"extra-{name}": value for name, value in values.items()}
        return self.doctor.submit(form, follow=False, **sent)

    def rows(self) -> int:
        with self.app.app_context():
            return len(db.session.scalars(select(HoursException)).all())

    def book(self, name: str, text: str) -> None:
        with self.app.app_context():
            doctor = db.session.scalars(select(Doctor).where(Doctor.ref == self.ref)).one()
            booked(a_patient(name), doctor, at(text))


@pytest.fixture
def desk(app: Flask, frozen_clock) -> Desk:
    with app.app_context():
        doctor = a_doctor("Ada Berg")
        ref, user_id = doctor.ref, doctor.user_id
        admin = Visitor(app.test_client(), a_user(Role.ADMIN, "Ana Sousa").id)
    return Desk(app, ref, Visitor(app.test_client(), user_id), admin)


def test_some_hours_a_day_and_a_week_off_are_told_in_words(desk):
    assert "Nothing is planned" in desk.doctor.get(PAGE).text
    assert desk.take_off(first_day=DAY, starts="09:00", ends="12:00").status == 303
    desk.take_off(first_day="2026-11-27")
    desk.take_off(first_day="2026-12-05", last_day="2026-12-13", note="Skiing")
    desk.take_off(first_day="2026-12-24", starts="13:00")
    text = desk.doctor.get(PAGE).text
    assert "Wednesday 25 November, 09:00 to 12:00" in text
    assert "Friday 27 November Time off" in text
    assert "Saturday 5 December to Sunday 13 December Skiing" in text
    assert "Thursday 24 December, 13:00 to midnight" in text


def test_extra_hours_every_week_are_one_line_with_each_of_them_inside(desk):
    page = desk.work_more(last_day=DAY, starts="18:00", ends="19:00", weekly_until="2026-12-09")
    assert page.status == 303
    text = desk.doctor.get(PAGE).text
    assert "Every week until Wednesday 9 December, 3 times. Main Street Practice." in text
    assert desk.rows() == 3


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("first_day", "", "Enter a date."),
        ("first_day", "soon", "Enter a date."),
        ("last_day", "2026-11-24", "must not come before the first"),
        ("starts", "nine", "Enter a time like 09:00, or leave this empty."),
        ("starts", "13:03", "Use steps of five minutes"),
        ("ends", "08:00", "The end must come after the start."),
        ("weekly_until", "x", "Enter a date, or leave this empty."),
        ("note", "n" * 201, "Use at most 200 characters."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(desk, field, typed, sentence):
    values = {"first_day": DAY, "starts": "09:00", "ends": "12:00", field: typed}
    page = desk.take_off(**values)
    assert page.status == 422
    assert sentence in page.html.split(f'id="off-{field}-error"')[1][:300]
    assert page.form(OFF).values[f"off-{field}"] == typed
    assert desk.rows() == 0


def test_a_time_that_the_clocks_skip_is_refused_in_words(desk):
    page = desk.take_off(first_day="2027-03-28", starts="02:30", ends="05:00")
    assert page.status == 422
    assert "02:30 does not exist on Sunday 28 March 2027" in page.text


def test_extra_hours_need_their_times(desk):
    page = desk.work_more(last_day=DAY, ends="12:00")
    assert page.status == 422
    assert "Enter a time like 09:00." in page.html.split('id="extra-starts-error"')[1][:300]


def test_visits_that_time_off_hits_are_asked_about_in_its_form(desk):
    desk.book("Ann Oz", f"{DAY} 09:30")
    page = desk.take_off(first_day=DAY)
    assert page.status == 409
    assert "Wednesday 25 November, 09:30 Ann Oz" in page.text
    assert desk.rows() == 0
    form = page.form(OFF)
    assert form.values["off-first_day"] == DAY
    assert desk.doctor.submit(form, follow=False).status == 409
    assert desk.doctor.submit(form, follow=False, hits_choice="keep").status == 303
    assert desk.rows() == 1


def test_of_two_visits_that_are_hit_one_is_kept_and_one_is_cancelled(desk):
    desk.book("Ann Oz", f"{DAY} 09:30")
    desk.book("Bob Ek", f"{DAY} 10:30")
    page = desk.take_off(first_day=DAY)
    assert "This hits 2 appointments" in page.text
    form = page.form(OFF)
    ann, bob = (f"hit_{ref}" for ref in form.values["hits_seen"].split())
    for name in (ann, bob):
        assert page.html.count(f'type="radio" name="{name}"') == 2
    half: dict[str, str] = {"hits_choice": "each", ann: "keep", "hits_reason": "I am ill."}
    again = desk.doctor.submit(form, follow=False, **half)
    assert again.status == 409
    assert "One has no answer yet." in again.text
    form = again.form(OFF)
    assert (form.values["hits_choice"], form.values[ann]) == ("each", "keep")
    assert desk.rows() == 0
    assert desk.doctor.submit(form, follow=False, **{bob: "cancel"}).status == 303
    with desk.app.app_context():
        visits = db.session.scalars(select(Appointment).order_by(Appointment.starts_at))
        assert [visit.status.value for visit in visits] == ["confirmed", "cancelled"]


def test_a_time_that_is_only_held_is_said_and_given_up(desk):
    with desk.app.app_context():
        kind = db.session.scalars(select(Doctor)).one().visit_types[0].ref
        browser = Holder("a browser", address="an address")
        holds.hold(browser, desk.ref, kind, tick(f"{DAY} 10:00"), "key")
    page = desk.take_off(first_day=DAY)
    assert page.status == 409
    assert "This hits one held time" in page.text
    assert "The time is given up with this change." in page.text
    assert "hits_choice" not in page.html
    assert desk.doctor.submit(page.form(OFF), follow=False).status == 303
    with desk.app.app_context():
        assert [held.status.value for held in db.session.scalars(select(Appointment))] == [
            "expired"
        ]


def test_what_is_deleted_can_be_brought_back(desk):
    desk.take_off(first_day=DAY)
    page = desk.doctor.get(PAGE)
    form = next(form for form in page.forms if form.action.endswith("/delete/"))
    page = desk.doctor.submit(form)
    assert desk.rows() == 0
    assert "Deleted." in page.text
    twice = desk.doctor.submit(form)
    assert (twice.status, twice.address) == (200, PAGE)
    assert "This is over, or it was deleted already." in twice.text
    undo = next(form for form in page.forms if form.action.endswith("/undo/"))
    page = desk.doctor.submit(undo)
    assert "It is back." in page.text
    assert desk.rows() == 1


def test_a_whole_series_can_be_deleted(desk):
    desk.take_off(first_day=DAY, weekly_until="2026-12-09")
    page = desk.doctor.get(PAGE)
    forms = [form for form in page.forms if form.action.endswith("/delete/")]
    assert [form.values["which"] for form in forms] == ["one", "one", "one", "series"]
    desk.doctor.submit(forms[0])
    assert desk.rows() == 2
    desk.doctor.submit(desk_form(desk, "series"))
    assert desk.rows() == 0


def desk_form(desk: Desk, which: str):
    forms = desk.doctor.get(PAGE).forms
    return next(form for form in forms if form.values.get("which") == which)


def test_extra_hours_with_a_visit_ask_before_they_go(desk):
    desk.work_more(last_day=DAY, starts="18:00", ends="19:00")
    desk.book("Ann Oz", f"{DAY} 18:15")
    page = desk.doctor.submit(desk_form(desk, "one"), follow=False)
    assert page.status == 409
    assert desk.rows() == 1
    form = next(form for form in page.forms if "hits_seen" in form.values)
    page = desk.doctor.submit(form, hits_choice="cancel", hits_reason="Not this week.")
    assert desk.rows() == 0
    assert "Deleted." in page.text


def test_an_admin_plans_for_any_doctor(desk):
    address = f"{PAGE}?doctor={desk.ref}"
    form = desk.admin.get(address).form(f"{address}#add-off")
    done = desk.admin.submit(form, follow=False, **{"off-first_day": DAY})
    assert done.location == address
    assert desk.rows() == 1
    assert desk.admin.get(PAGE).location == "/admin/doctors/"


@pytest.mark.parametrize(
    ("number", "deed"), [("0", "delete"), ("99999999999999999999", "delete"), ("424242", "undo")]
)
def test_what_is_not_there_is_not_found(desk, number, deed):
    form = desk.doctor.get(PAGE).form(OFF)
    form.action = f"{PAGE}{number}/{deed}/"
    assert desk.doctor.submit(form).status == 404
