"""Closures: entered, with an answer for every appointment that they hit; changed and deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.extensions import db
from app.models import Appointment, AppointmentStatus, Closure, MessageKind, OutboxMessage, Role
from tests.admin.conftest import Office
from tests.builders import a_closure, a_doctor, a_location, a_patient, a_user, at, booked
from tests.pages import HTMX, Form, Page

LIST, NEW = "/admin/closures/", "/admin/closures/new/"
PLACE = "main-street-practice"
HOLIDAY: dict[str, Any] = {"location": PLACE, "first_day": "2026-11-26", "reason": "Public holiday"}


def closed(office: Office) -> list[Closure]:
    with office.app.app_context():
        return db.session.query(Closure).order_by(Closure.id).all()


def a_place(
    office: Office, name: str = "Main Street Practice", zone: str = "Europe/Berlin"
) -> None:
    with office.app.app_context():
        a_location(name, zone)


def empty_form(office: Office) -> Form:
    return office.admin.get(NEW).form("/new/")


def with_a_visit(office: Office, time: str = "2026-11-26 10:00", name: str = "Ada Berg") -> int:
    with office.app.app_context():
        return booked(a_patient("Ines Carvalho"), a_doctor(name), at(time)).id


def visit(office: Office, number: int) -> Appointment:
    with office.app.app_context():
        return db.session.get_one(Appointment, number)


def cancellations(office: Office) -> int:
    with office.app.app_context():
        kind = MessageKind.APPOINTMENT_CANCELLED
        return db.session.query(OutboxMessage).filter_by(kind=kind).count()


def a_closed_day(office: Office) -> str:
    """The address of a closure on the first of December."""
    with office.app.app_context():
        times = at("2026-12-01 00:00"), at("2026-12-02 00:00")
        return f"{LIST}{a_closure(a_location(), *times, 'Works on the roof').id}/"


def test_a_day_is_closed_from_midnight_to_midnight_on_the_wall_there(office: Office) -> None:
    a_place(office, "Main Street Practice", "America/New_York")
    done = office.admin.submit(empty_form(office), **HOLIDAY)
    assert "Main Street Practice will be closed." in done.text
    assert "Thursday 26 November" in done.text
    (made,) = closed(office)
    assert made.starts_at == datetime(2026, 11, 26, 5, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 11, 27, 5, tzinfo=UTC)
    (event,) = office.trail("closure.created")
    assert event.after is not None
    assert event.after["reason"] == "Public holiday"
    assert event.object_name == "Main Street Practice"


def test_a_closure_may_begin_and_end_within_a_day(office: Office) -> None:
    a_place(office)
    office.admin.submit(
        empty_form(office), **HOLIDAY, starts="14:00", last_day="2026-11-27", ends="09:30"
    )
    (made,) = closed(office)
    assert (made.starts_at, made.ends_at) == (at("2026-11-26 14:00"), at("2026-11-27 09:30"))
    text = office.admin.get(LIST).text
    assert "Thursday 26 November , 14:00, to Friday 27 November , 09:30" in text


def test_all_locations_are_closed_each_on_its_own_wall(office: Office) -> None:
    a_place(office)
    a_place(office, "Harbour Street", "Europe/Lisbon")
    done = office.admin.submit(empty_form(office), **(HOLIDAY | {"location": "*"}))
    assert "All locations will be closed." in done.text
    assert {one.starts_at.hour for one in closed(office)} == {23, 0}
    assert len(office.trail("closure.created")) == 2


def test_patients_read_the_reason_and_cannot_book(office: Office) -> None:
    with office.app.app_context():
        ada = a_doctor("Ada Berg")
        address = (
            f"/appointment/?doctor={ada.ref}&visit_type={ada.visit_types[0].ref}&day=2026-11-26"
        )
    office.admin.submit(empty_form(office), **HOLIDAY)
    assert "Public holiday" in office.visitor(office.admin_id).get(address).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"first_day": ""}, "Enter a date."),
        ({"first_day": "26.11.2026"}, "Enter a date."),
        ({"last_day": "soon"}, "Enter a date, or leave this empty"),
        ({"last_day": "2026-11-25"}, "The last day must not come before the first"),
        ({"last_day": "2028-11-25"}, "At most a year at a time"),
        ({"starts": "25:00"}, "Enter a time like 09:00"),
        ({"starts": "09:03"}, "Use steps of five minutes"),
        ({"starts": "12:00", "ends": "11:00"}, "The end must come after the start"),
        ({"first_day": "2026-11-20"}, "This time has passed"),
        ({"reason": " "}, "Enter a reason"),
        ({"reason": "x" * 121}, "Use at most 120 characters"),
        ({"location": "nowhere"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    office: Office, typed: dict[str, Any], sentence: str
) -> None:
    a_place(office)
    page = office.admin.submit(empty_form(office), **(HOLIDAY | typed))
    assert page.status == 422
    assert page.html.count(sentence) == 2
    assert closed(office) == []
    if "reason" not in typed:
        assert page.form("/new/").values["reason"] == "Public holiday"


def test_appointments_that_a_closure_hits_are_listed_before_anything_is_saved(
    office: Office,
) -> None:
    number = with_a_visit(office)
    with_a_visit(office, "2026-11-27 10:00", "Bea Cruz")
    asked = office.admin.submit(empty_form(office), **HOLIDAY)
    assert asked.status == 409
    assert "This hits one appointment" in asked.text
    assert "Thursday 26 November, 10:00 Ines Carvalho" in asked.text
    assert closed(office) == []
    assert visit(office, number).status is AppointmentStatus.CONFIRMED
    assert asked.form("/new/").values["reason"] == "Public holiday"


def test_an_appointment_is_kept_on_purpose(office: Office) -> None:
    number = with_a_visit(office)
    asked = office.admin.submit(empty_form(office), **HOLIDAY)
    done = office.admin.submit(asked.form("/new/"), hits_choice="keep")
    assert "One appointment stands all the same" in done.text
    assert len(closed(office)) == 1
    assert visit(office, number).status is AppointmentStatus.CONFIRMED
    assert cancellations(office) == 0


def test_an_appointment_is_cancelled_with_a_message_in_the_same_change(office: Office) -> None:
    number = with_a_visit(office)
    asked = office.admin.submit(empty_form(office), **HOLIDAY)
    silent = office.admin.submit(asked.form("/new/"), hits_choice="cancel")
    assert silent.status == 409
    assert closed(office) == []
    words: dict[str, Any] = {"hits_choice": "cancel", "hits_reason": "We are closed that day."}
    done = office.admin.submit(silent.form("/new/"), **words)
    assert "One appointment is cancelled, and its patient is told" in done.text
    assert len(closed(office)) == 1
    gone = visit(office, number)
    assert gone.status is AppointmentStatus.CANCELLED
    assert gone.cancel_reason == "We are closed that day."
    assert cancellations(office) == 1


def test_the_appointments_of_all_locations_are_asked_about_together(office: Office) -> None:
    with office.app.app_context():
        harbour = a_location("Harbour Street")
        other = a_doctor("Bea Cruz", location=harbour)
        booked(a_patient("Jonas Weber"), other, at("2026-11-26 11:00"))
    with_a_visit(office)
    asked = office.admin.submit(empty_form(office), **(HOLIDAY | {"location": "*"}))
    assert "This hits 2 appointments" in asked.text
    assert "Jonas Weber" in asked.text


def test_each_appointment_is_kept_or_cancelled_and_both_are_said(office: Office) -> None:
    kept = with_a_visit(office)
    gone = with_a_visit(office, "2026-11-26 15:00", "Bea Cruz")
    form = office.admin.submit(empty_form(office), **HOLIDAY).form("/new/")
    first, second = form.values["hits_seen"].split()
    answer: dict[str, Any] = {f"hit_{first}": "keep", f"hit_{second}": "cancel"}
    done = office.admin.submit(form, hits_choice="each", hits_reason="Closed.", **answer)
    assert "One appointment is cancelled, and its patient is told." in done.text
    assert "One appointment stands all the same." in done.text
    assert visit(office, kept).status is AppointmentStatus.CONFIRMED
    assert visit(office, gone).status is AppointmentStatus.CANCELLED


def test_an_appointment_that_came_in_meanwhile_is_asked_about_too(office: Office) -> None:
    with_a_visit(office)
    asked = office.admin.submit(empty_form(office), **HOLIDAY)
    with_a_visit(office, "2026-11-26 15:00", "Bea Cruz")
    again = office.admin.submit(asked.form("/new/"), hits_choice="keep")
    assert again.status == 409
    assert "This hits 2 appointments" in again.text
    assert closed(office) == []


def test_a_closure_is_changed_and_only_what_is_hit_anew_is_asked_about(office: Office) -> None:
    kept = with_a_visit(office)
    asked = office.admin.submit(empty_form(office), **HOLIDAY)
    office.admin.submit(asked.form("/new/"), hits_choice="keep")
    with_a_visit(office, "2026-11-27 10:00", "Bea Cruz")
    address = f"{LIST}{closed(office)[0].id}/"
    form = office.admin.get(address).form(address)
    assert (form.values["first_day"], form.values["last_day"]) == ("2026-11-26", "2026-11-26")
    asked = office.admin.submit(form, last_day="2026-11-27", reason="Two holidays")
    assert "This hits one appointment" in asked.text
    assert "Friday 27 November, 10:00" in asked.text
    words: dict[str, Any] = {"hits_choice": "cancel", "hits_reason": "Closed."}
    done = office.admin.submit(asked.form(address), **words)
    assert "The closure is saved. One appointment is cancelled" in done.text
    assert visit(office, kept).status is AppointmentStatus.CONFIRMED
    (event,) = office.trail("closure.changed")
    assert event.before is not None
    assert set(event.before) == {"ends_at", "reason"}


def test_the_second_of_two_admins_is_shown_what_the_first_stored(office: Office) -> None:
    address = a_closed_day(office)
    with office.app.app_context():
        other = office.visitor(a_user(Role.ADMIN, "Bruno Costa").id)
    mine = office.admin.get(address).form(address)
    other.submit(other.get(address).form(address), reason="Works on the stairs")
    met = office.admin.submit(mine, reason="Works on the lift")
    assert met.status == 409
    assert "Bruno Costa has changed this meanwhile" in met.text
    assert "Reason Works on the stairs Works on the lift" in met.text
    assert closed(office)[0].reason == "Works on the stairs"
    office.admin.submit(met.form(address))
    assert closed(office)[0].reason == "Works on the lift"


def test_a_closure_is_deleted_after_it_is_said_what_that_means(office: Office) -> None:
    address = a_closed_day(office)
    page = office.admin.get(address)
    assert "Appointments that were cancelled for the closure stay cancelled" in page.text
    done = office.admin.submit(page.form("/remove/"))
    assert "Main Street Practice can be booked at that time again" in done.text
    assert closed(office) == []
    (event,) = office.trail("closure.removed")
    assert event.before is not None
    assert event.before["reason"] == "Works on the roof"
    assert office.admin.submit(page.form("/remove/")).status == 404


def test_what_was_changed_meanwhile_is_not_deleted(office: Office) -> None:
    address = a_closed_day(office)
    page = office.admin.get(address)
    office.admin.submit(page.form(address), reason="Works on the stairs")
    assert office.admin.submit(page.form("/remove/")).status == 409
    assert len(closed(office)) == 1


def test_a_closure_that_is_over_stays_as_it_was(office: Office) -> None:
    address = a_closed_day(office)
    before = office.admin.get(address)
    office.clock.move_to(at("2026-12-05 08:00"))
    office.admin.sign_in(office.admin_id)
    page = office.admin.get(address)
    assert "This closure is over, and stays in the records" in page.text
    assert not any(form.action.endswith(address) for form in page.forms)
    token: dict[str, Any] = {"csrf_token": page.form("/logout/").values["csrf_token"]}
    late = office.admin.submit(before.form("/remove/"), **token)
    assert late.status == 409
    assert len(closed(office)) == 1


def test_the_list_has_what_is_ahead_and_what_is_past(office: Office) -> None:
    a_closed_day(office)
    with office.app.app_context():
        a_closure(a_location("Harbour Street"), at("2026-11-01 00:00"), at("2026-11-02 00:00"))
    ahead = office.admin.get(LIST).text
    assert "Works on the roof" in ahead
    assert "A storm" not in ahead
    past = office.admin.get(f"{LIST}?when=past").text
    assert "A storm" in past
    assert "Works on the roof" not in past
    assert "No closures ahead" in office.admin.get(f"{LIST}?location=harbour-street").text
    assert office.admin.get(LIST, **HTMX).html.lstrip().startswith('<div id="closures"')


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999", "１"])
def test_a_closure_that_there_is_not_is_not_found(office: Office, number: str) -> None:
    page: Page = office.admin.get(f"{LIST}{number}/")
    assert page.status == 404
