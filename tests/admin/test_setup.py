"""The first run: from an empty database to the first public booking, over HTTP alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask

from app import clock
from app.accounts import admins
from app.directory import setup
from app.extensions import db
from app.models import Appointment, Role, WorkingHours
from app.scheduling import openings
from tests.admin.conftest import Office
from tests.builders import BERLIN, PASSWORD, a_doctor, a_location, a_specialty, a_user, a_visit_type
from tests.conftest import FrozenClock
from tests.pages import Page, Visitor

SETUP, HOURS = "/admin/setup/", "/board/hours/"
LOCATION = {"name": "Quay House", "address": "Quay 1", "city": "Lisbon", "zone": "Europe/Lisbon"}
VISIT = {"minutes": "30", "price": "45.50", "currency": "EUR", "mode": "in_person"}


def do(visitor: Visitor, way: str, **values: Any) -> Page:
    """Fill in the form of a step."""
    address = f"{SETUP}{way}/"
    return visitor.submit(visitor.get(address).form(address), **values)


def elsewhere(visitor: Visitor, page: Page, path: str, /, **values: Any) -> Page:
    """Follow the set-up's link to an ordinary page, and fill in its form."""
    link = re.search(rf'href="({path}[^"]*)"', page.html)
    assert link is not None, page.html
    there = visitor.get(link[1].replace("&amp;", "&"))
    return visitor.submit(next(f for f in there.forms if f.action.startswith(path)), **values)


def week(visitor: Visitor, page: Page, weekday: int) -> Page:
    """Follow the set-up's link to the doctor's hours, and let them work on a morning."""
    page = elsewhere(visitor, page, HOURS, do=f"add-{weekday}")
    form = next(form for form in page.forms if form.action.startswith(HOURS))
    return visitor.submit(form, do="save", starts_0="09:00", ends_0="12:00")


def done(page: Page) -> int:
    found = re.search(r"(\d) of 8 steps done", page.text)
    assert found is not None, page.text
    return int(found[1])


