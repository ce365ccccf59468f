"""Locations: made, changed with care for their zone, and removed when nobody needs them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.extensions import db
from app.models import Appointment, Closure, Location, Role, WorkingHours
from tests.admin.conftest import Office
from tests.builders import (
    a_doctor,
    a_location,
    a_patient,
    a_user,
    at,
    booked,
    works,
)
from tests.pages import HTMX, Page

NEW = "/admin/locations/new/"
MAIN = "/admin/locations/main-street-practice/"
HARBOUR: dict[str, Any] = {
    "name": "Harbour Street",
    "address": "Harbour Street 12",
    "city": "Lisbon",
    "zone": "Europe/Lisbon",
    "phone": "+351 21 555 0140",
    "directions": "Tram 28.",
    "accessibility": "Two steps at the door, with a ramp.",
}


def a_new_one(office: Office, **typed: str) -> Page:
    return office.admin.submit(office.admin.get(NEW).form("/new/"), **(HARBOUR | typed))


def stored(office: Office, slug: str = "main-street-practice") -> Location:
    with office.app.app_context():
        return db.session.query(Location).filter_by(slug=slug).one()


def with_a_visit(office: Office) -> Appointment:
    """A visit at ten tomorrow, in Berlin, with a doctor who works from nine to five."""
    with office.app.app_context():
        return booked(a_patient("Ines Carvalho"), a_doctor("Ada Berg"), at("2026-11-25 10:00"))


def test_a_location_is_made_with_all_that_patients_need(office: Office) -> None:
    done = a_new_one(office)
    assert "Harbour Street is a location of this clinic now" in done.text
    made = stored(office, "harbour-street")
    assert made.accessibility == "Two steps at the door, with a ramp."
    (event,) = office.trail("location.created")
    assert event.after == HARBOUR


def test_a_new_location_begins_with_the_zone_of_the_clinic(office: Office) -> None:
    assert office.admin.get(NEW).form("/new/").values["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Enter what the location is called"),
        ("name", "MAIN street practice", "“Main Street Practice” exists already"),
        ("address", " ", "Enter the street and number"),
        ("city", "", "Enter the town"),
        ("zone", "Europe/Atlantis", "Choose one of the time zones"),
        ("zone", "../../etc/passwd", "Choose one of the time zones"),
        ("phone", "call me", "Enter a telephone number"),
        ("directions", "x" * 2001, "Use at most 2,000 characters"),
        ("accessibility", "a\x1bb", "cannot hold control characters"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(
    office: Office, field: str, typed: str, sentence: str
) -> None:
    with office.app.app_context():
        a_location()
    page = a_new_one(office, **{field: typed})
    assert page.status == 422
    assert page.html.count(sentence) == 2
    kept = {name: value.strip() for name, value in page.form("/new/").values.items()}
    others = {name: value for name, value in HARBOUR.items() if name not in {field, "zone"}}
    assert others.items() <= kept.items()
    assert office.trail("location.created") == []


def test_lines_of_the_directions_stay_lines(office: Office) -> None:
    a_new_one(office, directions="Tram 28.\r\n\r\nThen left.")
    assert stored(office, "harbour-street").directions == "Tram 28.\n\nThen left."


def test_only_what_was_changed_stands_in_the_trail(office: Office) -> None:
    with office.app.app_context():
        a_location()
    form = office.admin.get(MAIN).form("/main-street-practice/")
    done = office.admin.submit(form, accessibility="Step-free.")
    assert "Main Street Practice is saved" in done.text
    (event,) = office.trail("location.changed")
    assert (event.before, event.after) == ({"accessibility": ""}, {"accessibility": "Step-free."})
    office.admin.submit(office.admin.get(MAIN).form("/main-street-practice/"))
    assert len(office.trail("location.changed")) == 1  # saving the same again is no change


def test_a_new_zone_is_saved_only_after_it_is_said_what_it_means(office: Office) -> None:
    visit = with_a_visit(office)
    asked = office.admin.submit(
        office.admin.get(MAIN).form("/main-street-practice/"), zone="Europe/Lisbon", city="Porto"
    )
    assert asked.status == 409
    assert "From Berlin time (UTC+1) to Lisbon time (UTC+0)" in asked.text
    assert "The one that is ahead keeps its instant" in asked.text
    assert "Wednesday 25 November, 10:00 , then Wednesday 25 November, 09:00" in asked.text
    assert "Ines Carvalho with Dr. Ada Berg" in asked.text
    assert stored(office).zone == "Europe/Berlin"
    form = asked.form("/main-street-practice/")
    assert (form.values["zone"], form.values["city"]) == ("Europe/Lisbon", "Porto")

    assert office.admin.submit(form).status == 409  # not without saying yes
    done = office.admin.submit(form, zone_confirmed="Europe/Lisbon")
    assert "Main Street Practice is saved" in done.text
    assert (stored(office).zone, stored(office).city) == ("Europe/Lisbon", "Porto")
    with office.app.app_context():
        kept = db.session.get_one(Appointment, visit.id)
        assert kept.starts_at == datetime(2026, 11, 25, 9, tzinfo=UTC)
        assert (kept.status, kept.version) == (visit.status, visit.version)


def test_a_yes_to_one_zone_is_none_to_another(office: Office) -> None:
    with office.app.app_context():
        a_location()
    form = office.admin.get(MAIN).form("/main-street-practice/")
    asked = office.admin.submit(form, zone="Asia/Tokyo", zone_confirmed="Europe/Lisbon")
    assert asked.status == 409
    assert "No appointments are ahead here" in asked.text
    assert stored(office).zone == "Europe/Berlin"


def test_hours_move_with_the_wall_when_the_zone_changes(office: Office) -> None:
    with office.app.app_context():
        ada = a_doctor("Ada Berg", hours="09:00-10:00")
        kind = ada.visit_types[0].ref
        address = f"/appointment/?doctor={ada.ref}&visit_type={kind}&day=2026-11-25"
    before = office.visitor(office.admin_id).get(address).html
    form = office.admin.get(MAIN).form("/main-street-practice/")
    office.admin.submit(form, zone="Europe/Lisbon", zone_confirmed="Europe/Lisbon")
    after = office.visitor(office.admin_id).get(address).html
    assert "2026-11-25T08:00:00+00:00" in before
    assert "2026-11-25T08:00:00+00:00" not in after
    assert "2026-11-25T09:00:00+00:00" in after


def test_the_second_of_two_admins_is_shown_what_the_first_stored(office: Office) -> None:
    with office.app.app_context():
        a_location()
        other = office.visitor(a_user(Role.ADMIN, "Bruno Costa").id)
    mine = office.admin.get(MAIN).form("/main-street-practice/")
    other.submit(other.get(MAIN).form("/main-street-practice/"), city="Potsdam")
    met = office.admin.submit(mine, city="Spandau", phone="+49 30 901820")
    assert met.status == 409
    assert "Bruno Costa has changed this meanwhile" in met.text
    assert "Town Potsdam Spandau" in met.text
    assert stored(office).city == "Potsdam"
    form = met.form("/main-street-practice/")
    assert form.values["phone"] == "+49 30 901820"
    office.admin.submit(form)
    assert stored(office).city == "Spandau"


def test_a_location_with_hours_is_not_removed_and_says_whose(office: Office) -> None:
    with office.app.app_context():
        a_doctor("Ada Berg")
    page = office.admin.get(MAIN)
    assert "cannot be removed: Dr. Ada Berg has working hours there" in page.text
    values = {"version": "1", "csrf_token": page.form("practice/").values["csrf_token"]}
    assert office.admin.post(f"{MAIN}remove/", values).status == 409
    assert stored(office).name == "Main Street Practice"


def test_a_location_where_somebody_was_seen_is_not_removed(office: Office) -> None:
    visit = with_a_visit(office)
    with office.app.app_context():
        elsewhere = a_location("Elsewhere")
        for hours in db.session.query(WorkingHours).filter_by(doctor_id=visit.doctor_id):
            hours.location_id = elsewhere.id
        db.session.commit()
    page = office.admin.get(MAIN)
    assert "cannot be removed: appointments were made there" in page.text
    assert not any(form.action.endswith("/remove/") for form in page.forms)


def test_a_location_that_nobody_needs_goes_with_its_closures(office: Office) -> None:
    with office.app.app_context():
        place = a_location()
        times = {"starts_at": at("2026-12-24 00:00"), "ends_at": at("2026-12-27 00:00")}
        db.session.add(Closure(location_id=place.id, reason="Holidays", **times))
        db.session.commit()
    done = office.admin.submit(office.admin.get(MAIN).form("/remove/"))
    assert "Main Street Practice is removed" in done.text
    (event,) = office.trail("location.removed")
    assert event.before is not None
    assert event.before["zone"] == "Europe/Berlin"


def test_patients_read_how_they_get_in(office: Office) -> None:
    visit = with_a_visit(office)
    form = office.admin.get(MAIN).form("/main-street-practice/")
    office.admin.submit(form, accessibility="Lift to all floors.")
    with office.app.app_context():
        row = db.session.get_one(Appointment, visit.id)
        assert row.patient is not None
        patient, doctor = office.visitor(row.patient.user_id), row.doctor.ref
    assert "Access Lift to all floors." in patient.get(f"/appointment/booked/{visit.ref}/").text
    assert "Access Lift to all floors." in patient.get(f"/appointment-details/{visit.ref}/").text
    assert "Access: Lift to all floors." in patient.get(f"/doctors/{doctor}/").text


def test_the_list_is_searched_and_ordered_by_its_address(office: Office) -> None:
    a_new_one(office)
    a_new_one(office, name="Alder Court", city="Zwolle")
    with office.app.app_context():
        works(a_doctor("Ada Berg", hours=None), stored(office, "harbour-street"), 1, "09:00-12:00")
    page = office.admin.get("/admin/locations/")
    assert page.text.index("Alder Court") < page.text.index("Harbour Street")
    turned = office.admin.get("/admin/locations/?sort=city").text
    assert turned.index("Harbour Street") < turned.index("Alder Court")
    assert "Alder Court" not in office.admin.get("/admin/locations/?q=lisb").text
    assert "No location fits" in office.admin.get("/admin/locations/?q=%25").text
    alone = office.admin.get("/admin/locations/", **HTMX).html
    assert alone.lstrip().startswith('<div id="locations"')


def test_who_came_from_elsewhere_is_sent_back(office: Office) -> None:
    form = office.admin.get(f"{NEW}?next=/admin/clinic/").form("/new/")
    done = office.admin.submit(form, follow=False, **HARBOUR)
    assert done.location == "/admin/clinic/"


def test_a_zone_that_is_not_in_the_list_stays_when_something_else_is_changed(
    office: Office,
) -> None:
    with office.app.app_context():
        a_location(zone="UTC")
    form = office.admin.get(MAIN).form("/main-street-practice/")
    assert form.values["zone"] == "UTC"
    assert office.admin.submit(form, city="Potsdam").status == 200
    assert stored(office).zone == "UTC"
