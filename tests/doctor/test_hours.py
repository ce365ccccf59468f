"""The page of a doctor's hours: rows come and go without JavaScript, and nothing typed is lost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Doctor, Role, VisitType, WorkingHours
from app.scheduling import timetable
from tests.builders import a_doctor, a_location, a_patient, a_user, a_visit_type, at, booked, works
from tests.pages import HTMX, Page, Visitor

PAGE = "/board/hours/"


@dataclass
class Desk:
    app: Flask
    ref: str
    kind: str
    doctor: Visitor
    admin: Visitor

    def week(self) -> dict[str, list[str]]:
        """The hours that are stored, in words."""
        with self.app.app_context():
            doctor = db.session.scalars(select(Doctor).where(Doctor.ref == self.ref)).one()
            return timetable.in_words(timetable.of(doctor))

    def press(self, do: str, page: Page | None = None, **values: str) -> Page:
        """Press a button of the form, with some of its values changed."""
        page = page or self.doctor.get(PAGE)
        return self.doctor.submit(page.form(PAGE), follow=False, do=do, **values)


@pytest.fixture
def desk(app: Flask, frozen_clock) -> Desk:
    with app.app_context():
        kind = a_visit_type("Check-up")
        doctor = a_doctor("Ada Berg", hours=None, visit_types=[kind, a_visit_type("Vaccination")])
        works(doctor, a_location(), 3, "09:00-12:00")
        ref, user_id, kind_ref = doctor.ref, doctor.user_id, kind.ref
        admin = Visitor(app.test_client(), a_user(Role.ADMIN, "Ana Sousa").id)
    return Desk(app, ref, kind_ref, Visitor(app.test_client(), user_id), admin)


def test_the_page_shows_the_week_as_it_is_stored(desk):
    values = desk.doctor.get(PAGE).form(PAGE).values
    assert (values["weekday_0"], values["starts_0"], values["ends_0"]) == ("3", "09:00", "12:00")


def test_a_row_is_added_filled_in_and_saved_without_javascript(desk):
    page = desk.press("add-5")
    assert page.status == 200
    assert page.form(PAGE).values["weekday_1"] == "5"
    page = desk.press("save", page, starts_1="13:00", ends_1="00:00")
    assert (page.status, page.location) == (303, PAGE)
    assert desk.week() == {
        "Wednesday": ["09:00–12:00, Main Street Practice"],
        "Friday": ["13:00–24:00, Main Street Practice"],
    }


def test_adding_and_removing_stores_nothing_and_keeps_what_is_typed(desk):
    page = desk.press("add-3", starts_0="08:xx", **{f"kind_0_{desk.kind}": "y"})
    values = page.form(PAGE).values
    assert values["starts_0"] == "08:xx"
    assert values[f"kind_0_{desk.kind}"] == "y"
    page = desk.press("remove-0", page, starts_1="14:00")
    values = page.form(PAGE).values
    assert "starts_0" not in values
    assert values["starts_1"] == "14:00"
    assert desk.week() == {"Wednesday": ["09:00–12:00, Main Street Practice"]}


def test_a_day_is_copied_to_the_days_that_are_chosen(desk):
    page = desk.press("copy-3", copy_3_1="y", copy_3_5="y")
    assert page.status == 200
    desk.press("save", page)
    same = ["09:00–12:00, Main Street Practice"]
    assert desk.week() == {"Monday": same, "Wednesday": same, "Friday": same}


def test_copying_takes_the_place_of_what_was_there(desk):
    page = desk.press("copy-3", desk.press("copy-3", copy_3_1="y"), copy_3_1="y", ends_0="11:00")
    desk.press("save", page)
    assert desk.week()["Monday"] == ["09:00–11:00, Main Street Practice"]


def test_the_last_row_can_be_removed(desk):
    desk.press("save", desk.press("remove-0"))
    assert desk.week() == {}


def test_dates_and_visit_types_are_kept(desk):
    page = desk.press(
        "save", since_0="2026-12-01", until_0="2026-12-31", **{f"kind_0_{desk.kind}": "y"}
    )
    assert page.status == 303
    words = "09:00–12:00, Main Street Practice from 2026-12-01 until 2026-12-31 only Check-up"
    assert desk.week() == {"Wednesday": [words]}
    values = desk.doctor.get(PAGE).form(PAGE).values
    assert values["since_0"] == "2026-12-01"
    assert values[f"kind_0_{desk.kind}"] == "y"


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("starts_0", "9 o'clock", "Enter a time like 09:00."),
        ("starts_0", "", "Enter a time like 09:00."),
        ("ends_0", "08:00", "The end must come after the start."),
        ("ends_0", "09:00", "The end must come after the start."),
        ("starts_0", "09:03", "Use steps of five minutes"),
        ("until_0", "2026-11-01", "This day has passed."),
        ("since_0", "tomorrow", "Enter a date, or leave this empty."),
        ("place_0", "99999", "Choose a location."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(desk, field, typed, sentence):
    page = desk.press("save", **{field: typed})
    assert page.status == 422
    assert sentence in page.html.split(f'id="{field}-error"')[1][:250]
    if not field.startswith("place"):
        assert page.form(PAGE).values[field] == typed
    assert desk.week() == {"Wednesday": ["09:00–12:00, Main Street Practice"]}


def test_hours_that_overlap_are_refused_beside_the_later_ones(desk):
    page = desk.press("save", desk.press("add-3"), starts_1="11:00", ends_1="13:00")
    assert page.status == 422
    assert "overlap with Wednesday, 09:00–12:00" in page.html.split('id="starts_1-error"')[1][:250]


def test_all_that_is_wrong_is_said_at_once(desk):
    page = desk.press("save", desk.press("add-5"), ends_0="08:00", starts_1="", ends_1="13:00")
    assert "Wednesday 09:00–08:00: The end must come after the start." in page.text
    assert "Friday, new: Enter a time like 09:00." in page.text


def test_visits_that_are_hit_are_listed_and_nothing_is_saved_without_an_answer(desk):
    with desk.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        ref = booked(a_patient("Ann Oz"), doctor, at("2026-11-25 09:00")).ref
    page = desk.press("save", starts_0="10:00")
    assert page.status == 409
    assert "This hits one appointment" in page.text
    assert "Wednesday 25 November, 09:00 Ann Oz" in page.text
    assert page.form(PAGE).values["starts_0"] == "10:00"
    again = desk.press("save", page)
    assert again.status == 409
    assert "Choose what becomes of them." in again.text
    silent = desk.press("save", page, hits_choice="cancel")
    assert silent.status == 409
    assert "Write a message" in silent.text
    assert desk.week() == {"Wednesday": ["09:00–12:00, Main Street Practice"]}
    done = desk.press("save", page, hits_choice="cancel", hits_reason="I start later now.")
    assert done.status == 303
    assert desk.week() == {"Wednesday": ["10:00–12:00, Main Street Practice"]}
    with desk.app.app_context():
        visit = db.session.scalars(select(Appointment).where(Appointment.ref == ref)).one()
        assert (visit.status.value, visit.cancel_reason) == ("cancelled", "I start later now.")


def test_who_comes_second_is_shown_what_the_other_stored_and_keeps_what_was_typed(desk):
    seen = desk.doctor.get(PAGE)
    desk.press("save", starts_0="10:00")
    page = desk.press("save", seen, ends_0="11:00")
    assert page.status == 409
    assert "has changed this meanwhile" in page.text
    assert "10:00–12:00, Main Street Practice" in page.text
    assert page.form(PAGE).values["ends_0"] == "11:00"
    assert desk.press("save", page).status == 303
    assert desk.week() == {"Wednesday": ["09:00–11:00, Main Street Practice"]}


def test_hours_that_nobody_can_book_are_said(desk):
    desk.press("save", **{f"kind_0_{desk.kind}": "y"})
    assert "Nobody can book these hours" not in desk.doctor.get(PAGE).text
    with desk.app.app_context():
        db.session.scalars(
            select(VisitType).where(VisitType.ref == desk.kind)
        ).one().is_active = False
        db.session.commit()
    text = desk.doctor.get(PAGE).text
    assert "Nobody can book these hours at present" in text
    assert "Check-up (not offered)" in text


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/"])
def test_saving_leads_nobody_elsewhere(desk, elsewhere):
    page = desk.doctor.get(f"{PAGE}?next={elsewhere}")
    assert elsewhere not in page.html
    assert desk.press("save", page, next=elsewhere, starts_0="08:00").location == PAGE


def test_htmx_gets_the_form_alone(desk):
    form = desk.doctor.get(PAGE).form(PAGE)
    answer = desk.doctor.post(PAGE, form.values | {"do": "add-1"}, **HTMX)
    assert answer.html.lstrip().startswith('<div id="hours"')
    assert "<html" not in answer.html


def test_an_admin_edits_the_hours_of_any_doctor(desk):
    address = f"{PAGE}?doctor={desk.ref}"
    page = desk.admin.get(address)
    assert "Hours of Dr. Ada Berg" in page.text
    done = desk.admin.submit(page.form(address), follow=False, do="save", starts_0="08:00")
    assert done.location == address
    assert desk.week() == {"Wednesday": ["08:00–12:00, Main Street Practice"]}
    assert desk.admin.get(PAGE).location == "/admin/doctors/"


def test_a_doctor_cannot_name_another(desk):
    with desk.app.app_context():
        other = a_doctor("Bo Ek", hours=None).ref
    page = desk.doctor.get(f"{PAGE}?doctor={other}")
    assert page.form(PAGE).values["starts_0"] == "09:00"


def test_a_doctor_who_waits_for_approval_sets_hours_already(desk):
    with desk.app.app_context():
        newcomer = a_doctor("Cy Ode", published=False, hours=None)
        visitor = Visitor(desk.app.test_client(), newcomer.user_id)
        number = newcomer.id
    page = visitor.submit(visitor.get(PAGE).form(PAGE), do="add-1")
    visitor.submit(page.form(PAGE), do="save", starts_0="09:00", ends_0="10:00")
    with desk.app.app_context():
        rows = select(WorkingHours).where(WorkingHours.doctor_id == number)
        assert len(db.session.scalars(rows).all()) == 1


@pytest.mark.parametrize("do", ["add-9", "add-", "remove-x", "copy-0", "", "burn"])
def test_nonsense_is_no_fault_of_the_page(desk, do):
    page = desk.press(do, weekday_7="12", weekday_9="x")
    assert page.status in {200, 303}
    assert desk.week() == {"Wednesday": ["09:00–12:00, Main Street Practice"]}
    if page.status == 200:
        assert page.form(PAGE).values["starts_0"] == "09:00"


def test_there_is_an_end_to_the_rows(desk):
    page = desk.doctor.get(PAGE)
    many = {
        f"{name}_{n}": value
        for n in range(70)
        for name, value in {"weekday": "1", "starts": "09:00", "ends": "10:00"}.items()
    }
    page = desk.press("add-1", page, **many)
    assert "There is room for 70 intervals." in page.text