def test_from_an_empty_database_to_the_first_booking(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.app_context():
        admins.create("Ana Sousa", "ana@example.org", PASSWORD)
    admin, patient = Visitor(app.test_client()), Visitor(app.test_client())
    assert "Nothing can be booked yet" in patient.get("/").text

    login = admin.get("/login/").form("/login/")
    page = admin.submit(login, email="ana@example.org", password=PASSWORD)
    assert page.address == SETUP
    assert done(page) == 0
    assert f'href="{SETUP}"' in admin.get("/").html

    page = do(admin, "clinic", name="Quay Practice", phone="+351 21 555", zone="Europe/Lisbon")
    assert (page.address, done(page)) == (SETUP, 1)
    page = elsewhere(admin, page, "/admin/locations/new/", **LOCATION)
    assert (page.address, done(page)) == (SETUP, 2)
    page = elsewhere(admin, page, "/admin/specialties/new/", name="Skin & Hair")
    assert (page.address, done(page)) == (SETUP, 3)
    page = elsewhere(admin, page, "/admin/visit-types/new/", name="First visit", price="45.50")
    assert (page.address, done(page)) == (SETUP, 4)

    person = {"name": "Amara Okafor", "email": "amara@example.org"}
    practice = {"role": "doctor", "title": "Dr.", "licence_number": "B 12/34"}
    page = elsewhere(admin, page, "/admin/users/new/", **person, **practice)
    assert (page.address, done(page)) == (SETUP, 5)

    offer = admin.get(f"{SETUP}offer/")
    kind = re.search(r'name="visit_types"[^>]*value="(\w+)"', offer.html)
    assert kind is not None
    choice: dict[str, Any] = {"specialties": "skin-hair", "visit_types": kind[1], "languages": "pt"}
    page = admin.submit(offer.form(f"{SETUP}offer/"), **choice)
    assert done(page) == 6
    assert not [form for form in page.forms if form.action.endswith("/publish/")]
    tomorrow = clock.today(BERLIN) + timedelta(1)
    page = week(admin, page, tomorrow.isoweekday())
    assert (page.address, done(page)) == (SETUP, 7)
    page = admin.submit(page.form("/publish/"))
    assert "Patients can book now" in page.text
    assert "The clinic is set up" in page.text

    assert "Dr. Amara Okafor" in patient.get("/").text
    with app.app_context():
        doctor = openings.desk().catalogue.doctors[0]
    assert f'href="/doctors/{doctor.ref}/"' in page.html
    assert patient.get(f"/doctors/{doctor.ref}/").status == 200
    register = patient.get("/register/").form("/register/")
    patient.submit(
        register, name="Ines Carvalho", email="ines@example.org", password="a quiet green harbour"
    )
    booking = f"/appointment/?doctor={doctor.ref}&visit_type={kind[1]}&day={tomorrow}"
    times = patient.get(booking)
    hold = next(form for form in times.forms if ("opening" in dict(form.buttons)))
    page = patient.submit(hold, opening=dict(hold.buttons)["opening"])
    patient.submit(page.form("/appointment/book/"))
    with app.app_context():
        assert [visit.status for visit in db.session.query(Appointment)] == ["confirmed"]


def test_an_admin_of_a_clinic_that_runs_lands_on_the_overview(office: Office) -> None:
    with office.app.app_context():
        a_doctor()
        a_user(Role.ADMIN, email="second@example.org")
    visitor = Visitor(office.app.test_client())
    form = visitor.get("/login/").form("/login/")
    page = visitor.submit(form, follow=False, email="second@example.org", password=PASSWORD)
    assert page.location == "/admin/"


def test_the_overview_leads_to_the_set_up_as_long_as_nobody_can_be_booked(office: Office) -> None:
    assert f'href="{SETUP}"' in office.admin.get("/admin/").html
    with office.app.app_context():
        a_doctor()
    assert f'href="{SETUP}"' not in office.admin.get("/admin/").html


def test_hiding_the_only_doctor_does_not_begin_the_set_up_again(office: Office) -> None:
    with office.app.app_context():
        doctor = a_doctor(published=False)
        doctor_ref = doctor.ref
        assert setup.is_needed()
    page = office.admin.get(f"/admin/doctors/{doctor_ref}/")
    approve = page.form("/approve/")
    page = office.admin.submit(approve, licence_number="B 12/34")
    page = office.admin.submit(page.form("/publish/"))
    office.admin.submit(page.form("/unpublish/"))
    with office.app.app_context():
        assert not setup.is_needed()


def test_the_set_up_goes_on_wherever_it_was_left(office: Office) -> None:
    with office.app.app_context():
        a_location()
        a_visit_type()
    page = office.admin.get(SETUP)
    assert done(page) == 2
    assert "/admin/locations/new/" not in page.html
    office.clock.advance(days=40)
    visitor = office.visitor(office.admin_id)
    assert done(visitor.get(SETUP)) == 2


def test_a_step_that_is_not_open_yet_is_not_found(office: Office) -> None:
    assert office.admin.get(f"{SETUP}offer/").status == 404


def test_two_who_set_up_at_once_see_what_the_other_stored(office: Office) -> None:
    mine = office.admin.get(f"{SETUP}clinic/").form(f"{SETUP}clinic/")
    do(office.admin, "clinic", name="Hers")
    page = office.admin.submit(mine, follow=False, name="Mine")
    assert page.status == 409
    assert "Name of the clinic Hers Mine" in page.text
    assert office.admin.submit(page.form(f"{SETUP}clinic/"), follow=False).location == SETUP
    with office.app.app_context():
        specialty, kind = a_specialty("Cardiology"), a_visit_type("First visit")
        doctor = a_doctor(published=False, specialties=[], visit_types=[], hours=None)
        doctor.approved_at = clock.now()
        db.session.commit()
        choice = {"specialties": specialty.slug, "visit_types": kind.ref, "languages": "en"}
    mine = office.admin.get(f"{SETUP}offer/").form(f"{SETUP}offer/")
    for status, languages in ((303, "de"), (409, "fr")):
        values = mine.values | choice | {"languages": languages}
        page = office.admin.post(f"{SETUP}offer/", values)
        assert page.status == status
    assert "German French" in page.text


def test_the_hours_are_set_on_their_own_page_which_leads_back(office: Office) -> None:
    with office.app.app_context():
        a_location("Quay House")
        doctor = a_doctor(published=False, hours=None)
        doctor.approved_at = clock.now()
        db.session.commit()
    page = elsewhere(office.admin, office.admin.get(SETUP), HOURS, do="add-1")
    assert f'class="back" href="{SETUP}"' in page.html
    form = next(form for form in page.forms if form.action.startswith(HOURS))
    wrong = office.admin.submit(form, do="save", starts_0="09:00", ends_0="08:00")
    assert wrong.status == 422
    form = next(form for form in wrong.forms if form.action.startswith(HOURS))
    for _ in range(2):
        saved = office.admin.submit(form, follow=False, do="save", ends_0="12:00")
        assert saved.location == SETUP
    with office.app.app_context():
        assert db.session.query(WorkingHours).count() == 1
