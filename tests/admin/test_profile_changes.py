"""An admin sees a doctor's change before and after, and lets it through or says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.directory import profiles
from app.directory.profile import Terms
from app.extensions import db
from app.models import Doctor
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_portrait, a_visit_type
from tests.pages import Page, Visitor

LIST = "/admin/profile-changes/"


@pytest.fixture
def ref(office: Office) -> str:
    with office.app.app_context():
        kind = a_visit_type("Check-up", price_cents=4000)
        doctor = a_doctor("Ada Berg", visit_types=[kind])
        asked: dict[str, Any] = {"about": "The new text.", "visits": {kind.ref: Terms(45, 6000)}}
        ask(doctor, portrait=a_portrait(), **asked)
        return doctor.ref


def ask(doctor: Doctor, **changes: Any) -> None:
    draft = profiles.draft_of(doctor)
    profiles.save(doctor, replace(draft.wanted, **changes), doctor.user, version=draft.version)


def doctor_of(ref: str) -> Doctor:
    return db.session.scalars(select(Doctor).where(Doctor.ref == ref)).one()


def public(office: Office, ref: str) -> Page:
    return Visitor(office.app.test_client()).get(f"/doctors/{ref}/")


def test_the_list_says_who_waits(office, ref):
    assert "Ada Berg" in office.admin.get(LIST).text
    assert LIST in office.admin.get("/admin/doctors/").html


def test_the_change_is_shown_before_and_after(office, ref):
    page = office.admin.get(f"{LIST}{ref}/")
    for words in ("Check-up, 30 min, €40.00", "Check-up, 45 min, €60.00", "The new text."):
        assert words in page.text
    assert 'src="/portraits/' in page.html
    assert "No picture" in page.text


def test_what_is_let_through_is_public_and_leaves_the_list(office, ref):
    form = office.admin.get(f"{LIST}{ref}/").form("/let-through/")
    page = office.admin.submit(form)
    assert page.address == LIST
    assert "No change waits" in page.text
    shown = public(office, ref)
    assert "The new text." in shown.text
    assert "45 min" in shown.text
    assert "€60.00" in shown.text
    assert 'src="/portraits/' in shown.html
    (event,) = office.trail("doctor.profile_approved")
    assert event.actor_id == office.admin_id
    assert (event.before["about"], event.after["about"]) == ("", "The new text.")
    with office.app.app_context():
        user_id = doctor_of(ref).user_id
    assert "let through on" in office.visitor(user_id).get("/my-page/").text


def test_who_declines_says_why_and_the_doctor_reads_it(office, ref):
    form = office.admin.get(f"{LIST}{ref}/").form("/decline/")
    page = office.admin.submit(form, reason="  ")
    assert page.status == 422
    assert "Write a reason" in page.text
    page = office.admin.submit(form, reason="x" * 501)
    assert page.status == 422
    assert "x" * 501 in page.html
    office.admin.submit(form, reason="The picture is blurred.")
    assert "The new text." not in public(office, ref).text
    assert "No change waits" in office.admin.get(LIST).text
    assert office.trail("doctor.profile_declined")[0].reason == "The picture is blurred."
    with office.app.app_context():
        user_id = doctor_of(ref).user_id
    mine = office.visitor(user_id).get("/my-page/")
    assert "The picture is blurred." in mine.text
    assert "The new text." in mine.form("/my-page/").values["about"]


@pytest.mark.parametrize("action", ["/let-through/", "/decline/"])
def test_what_was_not_seen_is_not_answered(office, ref, action):
    form = office.admin.get(f"{LIST}{ref}/").form(action)
    with office.app.app_context():
        ask(doctor_of(ref), about="Quite another text.")
    page = office.admin.submit(form, reason="No.")
    assert page.status == 409
    assert "Quite another text." in page.text
    assert "another text" not in public(office, ref).text


def test_a_change_that_is_gone_says_so(office, ref):
    form = office.admin.get(f"{LIST}{ref}/").form("/let-through/")
    office.admin.submit(form)
    assert "Nothing waits here" in office.admin.get(f"{LIST}{ref}/").text
    assert office.admin.submit(form).status == 409
    assert office.admin.get(f"{LIST}nobody/").status == 404


def test_an_unpublished_doctor_stays_unpublished(office):
    with office.app.app_context():
        newcomer = a_doctor("Cy Ode", published=False)
        ask(newcomer, about="Hello.")
        ref = newcomer.ref
    office.admin.submit(office.admin.get(f"{LIST}{ref}/").form("/let-through/"))
    with office.app.app_context():
        assert doctor_of(ref).about == "Hello."
        assert not doctor_of(ref).is_published
    assert public(office, ref).status == 404
